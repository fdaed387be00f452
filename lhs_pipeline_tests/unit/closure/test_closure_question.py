"""The three files of `lhs evaluate`: a wrong one is refused, by file, row and field."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.closure.exchange import WORDS, answer_question
from lhs_pipeline.closure.judgement import Reason
from lhs_pipeline.closure.policy import REFERENCE_POLICY
from lhs_pipeline.closure.question import ExchangeError, read_question

WEEKS, UNITS, LIVE = 70, 6, 40


def tables() -> dict[str, pd.DataFrame]:
    unit, week = np.divmod(np.arange(UNITS * WEEKS), WEEKS)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * week, unit="D")
    counts = np.random.default_rng(5).poisson(20, unit.size).astype(float)
    return {
        "series": pd.DataFrame(
            {
                "unit": [f"ward_{n}" for n in unit], "indicator": "falls", "period_start": start,
                "period_end": start + pd.Timedelta(days=6),
                "as_of": start + pd.Timedelta(days=7), "numerator": counts,
                "denominator": 100.0, "value": np.nan,
            }
        ),
        "changes": pd.DataFrame(
            {
                "change_id": ["a"], "unit": ["ward_0"], "indicator": ["falls"],
                "balancing_indicator": [None],
                "implemented_date": [str((start[LIVE]).date())],
                "evaluation_horizon_weeks": [20], "expected_lag_weeks": [0],
            }
        ),
        "indicators": pd.DataFrame({"indicator": ["falls"], "kind": ["rate"], "better": ["lower"]}),
    }  # fmt: skip


def ask(folder: Path, given: dict[str, pd.DataFrame]) -> pd.DataFrame:
    files = {name: folder / f"{name}.csv" for name in given}
    for name, table in given.items():
        table.to_csv(files[name], index=False)
    question = read_question(files["series"], files["changes"], files["indicators"])
    return answer_question(question, REFERENCE_POLICY, folder / "out")[0]


@pytest.mark.parametrize(
    ("table", "column", "wrong", "told"),
    [
        ("series", "period_start", "soon", "row 1, period_start: soon; expected a date"),
        ("series", "numerator", "n/a?", "row 1, numerator: n/a?; expected a number"),
        ("series", "numerator", -1, "expected a number that is not below zero"),
        ("series", "denominator", -1, "expected a number that is not below zero"),
        ("series", "numerator", np.inf, "expected a number"),
        ("series", "period_end", "2020-01-01", "expected a day not before period_start"),
        ("series", "indicator", "slips", "expected an indicator of the indicators file"),
        ("changes", "implemented_date", None, "implemented_date: nothing; expected a date"),
        ("changes", "evaluation_horizon_weeks", 0, "expected a number of weeks above zero"),
        ("changes", "evaluation_horizon_weeks", None, "expected a number of weeks above zero"),
        ("changes", "expected_lag_weeks", 20, "expected fewer weeks than the horizon has"),
        ("changes", "indicator", "slips", "expected an indicator of the indicators file"),
        ("changes", "balancing_indicator", "slips", "balancing_indicator: slips; expected an ind"),
        ("indicators", "kind", "count", "kind: count; expected one of rate, proportion, mean"),
    ],
)
def test_what_cannot_be_is_refused_by_row_and_field(
    tmp_path: Path, table: str, column: str, wrong: object, told: str
) -> None:
    given = tables()
    given[table][column] = given[table][column].astype(object)
    given[table].loc[0, column] = wrong
    with pytest.raises(ExchangeError, match=f"{table}.csv") as error:
        ask(tmp_path, given)
    assert told in str(error.value)


def test_files_may_be_as_a_spreadsheet_saves_them(tmp_path: Path) -> None:
    given = tables()
    given["changes"]["change_id"] = "Caf\u00e9 \u2013 huddle"
    ways = {"series": (";", "cp1252"), "changes": ("\t", "utf-16"), "indicators": (",", "cp1252")}
    files = {name: tmp_path / f"{name}.csv" for name in given}
    for name, (mark, encoding) in ways.items():
        given[name].to_csv(files[name], index=False, sep=mark, encoding=encoding)
    read = read_question(files["series"], files["changes"], files["indicators"])
    assert read.changes["change_id"].tolist() == ["Caf\u00e9 \u2013 huddle"]
    assert read.series["numerator"].tolist() == given["series"]["numerator"].tolist()


def test_proportions_above_one_and_means_below_zero_are_refused(tmp_path: Path) -> None:
    given = tables()
    given["indicators"]["kind"] = "proportion"
    given["series"].loc[3, "numerator"] = 101.0
    with pytest.raises(ExchangeError, match=r"row 4, numerator: 101.0; expected no more than"):
        ask(tmp_path, given)
    given = tables()
    given["indicators"]["kind"] = "mean"
    given["series"]["value"] = -2.0
    with pytest.raises(ExchangeError, match=r"row 1, value: -2.0; expected a mean above zero"):
        ask(tmp_path, given)


@pytest.mark.parametrize("name", ["series", "changes", "indicators"])
def test_an_empty_or_doubled_table_is_refused(tmp_path: Path, name: str) -> None:
    given = tables()
    given[name] = given[name].iloc[:0]
    with pytest.raises(ExchangeError, match="there are no rows"):
        ask(tmp_path, given)
    if name != "series":
        given = tables()
        given[name] = pd.concat([given[name], given[name]])
        with pytest.raises(ExchangeError, match=r"row 2, .* once"):
            ask(tmp_path, given)


def test_a_balancing_measure_without_figures_is_refused(tmp_path: Path) -> None:
    given = tables()
    more = pd.DataFrame({"indicator": ["returns"], "kind": ["rate"], "better": ["lower"]})
    given["indicators"] = pd.concat([given["indicators"], more])
    given["changes"]["balancing_indicator"] = "returns"
    with pytest.raises(ExchangeError, match="with rows in the series file"):
        ask(tmp_path, given)


def test_figures_extracted_once_are_judged_as_if_each_had_come_in_its_time(tmp_path: Path) -> None:
    given = tables()
    plain = ask(tmp_path, given)
    given["series"]["as_of"] = pd.Timestamp("2026-01-01")
    once = ask(tmp_path, given)
    pd.testing.assert_series_equal(plain["estimate"], once["estimate"])
    assert plain["periods_count"].max() == 20


def test_units_may_begin_their_weeks_on_other_days(tmp_path: Path) -> None:
    given = tables()
    late = given["series"]["unit"].isin(["ward_2", "ward_4"])
    for column in ("period_start", "period_end", "as_of"):
        moved = given["series"][column] + pd.Timedelta(days=1)
        given["series"][column] = given["series"][column].where(~late, moved)
    found = ask(tmp_path, given)
    assert found["periods_count"].max() == 20
    assert found["controls_count"].iloc[0] == UNITS - 1


def test_the_report_has_a_paragraph_per_change_and_words_for_every_reason(tmp_path: Path) -> None:
    given = tables()
    second = given["changes"].assign(unit="ward_1")
    given["changes"] = pd.concat([given["changes"], second])
    ask(tmp_path, given)
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert report.count("**a** (falls in ward_0, ward_1).") == 1
    assert "Against 4 units without the change and its own past the measure is" in report
    assert set(WORDS) == set(Reason)
