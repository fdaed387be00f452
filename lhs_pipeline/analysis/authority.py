"""Whose it is: the lowest group of the scheme of delegation that may approve the change.

The examples are decided by the starter catalogue; the tests check each, the reference prints it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lhs_pipeline.analysis.nature_of_change import Judgement
from lhs_pipeline.catalogue.model import Authority, Catalogue
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Domain, Level, NatureOfChange


@dataclass(frozen=True)
class AuthorityExample:
    """A change and the group that decides it.

    Attributes:
        nature: fix, improve or change.
        differs: what differs from falls on one ward of surgery.
        group_id: group of the starter catalogue; None where nobody may approve it.
        because: the step of the rule that it shows.
    """

    nature: NatureOfChange
    differs: dict[str, object]
    group_id: str | None
    because: str


_WHOLE: dict[str, object] = {"unit_id": TRUST_UNIT_ID, "level": "trust", "directorate_id": None}
_URGENT: dict[str, object] = {"directorate_id": "urgent_care"}
AUTHORITY_EXAMPLES = (
    AuthorityExample(NatureOfChange.FIX, {}, "ward_huddle", "the lowest group that covers a ward"),
    AuthorityExample(
        NatureOfChange.IMPROVE, {}, "directorate_quality_board", "a ward may only fix"
    ),
    AuthorityExample(
        NatureOfChange.CHANGE, {}, "clinical_forum", "a directorate may not change a practice"
    ),
    AuthorityExample(
        NatureOfChange.FIX, _WHOLE, "clinical_forum", "a fix of the whole trust is no ward's"
    ),
    AuthorityExample(NatureOfChange.CHANGE, _WHOLE, "clinical_forum", "it covers the whole trust"),
    AuthorityExample(
        NatureOfChange.IMPROVE, _URGENT, "urgent_care_board",
        "of two at the same level, the one that is there for this directorate",
    ),
    AuthorityExample(
        NatureOfChange.FIX, _URGENT, "ward_huddle", "the lower level comes before the special board"
    ),
    AuthorityExample(
        NatureOfChange.CHANGE, {"level": "system", "directorate_id": None},
        "integrated_care_board", "nobody below covers the system",
    ),
)  # fmt: skip


def find_group(
    nature: NatureOfChange, problem: Mapping[str, object], catalogue: Catalogue
) -> Judgement:
    """Return the lowest group that may approve the change, or why nobody may."""
    domain, level = Domain(str(problem["domain"])), Level(str(problem["level"]))
    directorate = problem["directorate_id"]
    able = [
        group
        for group in catalogue.authorities.values()
        if nature in group.may_authorise
        and group.covers(domain, level, str(directorate) if directorate else None)
    ]
    if not able:
        reason = f"No group may approve to {nature} {domain} matters at {level} level."
        return Judgement(None, reason)
    lowest = min(able, key=_height)
    reason = (
        f"Lowest group that may approve: {lowest.title} may approve "
        f"{listed(lowest.may_authorise)} up to {lowest.scope} level "
        f"and £{lowest.spend_limit_gbp:,.0f}."
    )
    return Judgement(lowest.id, reason)


def _height(group: Authority) -> tuple[int, bool, float, str]:
    return group.scope.height, not group.directorates, group.spend_limit_gbp, group.id


def listed(words: Sequence[str]) -> str:
    """Return words as they are said one after the other."""
    plain = [str(word) for word in words]
    return plain[0] if len(plain) == 1 else ", ".join(plain[:-1]) + " and " + plain[-1]
