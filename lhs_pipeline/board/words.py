"""The words, numbers and dates that people read, for the codes that the tables hold.

A code without words here is shown as its own letters, so that a new one is never lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NOT_KNOWN = "not known"
LENSES = (
    "routine",
    "comparison",
    "patient_voice",
    "staff_voice",
    "safety_reports",
    "audit",
    "external_evidence",
)
"""The kinds of source that are asked about each problem, in the order in which they are told."""

WORDS: dict[str, dict[str, str]] = {
    "domain": {
        "clinical": "Clinical",
        "operational": "Operational",
        "staff_wellbeing": "Staff wellbeing",
    },
    "nature": {"fix": "Fix", "improve": "Improve", "change": "Change"},
    "state": {
        "open": "Open, no decision yet",
        "decided": "Decided, not yet in place",
        "live": "In place, being checked",
        "proposed": "Before a group",
        "started": "Decided, not yet in place",
        "declined": "Declined",
        "sent_on": "Sent on to its next round",
        "merged": "Part of another problem",
        "withdrawn": "Withdrawn",
        "closed": "Closed",
    },
    "lens": {
        "routine": "Routine figures",
        "comparison": "Units of the same kind",
        "patient_voice": "What patients say",
        "staff_voice": "What staff say",
        "safety_reports": "Incident reports",
        "audit": "Audits of the change",
        "external_evidence": "Research, alerts and other hospitals",
    },
    "lens_who": {
        "routine": "routine figures",
        "comparison": "comparison with units of its kind",
        "patient_voice": "patients",
        "staff_voice": "staff",
        "safety_reports": "incident reports",
        "audit": "audits of the change",
        "external_evidence": "evidence from elsewhere",
    },
    "answer": {
        "agrees": "Agrees",
        "leans": "Leans towards it",
        "contradicts": "Points the other way",
        "saw_nothing": "Looked, saw nothing",
        "did_not_look": "Did not look",
    },
    "move": {
        "new": "New on the list",
        "up": "Up",
        "down": "Down",
        "joined": "Joined to another problem",
        "split": "Split from another problem",
        "gone": "Gone from the list",
    },
    "outcome": {
        "implement_now": "Put in place now",
        "task_and_finish": "Task-and-finish group",
        "testing_cycle": "Test on a small scale",
        "further_analysis": "Analyse further",
        "decline": "Declined",
        "escalate": "Passed up",
    },
    "option": {
        "implement_now": "Put it in place now",
        "task_and_finish": "Set up a task-and-finish group",
        "testing_cycle": "Test it on a small scale",
        "further_analysis": "Analyse further",
        "decline": "Decline",
        "escalate": "Pass it up",
    },
    "verdict": {
        "close": "Close",
        "refine": "Refine",
        "review": "Review now",
        "keep_watching": "Keep watching",
        "re_open": "Re-open",
        "cannot_be_evaluated": "Cannot be judged",
    },
    "yes_no": {
        "yes": "Yes",
        "partly": "Partly",
        "no": "No",
        "harm": "Worse",
        "not_known_yet": "Not known yet",
    },
    "action_state": {
        "planned": "Planned",
        "partly_live": "In place on some units",
        "live": "In place",
        "blocked": "The decision behind it is void",
        "blocked: decision void": "The decision behind it is void",
    },
    "strength": {"stronger": "Stronger", "intermediate": "Intermediate", "weaker": "Weaker"},
    "variation": {
        "common_cause": "Usual variation",
        "improvement_high": "Improvement (high)",
        "improvement_low": "Improvement (low)",
        "concern_high": "Concern (high)",
        "concern_low": "Concern (low)",
        "neither_high": "Unusual (high)",
        "neither_low": "Unusual (low)",
        "too_few_points": "Too few points to say",
    },
    "assurance": {
        "consistently_passes": "Will consistently meet the target",
        "consistently_fails": "Will consistently miss the target",
        "hit_or_miss": "Will meet the target some of the time",
        "no_target": "No target",
        "no_direction": "No target can be judged: neither way is declared better",
        "too_few_points": "Too few points to say",
    },
    "meaning": {
        "concern": "Concern",
        "improvement": "Improvement",
        "neither": "Unusual",
        "common_cause": "Usual variation",
        "not_judged": "Too few points to say",
    },
    "rule": {
        "outside_limits": "outside the limits",
        "shift": "part of a run on one side of the average",
        "trend": "part of a steady rise or fall",
        "two_of_three": "one of two in three close to a limit",
    },
    "voice": {"patient": "Patients", "staff": "Staff", "safety": "Incident reports"},
    "emerging_verdict": {
        "accepted": "Accepted",
        "merged": "Merged",
        "dismissed": "Dismissed",
    },
    "heard": {
        "heard": "Heard",
        "quiet": "Quiet",
        "silent": "Silent",
        "too_few_to_tell": "Too few to tell",
    },
    "voice_noun": {
        "patient": "patient comments",
        "staff": "staff comments",
        "safety": "incident reports",
    },
    "evidence_kind": {
        "research": "Research",
        "safety_alert": "Safety alert",
        "community_finding": "Found elsewhere in the NHS",
    },
    "standing": {
        "current": "",
        "retracted": "Retracted: do not rely on it",
        "withdrawn": "Withdrawn: do not rely on it",
        "in_doubt": "Its journal has expressed concern: do not rely on it",
        "superseded": "Superseded by newer guidance",
    },
    "effect_direction": {
        "benefit": "Says that it helped",
        "no_difference": "Says that it made no difference",
        "harm": "Says that it did harm",
        "mixed": "Says both that it helped and that it did not",
        "not_stated": "",
    },
    "design": {
        "": "",
        "randomised_trial": "Randomised trial",
        "interrupted_time_series": "Interrupted time series",
        "controlled_before_after": "Before and after, with a comparison",
        "before_after": "Before and after, without a comparison",
        "cohort": "Cohort study",
        "case_control": "Case-control study",
        "cross_sectional": "Cross-sectional study",
        "observational": "Observational study",
        "qualitative": "Interviews or observation",
        "modelling": "Model, not measured",
        "safety_alert": "",
        "community_report": "A site's own report",
        "unclear": "Kind of study not clear",
        "retracted": "",
    },
    "urgency": {"immediate": "At once", "same_day": "Today", "routine": ""},
    "lesson": {
        "benefit": "It helped",
        "harm": "It made things worse",
        "uncertain": "Cannot be told from no effect",
    },
    "certainty": {"high": "High", "moderate": "Moderate", "low": "Low", "very_low": "Very low"},
    "file_status": {
        "landed": "Taken in",
        "unchanged": "Nothing new",
        "partly_rejected": "Partly refused",
        "rejected": "Refused",
        "empty": "Empty",
    },
    "asked": {"patients": "Patients", "staff": "Staff", "system": "The wider system"},
}


def word_for(kind: str, code: str) -> str:
    """The words for a code of one kind; the code's own letters where none are listed."""
    return WORDS[kind].get(code, humanise(code))


