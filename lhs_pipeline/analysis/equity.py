"""Whether a problem falls on one group of patients or of staff, as far as the sources can tell.

A question to ask, never a part of the rank: groups may differ in illness, or in who speaks.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from lhs_pipeline.analysis.place import by_key
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.statistics.group_differences import GroupDifferences, compare_groups
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Voice
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

EQUITY = declare(
    "analysis.equity",
    "Whether each problem falls on one group of patients or staff more than on the others.",
    "one row per problem, measure and grouping that could be looked at",
    {
        "problem_id": "VARCHAR problem",
        "measure": "VARCHAR indicator; or patient, staff or safety for what was said or reported",
        "grouping": "VARCHAR what tells the groups apart",
        "groups_count": "BIGINT groups that were compared",
        "group_name": "VARCHAR group with the highest rate against the others",
        "ratio": "DOUBLE its rate over that of the others",
        "ratio_lower": "DOUBLE lower bound, 95%",
        "ratio_upper": "DOUBLE upper bound, 95%",
        "chance_prop": "DOUBLE how often chance makes one of the groups stand out so far",
        "stands_out": "BOOLEAN whether that is seldom enough to say so",
        "words": "VARCHAR the same in a sentence",
    },
)
_WORDS_OF_VOICE = {
    Voice.PATIENT: "critical comments",
    Voice.STAFF: "critical staff comments",
    Voice.SAFETY: "incident reports",
}
_FEWEST_MONTHS = 3


def find_equity(
    group_counts: pd.DataFrame, problems: pd.DataFrame, units: pd.DataFrame, catalogue: Catalogue
) -> pd.DataFrame:
    """Return, for each problem, the group that stands out most by each measure and grouping.

    Args:
        group_counts: `analysis.group_counts`.
        problems: `analysis.problems`.
        units: `collection.units`.
        catalogue: indicators and what is withheld.
    """
    counts = {topic: rows for topic, rows in group_counts.groupby("topic_id")}
    members = members_of(records_of(units))
    rows = [
        row
        for problem in records_of(problems)
        if problem["topic_id"] in counts
        for row in _rows_of(problem, counts[problem["topic_id"]], members, catalogue)
    ]
    return frame_of(EQUITY, rows)


def members_of(units: Sequence[Record]) -> dict[str, set[str]]:
    """Return the units of each directorate."""
    grouped = by_key([u for u in units if u.get("directorate_id")], "directorate_id")
    return {name: {unit["unit_id"] for unit in rows} for name, rows in grouped.items()}


def _rows_of(
    problem: Record, counts: pd.DataFrame, members: Mapping[str, set[str]], catalogue: Catalogue
) -> Iterator[Record]:
    unit_id = problem["unit_id"]
    here = members.get(unit_id, {unit_id})
    ours = counts if unit_id == TRUST_UNIT_ID else counts[counts["unit_id"].isin(here)]
    for (measure, grouping), rows in ours.groupby(["measure", "grouping"]):
        found = _compare(rows, catalogue)
        if found is not None:
            told = {"problem_id": problem["problem_id"], "measure": measure, "grouping": grouping}
            yield {**told, **found, "words": _words(told | found, catalogue)}


def _compare(rows: pd.DataFrame, catalogue: Catalogue) -> Record | None:
    """The group with most against the others; None where there is too little to compare."""
    summed = rows.pivot_table(
        index="month_on",
        columns="group_name",
        values=["unwanted_count", "base_count"],
        aggfunc="sum",
        fill_value=0.0,
    )
    events, base = (summed[name].to_numpy(np.float64) for name in ("unwanted_count", "base_count"))
    names, smallest = list(summed["base_count"].columns), catalogue.rules.disclosure.smallest_count
    told = base.sum(axis=0) >= smallest
    if len(summed) < _FEWEST_MONTHS or told.sum() < 2 or events.sum() < smallest:
        return None
    events, base = events[:, told], base[:, told]
    names = [name for name, is_told in zip(names, told, strict=True) if is_told]
    differences = compare_groups(events, base)
    # A group with fewer events than may be published cannot be named.
    nameable = events.sum(axis=0) >= smallest
    if not nameable.any():
        return None
    first = int(np.argmin(np.where(nameable, differences.chance, np.inf)))
    return _told(names, differences, first, catalogue.rules.triage.equity_chance_prop)


def _told(names: Sequence[str], found: GroupDifferences, first: int, level: float) -> Record:
    return {
        "groups_count": len(names),
        "group_name": names[first],
        "ratio": float(found.ratio[first]),
        "ratio_lower": float(found.lower[first]),
        "ratio_upper": float(found.upper[first]),
        "chance_prop": float(found.chance[first]),
        "stands_out": bool(found.chance[first] < level),
    }


def _words(row: Record, catalogue: Catalogue) -> str:
    group, grouping = row["group_name"].replace("_", " "), row["grouping"].replace("_", " ")
    indicator = catalogue.indicators.get(row["measure"])
    what = indicator.excess_unit if indicator else _WORDS_OF_VOICE[Voice(row["measure"])]
    if not row["stands_out"]:
        return f"{what}: none of {row['groups_count']} groups by {grouping} stands out"
    return (
        f"{what}: {grouping} {group} has {row['ratio']:.1f} times the rate of the others "
        f"({row['ratio_lower']:.1f} to {row['ratio_upper']:.1f})"
    )


def say_equity(rows: Sequence[Record]) -> str:
    """Return what the equity view says of one problem, in a sentence."""
    if not rows:
        return "Not known: no source tells groups of patients or staff apart here."
    out = sorted((row for row in rows if row["stands_out"]), key=lambda row: row["chance_prop"])
    chosen = out or sorted(rows, key=lambda row: row["measure"])
    told = "; ".join(row["words"] for row in chosen[:2])
    if out:
        return f"It falls on one group more than on others. {told[0].upper()}{told[1:]}."
    return f"It falls on no one group: {told}."
