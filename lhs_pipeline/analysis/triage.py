"""The triage table: how urgent each open problem is, what kind of change it asks for, whose it is.

Every judgement carries its reason in words that a ward manager can check.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.analysis.problems import LENSES
from lhs_pipeline.catalogue.model import Authority, Catalogue, Indicator
from lhs_pipeline.vocabulary import (
    TRUST_UNIT_ID,
    Domain,
    LensAnswer,
    Level,
    NatureOfChange,
    Period,
)
from lhs_pipeline.warehouse.table import Record, as_day, declare, frame_of, records_of

TRIAGE = declare(
    "analysis.triage",
    "Open problems, most urgent first, with the nature of the change and the group that decides.",
    "one row per problem whose present cycle is not closed",
    {
        "rank": "BIGINT 1 is the most urgent; pressing mandated deadlines first, then harm",
        "problem_id": "VARCHAR natural key: topic@unit",
        "cycle_number": "BIGINT present cycle",
        "topic_id": "VARCHAR topic of the catalogue",
        "topic_title": "VARCHAR title of the topic",
        "unit_id": "VARCHAR unit, or trust",
        "unit_name": "VARCHAR name of the unit",
        "domain": "VARCHAR clinical, operational or staff_wellbeing",
        "level": "VARCHAR ward, directorate, trust or system",
        "raised_on": "DATE day on which this cycle could first be known",
        "is_active": "BOOLEAN whether a lens shows it now",
        "nature_of_change": "VARCHAR fix, improve or change",
        "nature_reason": "VARCHAR the rule that fired, in words",
        "group_id": "VARCHAR lowest group that may approve it; null where nobody may",
        "group_title": "VARCHAR its title",
        "group_reason": "VARCHAR why this group",
        "harm_per_month": "DOUBLE moderate-harm equivalents a month that could be avoided",
        "excess_per_month": "DOUBLE events a month beyond what is usual or wanted",
        "excess_unit": "VARCHAR what those events are",
        "lead_indicator_id": "VARCHAR indicator that shows it; null for voices alone",
        "lenses_agree_count": "BIGINT lenses that show the problem",
        "lenses_looked_count": "BIGINT lenses that had data",
        "deadline_on": "DATE mandated deadline, where one applies",
        "what_seems_wrong": "VARCHAR one sentence for a ward manager",
        "how_we_know": "VARCHAR one sentence: which lenses agree, contradict or are silent",
    },
)
_LENS_WORDS = {
    "routine": "routine figures",
    "comparison": "comparison with units of its kind",
    "patient_voice": "patients",
    "staff_voice": "staff",
    "safety_reports": "incident reports",
    "external_evidence": "evidence from elsewhere",
}


@dataclass(frozen=True)
class Judgement:
    """A word and the reason for it."""

    word: str | None
    reason: str


def rank_problems(
    problems: pd.DataFrame, overrides: pd.DataFrame, catalogue: Catalogue, today: date
) -> pd.DataFrame:
    """Return the triage table of all problems that are not closed."""
    said = {(row["problem_id"], row["cycle_number"]): row for row in records_of(overrides)}
    rows = [
        _triage(problem, said.get((problem["problem_id"], problem["cycle_number"])), catalogue)
        for problem in records_of(problems)
        if not problem["is_closed"]
    ]
    pressing_until = today + timedelta(days=catalogue.rules.triage.deadline_notice_days)
    rows.sort(key=lambda row: _urgency(row, pressing_until))
    return frame_of(TRIAGE, ({**row, "rank": rank} for rank, row in enumerate(rows, start=1)))


def judge_nature(
    problem: Mapping[str, object], override: Record | None, catalogue: Catalogue
) -> Judgement:
    """Return fix, improve or change, and the rule that said so; a person's word wins."""
    if override is not None:
        who = override["decided_by_role"]
        return Judgement(override["nature_of_change"], f"Set by {who}: {override['reason']}")
    is_reliable = catalogue.topics[str(problem["topic_id"])].is_expected_reliable
    pattern, cycle = problem["pattern"], int(str(problem["cycle_number"]))
    if problem["deadline_on"] is not None:
        return Judgement(
            NatureOfChange.FIX, "A national alert mandates the action; there is nothing to choose."
        )
    if problem["unit_id"] == TRUST_UNIT_ID:
        return Judgement(
            NatureOfChange.CHANGE,
            f"The same pattern {_spread_words(problem)} asks for a change of practice.",
        )
    if cycle > 1:
        return Judgement(
            NatureOfChange.IMPROVE,
            f"Cycle {cycle}: what was done before fell short, so repeating a fix is not enough.",
        )
    if pattern == "misses_target":
        return Judgement(
            NatureOfChange.IMPROVE, "A stable process that cannot meet its target needs improving."
        )
    if pattern == "never_met_target":
        return Judgement(
            NatureOfChange.IMPROVE, "A target that is missed every time needs improving, not a fix."
        )
    if pattern == "stands_out":
        return Judgement(
            NatureOfChange.IMPROVE,
            "Units of the same kind do better at the same task, so there is a way to learn from.",
        )
    if is_reliable:
        return Judgement(
            NatureOfChange.FIX,
            "A special cause in one place, in something that should simply work reliably.",
        )
    return Judgement(
        NatureOfChange.IMPROVE,
        "A special cause in one place, in a process that has to be done better.",
    )


