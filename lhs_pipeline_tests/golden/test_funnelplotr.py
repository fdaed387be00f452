"""Scores, phi, tau squared, limits and outliers of every FunnelPlotR 0.6.0 case."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.statistics.funnel import (
    FunnelKind,
    FunnelOptions,
    FunnelResult,
    Ordinary,
    judge_funnels,
)
from lhs_pipeline.statistics.funnel_limits import Ratios, find_limits

from .reference import case_ids, golden_folder, needs, numbers, read

PACKAGE = "funnelplotr"
pytestmark = [pytest.mark.shared, needs(PACKAGE)]

KINDS = {"PR": FunnelKind.PROPORTION, "RC": FunnelKind.RATIO}
ORDINARY = {"95": Ordinary.NINETY_FIVE, "99": Ordinary.NINETY_NINE_POINT_EIGHT}
LIMITS = {
    ("adjusted", "lower_95"): "OD95LCL",
    ("adjusted", "upper_95"): "OD95UCL",
    ("adjusted", "lower_998"): "OD99LCL",
    ("adjusted", "upper_998"): "OD99UCL",
    ("unadjusted", "lower_95"): "LCL95",
    ("unadjusted", "upper_95"): "UCL95",
    ("unadjusted", "lower_998"): "LCL99",
    ("unadjusted", "upper_998"): "UCL99",
}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """The three golden tables."""
    return {name: read(PACKAGE, name) for name in ("cases", "inputs", "outputs")}


@dataclass(frozen=True)
class Judged:
    """One case: its options, our result, the reference's rows, in the order of groups."""

    case: pd.Series
    ours: FunnelResult
    theirs: pd.DataFrame


def options_of(case: pd.Series) -> FunnelOptions:
    """The case's options as our own."""
    return FunnelOptions(
        kind=KINDS.get(case["data_type"], FunnelKind(case["sr_method"].lower())),
        trim_prop=float(case["trim_by"]),
        is_adjusted=case["draw_adjusted"] == "TRUE",
        ordinary=ORDINARY[case["limit"]],
        round_expected=case["SHMI_rounding"] == "TRUE",
    )


@pytest.fixture(scope="module", params=case_ids(PACKAGE))
def judged(request, tables) -> Judged:
    """One case, judged."""
    case = tables["cases"].set_index("case_id").loc[request.param]
    if case["status"] != "ok":
        pytest.skip(f"the reference stopped: {case['error']}")
    rows = tables["inputs"][tables["inputs"]["dataset"] == case["dataset"]]
    units = rows.assign(num=numbers(rows["num"]), den=numbers(rows["den"]))
    units = units.groupby("group")[["num", "den"]].sum()
    theirs = tables["outputs"][tables["outputs"]["case_id"] == request.param].set_index("group")
    top, size = (units[name].to_numpy()[None, :] for name in ("num", "den"))
    return Judged(case, judge_funnels(top, size, options_of(case)), theirs.loc[units.index])


def agree(actual: np.ndarray, expected: np.ndarray) -> None:
    """Equal to 1e-9, relative."""
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)


def test_ratios_and_scores(judged: Judged) -> None:
    """Ratio, score, and score after trimming."""
    agree(judged.ours.ratio[0], numbers(judged.theirs["rr"]))
    agree(judged.ours.spread.scores[0], numbers(judged.theirs["Uzscore"]))
    agree(judged.ours.spread.used_scores[0], numbers(judged.theirs["Wuzscore"]))
    column = "truncated" if judged.theirs["truncated"].notna().any() else "winsorised"
    trimmed = (judged.theirs[column] == "1").to_numpy()
    np.testing.assert_array_equal(judged.ours.spread.is_trimmed[0], trimmed)


def test_overdispersion(judged: Judged) -> None:
    """Phi, tau squared, and whether limits are widened."""
    used = judged.case["draw_adjusted"] == "TRUE"
    agree(judged.ours.spread.phi[0] * used, float(judged.case["phi"]))
    agree(judged.ours.spread.tau2[0] * used, float(judged.case["tau2"]))
    assert judged.ours.is_adjusted[0] == (judged.case["ret_draw_adjusted"] == "TRUE")


@pytest.mark.parametrize(("limits", "line"), LIMITS)
def test_limits(judged: Judged, limits: str, line: str) -> None:
    """All eight limits at the size of each unit."""
    expected = numbers(judged.theirs[LIMITS[limits, line]]) / float(judged.case["multiplier"])
    agree(getattr(getattr(judged.ours, limits), line)[0], expected)


def test_outliers(judged: Judged) -> None:
    """Every outlier, and no other unit."""
    expected = (judged.theirs["outlier"] == "1").to_numpy()
    np.testing.assert_array_equal(judged.ours.is_outlier[0], expected)
    assert int(judged.ours.is_outlier.sum()) == int(judged.case["n_outlier"])


def test_lookup_table(tables) -> None:
    """Limits at sizes where no unit stands, other than where a proportion's line is held."""
    lookup = pd.read_parquet(golden_folder(PACKAGE) / "limits_lookup_sample.parquet")
    cases = tables["cases"].set_index("case_id")
    for case_id, rows in lookup.groupby("case_id"):
        case = cases.loc[case_id]
        if case["data_type"] != "SR":
            continue
        sizes = numbers(rows["number_seq"])[None, :]
        ratios = Ratios(sizes, sizes, sizes / sizes, np.ones(1))
        tau2 = np.array([float(case["tau2"])])
        wide = find_limits(ratios, options_of(case).kind, tau2)
        plain = find_limits(ratios, options_of(case).kind, None)
        scale = float(case["multiplier"])
        agree(wide.upper_998[0] * scale, numbers(rows["odul998"]))
        agree(plain.lower_95[0] * scale, numbers(rows["ll95"]))
