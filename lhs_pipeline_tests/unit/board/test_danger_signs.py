"""A danger sign reaches a reader the same night, and nobody else learns what was written."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from lhs_pipeline.analysis.danger_signs import DANGER_SIGNS, make_danger_signs
from lhs_pipeline.board.alerts import deliver, find_untold
from lhs_pipeline.board.danger_signs import (
    READER,
    count_unread,
    keys_of_signs,
    write_list,
    write_message,
)
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.pages import render_board
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.settings import AlertSettings, Site
from lhs_pipeline.warehouse.table import write_query

TODAY = date(2026, 7, 1)
TEXT = "=He told her he would kill himself tonight"


@pytest.fixture
def told(tables: BoardTables) -> BoardTables:
    signs = pd.DataFrame(
        [
            {"insight_id": f"fft:{n}", "urgency": urgency, "danger_ids": "self_harm",
             "danger_spans": "22-34", "voice": "patient", "unit_id": "ward_07",
             "received_on": pd.Timestamp("2026-06-29"), "text": TEXT, "source_id": "fft",
             "source_file": "june.csv", "source_row": n}
            for n, urgency in enumerate(["immediate", "same_day", "same_day"], start=1)
        ]
    )  # fmt: skip
    return replace(tables, danger_signs=signs)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    to = AlertSettings(smtp_host="mail", recipients={"engineer": ("engineer@example.org",)})
    return Site(tmp_path, "Sample", "UTC", tmp_path, tmp_path / "registers", TODAY, True, {}, to)


def test_what_is_to_be_read_is_recent_dangerous_and_not_yet_coded() -> None:
    with duckdb.connect() as con:
        con.execute("create schema analysis; create schema collection")
        con.execute("create table collection.theme_labels as select 'f:coded' as insight_id")
        rows = [
            ("f:new", "patient", "2026-06-30", "immediate"),
            ("f:coded", "patient", "2026-06-30", "immediate"),
            ("f:old", "patient", "2026-01-01", "immediate"),
            ("f:plain", "patient", "2026-06-30", "routine"),
            ("f:staff", "staff", "2026-06-29", "same_day"),
            ("f:incident", "safety", "2026-06-29", "same_day"),
            ("f:assault", "safety", "2026-06-28", "immediate"),
        ]
        con.execute(
            "create table analysis.insights (insight_id varchar, voice varchar, received_on date,"
            " urgency varchar)"
        )
        con.executemany("insert into analysis.insights values (?, ?, ?, ?)", rows)
        for name in ("unit_id", "text", "source_id", "source_file"):
            con.execute(f"alter table analysis.insights add column {name} varchar")
        con.execute("alter table analysis.insights add column source_row bigint")
        con.execute(
            "create table analysis.readings as select insight_id, urgency, 'abuse' as danger_ids,"
            " '0-4' as danger_spans from analysis.insights"
        )
        con.execute("alter table analysis.insights drop column urgency")
        write_query(con, make_danger_signs(TODAY))
        found = con.execute(f"select insight_id from {DANGER_SIGNS.name}").fetchall()
    assert [row[0] for row in found] == ["f:new", "f:assault", "f:staff"]


def test_the_list_for_readers_holds_sign_words_and_row_and_no_formula(told: BoardTables) -> None:
    catalogue = read_catalogue()
    content = write_list(told, gather_names(told), catalogue).decode()
    first = content.splitlines()[1]
    assert first.startswith("At once,Suicide or self-harm,kill himself,")
    assert "2026-06-29" in first and "inbox/fft/june.csv" in first and ",'=He told" in first


def test_the_reader_is_told_once_and_the_engineer_where_no_reader_is_named(
    told: BoardTables, site: Site
) -> None:
    signs = keys_of_signs(told)
    untold = sorted(find_untold(site, signs))
    message = write_message([signs[key] for key in untold], told, TODAY, site.name)
    assert message.group_id == READER and "1–4 at once, 1–4 today" in message.subject
    deliver(site, [message], untold)
    assert list((site.folder / "outbox").glob("*reader*.json"))
    assert not find_untold(site, signs)


def test_pages_and_messages_say_that_there_is_something_and_not_what(told: BoardTables) -> None:
    assert count_unread(told).words == "To be read for danger signs: 1–4 at once, 1–4 today."
    front = dict(render_board(told, TODAY, "Sample", lambda *_: ""))["index.html"]
    assert "to_read/danger_signs.csv" in front and "kill" not in front
    message = write_message(list(keys_of_signs(told).values()), told, TODAY, "Sample")
    assert "kill" not in message.text and "ward" not in message.text.lower()


def test_a_quiet_front_page_says_nothing_of_it(tables: BoardTables) -> None:
    front = dict(render_board(tables, TODAY, "Sample", lambda *_: ""))["index.html"]
    assert 'id="unread"' not in front
