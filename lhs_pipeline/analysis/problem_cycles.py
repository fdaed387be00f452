"""Times round the loop of a problem: when each was raised, on what trigger, which one it is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lhs_pipeline.analysis.place import Place, day_of
from lhs_pipeline.analysis.series_findings import SeriesFinding
from lhs_pipeline.vocabulary import LensAnswer
from lhs_pipeline.warehouse.table import Record, declare

CYCLES = declare(
    "analysis.cycles",
    "Every time round the loop of every problem: when it was raised and on what trigger.",
    "one row per problem and cycle",
    {
        "problem_id": "VARCHAR problem",
        "cycle_number": "BIGINT cycle",
        "topic_id": "VARCHAR topic of the catalogue",
        "unit_id": "VARCHAR unit, or trust",
        "raised_on": "DATE day on which this cycle could first be known",
        "trigger_on": "DATE start of the period that gave the signal",
        "is_present": "BOOLEAN whether this is the cycle that the problem is in",
    },
)


@dataclass(frozen=True)
class Known:
    """Findings arranged by place, by topic and by problem."""

    series: dict[Place, list[SeriesFinding]]
    voices: dict[Place, list[Record]]
    lenses: dict[str, dict[str, Record]]
    beliefs: dict[str, Record]
    evidence: dict[str, list[Record]]
    decisions: dict[str, list[Record]]
    reopened: dict[str, list[Record]]
    closed: set[tuple[str, int]]
    listed: dict[str, Record]
    unit_ids: set[str]


def list_cycles(place: Place, known: Known, today: date) -> list[Record]:
    """Return every cycle of a problem, the present one last."""
    spell = _spell_behind(place, known)
    raised = day_of(spell["raised_on"]) if spell else _raised_without_spell(place, known, today)
    trigger = day_of(spell["trigger_on"]) if spell else raised
    later = [
        (row["cycle_number"], day_of(row["reopened_on"]), day_of(row["reopened_on"]))
        for row in known.reopened.get(place.problem_id, [])
    ]
    cycles = [(1, raised, trigger), *later]
    return [
        {
            "problem_id": place.problem_id,
            "cycle_number": number,
            "topic_id": place.topic_id,
            "unit_id": place.unit_id,
            "raised_on": raised_on,
            "trigger_on": trigger_on,
            "is_present": number == cycles[-1][0],
        }
        for number, raised_on, trigger_on in cycles
    ]


def find_last_sign(place: Place, known: Known, raised_on: date) -> date:
    """Return the last day with a sign of concern."""
    series, voices = known.series.get(place, []), known.voices.get(place, [])
    signals = [day_of(e["last_signal_on"]) for one in series for e in one.episodes]
    signals += [day_of(one.comparison["period_end"]) for one in series
                if one.stands_out and one.comparison is not None]  # fmt: skip
    heard = [day_of(v["last_on"]) for v in voices if v["answer"] == LensAnswer.AGREES]
    return max([*signals, *heard, raised_on])


def _raised_without_spell(place: Place, known: Known, today: date) -> date:
    voices = known.voices.get(place, [])
    heard = [day_of(v["raised_on"]) for v in voices if v["answer"] == LensAnswer.AGREES]
    series = known.series.get(place, [])
    missed = [
        one.missed.raised_on if one.missed else day_of(one.limits["baseline_until"])
        for one in series
        if one.misses_target
    ]
    decided = [day_of(row["decided_on"]) for row in known.decisions.get(place.problem_id, [])]
    listed = known.listed.get(place.problem_id)
    before = [day_of(listed["raised_on"])] if listed is not None else []
    return min([*missed, *heard, *decided, *before, today])


def _spell_behind(place: Place, known: Known) -> Record | None:
    """The spell of concern that people first acted on, or the one that stands now.

    A change over time comes before a difference from others, which may have stood for years.
    """
    series = known.series.get(place, [])
    changes = [episode for one in series for episode in one.episodes]
    differences = [{**one.comparison, "is_active": True} for one in series
                   if one.stands_out and one.comparison is not None]  # fmt: skip
    return _spell_among(changes, place, known) or _spell_among(differences, place, known)


def _spell_among(spells: Sequence[Record], place: Place, known: Known) -> Record | None:
    decided = [day_of(row["decided_on"]) for row in known.decisions.get(place.problem_id, [])]
    if decided:
        before = [s for s in spells if day_of(s["raised_on"]) <= min(decided)]
        return max(before, key=lambda s: day_of(s["raised_on"]), default=None)
    active = [s for s in spells if s["is_active"]]
    return min(active, key=lambda s: day_of(s["raised_on"]), default=None)
