"""Every limit, flag, label and icon of NHSRplotthedots 0.2.2, under the nhsr profile."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.statistics.icons import assurance_icon, better_side, meaning_of, variation_icon
from lhs_pipeline.statistics.spc import MDC, NHSR, Rule, SpcProfile, XmrResult, judge_xmr
from lhs_pipeline.vocabulary import Direction

from .reference import case_ids, needs, numbers, read

PACKAGE = "nhsrplotthedots"
pytestmark = [pytest.mark.shared, needs(PACKAGE)]

DIRECTIONS = {
    "increase": Direction.HIGHER,
    "decrease": Direction.LOWER,
    "neutral": Direction.NEUTRAL,
}
LABELS = {
    ("outside_limits", 1): "Above UCL",
    ("outside_limits", -1): "Below LCL",
    ("trend", 1): "7 Point Trend (Increasing)",
    ("trend", -1): "7 Point Trend (Decreasing)",
    ("two_of_three", 1): "2 in 3 Above CL",
    ("two_of_three", -1): "2 in 3 Below CL",
    ("shift", 1): "7 Points Above CL",
    ("shift", -1): "7 Points Below CL",
}
VARIATION = {"neutral_high": "neither_high", "neutral_low": "neither_low"}
ASSURANCE = {
    "consistent_pass": "consistently_passes",
    "consistent_fail": "consistently_fails",
    "inconsistent": "hit_or_miss",
}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """The four golden tables."""
    return {name: read(PACKAGE, name) for name in ("cases", "inputs", "outputs", "icons")}


@dataclass(frozen=True)
class Judged:
    """One case judged by the project, flat: one entry per input row, by facet and date."""

    rows: pd.DataFrame
    facets: list[str]
    lengths: np.ndarray
    result: XmrResult

    def flat(self, matrix: np.ndarray) -> np.ndarray:
        """A (series, points) matrix without its padding."""
        return matrix[np.arange(matrix.shape[1]) < self.lengths[:, None]]


def judge_case(case: pd.Series, inputs: pd.DataFrame) -> Judged:
    """Judge one golden case, all of its facets in one call."""
    rows = inputs.sort_values(["f", "x"], kind="stable")
    facets = list(dict.fromkeys(rows["f"]))
    lengths = rows.groupby("f", sort=False).size().loc[facets].to_numpy()
    inside = np.arange(lengths.max()) < lengths[:, None]
    values = np.full(inside.shape, np.nan)
    values[inside] = numbers(rows["y"])
    groups = np.zeros(inside.shape, dtype=np.int64)
    groups[inside] = rebase_groups(case["rebase"], rows)
    groups[~inside] = -1
    fixed = None if pd.isna(case["fix_after_n_points"]) else int(case["fix_after_n_points"])
    profile = profile_for(screened=case["screen_outliers"] == "TRUE")
    result = judge_xmr(values, profile=profile, groups=groups, baseline=fixed)
    return Judged(rows, facets, lengths, result)


def profile_for(*, screened: bool) -> SpcProfile:
    """The nhsr profile with or without `screen_outliers`."""
    return replace(NHSR, screen_moving_ranges=screened)


def rebase_groups(rebase: object, rows: pd.DataFrame) -> np.ndarray:
    """Number of rebase dates met so far, per facet."""
    days = rows["x"].str.slice(0, 10)
    met = pd.Series(False, index=rows.index)
    for facet, dates in named(rebase, rows["f"].unique()).items():
        met |= (rows["f"] == facet) & days.isin(dates.split(";"))
    return met.groupby(rows["f"]).cumsum().to_numpy()


def named(text: object, facets: np.ndarray) -> dict[str, str]:
    """`a=1|b=2` by facet, or one text for all."""
    if pd.isna(text):
        return {}
    if "=" not in str(text):
        return {facet: str(text) for facet in facets}
    return dict(part.split("=", 1) for part in str(text).split("|"))


def pick(table: pd.DataFrame, case_id: str) -> pd.DataFrame:
    """The rows of one case."""
    return table[table["case_id"] == case_id]


def ordered_output(tables: dict[str, pd.DataFrame], case_id: str) -> pd.DataFrame:
    """The reference's rows, by facet and date."""
    return pick(tables["outputs"], case_id).sort_values(["f", "x"], kind="stable")


def case_of(tables: dict[str, pd.DataFrame], case_id: str) -> pd.Series:
    """The options of one case; skipped where the reference itself stopped."""
    case = tables["cases"].set_index("case_id").loc[case_id]
    if case["status"] != "ok":
        pytest.skip(f"the reference stopped: {case['error']}")
    return case


@pytest.fixture(scope="module", params=case_ids(PACKAGE))
def judged(request, tables) -> tuple[pd.Series, Judged, pd.DataFrame, pd.DataFrame]:
    """One case: its options, our judgement, the reference's rows and icons."""
    case = case_of(tables, request.param)
    ours = judge_case(case, pick(tables["inputs"], request.param))
    return case, ours, ordered_output(tables, request.param), pick(tables["icons"], request.param)


