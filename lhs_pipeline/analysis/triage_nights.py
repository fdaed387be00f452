"""The list from night to night: what is new, moved or gone, and why.

What was on the list last night is compared by what the lenses said then and say now.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import pandas as pd

from lhs_pipeline.analysis.lenses import LENSES, LOCAL_LENSES
from lhs_pipeline.warehouse.table import Record, as_day, declare, records_of

TRIAGE_NIGHTS = declare(
    "analysis.triage_nights",
    "The list as it stood on every night, so that a later one can tell what changed.",
    "one row per night and problem",
    {
        "night_on": "DATE night",
        "problem_id": "VARCHAR problem",
        "cycle_number": "BIGINT cycle",
        "raised_on": "DATE day on which the cycle could first be known",
        "rank": "BIGINT rank of that night",
        "real_prop": "DOUBLE probability that it is real",
        "harm_per_month": "DOUBLE expected avoidable harm",
        "held_harm_per_month": "DOUBLE harm by which it was ranked: of an earlier night where it "
        "had hardly moved since",
        "unit_ids_joined": "VARCHAR units whose own problem is part of it",
        **{lens: f"VARCHAR answer of the lens {lens}" for lens in LENSES},
    },
)
TRIAGE_MOVES = declare(
    "analysis.triage_moves",
    "What is new on the list, what moved, joined, split or went, and why.",
    "one row per problem on the list of tonight or of the night before",
    {
        "problem_id": "VARCHAR problem",
        "move": "VARCHAR new, up, down, same, gone, joined or split",
        "night_before_on": "DATE night that tonight is compared with; null on the first",
        "rank_before": "BIGINT rank then",
        "rank": "BIGINT rank now",
        "reason": "VARCHAR why, in a sentence",
    },
)
_LENS_WORDS = {
    "routine": "the routine figures",
    "comparison": "comparisons with its kind",
    "patient_voice": "patients",
    "staff_voice": "staff",
    "safety_reports": "incident reports",
    "audit": "audits",
}
_ANSWER_WORDS = {
    "agrees": "now show it",
    "contradicts": "now contradict it",
    "saw_nothing": "no longer show it",
    "did_not_look": "have too little data now",
}


def latest_before(nights: pd.DataFrame, today: date) -> list[Record]:
    """Return the list of the latest night before today."""
    rows = [{**row, "night_on": as_day(row["night_on"])} for row in records_of(nights)]
    earlier = [row for row in rows if row["night_on"] < today]
    newest = max((row["night_on"] for row in earlier), default=None)
    return [row for row in earlier if row["night_on"] == newest]


def hold_harm(harm: float, before: Record | None, hold_prop: float) -> float:
    """Return the harm to rank by: last night's, unless it has moved by more than a tenth or so."""
    held = before["held_harm_per_month"] if before is not None else None
    if held is None or held <= 0:
        return harm
    return held if abs(harm / held - 1) <= hold_prop else harm


def tell_moves(
    tonight: Sequence[Record], before: Sequence[Record], problems: Mapping[str, Record]
) -> list[Record]:
    """Return what became of every problem on either list, with the reason.

    Args:
        tonight: rows of the triage table with the answers of the lenses.
        before: rows of the latest earlier night.
        problems: every problem of tonight by id, closed ones too.
    """
    then = {row["problem_id"]: row for row in before}
    now = {row["problem_id"]: row for row in tonight}
    night = before[0]["night_on"] if before else None
    rows = [*_still_here(now, then), *_gone(now, then, problems)]
    return [{**row, "night_before_on": night} for row in rows]


def _still_here(now: Mapping[str, Record], then: Mapping[str, Record]) -> Iterator[Record]:
    for problem_id, row in now.items():
        old = then.get(problem_id)
        move, reason = _new(row, then) if old is None else _moved(row, old)
        yield {
            "problem_id": problem_id,
            "move": move,
            "rank_before": old["rank"] if old is not None else None,
            "rank": row["rank"],
            "reason": reason,
        }


def _new(row: Record, then: Mapping[str, Record]) -> tuple[str, str]:
    if not then:
        return "new", "There is no earlier night to compare with."
    topic, _, unit = row["problem_id"].partition("@")
    for problem_id, old in then.items():
        if problem_id.startswith(f"{topic}@") and unit in _joined(old):
            return "split", f"It was part of {problem_id}, and now stands out from it."
    joined = [f"{topic}@{part}" for part in _joined(row) if f"{topic}@{part}" in then]
    if joined:
        return "new", f"One cause explains what was listed as {', '.join(joined)}."
    shown = [lens for lens in LOCAL_LENSES if row[lens] == "agrees"]
    if shown:
        return "new", f"Shown by {_listed([_LENS_WORDS[lens] for lens in shown])}."
    return "new", "No source is sure alone; together they are, or people have taken it up."


def _moved(row: Record, old: Record) -> tuple[str, str]:
    if row["cycle_number"] != old["cycle_number"]:
        return "new", f"It was opened again: cycle {row['cycle_number']}."
    changed = [
        f"{_LENS_WORDS[lens]} {_ANSWER_WORDS[row[lens]]}"
        for lens in LOCAL_LENSES
        if row[lens] != old[lens]
    ]
    if row["rank"] == old["rank"]:
        return "same", _sentence(changed) or "Nothing that matters to its place has changed."
    move = "up" if row["rank"] < old["rank"] else "down"
    if changed:
        return move, _sentence(changed)
    return move, _by_harm(row, old)


def _by_harm(row: Record, old: Record) -> str:
    before, after = old["harm_per_month"] or 0.0, row["harm_per_month"] or 0.0
    if abs(after - before) <= 0.1 * max(before, 1e-9):
        return "Other problems came, went or changed; its own harm is much the same."
    less = "less" if after < before else "more"
    chance = f"{old['real_prop']:.0%} to {row['real_prop']:.0%}"
    return (
        f"It is expected to do {less} harm than the night before "
        f"({before:.2g} to {after:.2g} a month; chance that it is real {chance})."
    )


def _gone(
    now: Mapping[str, Record], then: Mapping[str, Record], problems: Mapping[str, Record]
) -> Iterator[Record]:
    for problem_id, old in then.items():
        if problem_id in now:
            continue
        topic, _, unit = problem_id.partition("@")
        wide = [
            row["problem_id"]
            for row in now.values()
            if row["problem_id"].startswith(f"{topic}@") and unit in _joined(row)
        ]
        closed = problem_id in problems and problems[problem_id]["is_closed"]
        reason = "It was closed." if closed else "No source shows it any longer."
        if wide:
            reason = f"It is part of {wide[0]}: one cause explains both."
        yield {
            "problem_id": problem_id,
            "move": "joined" if wide else "gone",
            "rank_before": old["rank"],
            "rank": None,
            "reason": reason,
        }


def _joined(row: Record) -> list[str]:
    return str(row["unit_ids_joined"] or "").split(", ")


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def _sentence(parts: Sequence[str]) -> str:
    told = "; ".join(parts)
    return told[:1].upper() + told[1:] + "." if told else ""
