"""A verdict in one paragraph that a ward manager and a statistician can both sign.

What changed, by how much, how sure, compared with what, what could be wrong, what comes next.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from lhs_pipeline.catalogue.model import Indicator
from lhs_pipeline.closure.changes import Change
from lhs_pipeline.closure.effects import Effect, Size
from lhs_pipeline.closure.judgement import Reason
from lhs_pipeline.closure.ladder import Rung
from lhs_pipeline.closure.verdicts import Finding, Look
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Effective, Verdict

_SPELT_OUT = ("days", "minutes")
_HEADINGS = {
    Verdict.CLOSE: "Close.",
    Verdict.REFINE: "Refine, as a further cycle.",
    Verdict.REVIEW: "Review now.",
    Verdict.KEEP_WATCHING: "Keep watching.",
    Verdict.RE_OPEN: "Re-open.",
    Verdict.CANNOT_BE_EVALUATED: "Cannot be evaluated.",
}
_MOST_LINKS = 2
_LASTED_OR_NOT = {
    Reason.FADED,
    Reason.NO_LONGER_CLEAR,
    Reason.NOT_SUSTAINED,
    Reason.NOT_SUSTAINED_YET,
}


@dataclass(frozen=True)
class Outlook:
    """What the next looks can tell, and when they are."""

    can_tell_on: date | None
    chance: float
    next_look_on: date | None
    ends_on: date | None


def say_effect(effect: Effect, indicator: Indicator | None) -> str:
    """Return what was seen beside what was expected, by how much, and how sure that is."""
    if effect.size is None or indicator is None:
        return "There is not yet a complete period with the change to compare."
    size = effect.size
    said = (
        f"{indicator.name}: {_amount(size.observed, indicator)} with the change, "
        f"{_amount(size.expected, indicator)} expected without it ({size.relative:+.0%}; "
        f"95% range {size.lower:+.0%} to {size.upper:+.0%})"
    )
    return f"{said}, {_say_avoided(size, indicator)}.{_say_lately(effect)}"


def say_verdict(
    look: Look,
    finding: Finding,
    change: Change,
    indicator: Indicator | None,
    outlook: Outlook,
) -> str:
    """Return the whole paragraph."""
    parts = [
        f"{_HEADINGS[finding.verdict]} {finding.reason}",
        f"{change.description}, since {_day(change.live_on)}{_places(change)}.",
        say_effect(look.effect, indicator) if change.measure_id else "",
        _say_compared(look, change),
        _say_how_sure(look.effect),
        f"Done as agreed? {look.reliable.reason}",
        f"Acceptable? {look.acceptable.reason}" if look.acceptable.reason else "",
        f"What could be wrong: {_say_doubts(look, change)}",
        f"Next: {_say_next(look, finding, change, outlook)}",
    ]
    return " ".join(part.strip() for part in parts if part.strip())


def _say_lately(effect: Effect) -> str:
    """The latest weeks, where they differ from the whole."""
    if effect.size is None or effect.status.reason not in _LASTED_OR_NOT:
        return ""
    return f" In the latest weeks alone it was {effect.size.recent:+.0%}."


def _places(change: Change) -> str:
    return f" in {len(change.sites)} units one after another" if len(change.sites) > 1 else ""


def _amount(level: float, indicator: Indicator) -> str:
    """A level with its unit, where the name does not tell it; three figures, not more."""
    if indicator.unit == "prop":
        return f"{level:.1%}"
    figures = f"{level:#.3g}".rstrip(".")
    return f"{figures} {indicator.unit}" if indicator.unit in _SPELT_OUT else figures


def _say_avoided(size: Size, indicator: Indicator) -> str:
    """Events fewer or more a month, with their range."""
    point, low, high = size.avoided_per_month, size.avoided_lower, size.avoided_upper
    word = "fewer" if point >= 0 else "more"
    ends = (low, high) if point >= 0 else (-high, -low)
    span = f"{_count(ends[0])} to {_count(ends[1])}"
    return f"about {_count(abs(point))} {word} {indicator.excess_unit} a month (range {span})"


def _count(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 10 else f"{number:.1f}"


def _say_compared(look: Look, change: Change) -> str:
    if look.rung in (Rung.ONE_OFF, Rung.PRACTICE):
        return f"Judged as {look.rung.words}."
    if not change.measure_id or look.effect.size is None:
        return ""
    count = look.effect.controls_count
    if count < 2:
        return "Compared with its own past alone."
    said = (
        f"Compared with {count} units without a change on this measure over the same weeks and "
        f"with its own past, the bad spell that raised the problem included and allowed for."
    )
    if look.rung is Rung.FEW_CONTROLS:
        said += " So few units ask for stricter evidence."
    return said


def _say_how_sure(effect: Effect) -> str:
    if effect.p_value is None or effect.e_value is None or effect.is_barred:
        return ""
    if effect.word is Effective.HARM:
        return (
            "Looking every night, chance alone would say harm in fewer than 1 of 10 that do none."
        )
    if effect.p_value >= 0.5:
        return "Chance alone would show as much more often than not."
    return (
        f"Looking every night, chance alone would show as much in "
        f"{_odds(effect.p_value)} changes that do nothing (e-value {_evidence(effect.e_value)})."
    )


def _evidence(value: float) -> str:
    if value > 1e6:
        return "over a million"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _odds(chance: float) -> str:
    if chance < 0.001:
        return "fewer than 1 of 1,000"
    return f"about 1 of {1 / chance:,.0f}"


def _say_doubts(look: Look, change: Change) -> str:
    if look.rung is Rung.PRACTICE:
        return "audits are announced, or the auditor sees what is hoped for."
    doubts = ["something else that began there at the same time looks the same"]
    if look.effect.controls_count >= 2:
        doubts.append("units that copied the change unrecorded make it look smaller")
    size = look.effect.size
    if size is not None and look.effect.word is Effective.NOT_KNOWN_YET:
        doubts.append("figures, or units to compare with, are few: the range is wide")
    if len(change.sites) > 1:
        doubts.append("units may have gained unequally")
    return "; ".join([*doubts, *_say_links(look, change)]) + "."


def _say_links(look: Look, change: Change) -> Iterator[str]:
    """At most so many linked problems and changes that may show in the same figures."""
    window = timedelta(weeks=change.horizon_weeks)
    met = [
        link
        for link in change.links
        if link.live_on is None
        or (abs(link.live_on - change.live_on) <= window and link.live_on < look.on)
    ]
    met.sort(key=lambda link: (not link.is_concurrent, link.change_id is None))
    for link in met[:_MOST_LINKS]:
        why = link.words.rstrip(".")
        if link.live_on is None:
            yield f"what happens to {_problem(link.problem_id)} may show here too ({why})"
        else:
            yield (
                f"what was changed for {_problem(link.problem_id)}, {link.change_id} since "
                f"{_day(link.live_on)}, may show here too ({why})"
            )


def _problem(problem_id: str) -> str:
    """A problem as people say it: topic and place."""
    topic, _, unit = problem_id.partition("@")
    place = "the whole trust" if unit == TRUST_UNIT_ID else unit.replace("_", " ")
    return f"{topic.replace('_', ' ')} in {place}"


def _say_next(look: Look, finding: Finding, change: Change, outlook: Outlook) -> str:
    match finding.verdict:
        case Verdict.CLOSE:
            return (
                "it is watched for a year after the plan and re-opened if the latest weeks lose "
                "half of the effect or harm comes up."
            )
        case Verdict.REFINE | Verdict.RE_OPEN:
            return "the problem returns to analysis as its next cycle."
        case Verdict.CANNOT_BE_EVALUATED:
            return "choose a measure that can tell, or audit."
        case Verdict.REVIEW:
            asked = "the group that decided says whether to go on, to change it or to stop."
            return f"{asked} Until then {_say_wait(look, change, outlook)}"
    return _say_wait(look, change, outlook)


def _say_wait(look: Look, change: Change, outlook: Outlook) -> str:
    if look.is_over:
        return "the plan's looks are used up: supply what is missing."
    said = (
        f"the next look is on {_day(outlook.next_look_on)}. "
        if outlook.next_look_on
        else "it is watched on. "
    )
    if look.effect.word is not Effective.NOT_KNOWN_YET or change.expected_relative_change is None:
        return said.strip()
    aim = f"an effect of the agreed size ({change.expected_relative_change:+.0%})"
    if outlook.can_tell_on is not None:
        on = _day(outlook.can_tell_on)
        return f"{said}On {on} {aim} would be seen with a chance of {outlook.chance:.0%}."
    end = f" on {_day(outlook.ends_on)}" if outlook.ends_on else ""
    return (
        f"{said}Even at the end of the plan{end} {aim} would be seen with a chance of "
        f"{_share(outlook.chance)}: choose a busier measure, join units, or audit."
    )


def _share(chance: float) -> str:
    return f"only {chance:.0%}" if chance >= 0.01 else "less than 1%"


def _day(day: date | None) -> str:
    return f"{day:%-d %B %Y}" if day else ""
