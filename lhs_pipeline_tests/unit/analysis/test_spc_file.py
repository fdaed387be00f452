"""A file of series, end to end: what is read, what is refused, and what the charts say."""

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.analysis.spc_breaks import read_breaks
from lhs_pipeline.analysis.spc_file import read_spc_file
from lhs_pipeline.analysis.spc_options import FileChart, Rebase, SpcFileError, SpcOptions
from lhs_pipeline.analysis.spc_tables import SpcTables, judge_file
from lhs_pipeline.vocabulary import ChartProfile, Direction

PLAIN = SpcOptions(
    chart=None,
    profile=ChartProfile.MDC,
    direction=Direction.NEUTRAL,
    target=None,
    baseline=None,
    rebases=(),
    per=1.0,
    columns={},
)
VECTOR = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
"""The conformance vector of Making Data Count."""
RATIO = replace(PLAIN, chart=FileChart.P)


def months(count: int) -> list[str]:
    return [str(day) for day in pd.period_range("2023-01", periods=count, freq="M")]


def write(folder: Path, text: str) -> Path:
    file = folder / "file.csv"
    file.write_text(text, encoding="utf-8")
    return file


def judge(folder: Path, rows: pd.DataFrame, options: SpcOptions = PLAIN) -> SpcTables:
    """The tables of rows that went through a CSV file."""
    file = folder / "file.csv"
    rows.to_csv(file, index=False)
    return judge_file(read_spc_file(file, options), options)


def series(values: list[float | None], name: str = "a", **columns: object) -> pd.DataFrame:
    frame = {"series": name, "period": months(len(values)), "value": values, **columns}
    return pd.DataFrame(frame)


@pytest.mark.parametrize(
    ("profile", "lower", "upper"),
    [(ChartProfile.MDC, -3.063, 6.952), (ChartProfile.NHSR, -0.716, 4.604)],
)
def test_the_conformance_vector(
    tmp_path: Path, profile: ChartProfile, lower: float, upper: float
) -> None:
    tables = judge(tmp_path, series(VECTOR), replace(PLAIN, profile=profile))
    limits = tables.limits.iloc[0]
    assert limits["centre"] == pytest.approx(1.944, abs=5e-4)
    assert limits["lower_limit"] == pytest.approx(lower, abs=5e-4)
    assert limits["upper_limit"] == pytest.approx(upper, abs=5e-4)
    flagged = tables.points[tables.points["is_special_cause"]]
    assert list(flagged["value"]) == [10.0]
    assert list(flagged["rules"]) == ["outside_limits"]
    assert list(tables.icons["variation"]) == ["common_cause"]


def test_rows_in_any_order_and_series_of_any_length(tmp_path: Path) -> None:
    rows = pd.concat([series(VECTOR), series([5.0, None, 6.0], "b"), series(VECTOR[:14], "c")])
    ordered = judge(tmp_path, rows)
    shuffled = judge(tmp_path, rows.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(ordered.points, shuffled.points)
    pd.testing.assert_frame_equal(ordered.limits, shuffled.limits)
    alone = judge(tmp_path, series(VECTOR[:14], "c"))
    ours = ordered.points[ordered.points["series"] == "c"].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours, alone.points)


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    rows = series([*VECTOR[:-1], None])
    file = tmp_path / "file.parquet"
    rows.assign(period=pd.to_datetime(rows["period"])).to_parquet(file, index=False)
    ours = judge_file(read_spc_file(file, PLAIN), PLAIN)
    pd.testing.assert_frame_equal(ours.points, judge(tmp_path, rows).points)


def test_too_few_points_have_no_icon_limit_or_flag(tmp_path: Path) -> None:
    tables = judge(tmp_path, series([1.0] * 11 + [90.0]), replace(PLAIN, target=3.0))
    assert list(tables.icons["variation"]) == ["too_few_points"]
    assert tables.limits["upper_limit"].isna().all()
    assert not tables.points["is_special_cause"].any()
    assert tables.limits["centre"].notna().all()


def test_no_profile_gives_an_icon_before_13_points(tmp_path: Path) -> None:
    options = replace(PLAIN, profile=ChartProfile.NHSR, direction=Direction.LOWER, target=5.0)
    tables = judge(tmp_path, series(VECTOR[:12]), options)
    assert list(tables.icons["variation"]) == ["too_few_points"]
    assert list(tables.icons["assurance"]) == ["too_few_points"]
    assert tables.limits["upper_limit"].notna().all()


