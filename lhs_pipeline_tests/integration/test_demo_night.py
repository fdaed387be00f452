"""The demo from files to published pages: it ends well, loses nothing and repeats itself."""

import hashlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from lhs_pipeline.board.board_tables import read_board_tables
from lhs_pipeline.board.source_rows import SourceRows
from lhs_pipeline.board.trail import tell_trail
from lhs_pipeline.board.trail_line import TrailLine
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.cli import main
from lhs_pipeline.collection.checks import judge_promises, promises_of, summarise
from lhs_pipeline.definitions import build_definitions
from lhs_pipeline.warehouse.connection import open_published

from .running import ROOT, Demo, truth


def test_every_night_ended_well(demo: Demo) -> None:
    assert demo.exit_code == 0, demo.said
    assert demo.said.count("the night ended well") == 2 and "re-enters the loop" in demo.said
    assert "✗" not in demo.said


def test_every_file_accounts_for_every_row(demo: Demo) -> None:
    files = demo.query("select * from collection.files")
    parts = files["landed"] + files["rejected"] + files["unchanged"]
    assert (files["rows_read"] == parts).all() and len(files) > 400
    refused = demo.query("select count(*) as n from collection.rejected_rows")["n"].iloc[0]
    assert refused == files["rejected"].sum()


def test_every_file_that_was_delivered_is_known(demo: Demo) -> None:
    # What was dropped into the folder of a register is told with that folder, beside the register.
    files = demo.query(
        "select if(contains(source_file, '/'), source_file, source_id || '/' || source_file) "
        "as name from collection.files"
    )
    known = set(files["name"])
    inbox = demo.site.inbox
    assert {f.relative_to(inbox).as_posix() for f in inbox.rglob("*.*")} <= known


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("bad_date", "wrong type"), ("unknown_unit", "not known"), ("negative_count", "too small")],
)
def test_a_planted_fault_is_refused_with_its_reason(demo: Demo, kind: str, reason: str) -> None:
    (planted,) = [row for row in truth("imperfections") if row["kind"] == kind]
    file = demo.site.rejected / f"{planted['source_id']}.csv"
    (line,) = [line for line in file.read_text().splitlines() if reason in line]
    assert all(part in line for part in planted["row_id"].split("/"))


def test_revised_rows_hold_their_new_value_and_keep_the_old(demo: Demo) -> None:
    revised = [row for row in truth("imperfections") if row["kind"] == "revised"]
    for row in revised:
        versions = demo.query(
            "select harm_grade, superseded_at from collection.incidents_versions "
            f"where incident_id = '{row['row_id']}' order by loaded_at"
        )
        assert len(versions) == 2 and versions["superseded_at"].isna().tolist() == [False, True]
        assert row["note"].endswith(str(versions["harm_grade"].iloc[-1]))


def test_great_expectations_finds_the_contracts_kept(demo: Demo) -> None:
    for name in ("incidents", "bed_days", "reopened"):
        source = read_catalogue().sources[name]
        with duckdb.connect(str(demo.site.warehouse_file), read_only=True) as con:
            summary = summarise(con, source, demo.site.today())
        findings = judge_promises(promises_of(source), summary)
        assert not [f.promise.words for f in findings if f.promise.is_blocking and not f.is_kept]
        lost = judge_promises(promises_of(source), {**summary, "unaccounted_rows": 1.0})
        assert "unaccounted_rows" in [f.promise.counted for f in lost if f.is_kept is False]


