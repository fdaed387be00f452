"""The page of voices: offers what nobody has named, shows shares, and gives nobody away."""

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.analysis.theme_series import Spoken, make_theme_series
from lhs_pipeline.board.disclosure import STANDARD_POLICY
from lhs_pipeline.board.emerging_view import list_answered, list_emerging
from lhs_pipeline.board.felt_view import Felt, list_felt
from lhs_pipeline.board.heard_view import show_heard
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.pages import render_board
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.theme_cells import withhold_months
from lhs_pipeline.board.theme_view import list_received, list_theme_charts, list_themes
from lhs_pipeline.catalogue.reader import read_catalogue

from .conftest import HOSTILE

RULES = read_catalogue().rules
TODAY = date(2026, 7, 1)


def scene_of(**tables: pd.DataFrame) -> Scene:
    units = pd.DataFrame(
        [("ward_03", "Ward 3", "ward", "medicine", "Medicine"),
         ("ward_05", "Ward 5", "ward", "medicine", "Medicine")],
        columns=["unit_id", "unit_name", "unit_type", "directorate_id", "directorate_name"],
    )  # fmt: skip
    topics = pd.DataFrame([("falls", "Falls"), ("food", "Food")], columns=["topic_id", "title"])
    made = BoardTables(**{"units": units, "topics": topics, **tables})
    return Scene(made, gather_names(made), TODAY)


def said(count: int, text: str = "The vending machine was empty again") -> pd.DataFrame:
    return pd.DataFrame(
        [{"insight_id": f"f:{n}", "source_id": "f", "voice": "patient", "unit_id": "ward_03",
          "received_on": pd.Timestamp(2026, 6, 20), "text": f"{text}, number {n}"}
         for n in range(count)]
    )  # fmt: skip


def candidate(recent: int, voice: str = "patient") -> pd.DataFrame:
    row = {
        "emerging_id": f"{voice}:vend", "voice": voice, "window_end_on": date(2026, 6, 30),
        "words": "vending, machine", "recent_count": recent, "earlier_count": 2, "units_count": 2,
        "unit_counts": "ward_03=8;ward_05=2", "recent_weeks_count": 4, "earlier_weeks_count": 22,
        "example_insight_ids": "f:1;f:2", "found_by": "vending", "status": "open",
        "dismissed_on": None,
    }  # fmt: skip
    return pd.DataFrame([row])


def test_a_candidate_is_told_with_numbers_that_may_be_shown() -> None:
    (each,) = list_emerging(scene_of(emerging_themes=candidate(12), insights=said(12)))
    assert each.count == "About 10 patient comments in the last 4 weeks"
    assert each.before == "1–4 in the 22 weeks before"
    assert each.where == "2 units, most from Ward 3"
    assert [q.text[-1] for q in each.quotations[:2]] == ["2", "1"]


@pytest.mark.parametrize(("recent", "voice"), [(4, "patient"), (30, "safety")])
def test_few_comments_and_incident_reports_are_not_quoted(recent: int, voice: str) -> None:
    (each,) = list_emerging(scene_of(emerging_themes=candidate(recent, voice), insights=said(9)))
    assert not each.quotations and each.why_no_quotation


def test_what_a_danger_reader_has_still_to_see_is_not_quoted() -> None:
    signs = said(3).assign(urgency="immediate")
    scene = scene_of(emerging_themes=candidate(12), insights=said(4), danger_signs=signs)
    (each,) = list_emerging(scene)
    assert [quotation.text[-1] for quotation in each.quotations] == ["3"]
    scene = scene_of(emerging_themes=candidate(12), insights=said(3), danger_signs=signs)
    assert "danger signs" in list_emerging(scene)[0].why_no_quotation


def test_what_was_answered_says_what_follows() -> None:
    rows = [("patient:vend", "accepted", "vending_machines"), ("staff:rota", "merged", "falls"),
            ("staff:cake", "dismissed", None)]  # fmt: skip
    verdicts = pd.DataFrame(rows, columns=["emerging_id", "verdict", "topic_id"]).assign(
        reason="heard", coder_role="quality_lead", recorded_at=datetime(2026, 6, 30)
    )
    told = list_answered(scene_of(emerging_verdicts=verdicts))
    assert "Vending machines: provisional" in told[0].follows
    assert "under Falls" in told[1].follows and "markedly" in told[2].follows
    assert told[0].said_by == "quality lead, 30 Jun 2026"