def humanise(code: str) -> str:
    """A code as a phrase: 'ward_07' is 'Ward 7', 'theatre_flow' is 'Theatre flow'."""
    parts = [part.lstrip("0") or "0" if part.isdigit() else part for part in code.split("_")]
    phrase = " ".join(part for part in parts if part)
    return phrase[:1].upper() + phrase[1:]


def tell_day(day: date | None, missing: str = "") -> str:
    """A date as British readers write it: '5 Jul 2026'."""
    return missing if day is None else f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def tell_month(day: date | None) -> str:
    """The month of a date: 'Jul 2026'."""
    return "" if day is None else f"{MONTHS[day.month - 1]} {day.year}"


def tell_count(count: int, one: str, many: str = "") -> str:
    """A count with its noun: '1 file', '3 files'."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def tell_number(value: float | None) -> str:
    """A number with three meaningful figures and no needless zeros; '' where missing."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    places = 1 if abs(value) >= 10 else 2
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def tell_percentage(prop: float | None) -> str:
    """A share as a percentage: 0.214 is '21%'; below one per cent it keeps a decimal."""
    if prop is None:
        return ""
    percentage = prop * 100
    return f"{percentage:.0f}%" if abs(percentage) >= 1 or prop == 0 else f"{percentage:.1f}%"


