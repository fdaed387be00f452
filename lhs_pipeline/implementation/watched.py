"""By which measure each change is judged where and how long, and which others meet it there.

Two changes on one measure of one unit at one time cannot be told apart by any figure.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.vocabulary import TRUST_UNIT_ID
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

WATCHED = declare(
    "implementation.watched",
    "Where and how long each change is judged, and the changes that meet it there.",
    "one row per change and unit with a measure and a day of beginning, planned or real",
    {
        "change_id": "VARCHAR change",
        "problem_id": "VARCHAR problem that it answers",
        "unit_id": "VARCHAR unit",
        "within": "VARCHAR the unit and what it lies in (directorate, trust), by semicolons",
        "measure_indicator_id": "VARCHAR measure that it is judged by",
        "description": "VARCHAR what is done",
        "begins_on": "DATE go-live, real or else planned",
        "ends_on": "DATE last planned look, or the verdict that ended it",
        "warning": "VARCHAR what to tell whoever would change something else there meanwhile",
        "meets": "VARCHAR other changes on the same measure, unit and time, by semicolons",
    },
)


def list_watched(
    actions: pd.DataFrame,
    adoption: pd.DataFrame,
    units: pd.DataFrame,
    ended: Iterable[Record],
    look_weeks: str,
) -> pd.DataFrame:
    """Return the span of every change in every unit, with those that it meets.

    Args:
        actions: rows of `implementation.actions`.
        adoption: rows of `implementation.adoption`.
        units: rows of the register of units, for what each lies in.
        ended: change_id and the day of the verdict that ended it.
        look_weeks: weeks of the looks where a decision names none, separated by semicolons.
    """
    over = {row["change_id"]: as_day(row["ended_on"]) for row in ended}
    running = {row["change_id"]: row for row in records_of(actions) if row["state"] != "blocked"}
    within = {row["unit_id"]: row.get("directorate_id") for row in records_of(units)}
    spans = [
        {**span, "within": _tell_within(span["unit_id"], within.get(span["unit_id"]))}
        for row in records_of(adoption)
        if row["change_id"] in running
        for span in _span(running[row["change_id"]], row, over, look_weeks)
    ]
    by_place: dict[tuple[str, str], list[Record]] = {}
    for span in spans:
        by_place.setdefault(_place(span), []).append(span)
    rows = [{**span, "meets": "; ".join(_find_met(span, by_place[_place(span)]))} for span in spans]
    return frame_of(WATCHED, sorted(rows, key=lambda row: (row["change_id"], row["unit_id"])))


def _tell_within(unit_id: str, directorate_id: str | None) -> str:
    """A problem of any of these lies over the unit too."""
    return ";".join(filter(None, (unit_id, directorate_id, TRUST_UNIT_ID)))


def _span(
    action: Record, place: Record, over: Mapping[str, date | None], look_weeks: str
) -> Iterator[Record]:
    begins = as_day(place["went_live_on"]) or as_day(place["planned_on"])
    if begins is None or not action["measure_indicator_id"]:
        return
    weeks = (action["look_weeks"] or look_weeks).split(";")
    last = begins + timedelta(weeks=max(int(week) for week in weeks))
    ended = over.get(action["change_id"])
    ends = last if ended is None else min(last, max(ended, begins))
    yield {
        "change_id": action["change_id"],
        "problem_id": action["problem_id"],
        "unit_id": place["unit_id"],
        "measure_indicator_id": action["measure_indicator_id"],
        "description": action["description"],
        "begins_on": begins,
        "ends_on": ends,
        "warning": (
            f"“{action['description']}” ({action['change_id']}) is judged there by the same "
            f"measure until {ends:%-d %b %Y}. A change that begins before then cannot be told "
            "apart from it: wait, or choose another measure."
        ),
    }


def _find_met(span: Record, spans: Iterable[Record]) -> list[str]:
    return [
        other["change_id"]
        for other in spans
        if other["change_id"] != span["change_id"]
        and other["begins_on"] <= span["ends_on"]
        and span["begins_on"] <= other["ends_on"]
    ]


def _place(span: Record) -> tuple[str, str]:
    return span["unit_id"], span["measure_indicator_id"]
