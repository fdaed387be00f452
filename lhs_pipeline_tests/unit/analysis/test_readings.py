"""Sentiment, danger signs, and reading only what is new."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from made_comments import insight

from lhs_pipeline.analysis.dangers import DangerRules
from lhs_pipeline.analysis.insights import INSIGHTS
from lhs_pipeline.analysis.reading_store import ReadCounts, read_what_is_new
from lhs_pipeline.analysis.sentiment import SentimentLabels, feel, train_sentiment
from lhs_pipeline.analysis.sentiment_judges import telling_themes
from lhs_pipeline.analysis.text_features import Comments
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.vocabulary import Sentiment, Urgency
from lhs_pipeline.warehouse.table import write_frame

CATALOGUE = read_catalogue()
DANGERS = DangerRules(CATALOGUE.dangers)
NO_THEMES = np.zeros((240, 0), dtype=np.bool_)


@pytest.mark.parametrize(
    ("text", "sentiment", "carried_by"),
    [
        ("The staff were lovely.", Sentiment.POSITIVE, "The staff were lovely"),
        ("Rude and slow.", Sentiment.NEGATIVE, "Rude and slow"),
        ("Lovely staff but the food was awful", Sentiment.MIXED, " the food was awful"),
        ("I came on Tuesday", Sentiment.NONE, ""),
    ],
)
def test_words_tell_praise_criticism_both_and_neither(
    text: str, sentiment: Sentiment, carried_by: str
) -> None:
    found = feel(text)
    assert found.sentiment is sentiment
    assert text[found.start : found.end] == carried_by


def test_a_model_learns_sentiment_that_the_word_list_does_not_know() -> None:
    words = {Sentiment.POSITIVE: "wozzle", Sentiment.NEGATIVE: "grimp", Sentiment.NONE: "plonk"}
    said = [list(words)[row % 3] for row in range(240)]
    texts = [f"{words[s]} it was, number {row}" for row, s in enumerate(said)]
    texts[-1], said[-1] = "wozzle it was. grimp it was", Sentiment.MIXED
    comments = Comments(texts, [""] * 240, [""] * 240, np.zeros((240, 1)))
    labels = SentimentLabels(said, [str(row // 2) for row in range(240)], NO_THEMES)
    model = train_sentiment(comments, labels)
    assert model is not None
    found = model.read(comments)
    agree = sum(f.sentiment is s for f, s in zip(found, said, strict=True))
    assert agree >= 0.95 * len(said)
    few = np.arange(50)
    assert train_sentiment(comments.pick(few), labels.pick(few)) is None


def test_a_model_may_read_the_meaning_of_words_that_stand_in_no_other_comment() -> None:
    sides = [Sentiment.POSITIVE, Sentiment.NEGATIVE, Sentiment.NONE]
    said = [sides[row % 3] for row in range(240)]
    meaning = np.eye(3)[np.arange(240) % 3]
    numbers = np.random.default_rng(1).permutation(10**6)[:240]
    comments = Comments([f"word{n}" for n in numbers], [""] * 240, [""] * 240, np.zeros((240, 1)))
    labels = SentimentLabels(said, [str(row) for row in range(240)], NO_THEMES)
    blind = train_sentiment(comments, labels)
    seeing = train_sentiment(replace(comments, meaning=meaning), labels)
    assert seeing is not None and seeing.held_out_accuracy > 0.95
    assert blind is None or blind.held_out_accuracy < 0.5
    found = seeing.read(replace(comments, meaning=meaning))
    assert sum(f.sentiment is s for f, s in zip(found, said, strict=True)) > 0.95 * 240


def test_a_word_that_is_spelt_in_a_new_way_is_known_by_its_letters() -> None:
    chance = np.random.default_rng(2)
    stems = {Sentiment.POSITIVE: "wozzleberry", Sentiment.NEGATIVE: "grimpthorn"}
    said = [[*stems, Sentiment.NONE][row % 3] for row in range(240)]
    endings = ["".join(chance.choice(list("abcdefgh"), 5)) for _ in said]
    texts = [
        f"{stems.get(s, '')}{ending}" for s, ending in zip(said, endings, strict=True)
    ]  # no word stands in two texts
    comments = Comments(texts, [""] * 240, [""] * 240, np.zeros((240, 1)))
    who = [str(row) for row in range(240)]
    model = train_sentiment(comments, SentimentLabels(said, who, NO_THEMES))
    assert model is not None and model.held_out_accuracy > 0.95


def test_what_comments_are_about_helps_only_where_enough_are() -> None:
    marks = np.zeros((240, 3), dtype=np.bool_)
    marks[:30, 0] = marks[:5, 1] = True
    marks[:230, 2] = True
    assert telling_themes(marks).shape == (240, 1)
    assert telling_themes(NO_THEMES).shape == (240, 0)


def test_where_the_words_do_as_well_no_model_speaks() -> None:
    texts = ["lovely staff", "rude staff", "on Tuesday"] * 80
    said = [Sentiment.POSITIVE, Sentiment.NEGATIVE, Sentiment.NONE] * 80
    comments = Comments(texts, [""] * 240, [""] * 240, np.zeros((240, 1)))
    labels = SentimentLabels(said, [str(row) for row in range(240)], NO_THEMES)
    assert train_sentiment(comments, labels) is None


@pytest.mark.parametrize(
    ("text", "urgency", "sign"),
    [
        ("I want to end my life", Urgency.IMMEDIATE, "self_harm"),
        ("he slapped my mother", Urgency.IMMEDIATE, "abuse"),
        ("Dad was not breathing", Urgency.IMMEDIATE, "immediate_danger"),
        ("left in urine all night", Urgency.SAME_DAY, "neglect"),
        ("my carer hits me", Urgency.IMMEDIATE, "abuse"),
        ("the healthcare assistant touched her breast", Urgency.IMMEDIATE, "sexual_abuse"),
        ("she threatened the receptionist", Urgency.IMMEDIATE, "abuse"),
        ("she has been cutting herself", Urgency.IMMEDIATE, "self_harm"),
        ("i cant cope any more and want it to stop", Urgency.IMMEDIATE, "self_harm"),
        ("the oxygen had run out", Urgency.IMMEDIATE, "immediate_danger"),
        ("no one had given him food for two days", Urgency.SAME_DAY, "neglect"),
        ("they missed my father's stroke", Urgency.SAME_DAY, "serious_event"),
        ("given penicillin although she is allergic", Urgency.SAME_DAY, "medication_harm"),
        ("I was given the wrong medication", Urgency.SAME_DAY, "medication_harm"),
        ("she fell and broke a bone in her arm", Urgency.SAME_DAY, "serious_event"),
    ],
)
def test_a_danger_sign_says_how_soon_it_must_be_read(
    text: str, urgency: Urgency, sign: str
) -> None:
    found = DANGERS.read(text)
    assert found.urgency is urgency and sign in found.danger_ids
    assert all(text[hit.start : hit.end] == hit.term for hit in found.hits) and found.hits


@pytest.mark.parametrize(
    "text",
    ["Kind staff, thank you", "denies suicidal thoughts", "missed the deadline", "no abuse seen",
     "pushed me in a wheelchair to the ward", "the site is smoke free"],
)  # fmt: skip
def test_ordinary_words_are_no_danger_sign(text: str) -> None:
    assert DANGERS.read(text).urgency is Urgency.ROUTINE


def night(
    con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]], labels: list[dict[str, Any]]
) -> ReadCounts:
    made = [{**{c: None for c in INSIGHTS.column_names}, **row} for row in rows]
    write_frame(con, INSIGHTS, pd.DataFrame(made)[INSIGHTS.column_names])
    con.execute("create schema if not exists collection")
    con.execute(
        "create or replace table collection.theme_labels (insight_id varchar, topic_id varchar, "
        "sentiment varchar, severity varchar, coder_role varchar, recorded_at timestamp)"
    )
    for label in labels:
        con.execute(
            "insert into collection.theme_labels values (?, ?, ?, ?, 'coder', ?)",
            [label["insight_id"], label["topic_id"], label.get("sentiment"), None,
             datetime(2026, 5, 1)],
        )  # fmt: skip
    return read_what_is_new(con, CATALOGUE)


def test_a_night_without_anything_new_trains_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [insight(n, f"Waited {n} hours and nobody told us why") for n in range(3)]
    labels = [{"insight_id": "s:1", "topic_id": "communication"}]
    with duckdb.connect() as con:
        assert night(con, said, labels).read == 3
        models = con.execute("select * from analysis.theme_models").df()
        monkeypatch.setattr("lhs_pipeline.analysis.readings.train_sentiment", pytest.fail)
        monkeypatch.setattr("lhs_pipeline.analysis.readings.Reader.tabulate_models", pytest.fail)
        assert night(con, said, labels).read == 0
        pd.testing.assert_frame_equal(
            con.execute("select * from analysis.theme_models").df(), models
        )


def test_a_night_reads_only_what_is_new_or_changed_and_ends_as_if_all_were_read() -> None:
    first = [insight(n, f"Waited {n} hours and nobody told us why") for n in range(6)]
    second = [*first[1:5], insight(5, "the food was cold"), insight(6, "she fell in the bathroom")]
    with duckdb.connect() as con, duckdb.connect() as fresh:
        assert night(con, first, []).read == 6
        assert night(con, first, []).read == 0
        assert night(con, second, []) == ReadCounts(insights=6, read=2)
        night(fresh, second, [])
        for name in ("themes", "readings"):
            sql = f"select * from analysis.{name}"
            pd.testing.assert_frame_equal(con.execute(sql).df(), fresh.execute(sql).df())


def test_a_coder_wins_from_the_next_night_on_and_alone_is_read_again() -> None:
    rows = [insight(n, f"Lovely staff, number {n}") for n in range(5)]
    label = {"insight_id": "s:2", "topic_id": "discharge", "sentiment": "negative"}
    with duckdb.connect() as con:
        night(con, rows, [])
        assert night(con, rows, [label]).read in (1, 5)
        themes = con.execute(
            "select topic_id, method, score from analysis.themes where insight_id = 's:2'"
        ).fetchall()
        assert themes == [("discharge", "coder", 1.0)]
        (felt,) = con.execute(
            "select sentiment, sentiment_source from analysis.readings where insight_id = 's:2'"
        ).fetchall()
        assert felt == ("negative", "coder")
        none = {**label, "topic_id": "none"}
        night(con, rows, [none])
        assert not con.execute("from analysis.themes where insight_id = 's:2'").fetchall()


def test_reported_harm_stands_and_words_only_ask_for_a_reader() -> None:
    rows = [
        insight(1, "he died", reported_severity="low"),
        insight(2, "he died"),
        insight(3, "fine", received_on=date(2026, 2, 1)),
    ]
    with duckdb.connect() as con:
        night(con, rows, [])
        found = con.execute(
            "select severity, severity_source from analysis.readings order by insight_id"
        ).fetchall()
    assert found == [("low", "reported"), ("to_be_read", "rule"), (None, None)]