def tell_chance(prop: float | None) -> str:
    """A probability that never claims to be certain: 'over 99%', 'under 1%'; '' where missing."""
    if prop is None:
        return ""
    if prop >= 0.995:
        return "over 99%"
    return "under 1%" if prop < 0.005 else f"{100 * prop:.0f}%"


def tell_small(value: float) -> str:
    """A number that may be far below one, with two meaningful figures: 0.0035, 0.15, 5.9, 453."""
    if abs(value) >= 1:
        return tell_number(value)
    return f"{value:.2g}" if abs(value) >= 0.001 or value == 0 else "under 0.001"


def tell_change(prop: float | None) -> str:
    """A relative change in words: -0.21 is '21% lower'; '' where missing."""
    if prop is None:
        return ""
    if abs(prop) < 0.005:
        return "no different"
    return f"{tell_percentage(abs(prop))} {'lower' if prop < 0 else 'higher'}"


def tell_range(low: float | None, high: float | None) -> str:
    """A range of relative change: '31% to 9% lower', or across zero '5% lower to 3% higher'."""
    if low is None or high is None:
        return ""
    same_side = (low < 0) == (high < 0)
    first = tell_percentage(abs(low)) if same_side else tell_change(low)
    return f"{first} to {tell_change(high)}"


def join_words(parts: list[str], last: str = "and") -> str:
    """A list as a phrase: 'a, b and c'."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def capitalise(text: str) -> str:
    """The text with a capital first letter; the rest as it is."""
    return text[:1].upper() + text[1:]


def as_sentence(text: str) -> str:
    """The text with a capital first letter and a full stop, where it has neither."""
    trimmed = text.strip()
    if not trimmed:
        return ""
    ending = "" if trimmed[-1] in ".!?…" else "."
    return capitalise(trimmed) + ending


@dataclass(frozen=True)
class Measure:
    """An indicator as people read it; `factor` turns a stored value into a shown one."""

    indicator_id: str
    name: str
    unit_words: str
    factor: float
    suffix: str
    why_it_matters: str = ""

    @property
    def highest(self) -> float | None:
        """The highest stored value that can be: one for a share."""
        return 1.0 if self.suffix == "%" else None

    def possible(self, bound: float | None) -> float | None:
        """The bound where a value could lie on it; None below zero or over 100 per cent.

        Every measure here is a share, a rate or a duration, so none can be negative.
        """
        if bound is None or bound < 0 or (self.highest is not None and bound > self.highest):
            return None
        return bound

    def tell_usual(self, low: float | None, high: float | None) -> str:
        """The usual range in words, kept within what can be: 'usually 59% to 100%'."""
        if low is None or high is None:
            return ""
        top = high if self.highest is None else min(high, self.highest)
        return f"usually {self.tell(max(low, 0.0))} to {self.tell(top)}"

    def tell(self, value: float | None) -> str:
        """The value with its unit: '4.2 per 1,000 bed days', '21.3%', '14 minutes'."""
        if value is None:
            return NOT_KNOWN
        return f"{tell_number(value * self.factor)}{self.suffix}"


def name_measure(
    indicator_id: str, name: str, unit_words: str, is_share: bool, why_it_matters: str = ""
) -> Measure:
    """The measure of an indicator; a share is shown as a percentage."""
    # 'Falls per 1,000 bed days' already says what it is counted in.
    is_said = not unit_words or unit_words in name
    plain = "" if is_said else f" {unit_words}"
    return Measure(
        indicator_id=indicator_id,
        name=name or humanise(indicator_id),
        unit_words="per cent" if is_share else unit_words,
        factor=100.0 if is_share else 1.0,
        suffix="%" if is_share else plain,
        why_it_matters=why_it_matters,
    )
