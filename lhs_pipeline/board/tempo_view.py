"""How fast the system learns and acts, and what waits longest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from lhs_pipeline.board.charts import draw_spc_chart
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import Names
from lhs_pipeline.board.rows import Row, day_of, number_of, text_of, whole_of
from lhs_pipeline.board.scene import Link, Scene
from lhs_pipeline.board.spc_series import SpcSeries, describe_chart
from lhs_pipeline.board.where_it_stands import tell_where_it_stands
from lhs_pipeline.board.words import capitalise, tell_count, tell_day, word_for


@dataclass(frozen=True)
class Pace:
    """How fast one part of the system learns and acts: median days, and what still waits."""

    name: str
    to_triage: str
    to_answer: str
    to_decision: str
    to_live: str
    to_verdict: str


_PACE_GROUPS = {"all": "all", "domain": "domain", "nature_of_change": "nature", "group_id": ""}
_STEPS = (
    "signal_to_triage",
    "triage_to_decision",
    "signal_to_decision",
    "decision_to_live",
    "live_to_verdict",
)


@dataclass(frozen=True)
class Waiting:
    """A problem that has not come to an end, and what it waits for."""

    problem: Link
    days: int
    since: str
    state: str
    waiting_for: str


def list_longest(scene: Scene, most: int) -> list[Waiting]:
    """The problems that have waited longest since they were raised, the longest first."""
    shown = []
    for row in scene.tables.rows_where("tempo"):
        raised = day_of(row, "raised_on")
        if raised and day_of(row, "verdict_on") is None and text_of(row, "waiting_for"):
            shown.append(
                Waiting(
                    problem=scene.link(text_of(row, "problem_id")),
                    days=(scene.as_of - raised).days,
                    since=tell_day(raised),
                    state=tell_where_it_stands(row, scene.tables),
                    waiting_for=capitalise(text_of(row, "waiting_for")),
                )
            )
    return sorted(shown, key=lambda each: (-each.days, each.problem.title))[:most]


def list_pace(tables: BoardTables, names: Names) -> list[Pace]:
    """How long each step takes: over all, by dimension, kind of change and group."""
    shown = []
    for grouping in _PACE_GROUPS:
        rows = tables.rows_where("waits", grouped_by=grouping)
        for value in dict.fromkeys(text_of(row, "value") for row in rows):
            cells = [_tell_wait(rows, value, step) for step in _STEPS]
            shown.append(Pace(_name_group(names, grouping, value), *cells))
    return shown


def _name_group(names: Names, grouping: str, value: str) -> str:
    if grouping == "all":
        return "All problems"
    if grouping == "group_id":
        return names.group(value)
    return word_for(_PACE_GROUPS[grouping], value)


def _tell_wait(rows: list[Row], value: str, step: str) -> str:
    """The median with what waits: '14 days (12 done, 3 waiting, the longest 40 days)'."""
    found = [row for row in rows if text_of(row, "value") == value and text_of(row, "step") == step]
    if not found:
        return "None yet"
    row = found[0]
    median, longest = number_of(row, "median_days"), number_of(row, "longest_wait_days")
    told = [f"{whole_of(row, 'done_count') or 0:,} done"]
    if longest is not None:
        told.append(f"{whole_of(row, 'waiting_count') or 0:,} waiting")
        told.append(f"the longest {tell_count(round(longest), 'day')}")
    ninth = number_of(row, "ninth_decile_days")
    if ninth is not None:
        told.insert(0, f"nine in ten within {tell_count(round(ninth), 'day')}")
    half = "Not half are done yet" if median is None else tell_count(round(median), "day")
    return f"{half} ({', '.join(told)})"


@dataclass(frozen=True)
class StepChart:
    """One step of the loop over time: whether the system gets faster at it."""

    title: str
    answer: str
    svg: Markup
    description: str


_CHARTED = {
    "signal_to_triage": "From first signal to triage",
    "signal_to_decision": "From first signal to decision",
    "triage_to_decision": "From triage to decision",
    "decision_to_live": "From decision to in place",
    "live_to_verdict": "From in place to verdict",
}


def list_step_charts(tables: BoardTables) -> list[StepChart]:
    """Each step as an SPC chart of the months whose problems were all watched as long."""
    charts = []
    for step, title in _CHARTED.items():
        rows = tables.rows_where("pace", step=step)
        if rows:
            series = _series_of(rows, title)
            svg, told = Markup(draw_spc_chart(series)), describe_chart(series)
            charts.append(StepChart(title, _is_it_faster(rows), svg, told))
    return charts


def _series_of(rows: list[Row], title: str) -> SpcSeries:
    latest = rows[-1]
    starts = [day_of(row, "month_start") or date.min for row in rows]
    return SpcSeries(
        title=f"{title}, mean days",
        unit_words="days",
        period_starts=tuple(starts),
        values=tuple(number_of(row, "mean_days") for row in rows),
        centre=number_of(latest, "centre"),
        lower_limit=number_of(latest, "lower_limit"),
        upper_limit=number_of(latest, "upper_limit"),
        target=None,
        flags=tuple(text_of(row, "finding") for row in rows),
        is_complete=tuple(True for _ in rows),
    )


def _is_it_faster(rows: list[Row]) -> str:
    """Whether the newest month says that the step has become faster, in a sentence."""
    count, finding = len(rows), text_of(rows[-1], "finding")
    if finding == "not_judged":
        return f"Too early to say: {tell_count(count, 'month')} on record, 13 are needed."
    if finding == "improvement":
        return "Faster than before, by more than months differ anyway."
    if finding == "concern":
        return "Slower than before, by more than months differ anyway."
    earlier = [row for row in rows if text_of(row, "finding") in ("improvement", "concern")]
    if earlier:
        day = day_of(earlier[-1], "month_start")
        return f"Neither faster nor slower lately; the last unusual month was {day:%B %Y}."
    return "Neither faster nor slower: months differ no more than they always do."
