"""Monthly deaths in England and Wales, 2006 to 2022: season, trend and temperature taken out.

The figures are the ONS's, in ../shared; each answer is computed again by statsmodels, or by hand.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.statistics.segmented_regression import (
    fit_quasi_poisson,
    fit_segmented,
    harmonic_terms,
)

SHARED = Path(os.environ.get("LHS_SHARED", Path(__file__).resolve().parents[3] / "shared"))
FILE = SHARED / "data" / "its_deaths_temps" / "deaths_and_temps_england_wales.csv"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILE.is_file(), reason=f"needs {FILE}"),
]
FIRST = 168  # January 2020


@pytest.fixture(scope="module")
def deaths() -> pd.DataFrame:
    table = pd.read_csv(FILE)
    assert table["date"].iloc[FIRST] == "2020-01-01" and len(table) == 197
    return table


def test_a_step_beside_season_trend_and_temperature_agrees_with_statsmodels(
    deaths: pd.DataFrame,
) -> None:
    api = pytest.importorskip("statsmodels.api")
    time = deaths["t"].to_numpy(float)
    degrees = deaths["temp"].to_numpy(float)
    step = (time >= FIRST).astype(float)
    season = harmonic_terms(time, 12.0, 2)
    design = np.column_stack([np.ones(time.size), step, time / 12, season, degrees - 10.0])
    days = deaths["date"].pipe(pd.to_datetime).dt.days_in_month.to_numpy(float)
    counts = deaths["deaths"].to_numpy(float)
    found = fit_quasi_poisson(counts, design, days)
    model = api.GLM(counts, design, family=api.families.Poisson(), offset=np.log(days))
    reference = model.fit(scale="X2", tol=1e-13)
    assert np.allclose(found.coefficients, reference.params, rtol=0, atol=1e-10)
    assert np.allclose(np.sqrt(np.diag(found.covariance)), reference.bse, rtol=0, atol=1e-10)
    ratio = found.rate_ratio(1)
    assert 1.0 < ratio.lower < ratio.ratio < ratio.upper < 1.2


def test_excess_deaths_of_the_first_wave(deaths: pd.DataFrame) -> None:
    """A mean for each month, trend and temperature, from 2006 to 2019; what 2020 had beyond it."""
    api = pytest.importorskip("statsmodels.api")
    months = (deaths["month"].to_numpy()[:, None] == np.arange(1, 13)).astype(float)
    design = np.column_stack([months, deaths["t"], deaths["temp"]])
    counts = deaths["deaths"].to_numpy(float)
    before = np.where(np.arange(counts.size) < FIRST, counts, np.nan)
    fit = fit_segmented(before[None], design, lags_count=0)
    expected = design @ fit.coefficients[0]
    reference = api.OLS(counts[:FIRST], design[:FIRST]).fit()
    assert np.allclose(expected[FIRST:], reference.predict(design[FIRST:]), rtol=1e-9)
    excess = counts - expected
    april = FIRST + 3
    assert int(np.argmax(excess)) == april
    five_years = counts[[april - 12 * year for year in range(1, 6)]].mean()
    assert excess[april] == pytest.approx(counts[april] - five_years, rel=0.05)
    # From 2006 to 2019 nothing is left over, by least squares with a mean of its own per month.
    assert excess[:FIRST].sum() == pytest.approx(0.0, abs=1e-4)