def months(shares: list[float], counts: list[int]) -> pd.DataFrame:
    """Critical comments on falls of two years, as they may be shown."""
    insights, themes = [], []
    for month, (share, count) in enumerate(zip(shares, counts, strict=True)):
        day = date(2024 + month // 12, month % 12 + 1, 10)
        for number in range(count):
            row = {"insight_id": f"{month}:{number}", "unit_id": "ward_03", "voice": "patient",
                   "received_on": day}  # fmt: skip
            insights.append(row)
            if number < round(share * count):
                themes.append({**row, "topic_id": "falls", "is_negative": True})
    spoken = Spoken(pd.DataFrame(insights), pd.DataFrame(themes))
    made = make_theme_series(spoken, RULES.spc, date(2026, 1, 1))
    return withhold_months(made, pd.DataFrame(), STANDARD_POLICY, RULES.spc)


USUAL = [0.10, 0.12, 0.08, 0.11, 0.09, 0.10, 0.12, 0.08] * 3
COUNTS = [100, 104, 97, 101, 99, 103, 98, 102] * 3


def charted(series: pd.DataFrame, **more: pd.DataFrame) -> Scene:
    return scene_of(theme_series=series, **more)


def test_a_rise_of_the_share_is_told_from_a_rise_of_the_comments() -> None:
    real = charted(months([*USUAL[:-1], 0.5], COUNTS))
    (trust, ward) = list_theme_charts(real)
    assert trust.is_changed and "Higher since Dec 2025: 50% of" in trust.words
    assert "Ward 3" in ward.title + trust.title
    over = charted(months([*USUAL[:-2], 0.5, 0.1], COUNTS))
    assert "Higher in Nov 2025 and as usual after: 50% of" in list_theme_charts(over)[0].words
    drive = charted(months(USUAL, [*COUNTS[:-1], 300]))
    (trust,) = list_theme_charts(drive)
    assert not trust.is_changed and trust.words.startswith("Share as usual. More comments came")
    (received,) = list_received(drive)
    assert "More patient comments came since Dec 2025: about 300 a month" in received.words


def test_a_theme_that_nobody_had_named_is_told_as_new_and_marked() -> None:
    series = months([*[0.0] * 23, 0.9], COUNTS).assign(topic_id="vending_machines")
    row = {"emerging_id": "patient:vend", "verdict": "accepted", "topic_id": "vending_machines",
           "recorded_at": datetime(2025, 12, 20)}  # fmt: skip
    charts = list_theme_charts(charted(series, emerging_verdicts=pd.DataFrame([row])))
    whole = next(chart for chart in charts if "whole" in chart.title)
    assert whole.is_changed
    assert whole.words.startswith("New: 90% of the comments of Dec 2025") and "0% on" in whole.words
    assert "New words; read anew" in whole.description
    assert "has no limits; its words were found in this rise" in whole.words
    assert not any(meaning for _, _, meaning in whole.points)


def test_a_theme_that_nobody_spoke_of_is_judged_by_exact_chance_in_words() -> None:
    (whole, *_) = list_theme_charts(charted(months([*[0.0] * 22, 0.9, 0.0], COUNTS)))
    assert whole.is_changed and "Higher in Nov 2025 and as usual after: 90% of" in whole.words
    assert whole.words.endswith(
        "has no limits; each later month is judged by the exact chance of so many."
    )
    assert [meaning for _, _, meaning in whole.points[:3]] == ["", "Concern", ""]


def test_a_theme_whose_own_number_is_as_usual_is_not_said_to_have_risen() -> None:
    same_number = [share * 100 / 116 for share in USUAL[:8]]
    drive = charted(months([*USUAL[:16], *same_number], [*COUNTS[:16], *[116] * 8]))
    (received,), (trust,) = list_received(drive), list_theme_charts(drive)
    assert received.words.startswith("More patient comments came")
    assert trust.words == "No change beyond chance."


def test_a_theme_that_is_read_poorly_has_no_chart() -> None:
    series = months(USUAL, COUNTS)
    models = pd.DataFrame(
        [{"topic_id": "falls", "method": "codebook", "codebook_f1": 0.42, "model_f1": None}]
    )
    assert list_theme_charts(charted(series)) != []
    assert list_theme_charts(charted(series, theme_models=models)) == []


def test_a_small_month_is_withheld_and_stays_so() -> None:
    series = months([*USUAL[:-1], 0.02], COUNTS)
    last = series[series["period_start"].astype(str) == "2025-12-01"]
    assert last["is_suppressed"].all() and last["mentions_prop"].isna().all()
    assert (last["drawn_prop"] != 0.02).all() and last["centre"].notna().all()
    bare = series.drop(columns=["is_suppressed", "numerator_to", "drawn_prop"])
    grown = bare.assign(mentions_count=10, mentions_prop=0.1)
    again = withhold_months(grown, series, STANDARD_POLICY, RULES.spc)
    assert again.loc[last.index, "is_suppressed"].all()
    (chart, *_) = list_theme_charts(charted(series))
    assert any("1–4 comments" in value for _, value, _ in chart.points)


def test_units_that_are_not_charted_do_not_stand_in_a_difference() -> None:
    """A total of 12 beside a unit of 10 would tell of two comments elsewhere."""
    row = {"topic_id": "falls", "voice": "patient", "period_start": date(2025, 1, 1),
           "received_count": 90, "reading": "ordinary", "centre": 0.1, "lower_limit": 0.0,
           "upper_limit": 0.3, "is_special_cause": False}  # fmt: skip
    counts = [("trust", 12, 100), ("ward_03", 10, 50)]
    series = pd.DataFrame(
        [{**row, "unit_id": unit, "mentions_count": n, "received_count": of,
          "mentions_prop": n / of} for unit, n, of in counts]
    )  # fmt: skip
    shown = withhold_months(series, pd.DataFrame(), STANDARD_POLICY, RULES.spc)
    assert shown["is_suppressed"].any()


def test_shares_of_a_quarter_hide_the_few() -> None:
    insights = said(100)
    themes = pd.DataFrame(
        [{"insight_id": f"f:{n}", "topic_id": topic, "unit_id": "ward_03", "voice": "patient",
          "received_on": pd.Timestamp(2026, 6, 20), "is_negative": n < critical}
         for topic, count, critical in (("food", 40, 20), ("falls", 20, 18), ("few", 3, 3))
         for n in range(count)]
    )  # fmt: skip
    lines = {each.theme: each for each in list_themes(scene_of(insights=insights, themes=themes))}
    assert set(lines) == {"Food", "Falls"}
    assert (lines["Food"].share, lines["Food"].critical) == ("40%", "50%")
    assert lines["Food"].support == "about 40 of about 100"
    assert lines["Falls"].critical == "withheld: too few"
    assert not lines["Food"].is_provisional


def test_the_silent_come_first_and_are_never_called_fine() -> None:
    columns = ["voice", "unit_id", "speaker_group", "recent_count", "expected_count",
               "expected_by", "answer", "is_saturated"]  # fmt: skip
    heard = pd.DataFrame(
        [("staff", "ward_03", None, 3, 30.0, "past", "quiet", False),
         ("staff", "ward_05", None, 0, 30.0, "kind", "silent", False),
         ("staff", "trust", "portering", 40, 38.0, "past", "heard", True)],
        columns=columns,
    )  # fmt: skip
    shown = show_heard(scene_of(voices_heard=heard))
    assert [(each.who, each.said) for each in shown.unheard] == [("Ward 5", "0"), ("Ward 3", "1–4")]
    assert [each.expected for each in shown.unheard] == [
        "units of its kind about 30", "as many as before would be about 30",
    ]  # fmt: skip


def test_hostile_words_stay_words(tables: BoardTables) -> None:
    texts = said(6, text=f"vending {HOSTILE}")
    full = replace(tables, emerging_themes=candidate(12).assign(words=HOSTILE),
                   insights=pd.concat([tables.insights, texts]))  # fmt: skip
    page = dict(render_board(full, TODAY, "Sample"))["voices.html"]
    assert HOSTILE not in page and "&lt;" in page
    assert np.char.count(page, "<script>").item() == 1


def felt_of(counts: dict[str, int], leaning: str = "") -> list[Felt]:
    """Readings of so many comments; those of the side `leaning` say the other too."""
    sentiments = [felt for felt, count in counts.items() for _ in range(count)]
    insights = said(len(sentiments))
    ends = [9 * (felt in ("mixed", leaning)) for felt in sentiments]
    readings = pd.DataFrame(
        {"insight_id": insights["insight_id"], "sentiment": sentiments,
         "opposite_start": 0, "opposite_end": ends})  # fmt: skip
    return list_felt(scene_of(insights=insights, readings=readings))


def test_praise_and_criticism_in_one_comment_stands_apart() -> None:
    (line,) = felt_of({"positive": 50, "mixed": 20, "negative": 20, "none": 10})
    assert (line.praise, line.both, line.criticism, line.neither) == ("50%", "20%", "20%", "10%")


def test_a_comment_that_leans_to_one_side_and_says_the_other_is_both() -> None:
    (line,) = felt_of({"positive": 50, "mixed": 20, "negative": 20, "none": 10}, "negative")
    assert (line.praise, line.both, line.criticism) == ("50%", "40%", "0%")


def test_a_share_that_a_few_people_make_cannot_be_worked_out() -> None:
    (line,) = felt_of({"positive": 60, "mixed": 2, "negative": 30, "none": 10})
    withheld = "withheld: too few"
    assert (line.both, line.neither) == (withheld, withheld)
    assert "%" in line.praise and "%" in line.criticism
    assert felt_of({"positive": 3}) == []
