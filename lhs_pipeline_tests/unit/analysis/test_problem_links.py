"""Which problems hang together, and by what evidence."""

from datetime import date
from typing import Any

import pandas as pd
from small_findings import TODAY, UNITS, problem
from small_series import CATALOGUE

from lhs_pipeline.analysis.problem_links import LinkFindings, find_links
from lhs_pipeline.warehouse.table import records_of

FALLS = problem()
STAFFING = problem(problem_id="staffing_levels@ward_01", topic_id="staffing_levels",
                   topic_title="Staffing levels")  # fmt: skip
ELSEWHERE = {**STAFFING, "problem_id": "staffing_levels@ward_02", "unit_id": "ward_02"}
TIE = {
    "leading_indicator_id": "staffing_fill_rate", "leading_unit_id": "ward_01",
    "following_indicator_id": "falls_per_1000_bed_days", "following_unit_id": "ward_01",
    "lag_weeks": 2, "lag_months": None, "correlation": -0.5, "words": "Staffing leads falls.",
}  # fmt: skip


def links(
    *problems: dict[str, Any],
    ties: list[Any] = [],  # noqa: B006
    said: list[Any] = [],  # noqa: B006
) -> list[dict[str, Any]]:
    themes = pd.DataFrame(said, columns=pd.Index(
        ["insight_id", "topic_id", "unit_id", "received_on", "is_negative"]))  # fmt: skip
    given = LinkFindings(pd.DataFrame(problems), pd.DataFrame(ties), themes, UNITS)
    return records_of(find_links(given, CATALOGUE, TODAY))


def spoken(count: int, *topics: str, prefix: str = "i") -> list[tuple[Any, ...]]:
    day = date(2026, 5, 1)
    return [(f"{prefix}{i}", t, "ward_01", day, True) for i in range(count) for t in topics]


def test_a_measure_that_leads_another_links_their_problems_both_ways_round() -> None:
    tie = {**TIE, "leading_indicator_id": next(
        i.id for i in CATALOGUE.indicators.values() if i.topic == "staffing_levels")}  # fmt: skip
    one, other = links(FALLS, STAFFING, ties=[tie])
    assert (one["problem_id"], one["kind"]) == ("falls@ward_01", "follows")
    assert (other["problem_id"], other["kind"]) == ("staffing_levels@ward_01", "leads")
    assert one["correlation"] == -0.5 and one["words"] == "Staffing leads falls."


def test_reports_that_speak_of_both_link_them_where_they_are_enough() -> None:
    both = spoken(6, "falls", "staffing_levels")
    (one, _) = links(FALLS, STAFFING, said=both)
    assert (one["kind"], one["shared_reports_count"]) == ("same_reports", 6)
    many = [*both, *spoken(80, "falls", prefix="f"), *spoken(80, "staffing_levels", prefix="s")]
    assert links(FALLS, STAFFING, said=many)[0]["kind"] == "same_place"


def test_one_place_links_and_two_places_do_not() -> None:
    assert {row["kind"] for row in links(FALLS, STAFFING)} == {"same_place"}
    assert links(FALLS, ELSEWHERE) == []


def test_a_topic_at_two_levels_is_linked_and_what_is_closed_is_not() -> None:
    whole = {**FALLS, "problem_id": "falls@trust", "unit_id": "trust", "unit_name": "The trust"}
    assert {row["kind"] for row in links(FALLS, whole)} == {"same_topic"}
    assert links(FALLS, {**whole, "is_closed": True}) == []