def test_missing_values_are_missing_and_break_nothing(tmp_path: Path) -> None:
    tables = judge(tmp_path, series([*VECTOR[:7], None, *VECTOR[7:], None]))
    assert list(tables.points["meaning"]).count("missing") == 2
    assert tables.icons["points_count"].tolist() == [18]
    assert tables.icons["latest_value"].tolist() == [1.0]


def test_direction_and_target_of_the_file_come_before_the_options(tmp_path: Path) -> None:
    steady = [10.0, 12.0] * 8
    rows = pd.concat(
        [
            series([*steady, 30.0], "a", direction="higher", target=[1.0] * 10 + [2.0] * 7),
            series([*steady, 30.0], "b", direction="", target=None),
        ]
    )
    options = replace(PLAIN, direction=Direction.LOWER, target=99.0)
    icons = judge(tmp_path, rows, options).icons
    assert list(icons["variation"]) == ["improvement_high", "concern_high"]
    assert list(icons["target"]) == [2.0, 99.0]


def test_rebase_and_baseline(tmp_path: Path) -> None:
    values = [10.0, 12.0] * 7 + [20.0, 22.0] * 7
    options = replace(PLAIN, rebases=(Rebase(date(2024, 3, 1)),), baseline=12)
    limits = judge(tmp_path, series(values), options).limits
    assert list(limits["centre"]) == [11.0, 21.0]
    assert list(limits["baseline_count"]) == [12, 12]
    assert list(limits["period_from"]) == [date(2023, 1, 1), date(2024, 3, 1)]
    assert list(limits["period_until"]) == [date(2024, 2, 1), date(2025, 4, 1)]


def test_limits_of_shares_vary_by_the_point(tmp_path: Path) -> None:
    rows = series([None] * 14, numerator=[20, 10] * 7, denominator=[200, 100] * 7)
    tables = judge(tmp_path, rows.drop(columns="value"), replace(RATIO, per=100))
    points = tables.points
    assert points["value"].tolist() == [10.0] * 14
    reach = 300 * np.sqrt(0.1 * 0.9 / points["denominator"])
    np.testing.assert_allclose(points["upper_limit"], 10 + reach)
    np.testing.assert_allclose(points["lower_limit"], np.maximum(10 - reach, 0))
    assert tables.limits["upper_limit"].iloc[0] == points["upper_limit"].iloc[-1]


def test_a_run_chart_promises_nothing_of_a_target(tmp_path: Path) -> None:
    options = replace(PLAIN, chart=FileChart.RUN, direction=Direction.LOWER, target=3.0)
    tables = judge(tmp_path, series(VECTOR), options)
    assert list(tables.icons["assurance"]) == ["no_limits"]
    assert tables.limits["centre"].tolist() == [1.5]


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    rows = series(VECTOR).rename(columns={"series": "Ward", "value": "falls"})
    options = replace(PLAIN, columns={"series": "ward", "value": "falls"})
    assert list(judge(tmp_path, rows, options).icons["series"]) == ["a"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("series,period,value\na,2024-01,1\na,2024-02,x\n", "row 2, value: 'x'; expected a number"),
        ("series,period,value\na,2024-01,1e400\n", "row 1, value: '1e400'"),
        ("series,period,value\na,01/31/2024,1\n", "row 1, period: '01/31/2024'; expected a date"),
        ("series,period,value\na,31/01/2024,1\na,2024-02-01,1\n", "row 1, period: '31/01/2024'"),
        ("series,period,value\na,2024-01,5%\na,2024-02,6\n", "row 1, value: '5%'; expected a"),
        ("series;period;value\na;2024-01;1,5\n", "row 1, value: '1,5'; expected a number"),
        ("series,period,value\na,2024-01\n", "row 1: 2 cells; expected 3"),
        ("ward,when,value\na,2024-01,1\n", "'period' is missing; found ward, when, value"),
        ("period,value\n2024-01,1\n2024-01,2\n", "which column names the series?"),
        ("series,period,value\na,2024-02-31,1\n", "row 1, period: '2024-02-31'"),
        ("series,period,value\n,2024-01,1\n", "row 1, series: ''; expected the name"),
        ("series,period,value\na,2024-01,1\na,2024-01-01,2\n", "in row 1 already"),
        ("series,period,value\na,2024-01,1,5\n", "row 1: 4 cells; expected 3"),
        ("series,period,value,direction\na,2024-01,1,up\n", "row 1, direction: 'up'"),
        ("series,period,value\n", "there is no row"),
        ("series,period,numerator,denominator\na,2024-01,1,2\n", "expected --chart p or pp"),
        (
            "series,month,n\na,2024-01,3\n",
            "found series, month, n. --columns value=… names another",
        ),
        ("", "is empty; expected a header"),
    ],
)
def test_an_error_names_file_row_field_and_what_was_expected(
    tmp_path: Path, text: str, words: str
) -> None:
    file = write(tmp_path, text)
    with pytest.raises(SpcFileError) as error:
        read_spc_file(file, PLAIN)
    assert words in str(error.value)
    assert str(error.value).startswith(str(file))


