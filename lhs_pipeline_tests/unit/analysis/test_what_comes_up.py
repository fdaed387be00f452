"""Repeats, emerging themes, theme series and silence, on comments made for it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_comments import PARTS, insight

from lhs_pipeline.analysis.emerging import find_emerging
from lhs_pipeline.analysis.repeats import REPEATS, count_once, find_repeats
from lhs_pipeline.analysis.silence import Heard, declared_groups, find_silence
from lhs_pipeline.analysis.theme_series import Spoken, make_theme_series
from lhs_pipeline.analysis.theme_words import stem_of
from lhs_pipeline.catalogue.reader import read_catalogue

RULES = read_catalogue().rules
POLICY = RULES.themes
TODAY = date(2026, 6, 29)
LONG = "the patient slipped on a wet floor beside the sluice and was found by the night nurse"
NO_VERDICTS = pd.DataFrame({"emerging_id": [], "verdict": [], "topic_id": []})
NO_THEMES = pd.DataFrame({"insight_id": [], "topic_id": [], "matched_terms": []})


def repeats_of(*rows: dict[str, Any]) -> pd.DataFrame:
    return find_repeats(pd.DataFrame(rows), POLICY)


def test_one_incident_in_three_feeds_counts_once() -> None:
    rows = [
        insight(1, LONG, source_id="incidents"),
        insight(2, LONG.replace("night nurse", "night  nurse.") + " today", source_id="concerns"),
        insight(3, LONG.upper(), source_id="staff"),
        insight(4, "the food was cold and the tea never came round to our bay at all today"),
    ]
    found = repeats_of(*rows)
    assert set(found["insight_id"]) == {"s:1", "s:2", "s:3"}
    assert set(found["first_insight_id"]) == {"s:1"} and found["sources_count"].iloc[0] == 3
    assert list(count_once(pd.DataFrame(rows), found)["insight_id"]) == ["s:1", "s:4"]


def test_a_feed_that_cuts_a_report_short_tells_no_second_event() -> None:
    told = f"{LONG}, no injury was seen and the family was told in the morning by the sister"
    assert len(repeats_of(insight(1, told, source_id="a"), insight(2, LONG, source_id="b"))) == 2
    assert repeats_of(insight(1, told), insight(2, LONG)).empty


def test_two_people_two_places_two_seasons_and_short_texts_are_no_repeats() -> None:
    assert repeats_of(insight(1, LONG, reporter_id="a"), insight(2, LONG, reporter_id="b")).empty
    assert repeats_of(insight(1, LONG), insight(2, LONG, unit_id="ward_02")).empty
    assert repeats_of(insight(1, LONG), insight(90, LONG)).empty
    assert repeats_of(insight(1, "very good"), insight(2, "very good")).empty


def test_one_reporter_who_says_it_twice_is_heard_once() -> None:
    found = repeats_of(insight(1, LONG, reporter_id="a"), insight(2, LONG, reporter_id="a"))
    assert list(found["is_repeat"]) == [False, True] and found["reporters_count"].iloc[0] == 1


def test_nothing_repeats_in_nothing() -> None:
    empty = pd.DataFrame(columns=pd.Index(["insight_id"]))
    assert count_once(empty, pd.DataFrame(columns=pd.Index(REPEATS.column_names))).empty


def comments(seed: int, planted_count: int, count: int = 1_500) -> pd.DataFrame:
    """Half a year of ordinary comments, and in its last three weeks a few on something new."""
    chance = np.random.default_rng(seed)
    parts = [part for found in PARTS.values() for part in found]
    rows = [
        insight(
            row,
            f"{'. '.join(chance.choice(parts, 2))}. {' '.join(map(str, chance.choice(2000, 3)))}",
            received_on=TODAY - timedelta(days=int(chance.integers(1, 182))),
        )
        for row in range(count)
    ]
    says = [
        "charged twice for the taxi home",
        "no taxi came",
        "taxis refused us",
        "the taxi was late",
    ]
    for row in range(planted_count):
        rows.append(
            insight(
                count + row,
                f"{chance.choice(says)} {chance.choice(parts)} {row}",
                received_on=TODAY - timedelta(days=int(chance.integers(1, 22))),
            )
        )
    return pd.DataFrame(rows)


def emerging(insights: pd.DataFrame, themes: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    return find_emerging(insights, themes, verdicts, POLICY, TODAY)


def test_a_new_theme_is_found_named_and_quoted() -> None:
    said = comments(1, 12)
    (row,) = emerging(said, NO_THEMES, NO_VERDICTS).to_dict("records")
    assert row["words"].startswith("taxi") and row["recent_count"] == 12
    assert row["status"] == "open" and row["chance_prop"] < 0.05
    quoted = said[said["insight_id"].isin(row["example_insight_ids"].split(";"))]
    assert len(quoted) == 3 and quoted["text"].str.contains("taxi").all()


def test_quiet_weeks_raise_no_alert() -> None:
    assert all(emerging(comments(seed, 0), NO_THEMES, NO_VERDICTS).empty for seed in range(4))


def with_others(said: pd.DataFrame, texts: list[str], days: range, **given: Any) -> pd.DataFrame:
    """The comments and these others, each of one of these many days before."""
    others = [
        insight(90_000 + number, text, received_on=TODAY - timedelta(days=day), **given)
        for number, (text, day) in enumerate(zip(texts, days, strict=True))
    ]
    return pd.concat([said, pd.DataFrame(others)], ignore_index=True)


TAXI_TEXTS = [f"the taxi was late {n}, {n + 500} and {n + 700}" for n in range(12)]


def test_one_who_writes_often_is_one_who_says_it() -> None:
    said = comments(2, 0)
    by_one = with_others(said, TAXI_TEXTS, range(1, 13), reporter_id="one")
    assert emerging(by_one, NO_THEMES, NO_VERDICTS).empty
    by_many = with_others(said, TAXI_TEXTS, range(1, 13))
    (row,) = emerging(by_many, NO_THEMES, NO_VERDICTS).to_dict("records")
    assert row["words"].startswith("taxi")


def test_a_form_letter_says_it_once_and_words_beside_it_count() -> None:
    letter = "we ask the trust to open the minor injuries unit in the evening again and at weekends"
    alone = [f"{letter}, yours {n}" for n in range(12)]
    assert emerging(with_others(comments(3, 0), alone, range(1, 13)), NO_THEMES, NO_VERDICTS).empty
    more = [f"{text}. {letter}" for text in TAXI_TEXTS]
    signed = with_others(comments(3, 0), more, range(1, 13))
    (row,) = emerging(signed, NO_THEMES, NO_VERDICTS).to_dict("records")
    assert row["words"].startswith("taxi")


def test_a_short_sentence_that_many_say_is_no_form_letter() -> None:
    sentence = "The taxi that you sent for my mother did not come at all again"
    texts = [f"{part}. {sentence}" for part in "abcdefghijkl"]
    said = with_others(comments(3, 0), texts, range(1, 13))
    (row,) = emerging(said, NO_THEMES, NO_VERDICTS).to_dict("records")
    assert "taxi" in row["words"]


def test_what_came_up_in_the_same_weeks_a_year_before_is_the_season_s() -> None:
    now = with_others(comments(4, 0), TAXI_TEXTS, range(1, 13))
    before = [f"{text} then" for text in TAXI_TEXTS]
    then = [f"{part} {n}" for n, part in enumerate(["seen promptly", "lunch was tasty"] * 60)]
    last_year = with_others(now, [*before, *then], range(360, 360 + len(before) + len(then)))
    both = last_year.assign(insight_id=[f"s:{n}" for n in range(len(last_year))])
    assert len(emerging(now, NO_THEMES, NO_VERDICTS)) == 1
    assert emerging(both, NO_THEMES, NO_VERDICTS).empty


def coded(said: pd.DataFrame, word: str, topic_id: str, terms: str) -> pd.DataFrame:
    """Themes as a topic gives them to all comments that hold a word."""
    found = said[said["text"].str.contains(word)]
    return found[["insight_id"]].assign(topic_id=topic_id, matched_terms=terms)


def test_what_a_topic_declares_is_not_new() -> None:
    said = comments(1, 12)
    assert emerging(said, coded(said, "tax", "transport", "taxi;taxis"), NO_VERDICTS).empty


def test_a_word_inside_what_a_topic_found_does_not_hide_what_is_new() -> None:
    """'taxi was late' is found by a topic of late machines and taxis; 'taxi' alone never was."""
    said = comments(1, 12)
    late = said[said["text"].str.contains("taxi was late")]
    assert 0 < len(late) < 6
    themes = coded(late, "late", "transport", "taxi was late")
    (row,) = emerging(said, themes, NO_VERDICTS).to_dict("records")
    assert row["words"].startswith("taxi") and row["found_by"].split(";")[0] == "taxi"


def surging() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A declared topic, three times as loud lately, and a word in a quarter of its comments."""
    said = comments(2, 0).sort_values("received_on", ignore_index=True)
    is_recent = said["received_on"] >= TODAY - timedelta(weeks=POLICY.emerging_recent_weeks_count)
    place = np.arange(len(said))
    is_topic = np.where(is_recent, place % 4 == 0, place % 12 == 0)
    is_word = is_topic & ((place // 12) % 4 == 0)
    said["text"] += np.where(is_topic, " he fell", "") + np.where(is_word, " by the sluice", "")
    return said, coded(said[is_topic], "fell", "falls", "fell")


def test_what_comes_up_with_a_topic_that_surges_is_not_new() -> None:
    assert emerging(*surging(), NO_VERDICTS).empty


def test_what_is_new_within_a_topic_is_offered() -> None:
    said, themes = surging()
    is_recent = said["received_on"] >= TODAY - timedelta(weeks=POLICY.emerging_recent_weeks_count)
    fell = said["text"].str.contains("fell")
    said["text"] = said["text"].where(is_recent, said["text"].str.replace(" by the sluice", ""))
    assert is_recent.any() and fell.any()
    (row,) = emerging(said, themes, NO_VERDICTS).to_dict("records")
    assert row["words"].startswith("sluice")


def dismissed(weeks_ago: int) -> pd.DataFrame:
    said_on = pd.Timestamp(TODAY - timedelta(weeks=weeks_ago))
    row = {"emerging_id": "patient:taxi", "verdict": "dismissed", "topic_id": None}
    return pd.DataFrame([{**row, "recorded_at": said_on}])


def test_a_dismissed_theme_stays_dismissed_until_it_grows_markedly() -> None:
    said = comments(1, 40)
    shift = pd.Series(np.arange(len(said)) % 2 == 0)
    before = said[said["text"].str.contains("tax") & shift].copy()
    before["received_on"] -= timedelta(weeks=8)
    before["insight_id"] += "b"
    before["text"] += " again"
    (same,) = emerging(pd.concat([said, before]), NO_THEMES, dismissed(0)).to_dict("records")
    assert (same["status"], same["dismissed_on"]) == ("dismissed", None)
    few = before.head(3)
    (grown,) = emerging(pd.concat([said, few]), NO_THEMES, dismissed(7)).to_dict("records")
    assert grown["status"] == "open" and grown["emerging_id"] == "patient:taxi"
    assert pd.Timestamp(grown["dismissed_on"]).date() == TODAY - timedelta(weeks=7)


def test_a_coder_s_verdict_stays_with_the_candidate() -> None:
    (row,) = emerging(comments(1, 12), NO_THEMES, NO_VERDICTS).to_dict("records")
    said = pd.DataFrame(
        {"emerging_id": [row["emerging_id"]], "verdict": ["merged"], "topic_id": ["discharge"]}
    )
    (again,) = emerging(comments(1, 12), NO_THEMES, said).to_dict("records")
    assert (again["status"], again["merged_into_topic_id"]) == ("merged", "discharge")


def test_stems_bring_the_forms_of_a_word_together() -> None:
    assert {stem_of(word) for word in ("waits", "waited", "waiting")} == {"wait"}
    assert stem_of("taxis") == stem_of("taxi")


def months(shares: list[float], received: list[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Insights of consecutive months, so many received and such a share on falls."""
    insights, themes = [], []
    for month, (share, count) in enumerate(zip(shares, received, strict=True)):
        day = date(2024 + month // 12, month % 12 + 1, 10)
        for number in range(count):
            row = insight(month * 10_000 + number, "x", received_on=day)
            insights.append(row)
            if number < round(share * count):
                themes.append({**row, "topic_id": "falls", "is_negative": True})
    return pd.DataFrame(insights), pd.DataFrame(themes)


def readings_of(shares: list[float], received: list[int]) -> pd.DataFrame:
    made = make_theme_series(Spoken(*months(shares, received)), RULES.spc, date(2026, 1, 1))
    return made[made["unit_id"] == "ward_01"].set_index("period_start")


def test_more_of_a_theme_is_told_from_more_comments() -> None:
    usual = [0.10, 0.12, 0.08, 0.11, 0.09, 0.10, 0.12, 0.08] * 3
    counts = [100, 104, 97, 101, 99, 103, 98, 102] * 3
    real = readings_of([*usual[:-1], 0.5], counts)
    assert real["reading"].iloc[-1] == "real_change"
    drive = readings_of(usual, [*counts[:-1], 300])
    assert drive["reading"].iloc[-1] == "more_or_fewer_comments"
    assert not drive["is_special_cause"].iloc[-1] and drive["received_count"].iloc[-1] == 300


def test_a_theme_never_spoken_of_is_judged_by_the_exact_chance_of_so_many() -> None:
    made = readings_of([*[0.0] * 20, 0.75, 0.03, 0.02, 0.0], [100] * 24)
    assert made["upper_limit"].isna().all()
    # Of three that spoke of it in thirteen months of a hundred, all in this one: 1 in 2,197.
    assert list(made["is_special_cause"].tail(5)) == [False, True, True, False, False]
    assert list(made["reading"].tail(5)) == [
        "ordinary", "real_change", "real_change", "ordinary", "ordinary",
    ]  # fmt: skip


def test_numbers_that_vary_beyond_chance_get_wider_limits() -> None:
    usual = [0.10, 0.12, 0.08, 0.11, 0.09, 0.10, 0.12, 0.08] * 3
    calm = readings_of(usual, [100, 104, 97, 101, 99, 103, 98, 102] * 3)
    wild = readings_of(usual, [40, 160, 60, 150, 90, 30, 170, 100] * 3)
    width = [
        (made["received_upper_limit"] - made["received_centre"]).iloc[-1] / 3 / 10
        for made in (calm, wild)
    ]
    assert width[0] == pytest.approx(1, abs=0.02)  # sqrt of about 100: the c chart
    ranges = np.abs(np.diff([40, 160, 60, 150, 90, 30, 170, 100, 40, 160, 60, 150])).mean()
    assert width[1] == pytest.approx(ranges / 1.128 / 10, rel=0.05)
    assert not wild["is_received_special_cause"].any()


def test_a_short_series_has_shares_and_no_limits() -> None:
    made = make_theme_series(Spoken(*months([0.2] * 6, [50] * 6)), RULES.spc, date(2024, 7, 1))
    assert made["centre"].isna().all() and (made["mentions_prop"].round(2) == 0.2).all()


def heard(
    counts: dict[str, int],
    before: dict[str, int] | None = None,
    opened_on: dict[str, date] | None = None,
    groups: dict[str, frozenset[str]] | None = None,
) -> pd.DataFrame:
    """What is told of units that said so much lately, and so much in the year before."""
    units = pd.DataFrame(
        {
            "unit_id": list(counts), "unit_type": "ward", "valid_until": None,
            "valid_from": [(opened_on or {}).get(unit, date(2020, 1, 1)) for unit in counts],
        }
    )  # fmt: skip
    rows = [
        insight(
            n, "x", unit_id=unit, received_on=TODAY - timedelta(days=days), speaker_group="nursing"
        )
        for days, said in ((5, counts), (200, before or {}))
        for unit, count in said.items()
        for n in range(count)
    ]
    themes = pd.DataFrame({"insight_id": [], "topic_id": []})
    found = find_silence(
        Heard(pd.DataFrame(rows), themes, units, groups or {}), POLICY, RULES.voices, TODAY
    )
    return found.set_index(found["speaker_group"].fillna(found["unit_id"])).rename(
        {"nursing": "trust"}
    )


def test_a_unit_that_says_nothing_is_silent_and_not_fine() -> None:
    found = heard({"a": 30, "b": 28, "c": 31, "d": 4, "e": 0})
    assert found["answer"].to_dict() == {
        "a": "heard", "b": "heard", "c": "heard", "d": "quiet", "e": "silent", "trust": "heard",
    }  # fmt: skip


def test_where_little_is_expected_silence_cannot_be_told() -> None:
    assert heard({"a": 1, "b": 1, "c": 2, "e": 0}).loc["e", "answer"] == "too_few_to_tell"


def test_a_unit_that_falls_silent_is_seen_among_units_that_say_little() -> None:
    weeks = RULES.voices
    before = 40 * weeks.comparison_weeks_count // weeks.recent_weeks_count
    found = heard({"a": 2, "b": 3, "c": 2, "d": 0}, before={"d": before})
    assert found.loc["d", ["answer", "expected_by"]].to_list() == ["silent", "past"]
    assert set(found.loc[["a", "b", "c"], "answer"]) == {"heard"}


def test_of_a_new_unit_no_more_is_expected_than_its_days() -> None:
    full = {"a": 30, "b": 28, "c": 31, "new": 0}
    assert heard(full).loc["new", "answer"] == "silent"
    found = heard(full, opened_on={"new": TODAY - timedelta(days=2)})
    assert found.loc["new", "answer"] == "too_few_to_tell"
    assert found.loc["a", "expected_count"] == 30


def test_a_declared_group_that_was_never_heard_is_silent() -> None:
    found = heard({"a": 30, "b": 28}, groups={"patient": frozenset({"nursing", "portering"})})
    assert found.loc["portering", "answer"] == "silent"
    assert found.loc["portering", "recent_count"] == 0 and found.loc["trust", "answer"] == "heard"


def test_the_groups_of_a_contract_are_those_that_its_column_allows() -> None:
    catalogue = read_catalogue()
    assert declared_groups(catalogue) == {"staff": frozenset()}
    source = catalogue.sources["staff_insights"]
    columns = tuple(
        replace(column, allowed=("nursing", "porters")) if column.name == "staff_group" else column
        for column in source.columns
    )
    declared = replace(
        catalogue, sources={**catalogue.sources, source.id: replace(source, columns=columns)}
    )
    assert declared_groups(declared) == {"staff": frozenset({"nursing", "porters"})}


def test_enough_said_and_nothing_new_is_saturated() -> None:
    assert bool(heard({"a": 30, "b": 3}).loc["a", "is_saturated"])
    assert not bool(heard({"a": 30, "b": 3}).loc["b", "is_saturated"])


def test_the_policy_can_be_stricter() -> None:
    strict = replace(POLICY, emerging_minimum_count=50)
    assert find_emerging(comments(1, 12), NO_THEMES, NO_VERDICTS, strict, TODAY).empty
