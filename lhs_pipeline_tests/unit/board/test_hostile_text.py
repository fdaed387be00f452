"""What somebody writes into a comment box shows as text everywhere, and acts nowhere."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.news import find_news, write_messages
from lhs_pipeline.board.pages import render_board
from lhs_pipeline.board.published_table import frame_for_machines, write_csv
from lhs_pipeline.board.tables import publish_all
from lhs_pipeline.board.workbook import write_workbook
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.collection.deliveries import find_deliveries
from lhs_pipeline.collection.landing import Landing, land
from lhs_pipeline.warehouse.assets import sample_of

from .conftest import AS_OF, SITE

COMMENTS = (
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    '=HYPERLINK("http://example.org","win")',
    "+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "-2+3",
    "  \t=1+1",
    "ward \u202egnp.exe\u2066 and \u200bzero\u200b width\ufeff",
    "a \x00 NUL and a bell \x07 and an escape \x1b[31m",
    "family \U0001f469\u200d\U0001f469\u200d\U0001f467 and a flag \U0001f3f4",
    "w" * 10_000,
    "a line of a megabyte " * 50_000,
    "| a | table | ` and ``` a fence [link](javascript:alert(1))",
    "]]></style></title><!-- --><svg onload=alert(1)>",
    "{{ 7*7 }} {% raw %} ${7*7}",
)
ACTS = ("<script>alert", "<img src=x", "<svg onload", "</style></title>", "49 {%")
INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
CATALOGUE = read_catalogue()


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The comments as the warehouse holds them, after a delivery like any other."""
    folder, source = tmp_path_factory.mktemp("inbox"), CATALOGUE.sources["friends_and_family"]
    page = io.StringIO()
    writer = csv.writer(page)
    names = [column.name for column in source.columns]
    writer.writerow(names)
    for number, comment in enumerate(COMMENTS):
        told = {name: "" for name in names}
        told |= {"unit_id": "ward_07", "comment": comment, "received_on": "2026-06-01"}
        told |= {"response_id": f"r{number}", "rating": "1"}
        writer.writerow([told[name] for name in names])
    (folder / "june.csv").write_text(page.getvalue(), encoding="utf-8")
    con = duckdb.connect()
    con.execute("create schema collection")
    con.execute("create table collection.units as select 'ward_07' as unit_id")
    at = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
    (report,) = land(con, Landing(source, at, "standard"), find_deliveries(folder, source))
    assert report["rows_read"] == report["landed"] + report["rejected"] == len(COMMENTS)
    text = next(column.name for column in source.columns if column.is_sensitive_text)
    rows = con.execute(f'select "{text}" from collection.friends_and_family').fetchall()
    assert report["landed"] >= len(COMMENTS) - 1, con.execute(
        "select reason from collection.rejected_rows"
    ).fetchall()
    return [row[0] for row in rows]


@pytest.fixture(scope="module")
def hostile(tables: BoardTables, landed: list[str]) -> BoardTables:
    """The sample trust in which everybody writes like that, in every field that is free."""
    fields = {
        "insights": ("text",),
        "triage": ("what_seems_wrong", "how_we_know", "unit_name", "feasibility"),
        "decisions": ("rationale", "dissent", "conflicts", "chair_role"),
        "actions": ("description", "owner_role"),
        "evidence": ("title", "effect_sentence", "standing_reason"),
        "problem_evidence": ("title", "effect_sentence", "site_code", "why"),
        "acceptability": ("note",),
        "evaluations": ("effective_reason", "verdict_reason"),
        "proposals": ("question",),
    }
    return replace(
        tables, **{name: _filled(getattr(tables, name), chosen, landed)
                   for name, chosen in fields.items()}
    )  # fmt: skip


def _filled(frame: pd.DataFrame, names: tuple[str, ...], texts: list[str]) -> pd.DataFrame:
    # A board is not read where one cell is a megabyte in every row: one row has it.
    short = [text for text in texts if len(text) < 20_000]
    said = [short[n % len(short)] for n in range(len(frame))]
    if said and frame is not None:
        said[-1] = max(texts, key=len)
    return frame.assign(**dict.fromkeys(names, said))


def test_they_land_as_they_were_written(landed: list[str]) -> None:
    assert any("<script>" in text for text in landed)
    assert max(map(len, landed)) > 900_000


def test_no_page_of_the_board_runs_or_hides_any_of_it(hostile: BoardTables) -> None:
    seen = ""
    for name, text in render_board(hostile, AS_OF, SITE):
        assert not any(each in text for each in ACTS), name
        assert not INVISIBLE.search(text), (name, INVISIBLE.search(text))
        assert re.fullmatch(r"[\w./-]+", name)
        seen += text
    assert "&lt;script&gt;alert" in seen and "=HYPERLINK(" in seen
    assert 'href="javascript:' not in seen


def test_no_cell_of_a_table_is_a_formula(hostile: BoardTables) -> None:
    for table in publish_all(hostile):
        rows = csv.reader(io.StringIO(write_csv(table).decode("utf-8-sig")))
        for cell in (cell for row in rows for cell in row):
            is_number = re.fullmatch(r"-?[\d.]+", cell)
            assert is_number or not cell.lstrip().startswith(("=", "+", "-", "@")), cell[:50]
            assert not INVISIBLE.search(cell) and len(cell) <= 2000
        for cell in frame_for_machines(table).to_numpy().ravel():
            assert not isinstance(cell, str) or not cell.startswith(("=", "+", "-", "@"))


def test_the_workbook_opens_and_holds_text(hostile: BoardTables, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(write_workbook(tmp_path / "a.xlsx", hostile, SITE))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "f" not in {cell.data_type for cell in cells}
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert not any(INVISIBLE.search(text) for text in texts)
    assert any("<script>" in text for text in texts) and max(map(len, texts)) <= 32_767


def test_a_sample_in_dagster_is_one_small_table(hostile: BoardTables, landed: list[str]) -> None:
    frame = pd.DataFrame({"what": landed, "text": landed, "numerator": 3.0, "value": 1.5})
    shown = sample_of(frame, len(landed)).value
    assert len(shown) < 20_000 and shown.count("\n") == len(landed) + 1
    assert "<" not in shown and "`" not in shown and not INVISIBLE.search(shown)
    assert "| text |" not in shown and "withheld" in shown and "1.5" not in shown


def test_an_alert_is_plain_text(hostile: BoardTables) -> None:
    for message in write_messages(find_news(hostile, AS_OF), gather_names(hostile), AS_OF, SITE):
        assert not INVISIBLE.search(message.text + message.subject)
        assert "\n" not in message.subject and len(message.text) < 20_000