@pytest.mark.parametrize(
    ("chart", "row", "words"),
    [
        (FileChart.P, "3,2", "row 1, numerator: '3'; expected no more than the denominator"),
        (FileChart.U, "3,0", "row 1, denominator: '0'; expected more than 0"),
        (FileChart.U, "-3,2", "row 1, numerator: '-3'; expected 0 or more"),
        (FileChart.C, "3,2", "expected the column value"),
    ],
)
def test_impossible_ratios(tmp_path: Path, chart: FileChart, row: str, words: str) -> None:
    file = write(tmp_path, f"series,period,numerator,denominator\na,2024-01,{row}\n")
    with pytest.raises(SpcFileError, match=words.replace("(", r"\(")):
        read_spc_file(file, replace(PLAIN, chart=chart))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"baseline": 1}, "--baseline 1"),
        ({"per": 0.0}, "--per 0"),
        ({"target": float("nan")}, "--target nan"),
        ({"chart": FileChart.P, "target": 95.0}, "--target 95: expected a share from 0 to 1"),
    ],
)
def test_options_without_meaning(changed: dict[str, object], words: str) -> None:
    with pytest.raises(SpcFileError, match=words):
        replace(PLAIN, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("changed", [{"per": 1000.0}, {"rebases": (Rebase(date(2030, 1, 1)),)}])
def test_options_that_the_file_makes_vain(tmp_path: Path, changed: dict[str, object]) -> None:
    with pytest.raises(SpcFileError, match="expected"):
        judge(tmp_path, series(VECTOR), replace(PLAIN, **changed))  # type: ignore[arg-type]


# --- against the reference packages, where their output stands beside the project ------------

GOLDEN = (
    Path(os.environ.get("LHS_SHARED", Path(__file__).resolve().parents[4] / "shared")) / "golden"
)
shared = pytest.mark.skipif(not GOLDEN.is_dir(), reason="no golden outputs (set LHS_SHARED)")
DIRECTIONS = {
    "increase": Direction.HIGHER,
    "decrease": Direction.LOWER,
    "neutral": Direction.NEUTRAL,
}


def golden(package: str, table: str, case_id: str) -> pd.DataFrame:
    rows = pd.read_parquet(GOLDEN / package / f"{table}.parquet")
    return rows[rows["case_id"] == case_id].reset_index(drop=True)


def numbers(column: pd.Series) -> np.ndarray:
    return column.fillna("nan").astype(float).to_numpy()


def compare(ours: pd.Series, theirs: pd.Series) -> None:
    np.testing.assert_allclose(ours, numbers(theirs), rtol=1e-9, atol=1e-9)


@pytest.mark.shared
@shared
@pytest.mark.parametrize(
    "case_id",
    [
        "ae_rrk_rebase2",
        "ae_rrk_att_target_lo",
        "ae_rrk_fix24",
        "rebase_twice_fix12",
        "facet3",
        "percent_ties",
        "ae_all_type1_perf_fix12",
    ],
)
def test_nhsr_cases_from_the_file(tmp_path: Path, case_id: str) -> None:
    case = golden("nhsrplotthedots", "cases", case_id).iloc[0]
    inputs = golden("nhsrplotthedots", "inputs", case_id)
    rebases = [] if pd.isna(case["rebase"]) else str(case["rebase"]).split(";")
    fixed, target = case["fix_after_n_points"], case["target"]
    options = replace(
        PLAIN,
        profile=ChartProfile.NHSR,
        direction=DIRECTIONS[case["improvement_direction"]],
        target=None if pd.isna(target) else float(target),
        baseline=None if pd.isna(fixed) else int(fixed),
        rebases=tuple(Rebase(date.fromisoformat(day)) for day in rebases),
    )
    rows = inputs.rename(columns={"f": "series", "x": "period", "y": "value"})
    tables = judge(tmp_path, rows[["series", "period", "value"]], options)
    theirs = golden("nhsrplotthedots", "outputs", case_id).sort_values(["f", "x"], kind="stable")
    assert list(tables.points["series"]) == list(theirs["f"])
    for ours, name in (("centre", "mean_col"), ("lower_limit", "lpl"), ("upper_limit", "upl")):
        compare(tables.points[ours], theirs[name])
    flagged = (theirs["special_cause_flag"] == "TRUE").tolist()
    assert tables.points["is_special_cause"].tolist() == flagged


@pytest.mark.shared
@shared
@pytest.mark.parametrize(
    "case_id",
    [
        "p_36", "p_na", "p_mult", "pp_big", "cabg_pp", "u_36", "up_mult", "hai_u",
        "rand014_c", "rand034_g", "t_30", "i_na", "run_na", "run_n13_bestbox",
    ],
)  # fmt: skip
def test_qicharts2_cases_from_the_file(tmp_path: Path, case_id: str) -> None:
    case = golden("qicharts2", "cases", case_id).iloc[0]
    inputs = golden("qicharts2", "inputs", case_id)
    theirs = golden("qicharts2", "outputs", case_id)
    theirs = theirs.assign(xx=theirs["xx"].astype(int)).sort_values("xx")
    rows = pd.DataFrame({"series": "a", "period": months(len(inputs)), "y": inputs["y"]})
    rows = rows.assign(value=rows["y"], numerator=rows["y"], denominator=inputs["n"])
    per = float(case["multiply"])
    options = replace(
        PLAIN, chart=FileChart(case["chart"]), profile=ChartProfile.QICHARTS2, per=per
    )
    used = ["value"] if inputs["n"].isna().all() else ["numerator", "denominator"]
    tables = judge(tmp_path, rows[["series", "period", *used]], options)
    for ours, name in (("value", "y"), ("centre", "cl")):
        compare(tables.points[ours], theirs[name])
    for ours, name in (("lower_limit", "lcl"), ("upper_limit", "ucl")):
        expected = numbers(theirs[name])
        expected = np.where(np.isfinite(expected), expected, np.nan)
        np.testing.assert_allclose(tables.points[ours], expected, rtol=1e-9, atol=1e-9)
    assert tables.limits["longest_run"].tolist() == [int(float(theirs["longest.run"].iloc[0]))]


@pytest.mark.parametrize(
    ("heading", "rows"),
    [
        ("series;period;value", "file;2024-01;12.5\nfile;2024-02;1100\n"),
        ("series\tperiod\tvalue", "file\t2024-01\t12.5\nfile\t2024-02\t1100\n"),
        ("series,period,value", 'file,01/01/2024,12.5\nfile,1/2/2024,"1,100"\n'),
        ("series,period,value", "file,Jan 2024,12.5%\nfile,February 2024,1100%\n"),
        ("series,period,value", "file,Jan-24,12.5\nfile,01-Feb-24,1100\n"),
        (" Series,PERIOD , value", "file,2024-01-01 00:00:00,12.5\nfile,2024-02,1100\n"),
        ("period,value", "2024-01,12.5\n2024-02,1100\n"),
        ("\n\nseries,period,value", "file,2024-01,12.5\n\nfile,2024-02,1100\n,,\n,,\n"),
    ],
)
def test_tables_are_read_as_people_write_them(tmp_path: Path, heading: str, rows: str) -> None:
    read = read_spc_file(write(tmp_path, f"{heading}\n{rows}"), PLAIN)
    assert read.rows["series"].tolist() == ["file", "file"]
    assert read.rows["period"].dt.strftime("%Y-%m-%d").tolist() == ["2024-01-01", "2024-02-01"]
    assert read.rows["value"].tolist() == [12.5, 1100.0]
    assert read.is_percentage == ("%" in rows)
    assert len(read.notes) == ("/" in rows) + ("series" not in heading.lower())


def test_a_column_that_is_called_as_periods_are_is_taken_and_told(tmp_path: Path) -> None:
    read = read_spc_file(write(tmp_path, "Series,Month,value\na,2024-01,1\na,2024-02,2\n"), PLAIN)
    assert len(read.rows) == 2
    assert read.notes == ("The column 'Month' is read as the period.",)
    with pytest.raises(SpcFileError, match="row 1, Month: 'x'; expected a date"):
        read_spc_file(write(tmp_path, "series,Month,value\na,x,1\n"), PLAIN)
    with pytest.raises(SpcFileError, match="column 'period' is missing; found series, Day, Week"):
        read_spc_file(write(tmp_path, "series,Day,Week,value\na,2024-01-01,2024-01-07,1\n"), PLAIN)


def test_other_encodings_are_told_and_workbooks_refused(tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes("series,period,value\nCaf\xe9,2024-01,1\n".encode("latin-1"))
    read = read_spc_file(file, PLAIN)
    assert read.rows["series"].tolist() == ["Caf\xe9"]
    assert read.notes == ("The file is not UTF-8: names in it are read as Windows writes English.",)
    for name, content in (("file.xlsx", b"PK"), ("file.csv", b"PK\x03\x04 and so on")):
        book = tmp_path / name
        book.write_bytes(content)
        with pytest.raises(SpcFileError, match="is a workbook"):
            read_spc_file(book, PLAIN)


def test_a_break_concerns_its_series_alone_and_says_why(tmp_path: Path) -> None:
    """A merger makes a step: with the break it is no shift, and the other series keeps its own."""
    both = pd.concat([series([*VECTOR, *VECTOR], name) for name in ("a", "b")])
    both["value"] += np.where(both["period"] >= "2024-07", 20, 0)
    merger = Rebase(date(2024, 7, 1), "a", "merger", "board")
    tables = judge(tmp_path, both, replace(PLAIN, rebases=(merger,)))
    limits = tables.limits.set_index(["series", "limits_number"])
    assert limits.index.tolist() == [("a", 1), ("a", 2), ("b", 1)]
    assert limits.loc[("a", 2), "recalculated_because"] == "merger"
    assert limits.loc[("a", 2), "recalculation_approved_by"] == "board"
    assert limits.loc[("a", 1), "recalculated_because"] == ""
    flagged = tables.points.groupby("series")["is_special_cause"].sum()
    assert flagged["a"] == 2 and flagged["b"] > 20  # the vector's own high point, twice


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("from,reason\n2024-03,merger\n", "column 'approved_by' is missing"),
        ("from,reason,approved_by\n03.2024,merger,board\n", "row 1, from: '03.2024'"),
        ("from,reason,approved_by\n2024-03,,board\n", "row 1, reason: ''; expected a few words"),
        ("from,reason,approved_by\n2024-03,merger,\n", "row 1, approved_by: ''"),
    ],
)
def test_a_break_without_a_reason_or_an_approver_is_refused(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(SpcFileError) as error:
        read_breaks(write(tmp_path, text))
    assert words in str(error.value)


def test_a_break_of_an_unknown_series_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "series,from,reason,approved_by\nz,2024-03,merger,board\n")
    rebases = read_breaks(file)
    with pytest.raises(SpcFileError, match="series 'z' is not in"):
        judge(tmp_path, series([1.0] * 20), replace(PLAIN, rebases=rebases))


def test_the_order_of_rows_is_irrelevant(tmp_path: Path) -> None:
    """Points, limits and icons of a shuffled file are those of the file, with a break too."""
    both = pd.concat([series([*VECTOR, None, *VECTOR], name) for name in ("b", "a")])
    options = replace(PLAIN, rebases=(Rebase(date(2024, 7, 1), "a", "merger", "board"),))
    straight = judge(tmp_path, both, options)
    shuffled = judge(tmp_path, both.sample(frac=1, random_state=2), options)
    for name in ("points", "limits", "icons"):
        pd.testing.assert_frame_equal(getattr(straight, name), getattr(shuffled, name))
