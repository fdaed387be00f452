"""Which open problems hang together, and by what evidence: to be taken together, or kept apart.

A link says where to look, and what one change may blur in the evaluation of another; no cause.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

import pandas as pd

from lhs_pipeline.analysis.equity import members_of
from lhs_pipeline.analysis.place import by_key
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.vocabulary import TRUST_UNIT_ID
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

PROBLEM_LINKS = declare(
    "analysis.problem_links",
    "Open problems that hang together, with the evidence: for groups that may take them together, "
    "and for evaluations that one of them may blur.",
    "one row per open problem and linked open problem; each pair stands there both ways round",
    {
        "problem_id": "VARCHAR problem",
        "linked_problem_id": "VARCHAR the other problem",
        "kind": "VARCHAR strongest evidence: leads, follows, moves_together, same_reports, "
        "same_topic or same_place",
        "correlation": "DOUBLE of their measures, where these move together",
        "shared_reports_count": "BIGINT reports of the last year that speak of both",
        "words": "VARCHAR the evidence in a sentence",
    },
)
_RECENT_DAYS = 365
KINDS = ("leads", "follows", "moves_together", "same_reports", "same_topic", "same_place")


@dataclass(frozen=True)
class LinkFindings:
    """The tables that links are read from."""

    problems: pd.DataFrame
    interdependencies: pd.DataFrame
    themes: pd.DataFrame
    units: pd.DataFrame


@dataclass(frozen=True)
class _Known:
    """Units that each problem touches, ties of measures by place, and reports by place."""

    units: Mapping[str, frozenset[str]]
    ties: Mapping[tuple[str, str, str, str], Record]
    reports: Mapping[tuple[str, str], frozenset[str]]
    fewest_reports: int
    least_share: float


def find_links(findings: LinkFindings, catalogue: Catalogue, today: date) -> pd.DataFrame:
    """Return the links between problems that are open, with the evidence for each.

    The strongest evidence names the kind: measures that lead or move together, then at least a
    handful of reports that speak of both, then the same topic at two levels, then one place.
    """
    open_ones = [row for row in records_of(findings.problems) if not row["is_closed"]]
    known = _arrange(findings, open_ones, (catalogue, today))
    rows = [
        link for one, other in combinations(open_ones, 2) for link in _links_of(one, other, known)
    ]
    rows.sort(key=lambda row: (row["problem_id"], KINDS.index(row["kind"]), _weakness(row)))
    return frame_of(PROBLEM_LINKS, rows)


def _weakness(row: Record) -> tuple[float, int, str]:
    strength = abs(row["correlation"] or 0.0)
    return -strength, -row["shared_reports_count"], row["linked_problem_id"]


def _arrange(
    findings: LinkFindings, problems: Sequence[Record], given: tuple[Catalogue, date]
) -> _Known:
    catalogue, today = given
    units = records_of(findings.units)
    members = members_of(units)
    everywhere = frozenset(unit["unit_id"] for unit in units)
    topics = {name: indicator.topic for name, indicator in catalogue.indicators.items()}
    ties: dict[tuple[str, str, str, str], Record] = {}
    # The strongest tie of two places comes first in the table.
    for row in records_of(findings.interdependencies):
        leads, follows = topics.get(row["leading_indicator_id"]), topics.get(
            row["following_indicator_id"])  # fmt: skip
        if leads and follows:
            key = (leads, row["leading_unit_id"], follows, row["following_unit_id"])
            ties.setdefault(key, row)
    return _Known(
        {row["problem_id"]: _units_of(row, members, everywhere) for row in problems},
        ties,
        _reports(findings.themes, today - timedelta(days=_RECENT_DAYS)),
        catalogue.rules.disclosure.smallest_count,
        catalogue.rules.triage.linked_reports_prop,
    )


def _units_of(
    problem: Record, members: Mapping[str, set[str]], everywhere: frozenset[str]
) -> frozenset[str]:
    if problem["unit_id"] == TRUST_UNIT_ID:
        return everywhere
    return frozenset(members.get(problem["unit_id"], {problem["unit_id"]}))


def _reports(themes: pd.DataFrame, since: date) -> dict[tuple[str, str], frozenset[str]]:
    """Critical insights by topic and unit."""
    if themes.empty:
        return {}
    recent = pd.to_datetime(themes["received_on"]) >= pd.Timestamp(since)
    critical = records_of(themes[recent & themes["is_negative"].astype(bool)])
    placed = by_key(({**row, "place": (row["topic_id"], row["unit_id"])} for row in critical),
                    "place")  # fmt: skip
    return {
        (str(place[0]), str(place[1])): frozenset(row["insight_id"] for row in rows)
        for place, rows in placed.items()
    }


def _links_of(one: Record, other: Record, known: _Known) -> Iterator[Record]:
    shared = known.units[one["problem_id"]] & known.units[other["problem_id"]]
    for here, there in ((one, other), (other, one)):
        tie = _tie(here, there, known)
        both = _speak_of_both(here, there, shared, known)
        found = (
            (tie[0], tie[1]["words"])
            if tie is not None
            else _evidence_of_reports(here, there, both, known) or _evidence_of_place(here, there)
            if shared
            else None
        )
        if found is not None:
            yield {
                "problem_id": here["problem_id"],
                "linked_problem_id": there["problem_id"],
                "kind": found[0],
                "correlation": tie[1]["correlation"] if tie is not None else None,
                "shared_reports_count": both.both_count,
                "words": found[1],
            }


def _tie(here: Record, there: Record, known: _Known) -> tuple[str, Record] | None:
    """The tie of the measures of two problems, and what the first of them does in it."""
    ours = (here["topic_id"], here["unit_id"])
    theirs = (there["topic_id"], there["unit_id"])
    for key, kind in (((*ours, *theirs), "leads"), ((*theirs, *ours), "follows")):
        row = known.ties.get(key)
        if row is not None:
            lag = (row["lag_weeks"] or 0) + (row["lag_months"] or 0)
            return (kind if lag else "moves_together"), row
    return None


@dataclass(frozen=True)
class _Overlap:
    """Reports on either problem in the units that they share, and on both."""

    here_count: int
    there_count: int
    both_count: int


def _speak_of_both(here: Record, there: Record, shared: frozenset[str], known: _Known) -> _Overlap:
    if here["topic_id"] == there["topic_id"]:
        return _Overlap(0, 0, 0)
    ours, theirs = (
        frozenset().union(*(known.reports.get((row["topic_id"], unit), ()) for unit in shared))
        for row in (here, there)
    )
    return _Overlap(len(ours), len(theirs), len(ours & theirs))


def _evidence_of_reports(
    here: Record, there: Record, both: _Overlap, known: _Known
) -> tuple[str, str] | None:
    fewer = min(both.here_count, both.there_count)
    if both.both_count < max(known.fewest_reports, known.least_share * fewer):
        return None
    # To the nearest five, as all counts of what people said are published.
    about = 5 * round(both.both_count / 5)
    return "same_reports", f"about {about} reports of the last year speak of both."


def _evidence_of_place(here: Record, there: Record) -> tuple[str, str] | None:
    if here["topic_id"] == there["topic_id"]:
        return "same_topic", "the same topic at another level; a change to one touches the other."
    if here["unit_id"] == there["unit_id"] != TRUST_UNIT_ID:
        return "same_place", "stands in the same place; changes there may blur each other."
    return None


def say_links(rows: Sequence[Record], titles: Mapping[str, str]) -> str | None:
    """Return the links of one problem in words, at most three; None where there is none."""
    told = [f"{titles[row['linked_problem_id']]}: {row['words']}" for row in rows[:3]
            if row["linked_problem_id"] in titles]  # fmt: skip
    more = f" And {len(rows) - 3} more." if len(rows) > 3 else ""
    return " ".join(told) + more if told else None
