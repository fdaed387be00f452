"""What a coder accepts is read in all comments, old ones too, and offered no more."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
import pytest
from made_comments import insight

from lhs_pipeline.analysis.accepted_themes import (
    accepted_topics,
    said_on,
    tell_lost_merges,
    topic_id_of,
    with_accepted,
)
from lhs_pipeline.analysis.emerging import find_emerging
from lhs_pipeline.analysis.insights import INSIGHTS
from lhs_pipeline.analysis.reading_store import read_what_is_new
from lhs_pipeline.analysis.theme_series import Spoken, make_theme_series
from lhs_pipeline.analysis.themes import TopicPattern
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.warehouse.table import records_of, write_frame

CATALOGUE = read_catalogue()
RULES = CATALOGUE.rules
TODAY = date(2026, 7, 1)
CALM = ("the nurses were kind", "seen on time", "food was hot", "a clean ward", "no complaints")


def verdict(said: str = "accepted", **given: Any) -> dict[str, Any]:
    row = {"emerging_id": "patient:vend", "verdict": said, "topic_id": "vending_machines",
           "words": None, "reason": "many say so", "coder_role": "quality_lead",
           "recorded_at": datetime(2026, 6, 30, 9)}  # fmt: skip
    return {**row, **given}


@pytest.mark.parametrize(
    ("row", "found", "missed"),
    [
        (verdict(), ["a vending machine", "they vend sweets"], ["vendetta", "a machine"]),
        (verdict(words="vending machine*; snack bar"), ["Vending  machines"], ["snacks"]),
        (verdict(emerging_id="staff:text_messag"), ["text messages"], ["a message", "text"]),
        (verdict(emerging_id="staff:pharmacy"), ["two pharmacies"], ["pharmacist"]),
        (verdict(words="C++; (what"), ["in c++ now", "they said (what ever"], ["c"]),
    ],
)
def test_words_find_what_they_say(row: dict[str, Any], found: list[str], missed: list[str]) -> None:
    topic = with_accepted(CATALOGUE, [row]).topics["vending_machines"]
    assert all(TopicPattern(topic).find_hits(text) for text in found)
    assert not any(TopicPattern(topic).find_hits(text) for text in missed)


def test_a_merged_theme_gives_a_topic_more_words_and_a_dismissed_one_none() -> None:
    merged = with_accepted(CATALOGUE, [verdict("merged", topic_id="equipment", words="vending")])
    assert set(merged.topics) == set(CATALOGUE.topics)
    assert len(merged.topics["equipment"].include) == len(CATALOGUE.topics["equipment"].include) + 1
    assert with_accepted(CATALOGUE, [verdict("dismissed")]) == CATALOGUE
    assert accepted_topics([verdict("dismissed"), verdict("merged", topic_id="falls")]) == {"falls"}


def test_a_topic_that_is_not_named_is_called_by_its_word() -> None:
    assert topic_id_of(verdict(topic_id=None)) == "vend"
    assert topic_id_of(verdict(topic_id=" Vending machines")) == "vending_machines"


def test_an_answer_without_a_day_is_of_the_day_on_which_it_landed() -> None:
    landed = {"recorded_at": pd.NaT, "loaded_at": pd.Timestamp(2026, 7, 1, 2, 30)}
    assert said_on(verdict(**landed)) == date(2026, 7, 1)
    assert said_on(verdict(recorded_at=float("nan"))) is None
    assert said_on(verdict()) == date(2026, 6, 30)


def comments() -> list[dict[str, Any]]:
    """A year and a half of calm, and in the last three weeks thirty on something new."""
    days = [date(2025, 1, 1) + timedelta(days=n % 540) for n in range(1_500)]
    rows = [insight(n, f"{CALM[n % 5]} {chr(97 + n % 26)}{n}", received_on=day)
            for n, day in enumerate(days)]  # fmt: skip
    early = [insight(5_000, "the vending machine was empty", received_on=date(2025, 3, 3))]
    late = [insight(6_000 + n, f"the vending machine was broken {n}", unit_id=f"ward_0{n % 4}",
                    received_on=TODAY - timedelta(days=1 + n % 21)) for n in range(30)]  # fmt: skip
    return rows + early + late


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("create schema analysis; create schema collection")
        con.execute(
            "create table collection.theme_labels (insight_id varchar, topic_id varchar, "
            "sentiment varchar, severity varchar, coder_role varchar, recorded_at timestamp)"
        )
        rows = [{**dict.fromkeys(INSIGHTS.column_names), **row} for row in comments()]
        write_frame(con, INSIGHTS, pd.DataFrame(rows)[INSIGHTS.column_names])
        yield con


def night(con: duckdb.DuckDBPyConnection, said: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    """Read, look for what comes up, and chart, as a night does."""
    verdicts = pd.DataFrame(said or [verdict()]).head(len(said))
    con.register("given", verdicts.astype({"recorded_at": "datetime64[us]"}))
    con.execute("create or replace table collection.emerging_verdicts as from given")
    counts = read_what_is_new(con, CATALOGUE)
    insights, themes = (con.execute(f"from analysis.{n}").df() for n in ("insights", "themes"))
    spoken = Spoken(insights, themes, accepted_topics(records_of(verdicts)))
    return {
        "read": pd.DataFrame({"count": [counts.read]}),
        "themes": themes,
        "emerging": find_emerging(insights, themes, verdicts, RULES.themes, TODAY),
        "series": make_theme_series(spoken, RULES.spc, TODAY),
    }


def test_an_accepted_theme_is_read_through_history_charted_and_offered_no_more(
    con: duckdb.DuckDBPyConnection,
) -> None:
    first = night(con, [])
    assert list(first["emerging"]["emerging_id"]) == ["patient:vend"]
    assert "vending_machines" not in set(first["themes"]["topic_id"])
    second = night(con, [verdict(words=first["emerging"]["found_by"].iloc[0])])
    mine = second["themes"][second["themes"]["topic_id"] == "vending_machines"]
    assert len(mine) == 31 and "s:5000" in set(mine["insight_id"])
    assert "open" not in set(second["emerging"]["status"])
    chart = second["series"][second["series"]["topic_id"] == "vending_machines"]
    assert len(chart) == 18 and chart["reading"].iloc[-1] in ("real_change", "both")
    assert night(con, [verdict(words="vending")])["read"]["count"].iloc[0] == 0


def test_a_merged_theme_is_coded_with_its_topic_and_offered_no_more(
    con: duckdb.DuckDBPyConnection,
) -> None:
    night(con, [])
    found = night(con, [verdict("merged", topic_id="food_and_drink")])
    assert "open" not in set(found["emerging"]["status"])
    assert (found["themes"]["topic_id"] == "food_and_drink").sum() == 31


def test_a_dismissed_theme_is_not_offered(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = night(con, [verdict("dismissed")])["emerging"].to_dict("records")
    assert row["status"] == "dismissed"


def test_a_theme_merged_into_no_topic_is_told() -> None:
    lost = verdict("merged", topic_id="Foods")
    kept = [verdict("merged", topic_id="Patient experience"), verdict()]
    (told,) = tell_lost_merges(CATALOGUE, [lost, *kept])
    assert told.startswith("patient:vend was merged into 'foods', which is no topic")
    assert tell_lost_merges(CATALOGUE, [verdict("merged"), verdict()]) == []
