"""A workbook of comments to label: drawn by chance, filled in by people, read as labels."""

import io
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import openpyxl
import pandas as pd

from lhs_pipeline.board.to_label import draw_comments, write_workbook
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.collection.raw_rows import RawRow
from lhs_pipeline.collection.workbooks import read_workbook

CATALOGUE = read_catalogue()
REGISTER = CATALOGUE.sources["theme_labels"]
TODAY = date(2026, 6, 30)
SHEET = "theme_labels to fill in"


def warehouse(count: int) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create schema analysis; create schema collection")
    insights = pd.DataFrame(
        {
            "insight_id": [f"fft:{n}" for n in range(count)],
            "text": [f"=waited {n} hours" for n in range(count)],
            "question": None,
            "received_on": [
                TODAY - timedelta(days=400 if n % 10 == 0 else n) for n in range(count)
            ],
        }
    )
    con.register("made", insights)
    con.execute("create table analysis.insights as select * from made")
    con.execute(
        "create table analysis.themes as select insight_id, unnest(['falls', 'discharge']) as "
        "topic_id from analysis.insights"
    )
    con.execute("create table collection.theme_labels as select 'fft:1' as insight_id")
    return con


def test_what_is_old_or_labelled_is_not_offered_and_the_rest_by_chance() -> None:
    with warehouse(300) as con:
        offered = draw_comments(con, TODAY)
        assert offered == draw_comments(con, TODAY)
    ids = [int(one["insight_id"].removeprefix("fft:")) for one in offered]
    assert len(set(ids)) == 100 and 1 not in ids and not [n for n in ids if n % 10 == 0]
    assert ids != sorted(ids)
    assert {one["topic_ids"] for one in offered} == {"discharge; falls"}


def test_what_people_fill_in_is_read_as_labels_and_an_untouched_row_says_nothing() -> None:
    with warehouse(20) as con:
        offered = draw_comments(con, TODAY)
    made = write_workbook(offered, REGISTER, CATALOGUE.topics)
    assert made == write_workbook(offered, REGISTER, CATALOGUE.topics)
    book = openpyxl.load_workbook(io.BytesIO(made))
    sheet = book[SHEET]
    headings = [cell.value for cell in sheet[1]]
    assert sheet.cell(2, headings.index("Comment") + 1).value == offered[0]["text"]
    for name, said in {"topic_id": "Falls; discharge", "coder_role": "analyst"}.items():
        sheet.cell(2, headings.index(name) + 1).value = said
    filled = io.BytesIO()
    book.save(filled)
    filled.seek(0)
    rows = [item for item in read_workbook(filled, REGISTER) if isinstance(item, RawRow)]
    (row,) = rows
    assert row.cells[:2] == (offered[0]["insight_id"], "Falls; discharge")
    assert list(book["Topics"].values)[1][:2] == ("communication", "Communication")


def test_a_long_comment_has_a_row_tall_enough() -> None:
    """Some programs do not find the height of wrapped text by themselves."""
    texts = ("short", "a comment of many words " * 20)
    offered = [{"insight_id": t[:5], "text": t, "question": "", "topic_ids": ""} for t in texts]
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(offered, REGISTER, CATALOGUE.topics)))
    short, tall = (book[SHEET].row_dimensions[row].height for row in (2, 3))
    assert tall >= 5 * 13 > short
    assert book["How to label"].row_dimensions[1].height >= 2 * 13


def test_without_comments_there_is_a_workbook_all_the_same() -> None:
    empty = replace(REGISTER, columns=REGISTER.columns)
    made = write_workbook([], empty, CATALOGUE.topics)
    assert openpyxl.load_workbook(io.BytesIO(made))[SHEET].max_row == 1
