"""Whose it is: the lowest group of the scheme of delegation that may approve the change."""

from collections.abc import Mapping, Sequence

from lhs_pipeline.analysis.nature_of_change import Judgement
from lhs_pipeline.catalogue.model import Authority, Catalogue
from lhs_pipeline.vocabulary import Domain, Level, NatureOfChange


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
