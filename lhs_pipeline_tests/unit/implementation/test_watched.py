"""Two changes on one measure, in one unit, at one time meet; no others do."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from lhs_pipeline.decision.proposals import find_overlaps
from lhs_pipeline.implementation.watched import list_watched

DAY = date(2026, 1, 5)
UNITS = pd.DataFrame([{"unit_id": "a", "directorate_id": "medicine"}])


def action(change_id: str, **given: Any) -> dict[str, Any]:
    return {"change_id": change_id, "problem_id": "falls@a", "state": "live", "description": "d",
            "measure_indicator_id": "falls", "look_weeks": "4;10", **given}  # fmt: skip


def place(change_id: str, **given: Any) -> dict[str, Any]:
    return {"change_id": change_id, "unit_id": "a", "planned_on": None, "went_live_on": DAY,
            **given}  # fmt: skip


def met(
    of_action: dict[str, Any], of_place: dict[str, Any], ended: list[dict[str, Any]] | None = None
) -> str:
    frame = list_watched(
        pd.DataFrame([action("A1"), action("A2", **of_action)]),
        pd.DataFrame([place("A1"), place("A2", **of_place)]),
        UNITS,
        ended or [],
        "8;52",
    )
    rows = {row["change_id"]: row for row in frame.to_dict("records")}
    back = rows["A2"]["meets"] if "A2" in rows else ""
    assert (rows["A1"]["meets"] == "A2") == (back == "A1")
    return str(rows["A1"]["meets"])


@pytest.mark.parametrize(
    ("of_action", "of_place", "is_met"),
    [
        ({}, {}, True),
        ({}, {"went_live_on": date(2026, 3, 16)}, True),  # the last look, ten weeks on
        ({}, {"went_live_on": date(2026, 3, 17)}, False),
        ({}, {"went_live_on": None, "planned_on": date(2026, 2, 1)}, True),
        ({}, {"went_live_on": None}, False),
        ({"look_weeks": None}, {"went_live_on": date(2025, 2, 1)}, True),
        ({}, {"unit_id": "b"}, False),
        ({"measure_indicator_id": "stay"}, {}, False),
        ({"measure_indicator_id": None}, {}, False),
        ({"state": "blocked"}, {}, False),
    ],
)
def test_what_meets(of_action: dict[str, Any], of_place: dict[str, Any], is_met: bool) -> None:
    assert met(of_action, of_place) == ("A2" if is_met else "")


def test_a_change_whose_verdict_has_fallen_meets_nothing_later() -> None:
    later = {"went_live_on": date(2026, 2, 20)}
    assert met({}, later) == "A2"
    assert met({}, later, [{"change_id": "A1", "ended_on": date(2026, 2, 19)}]) == ""


@pytest.mark.parametrize(
    ("problem_id", "measure_id", "is_told"),
    [
        ("falls@a", "falls", True),
        ("falls@medicine", "falls", True),
        ("falls@trust", "falls", True),
        ("falls@b", "falls", False),
        ("falls@surgery", "falls", False),
        ("falls@trust", "stay", False),
    ],
)
def test_who_would_change_the_whole_is_told_of_its_units(
    problem_id: str, measure_id: str, is_told: bool
) -> None:
    frame = list_watched(
        pd.DataFrame([action("A1")]), pd.DataFrame([place("A1")]), UNITS, [], "8;52"
    )
    spans = frame.to_dict("records")
    assert len(find_overlaps(spans, problem_id, measure_id, DAY)) == is_told
    assert not find_overlaps(spans, problem_id, measure_id, date(2026, 3, 17))
