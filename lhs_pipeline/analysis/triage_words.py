"""Two sentences on each problem: what seems wrong; how we know, how sure, what would change that.

Plain words that a ward manager can check.
"""

from collections.abc import Mapping

from lhs_pipeline.analysis.authority import listed
from lhs_pipeline.analysis.lenses import LOCAL_LENSES
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
    "comparison": "its patients or its work turned out to differ from those of its kind",
    "patient_voice": "patients stopped speaking of it, or a few had spoken often",
    "staff_voice": "staff stopped speaking of it, or a few had spoken often",
    "safety_reports": "reports had risen there on every topic alike",
    "audit": "the next audits found it done as agreed",
}
_BY_PATTERN = {
    "misses_target": "the level came to lie within the target",
    "never_met_target": "the target were met once",
    "common_cause": "only one or two units went on showing it",
}
LEANS_LOG_ODDS = 1.0
"""A lens that nearly trebles the odds is worth naming, though it is not sure alone."""
_CERTAIN_PROP = 0.985


def say_what(problem: Record, catalogue: Catalogue) -> str:
    """Return one sentence on what seems to be wrong, in events a month or in the year."""
    where = f"{problem['topic_title']} {place_words(problem)}"
    if problem["deadline_on"] is not None:
        day = as_day(problem["deadline_on"])
        name = f" \u201c{problem['alert_title']}\u201d" if problem.get("alert_title") else ""
        said = f"a national alert{name} must be acted on everywhere by {day:%-d %B %Y}"
        return f"{problem['topic_title']}: {said}."
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
            # What anybody can work out from the figures; the rank rests on what is left of it
            # once the luck of the draw is taken off.
            amount, often = _amount(problem["measured_excess_per_month"], lead)
            return (
                f"{where}: {amount} more {unit} {often} than at the average of its kind ({name})."
            )
    return f"{where}: {amount} more {unit} {often} than is usual there ({name})."


def place_words(problem: Record) -> str:
    """Return where a problem stands, as it is said after its topic."""
    if problem["unit_id"] == TRUST_UNIT_ID:
        return f"across the {problem['level']}"
    # Emergency departments and teams are of the level of a ward; only a ward is one.
    is_ward = problem["level"] == Level.WARD and "ward" in problem["unit_name"].lower()
    return f"{'on' if is_ward else 'at'} {problem['unit_name']}"


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
    said = _by_answer(answers, lenses)
    phrases = (
        (LensAnswer.AGREES, "shown by"),
        ("leans", "hinted at, but not enough alone, by"),
        (LensAnswer.CONTRADICTS, "contradicted by"),
        (LensAnswer.SAW_NOTHING, "not seen by"),
        (LensAnswer.DID_NOT_LOOK, "too little data from"),
    )
    told = [f"{phrase} {listed(said[answer])}" for answer, phrase in phrases if said[answer]]
    sentences = ["; ".join(told), *_how_sure(problem, answers, lenses)]
    return " ".join(f"{one[0].upper()}{one[1:]}." for one in sentences if one)


def _by_answer(
    answers: Mapping[str, LensAnswer], lenses: Mapping[str, Record]
) -> dict[str, list[str]]:
    """Lenses in words by what they say; one that saw nothing certain may lean all the same."""
    said: dict[str, list[str]] = {str(answer): [] for answer in (*LensAnswer, "leans")}
    for lens, answer in answers.items():
        # Evidence that a remedy exists says nothing of whether the problem does.
        is_silent_audit = lens == "audit" and answer is LensAnswer.DID_NOT_LOOK
        if lens in LOCAL_LENSES and not is_silent_audit:
            leans = answer is LensAnswer.SAW_NOTHING and _added(lens, lenses) > LEANS_LOG_ODDS
            said["leans" if leans else str(answer)].append(_LENS_WORDS[lens])
    return said


def _added(lens: str, lenses: Mapping[str, Record]) -> float:
    """Log odds that a lens added to what is believed."""
    return float((lenses[lens]["added_log_odds"] if lens in lenses else None) or 0.0)


def _how_sure(
    problem: Record, answers: Mapping[str, LensAnswer], lenses: Mapping[str, Record]
) -> list[str]:
    if problem["deadline_on"] is not None:
        return ["it stands until the alert is acted on"]
    pattern, mind = problem["pattern"], "we would change our mind if"
    sure = _say_sure(problem["real_prop"], pattern)
    if pattern in _BY_PATTERN:
        return [sure, f"{mind} {_BY_PATTERN[pattern]}"]
    # What shows it is named before what merely adds to it.
    shows = [lens for lens in LOCAL_LENSES if answers[lens] is LensAnswer.AGREES]
    adds = [lens for lens in LOCAL_LENSES if _added(lens, lenses) > 0]
    most = max(
        [lens for lens in adds if lens in shows] or adds or shows,
        key=lambda lens: _added(lens, lenses),
        default=None,
    )
    if problem["real_prop"] < 0.5 or most is None:
        return [sure, f"{mind} {'another' if shows else 'any'} source showed it"]
    without = lenses[most]["probability_without_prop"] if most in adds else None
    if without is not None and chance_words(without) != chance_words(problem["real_prop"]):
        sure = f"{sure} ({_WITHOUT_WORDS[most]}: {chance_words(without)})"
    return [sure, f"{mind} {_MIND_WORDS[most]}"]


def _say_sure(prop: float, pattern: str) -> str:
    if prop >= _CERTAIN_PROP:
        return "we are almost certain that it is real"
    if prop < 0.5 and pattern == "stands_out":
        # That the figure is higher is plain to see; whether that means anything is the question.
        doubt = "the chance that this is more than units of its kind ordinarily differ is"
        return f"{doubt} {chance_words(prop)}"
    sure = f"the chance that it is real is {chance_words(prop)}"
    return sure if prop >= 0.5 else f"{sure}, so it may well be chance, or the way of counting"


def chance_words(prop: float) -> str:
    """Return a probability as people say it: nine in ten."""
    tenths = round(prop * 10)
    if prop >= _CERTAIN_PROP:
        return "almost certain"
    words = (
        *("less than one", "one", "two", "three", "four", "five"),
        *("six", "seven", "eight", "nine", "more than nine"),
    )
    return f"{words[tenths]} in ten"


def _in_sentence(name: str) -> str:
    """A name inside a sentence: small at its start, unless it is an abbreviation."""
    return name if name[:2].isupper() else name[0].lower() + name[1:]
