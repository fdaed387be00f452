"""Two sentences on each problem: what seems wrong; how we know, how sure, what would change that.

Plain words that a ward manager can check.
"""

from collections.abc import Mapping

from lhs_pipeline.analysis.authority import listed
from lhs_pipeline.catalogue.model import Catalogue, Indicator
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, LensAnswer, Level, Period
from lhs_pipeline.warehouse.table import Record, as_day

_LENS_WORDS = {
    "routine": "routine figures",
    "comparison": "comparison with units of its kind",
    "patient_voice": "patients",
    "staff_voice": "staff",
    "safety_reports": "incident reports",
    "audit": "audits of the change",
    "external_evidence": "evidence from elsewhere",
}
_WITHOUT_WORDS = {
    "routine": "without the routine figures",
    "comparison": "without the comparison",
    "patient_voice": "without what patients say",
    "staff_voice": "without what staff say",
    "safety_reports": "without the incident reports",
    "audit": "without the audits",
}
_MIND_WORDS = {
    "routine": "the next figures fell back to what is usual there",
    "comparison": "its patients turned out to differ from those of its kind",
    "patient_voice": "patients stopped speaking of it, or a few had spoken often",
    "staff_voice": "staff stopped speaking of it, or a few had spoken often",
    "safety_reports": "reports had risen there on every topic alike",
    "audit": "the next audits found it done as agreed",
}
_BY_PATTERN = {
    "misses_target": "the level came to lie within the target",
    "never_met_target": "the target were met once",
}


def say_what(problem: Record, catalogue: Catalogue) -> str:
    """Return one sentence on what seems to be wrong, in events a month or in the year."""
    where = f"{problem['topic_title']} {_place_words(problem)}"
    if problem["deadline_on"] is not None:
        day = as_day(problem["deadline_on"])
        title = problem["topic_title"]
        return f"{title}: a national alert must be acted on everywhere by {day:%-d %B %Y}."
    if problem["excess_per_month"] <= 0 and problem["is_active"]:
        return f"{where}: a sign of trouble, without more events than usual so far."
    if problem["excess_per_month"] <= 0:
        return f"{where}: nothing beyond the usual at present; people have taken it up."
    lead = catalogue.indicators.get(problem["lead_indicator_id"] or "")
    amount, often = _amount(problem["excess_per_month"], lead)
    unit = problem["excess_unit"]
    if lead is None:
        return f"{where}: {amount} more {unit} {often} than before."
    name = _in_sentence(lead.name)
    match problem["pattern"]:
        case "misses_target":
            said = f"as things are, the target for {name} cannot be met; {amount} {unit} {often}"
            return f"{where}: {said} too many."
        case "never_met_target":
            said = f"the target for {name} has been missed in every period on record"
            return f"{where}: {said}; {amount} {unit} {often} too many."
        case "stands_out":
            return (
                f"{where}: {amount} more {unit} {often} than at the average of its kind ({name})."
            )
    return f"{where}: {amount} more {unit} {often} than is usual there ({name})."


def _place_words(problem: Record) -> str:
    if problem["unit_id"] == TRUST_UNIT_ID:
        return f"across the {problem['level']}"
    return f"{'on' if problem['level'] == Level.WARD else 'at'} {problem['unit_name']}"


def _amount(excess_per_month: float, lead: Indicator | None) -> tuple[str, str]:
    """How many, and how often: what is counted once a year is told by the year."""
    is_yearly = lead is not None and lead.period is Period.YEAR
    excess = excess_per_month * 12 if is_yearly else excess_per_month
    amount = f"about {excess:,.0f}" if excess >= 1.5 else "one or two"
    return amount, "in the year" if is_yearly else "a month"


def say_how(
    answers: Mapping[str, LensAnswer], problem: Record, lenses: Mapping[str, Record]
) -> str:
    """Return who shows it and who does not, how sure we are, and what would change that.

    Args:
        answers: what each lens says.
        problem: the problem.
        lenses: rows of `analysis.lenses` on it, by lens; none where nothing was weighed.
    """
    phrases = {
        LensAnswer.AGREES: "Shown by",
        LensAnswer.CONTRADICTS: "contradicted by",
        LensAnswer.SAW_NOTHING: "not seen by",
        LensAnswer.DID_NOT_LOOK: "too little data from",
    }
    told = []
    for answer, phrase in phrases.items():
        found = [
            _LENS_WORDS[lens]
            for lens, given in answers.items()
            if given is answer and not (lens == "audit" and answer is LensAnswer.DID_NOT_LOOK)
        ]
        if found:
            told.append(f"{phrase} {listed(found)}")
    sentences = ["; ".join(told), *_how_sure(problem, lenses)]
    return " ".join(f"{said[0].upper()}{said[1:]}." for said in sentences if said)


def _how_sure(problem: Record, lenses: Mapping[str, Record]) -> list[str]:
    if problem["deadline_on"] is not None:
        return ["it stands until the alert is acted on"]
    added = {
        lens: row["added_log_odds"]
        for lens, row in lenses.items()
        if row["added_log_odds"] is not None and row["added_log_odds"] > 0
    }
    sure = f"we are {chance_words(problem['real_prop'])} sure that it is real"
    pattern = problem["pattern"]
    if pattern in _BY_PATTERN:
        return [sure, f"we would change our mind if {_BY_PATTERN[pattern]}"]
    if pattern == "common_cause":
        return [sure, "we would change our mind if only one or two units went on showing it"]
    if not added:
        return [sure, "we would change our mind if any source showed more"]
    most = max(added, key=lambda lens: added[lens])
    without = chance_words(lenses[most]["probability_without_prop"])
    if without != chance_words(problem["real_prop"]):
        sure = f"{sure} ({_WITHOUT_WORDS[most]}, {without})"
    return [sure, f"we would change our mind if {_MIND_WORDS[most]}"]


def chance_words(prop: float) -> str:
    """Return a probability as people say it: nine in ten."""
    tenths = round(prop * 10)
    if prop >= 0.985:
        return "almost entirely"
    words = (
        *("less than one", "one", "two", "three", "four", "five"),
        *("six", "seven", "eight", "nine", "more than nine"),
    )
    return f"{words[tenths]} in ten"


def _in_sentence(name: str) -> str:
    """A name inside a sentence: small at its start, unless it is an abbreviation."""
    return name if name[:2].isupper() else name[0].lower() + name[1:]