def test_rows_are_the_same(judged) -> None:
    """The two sides speak of the same points."""
    _, ours, theirs, _ = judged
    assert list(ours.rows["f"]) == list(theirs["f"])
    np.testing.assert_array_equal(numbers(ours.rows["y"]), numbers(theirs["y"]))


@pytest.mark.parametrize(
    ("ours_name", "theirs_name"),
    [
        ("centre", "mean_col"),
        ("lower_limit", "lpl"),
        ("upper_limit", "upl"),
        ("lower_near_limit", "nlpl"),
        ("upper_near_limit", "nupl"),
        ("mean_moving_range", "amr"),
    ],
)
def test_limits(judged, ours_name: str, theirs_name: str) -> None:
    """Centre and limits agree to 1e-9 of the scale of the chart."""
    _, ours, theirs, _ = judged
    expected = numbers(theirs[theirs_name])
    scale = np.nan_to_num(np.abs(numbers(theirs["mean_col"])) + np.abs(numbers(theirs["amr"])))
    actual = ours.flat(ours.result.per_point(ours_name))
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    assert np.all(np.nan_to_num(np.abs(actual - expected)) <= 1e-9 * np.maximum(scale, 1e-300))


def test_labels(judged) -> None:
    """The rule that names each point, and its side."""
    _, ours, theirs, _ = judged
    rules = ours.flat(ours.result.labels)
    sides = ours.flat(ours.result.signal_side)
    labels = [LABELS.get((r, s), "Common Cause") for r, s in zip(rules, sides, strict=True)]
    assert labels == list(theirs["special_cause_type"])


def test_flags(judged) -> None:
    """Outside, close to limits, side of the mean and special cause, point by point."""
    _, ours, theirs, _ = judged
    result = ours.result
    present = ours.flat(result.is_present)
    # Where limits could not be computed R answers "missing", and we answer "no signal".
    outside = (theirs["outside_limits"] == "TRUE").to_numpy()
    np.testing.assert_array_equal(ours.flat(result.outside_limits), outside)
    special = (theirs["special_cause_flag"] == "TRUE").to_numpy()
    np.testing.assert_array_equal(ours.flat(result.is_special_cause), special)
    side = np.nan_to_num(numbers(theirs["relative_to_mean"]))
    np.testing.assert_array_equal(ours.flat(result.side)[present], side[present])


def test_point_types(judged) -> None:
    """Improvement, concern, or neither, point by point."""
    case, ours, theirs, _ = judged
    better = better_side(DIRECTIONS[case["improvement_direction"]], len(ours.facets))
    words = meaning_of(ours.result.signal_side, better[:, None])
    side = ours.flat(ours.result.signal_side)
    kinds = [point_type(w, s) for w, s in zip(ours.flat(words), side, strict=True)]
    assert kinds == list(theirs["point_type"])


def point_type(meaning: str, side: int) -> str:
    """The reference's word for a meaning."""
    if side == 0:
        return "common_cause"
    height = "high" if side > 0 else "low"
    kind = f"neutral_{height}" if meaning == "neither" else meaning
    return f"special_cause_{kind}"


def test_groups_and_warnings(judged) -> None:
    """Rebase groups, and the warning of fewer than 13 rows."""
    _, ours, theirs, _ = judged
    lengths = np.bincount(ours.result.groups.group_of_point.ravel())
    short = ours.flat(lengths[ours.result.groups.group_of_point]) < 13
    np.testing.assert_array_equal(short, (theirs["short_group_warning"] == "TRUE").to_numpy())


def test_variation_icons(judged) -> None:
    """What the last point says."""
    case, ours, _, icons = judged
    direction = DIRECTIONS[case["improvement_direction"]]
    words = variation_icon(ours.result, direction)
    expected = icons[icons["type"] == "variation"].set_index("f")["icon"]
    expected = expected.map(lambda icon: VARIATION.get(icon, icon))
    assert dict(zip(ours.facets, words, strict=True)) == expected.to_dict()


def test_assurance_icons(judged) -> None:
    """What the last limits promise about the target."""
    case, ours, _, icons = judged
    targets = named(case["target"], np.array(ours.facets))
    aims = np.array([float(targets.get(facet, "nan")) for facet in ours.facets])
    direction = DIRECTIONS[case["improvement_direction"]]
    words = assurance_icon(ours.result, aims, direction)
    given = {f: w for f, w in zip(ours.facets, words, strict=True) if not w.startswith("no_")}
    theirs = icons[(icons["type"] == "assurance_type") & icons["icon"].notna()]
    assert given == theirs.set_index("f")["icon"].map(ASSURANCE).to_dict()


def test_mdc_answers_where_the_reference_stops(tables) -> None:
    """A missing value inside a run never aborts, and never becomes common cause."""
    stopped = tables["cases"][tables["cases"]["error"].str.contains("TRUE/FALSE", na=False)]
    if stopped.empty:
        pytest.skip("the reference stopped at no missing value")
    for case_id in stopped["case_id"]:
        for _, rows in pick(tables["inputs"], case_id).groupby("f"):
            result = judge_xmr(numbers(rows["y"])[None, :], profile=MDC)
            missing = ~result.is_present
            assert set(result.labels[missing]) <= {"missing"}
            assert not any(result.flags_of(rule)[missing].any() for rule in Rule)
