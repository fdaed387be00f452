"""Plain interrupted time series against statsmodels and a published analysis."""

import numpy as np
import pytest

from lhs_pipeline.statistics.segmented_regression import (
    fit_quasi_poisson,
    fit_segmented,
    harmonic_terms,
    segmented_design,
)

# Acute coronary episodes and standardised population, Sicily 2002-2006, smoking ban January 2005
# (Lopez Bernal 2017, doi 10.1093/ije/dyw098, CC BY).
SICILY_EPISODES = [
    728.0,
    659.0,
    791.0,
    734.0,
    757.0,
    726.0,
    760.0,
    740.0,
    720.0,
    814.0,
    795.0,
    858.0,
    887.0,
    766.0,
    851.0,
    769.0,
    781.0,
    756.0,
    766.0,
    752.0,
    765.0,
    831.0,
    879.0,
    928.0,
    914.0,
    808.0,
    937.0,
    840.0,
    916.0,
    828.0,
    845.0,
    818.0,
    860.0,
    839.0,
    887.0,
    886.0,
    831.0,
    796.0,
    833.0,
    820.0,
    877.0,
    758.0,
    767.0,
    738.0,
    781.0,
    843.0,
    850.0,
    908.0,
    1021.0,
    859.0,
    976.0,
    888.0,
    962.0,
    838.0,
    810.0,
    876.0,
    843.0,
    936.0,
    912.0,
]
SICILY_POPULATION = [
    379875.3,
    376495.5,
    377040.8,
    377116.4,
    377383.4,
    374113.1,
    379513.3,
    376295.5,
    374653.2,
    378485.6,
    375955.5,
    378349.7,
    376762.4,
    379032.3,
    379360.4,
    376162.0,
    377972.4,
    381830.7,
    379888.6,
    380872.2,
    380966.9,
    381240.4,
    382104.9,
    381802.7,
    381656.3,
    383680.0,
    383504.2,
    386462.9,
    383783.1,
    380836.8,
    383483.0,
    380906.2,
    382926.8,
    384052.4,
    384449.6,
    383428.4,
    388153.2,
    388373.2,
    386470.1,
    386033.2,
    383686.4,
    385509.3,
    385901.9,
    386516.6,
    388436.5,
    383255.2,
    390148.7,
    385874.9,
    391613.6,
    391750.4,
    394005.6,
    391364.9,
    391664.6,
    389022.3,
    391878.5,
    388575.3,
    392989.0,
    390018.8,
    390712.3,
]


def test_fit_agrees_with_statsmodels() -> None:
    api = pytest.importorskip("statsmodels.api")
    generator = np.random.default_rng(11)
    design = segmented_design(60, 40)
    values = generator.normal(size=(20, 60)).cumsum(axis=1) * 0.1 + generator.normal(size=(20, 60))
    fit = fit_segmented(values, design, lags_count=4)
    for row in range(values.shape[0]):
        reference = api.OLS(values[row], design).fit(cov_type="HAC", cov_kwds={"maxlags": 4})
        assert np.allclose(fit.coefficients[row], reference.params, rtol=0, atol=1e-10)
        assert np.allclose(fit.standard_errors[row], reference.bse, rtol=0, atol=1e-10)


def test_missing_points_at_the_end_do_not_matter() -> None:
    generator = np.random.default_rng(12)
    values = generator.normal(size=(3, 50))
    short = fit_segmented(values[:, :45], segmented_design(45, 30), 3)
    values[:, 45:] = np.nan
    padded = fit_segmented(values, segmented_design(50, 30), 3)
    assert np.allclose(short.coefficients, padded.coefficients, atol=1e-10)
    assert np.allclose(short.standard_errors, padded.standard_errors, atol=1e-10)


def test_a_series_without_points_after_the_change_has_no_estimate() -> None:
    values = np.random.default_rng(13).normal(size=(2, 50))
    values[0, 30:] = np.nan
    fit = fit_segmented(values, segmented_design(50, 30), 3)
    assert np.isnan(fit.coefficients[0]).all()
    assert np.isfinite(fit.coefficients[1]).all()


def test_lengths_must_match() -> None:
    with pytest.raises(ValueError, match="do not match"):
        fit_segmented(np.zeros((2, 10)), segmented_design(11, 5), 2)


def test_sicily_smoking_ban_is_reproduced() -> None:
    months = np.arange(1.0, 60.0)
    ban = (months >= 37).astype(float)
    design = np.column_stack([np.ones(59), ban, months, harmonic_terms(months, 12.0, 2)])
    fit = fit_quasi_poisson(np.array(SICILY_EPISODES), design, np.array(SICILY_POPULATION))
    found = fit.rate_ratio(1)
    assert fit.is_converged
    assert (round(found.ratio, 3), round(found.lower, 3), round(found.upper, 3)) == (
        0.885,
        0.839,
        0.933,
    )


def test_quasi_poisson_agrees_with_statsmodels() -> None:
    api = pytest.importorskip("statsmodels.api")
    generator = np.random.default_rng(14)
    design = segmented_design(80, 50)
    exposure = generator.uniform(50, 150, size=80)
    counts = generator.poisson(exposure * 0.1).astype(float)
    fit = fit_quasi_poisson(counts, design, exposure)
    model = api.GLM(counts, design, family=api.families.Poisson(), offset=np.log(exposure))
    reference = model.fit(scale="X2", tol=1e-13)
    assert np.allclose(fit.coefficients, reference.params, atol=1e-10)
    assert np.allclose(np.sqrt(np.diag(fit.covariance)), reference.bse, atol=1e-10)