def test_the_published_copy_opens_while_others_have_it_open(demo: Demo) -> None:
    with open_published(demo.site.published_file) as con:
        assert con.execute("select count(*) from analysis.triage").fetchone() != (0,)
        script = (
            "import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=True); "
            "print(con.execute('select count(*) from analysis.triage').fetchone()[0])"
        )
        command = [sys.executable, "-c", script, str(demo.site.published_file)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert int(done.stdout) > 0


def test_the_published_copy_has_no_landed_events(demo: Demo) -> None:
    with open_published(demo.site.published_file) as con:
        names = {f"{s}.{t}" for s, t in con.execute(
            "select schema_name, table_name from duckdb_tables()").fetchall()}  # fmt: skip
    assert {n for n in names if n.startswith("collection.")} <= {
        "collection.files", "collection.units"
    }  # fmt: skip
    assert not names & {"analysis.insights", "analysis.themes"}


def test_every_declared_column_exists_and_no_other(demo: Demo) -> None:
    specs = build_definitions(read_catalogue()).resolve_all_asset_specs()
    for spec in specs:
        schema = spec.metadata.get("dagster/column_schema")
        if schema is not None:
            declared = [c.name for c in getattr(schema, "schema", schema).columns]
            made = demo.query(f"select * from {'.'.join(spec.key.path)} limit 0")
            assert list(made.columns) == declared, spec.key


@pytest.fixture(scope="session")
def trails(demo: Demo) -> dict[str, list[TrailLine]]:
    """The whole life of every problem, as `lhs trail` tells it."""
    catalogue = read_catalogue(demo.site.catalogue)
    with duckdb.connect(str(demo.site.warehouse_file), read_only=True) as con:
        tables = read_board_tables(con, catalogue)
        rows = SourceRows(con, catalogue)
        return {p: tell_trail(p, tables, rows.behind) for p in tables.problems["problem_id"]}


def test_every_line_of_every_trail_leads_to_rows_of_a_file(
    trails: dict[str, list[TrailLine]],
) -> None:
    lines = [line for told in trails.values() for line in told]
    assert all(trails.values()) and len(lines) > 300
    for line in lines:
        assert "inbox/" in line.source or "registers/" in line.source, line


def test_a_trail_runs_through_all_five_steps(trails: dict[str, list[TrailLine]]) -> None:
    lines = trails["vte_prevention@ward_03"]
    assert {line.step for line in lines} == {
        "collection", "analysis", "decision", "implementation", "closure"
    }  # fmt: skip
    assert {line.cycle_number for line in lines} == {1, 2}


def test_the_ledger_holds_and_refuses_only_the_action_without_authority(
    demo: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    events = demo.query("select * from board.life_events")
    refused = events[events["refusal"].notna()]
    assert list(refused["problem_id"] + "/" + refused["event"]) == [
        "theatre_flow@theatres_day/started"
    ]
    states = events.set_index(["problem_id", "cycle_number"])["state_now"]
    assert set(states["falls@ward_07", 1]) == {"closed"}
    assert main(["check", "--site", str(demo.site.folder)]) == 0
    assert "The ledger holds" in capsys.readouterr().out


def test_a_trail_says_on_which_evidence_it_was_decided(trails: dict[str, list[TrailLine]]) -> None:
    (line,) = [line for line in trails["falls@ward_07"] if "decided: " in line.what]
    assert "the evidence as it stood in registers/evidence/" in line.source


def test_a_trail_is_printed(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trail", "--site", str(demo.site.folder), "falls@ward_07"]) == 0
    printed = capsys.readouterr().out
    assert "from inbox/" in printed and "from registers/" in printed
    assert main(["trail", "--site", str(demo.site.folder), "falls@nowhere"]) == 1
    assert "There are: " in capsys.readouterr().err


IDENTIFIERS = {row["identifier"] for row in truth("planted_identifiers")}


def found_in(text: str) -> set[str]:
    return {identifier for identifier in IDENTIFIERS if identifier in text}


def test_the_identifiers_were_really_delivered(demo: Demo) -> None:
    inbox = "".join(f.read_text(errors="replace") for f in demo.site.inbox.rglob("*.csv"))
    assert found_in(inbox) == IDENTIFIERS and len(IDENTIFIERS) > 50


def test_no_identifier_is_in_any_text_of_the_warehouse(demo: Demo) -> None:
    with duckdb.connect(str(demo.site.warehouse_file), read_only=True) as con:
        columns = con.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where data_type = 'VARCHAR' and not internal and column_name not like '%_hash'"
        ).fetchall()
        assert len(columns) > 100
        for schema, table, column in columns:
            query = f'select string_agg(distinct "{column}", chr(10)) from {schema}."{table}"'
            (text,) = con.execute(query).fetchone() or ("",)
            assert not found_in(text or ""), f"{schema}.{table}.{column}"


def test_no_identifier_is_in_any_file_that_people_read(demo: Demo) -> None:
    for file in [*demo.published("*.csv", "*.html", "*.json"), *demo.site.rejected.iterdir()]:
        assert not found_in(file.read_text(encoding="utf-8")), file
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(demo.site.published / "lhs.xlsx", read_only=True)
    cells = (str(v) for sheet in book for row in sheet.iter_rows(values_only=True) for v in row)
    assert not found_in("\n".join(cells))


def test_no_identifier_is_in_dagsters_own_storage(demo: Demo) -> None:
    files = [f for f in (demo.site.folder / "dagster_home").rglob("*") if f.is_file()]
    assert [f for f in files if f.suffix == ".db"]
    for file in files:
        assert not found_in(file.read_bytes().decode("utf-8", errors="replace")), file
    (index,) = [f for f in files if f.name == "runs.db"]
    with sqlite3.connect(index) as con:
        assert con.execute("select count(*) from runs").fetchone()[0] > 3


def test_hostile_text_does_no_harm_where_it_is_published(demo: Demo) -> None:
    held = demo.query(
        "select string_agg(text, ' ') as t from analysis.insights where insight_id in "
        "('friends_and_family:F3HM', 'friends_and_family:F3JF')"
    )["t"].iloc[0]
    assert "<script>" in held and "=HYPERLINK" in held
    for file in demo.published("*.html"):
        text = file.read_text(encoding="utf-8")
        assert "<script>alert" not in text and "\u202e" not in text, file
    for file in demo.published("*.csv"):
        text = file.read_text(encoding="utf-8-sig")
        assert not any(cell in text for cell in ("\n=", ",=", ',"=', "\u202e")), file
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(demo.site.published / "lhs.xlsx")
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds


def state_of(folder: Path) -> dict[str, str]:
    return {
        f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(folder.rglob("*"))
        if f.is_file()
    }


@pytest.mark.usefixtures("fresh_shell")
def test_the_same_night_again_changes_no_byte_of_what_is_published(demo: Demo) -> None:
    places = [demo.site.published, demo.site.registers, demo.site.rejected]
    before = [state_of(place) for place in places]
    assert main(["night", "--site", str(demo.site.folder)]) == 0
    assert [state_of(place) for place in places] == before


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a working copy")
def test_the_committed_demo_was_left_alone(demo: Demo) -> None:
    done = subprocess.run(["git", "status", "--porcelain", "data/demo"], cwd=ROOT,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout == "" and demo.exit_code == 0
