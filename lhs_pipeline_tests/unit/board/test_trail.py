"""The trail: oldest first, every line with its source, small counts marked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from lhs_pipeline.board.board_tables import READ
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.shown_assets import DECLARED
from lhs_pipeline.board.source_rows import count_as_in_sheets
from lhs_pipeline.board.trail import format_trail, tell_trail
from lhs_pipeline.board.trail_line import TrailLine, tell_rows
from lhs_pipeline.catalogue.reader import read_catalogue


def told(tables: BoardTables) -> list[TrailLine]:
    return tell_trail("falls@ward_07", tables)


def test_oldest_first_and_every_line_has_a_source(tables: BoardTables) -> None:
    lines = told(tables)
    days = [line.on for line in lines]
    assert days == sorted(day for day in days if day)
    assert all(line.source for line in lines)


def test_all_five_steps_and_both_cycles_are_told(tables: BoardTables) -> None:
    lines = told(tables)
    assert {line.step for line in lines} == {
        "collection", "analysis", "decision", "implementation", "closure"
    }  # fmt: skip
    assert {line.cycle_number for line in lines} == {1, 2}


def test_telling_it_twice_tells_the_same(tables: BoardTables) -> None:
    assert told(tables) == told(tables)
    assert len([line for line in told(tables) if line.what.startswith("Raised")]) == 2


def test_a_cycle_that_is_over_is_told_where_the_list_holds_the_next_alone(
    tables: BoardTables,
) -> None:
    second = tables.problems[tables.problems["cycle_number"] == 2]
    first = {"problem_id": "falls@ward_07", "cycle_number": 1, "topic_id": "falls",
             "unit_id": "ward_07", "raised_on": date(2025, 3, 1)}  # fmt: skip
    later = replace(tables, problems=second, cycles=pd.DataFrame([first]))
    raised = [line for line in told(later) if line.what.startswith("Raised")]
    assert next((line.cycle_number, line.on) for line in raised) == (1, date(2025, 3, 1))


def test_the_life_of_a_problem(tables: BoardTables) -> None:
    story = " ".join(line.what for line in told(tables))
    for part in (
        "outside the limits (usually 2.6 to 6.6)",
        "7 patient comments told of it",
        "Raised as a problem: Falls, Ward 7.",
        "Triaged as: Improve.",
        "Void because the ward huddle may spend £500",
        "Professions present: nursing, medical and operations.",
        "Dissent: One therapist would have tested on one bay first.",
        "In place on Ward 7, 7 days late.",
        "done as agreed in 11 of 20 records (55%)",
        "8% higher (range 16% lower to 39% higher)",
        "Verdict: refine.",
        "Re-opened; it goes round again.",
    ):
        assert part in story


def test_rows_behind_a_signal_come_from_the_caller(tables: BoardTables) -> None:
    def rows_behind(indicator_id: str, unit_id: str, start: date, end: date) -> str:
        return f"inbox/{indicator_id}/{unit_id}/{start}/{end}"

    lines = tell_trail("falls@ward_07", tables, rows_behind)
    signal = next(line for line in lines if line.what.startswith("Signal"))
    assert signal.source.startswith("inbox/falls_per_1000_bed_days/ward_07/2025-02-01/")


def test_a_small_count_is_marked_and_not_said(tables: BoardTables) -> None:
    line = next(line for line in told(tables) if "incident reports told" in line.what)
    assert line.is_small_count
    assert line.what.startswith("1–4 ")
    assert "inbox/incidents/incidents_2025-09.csv row 24" in line.source


def test_signals_after_the_change_belong_to_the_next_cycle(tables: BoardTables) -> None:
    signals = [line for line in told(tables) if line.what.startswith("Signal")]
    assert {line.cycle_number for line in signals if line.on and line.on > date(2025, 7, 21)} == {2}


def test_an_unknown_problem_has_no_trail(tables: BoardTables) -> None:
    assert tell_trail("nobody@nowhere", tables) == []
    assert format_trail([]) == "Nothing is known of this problem.\n"


def test_rows_are_named_in_short() -> None:
    rows = [("a.csv", number) for number in (41, 12, 40, *range(50, 59))]
    assert tell_rows(rows) == "a.csv rows 12, 40, 41 and 9 more"
    assert tell_rows([("a.csv", 3)]) == "a.csv row 3"
    assert tell_rows([(f"{n}.csv", None) for n in range(5)]) == (
        "0.csv; 1.csv; 2.csv; and 2 more files"
    )


def test_a_terminal_gets_one_line_per_event_and_one_per_source(tables: BoardTables) -> None:
    lines = told(tables)
    assert len(format_trail(lines).splitlines()) == 1 + 2 * len(lines)


def test_many_audits_are_told_in_one_line(tables: BoardTables) -> None:
    first = tables.audits.iloc[[0]]
    many = pd.concat([first.assign(source_row=n, source_file="audits.csv") for n in range(1, 6)])
    lines = tell_trail("falls@ward_07", replace(tables, audits=many))
    told_audits = [line for line in lines if "udit" in line.what and "records" in line.what]
    assert len(told_audits) == 1
    assert "5 audits on Ward 7" in told_audits[0].what
    assert told_audits[0].source == "registers/audits.csv rows 1, 2, 3 and 2 more"


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    sources = read_catalogue().sources
    frame = pd.DataFrame(
        {
            "source_id": ["incidents", "incidents", "incidents", "decisions", "gone"],
            "source_file": ["may.csv", "may.parquet", "may.csv", "decisions.xlsx", "x.csv"],
            "source_row": [1, 1, 0, 3, 5],
        }
    )
    assert list(count_as_in_sheets("a.b", frame, sources)["source_row"]) == [2, 1, 0, 4, 5]
    works = pd.DataFrame(
        {"kind": ["research", "safety_alert"], "source_file": ["a.ris", "alerts.csv"],
         "source_row": [4, 4]}
    )  # fmt: skip
    assert list(count_as_in_sheets("a.b", works, sources)["source_row"]) == [4, 5]


@pytest.mark.parametrize("name", sorted(READ.values()))
def test_every_table_that_tells_rows_says_of_which_source(name: str) -> None:
    tables = {table.name: table for table in DECLARED}
    columns = tables[name].column_names if name in tables else ["source_id"]
    if "source_row" in columns:
        frame = pd.DataFrame([dict.fromkeys(columns, "x") | {"source_row": 1}])
        assert len(count_as_in_sheets(name, frame, {})) == 1


def test_headings_further_down_are_counted_too() -> None:
    source = replace(read_catalogue().sources["incidents"], header_row=6)
    assert source.sheet_row("may.xlsx", 1) == 7 and source.sheet_row("may.csv.gz", 2) == 8