def _spread_words(problem: Mapping[str, object]) -> str:
    count = int(str(problem["units_affected_count"]))
    return f"in {count} units" if count > 1 else "across units"


def find_group(
    nature: NatureOfChange, problem: Mapping[str, object], catalogue: Catalogue
) -> Judgement:
    """Return the lowest group of the scheme of delegation that may approve the change."""
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
        f"{_listed(lowest.may_authorise)} up to {lowest.scope} level "
        f"and £{lowest.spend_limit_gbp:,.0f}."
    )
    return Judgement(lowest.id, reason)


def _height(group: Authority) -> tuple[int, bool, float, str]:
    return group.scope.height, not group.directorates, group.spend_limit_gbp, group.id


def _listed(words: Sequence[str]) -> str:
    plain = [str(word) for word in words]
    return plain[0] if len(plain) == 1 else ", ".join(plain[:-1]) + " and " + plain[-1]


def _triage(problem: Record, override: Record | None, catalogue: Catalogue) -> Record:
    nature = judge_nature(problem, override, catalogue)
    group = find_group(NatureOfChange(str(nature.word)), problem, catalogue)
    answers = {lens: LensAnswer(problem[lens]) for lens in LENSES}
    # Evidence that a remedy exists says nothing of whether the problem does.
    local = {lens: answer for lens, answer in answers.items() if lens != "external_evidence"}
    agree = sum(answer is LensAnswer.AGREES for answer in local.values())
    certainty = _certainty(agree, catalogue)
    kept = {name: problem[name] for name in TRIAGE.column_names if name in problem}
    return {
        **kept,
        "nature_of_change": str(nature.word),
        "nature_reason": nature.reason,
        "group_id": group.word,
        "group_title": catalogue.authorities[group.word].title if group.word else None,
        "group_reason": group.reason,
        "harm_per_month": certainty * problem["excess_per_month"] * problem["severity_weight"],
        "lenses_agree_count": agree,
        "lenses_looked_count": sum(a is not LensAnswer.DID_NOT_LOOK for a in local.values()),
        "what_seems_wrong": say_what(problem, catalogue),
        "how_we_know": say_how(answers, problem),
    }


def _certainty(agreeing_count: int, catalogue: Catalogue) -> float:
    ladder = catalogue.rules.triage.certainty_by_agreeing_lenses
    return ladder[min(agreeing_count, len(ladder) - 1)]


def _urgency(row: Record, pressing_until: date) -> tuple[bool, date, bool, float, str]:
    deadline = as_day(row["deadline_on"])
    is_pressing = deadline is not None and deadline <= pressing_until
    return (
        not is_pressing,
        deadline if deadline is not None and is_pressing else date.max,
        not row["is_active"],
        -row["harm_per_month"],
        row["problem_id"],
    )


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


def say_how(answers: Mapping[str, LensAnswer], problem: Record) -> str:
    """Return one sentence on which lenses agree, contradict, saw nothing or did not look."""
    phrases = {
        LensAnswer.AGREES: "Shown by",
        LensAnswer.CONTRADICTS: "contradicted by",
        LensAnswer.SAW_NOTHING: "not seen by",
        LensAnswer.DID_NOT_LOOK: "too little data from",
    }
    told = []
    for answer, phrase in phrases.items():
        lenses = [_LENS_WORDS[lens] for lens, given in answers.items() if given is answer]
        if lenses:
            told.append(f"{phrase} {_listed(lenses)}")
    sentence = "; ".join(told)
    return sentence[0].upper() + sentence[1:] + "."


def _in_sentence(name: str) -> str:
    """A name inside a sentence: small at its start, unless it is an abbreviation."""
    return name if name[:2].isupper() else name[0].lower() + name[1:]
