"""Which way an abstract says that an effect went, with the sentence that says so.

Only a stated result counts, best from the conclusion; where sentences disagree it is mixed.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class EffectDirection(StrEnum):
    """What the abstract states of the effect, for those who hoped for it."""

    BENEFIT = "benefit"
    NO_DIFFERENCE = "no_difference"
    HARM = "harm"
    MIXED = "mixed"
    NOT_STATED = "not_stated"


@dataclass(frozen=True)
class StatedEffect:
    """A direction and the sentence that states it, as it stands; empty where none does."""

    direction: EffectDirection
    sentence: str


_SENTENCE = re.compile(
    r"(?<![A-Z]\.)(?<!\bvs\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<=[.!?])\s+(?=[A-Z0-9(\[])"
)
_HEADING = re.compile(
    r"\b(?:conclusions?|interpretation|discussion|authors['’] conclusions?|summary)\b\s*[:.]|"
    r"(?<=[.] )CONCLUSIONS?\b|\b[Ww]e conclude\b|\b[Ii]n conclusion\b",
    re.IGNORECASE,
)
_PLAN = re.compile(
    r"\b(?:aim(?:s|ed)?|objective|purpose|whether|to (?:assess|evaluate|determine|examine|compare|"
    r"investigate|explore)|hypothes\w+|background|will|protocol|needed|should|could(?! not)|would|"
    r"may|might|likely|recommend\w*|rationale|describes?|discuss\w*|propose\w*|potential(?:ly)?|"
    r"further (?:research|studies|trials)|(?:outcomes?|measures?|endpoints?) includ\w+|"
    r"(?:little|limited|insufficient|inconclusive|scarce|weak) (?:\w+ )?evidence)\b",
    re.IGNORECASE,
)
_GOOD_UP = (
    r"adherence|compliance|uptake|quality|safety|survival|satisfaction|knowledge|confidence|"
    r"appropriate\w*|performance|coverage|completeness|documentation|rates? of (?:screening|"
    r"vaccination|prophylaxis|assessment)|prophylaxis|vaccination|immuni[sz]ation|screening|"
    r"wellbeing|well-being|function\w*|recovery|timel\w+|accuracy|detection|outcomes?|"
    r"attendance|hygiene|engagement|independence|mobility"
)
_GOOD_DOWN = (
    r"mortality|deaths?|falls?|infections?|errors?|harm|injur\w+|ulcers?|sores?|readmissions?|"
    r"admissions?|length of stay|stay|waits?|waiting|delays?|costs?|complications?|burnout|"
    r"sickness|absence|turnover|adverse|events?|incidents?|pain|prescri\w+|antibiotics?|overuse|"
    r"inappropriate|unnecessary|time|visits?|cancellations?|missed|pneumonias?|extubations?|bleeding|thromb\w+|delirium|sepsis|"
    r"bacter\w+|vte|stress|anxiety|depression|symptoms?|risk"
)
_UP = r"(?:increas\w+|rose|risen|higher|greater|more|raised|gain\w*|grew|doubled|longer)"
_DOWN = (
    r"(?:reduc\w+|decreas\w+|declin\w+|fell|fewer|lower\w*|less|drop\w*|shorten\w*|shorter|cut|"
    r"halved)"
)
# What stands behind these words is when or beside what, not what went up or down.
_NEAR = r"(?:\W+(?!(?:after|following|during|despite|when)\b)[\w%.]+){0,7}?\W+"
_DENIED = (
    r"(?:differ\w*|reduc\w*|improv\w*|increas\w*|chang\w*|affect\w*|effective|significan\w*|"
    r"associated|lead|result|prevent\w*|decreas\w*|lower\w*|higher|fewer|shorter|better|superior|"
    r"worse\w*|show\w*|demonstrat\w*|detect\w*|find|found)"
)
_NONE = re.compile(
    r"\bno (?:\w+ ){0,3}(?:differences?|effects?|changes?|improvements?|reductions?|benefits?|"
    r"evidence (?:of|that|for)|associations?|impacts?|advantages?|influence)\b|"
    r"\bno (?:better|worse|different|superior|fewer|lower|higher|shorter|"
    r"more (?:effective|likely))\b|"
    r"\b(?:little|limited) (?:or no )?(?:difference|effect|impact)\b|"
    r"\b(?:did|does|do|was|were|is|are|can|could|has|have|had) not (?!only\b)(?:\w+ ){0,5}?"
    rf"{_DENIED}\b|"
    r"\bnot (?:significantly|statistically)(?: \w+){0,2} (?:different|improved|reduced|better)\b|"
    r"\b(?:was|were|is|are|proved|remained|largely) (?:\w+ )?ineffective\b|"
    r"\bnon-?significant(?:ly)?\b|\black(?:s|ed|ing)? (?:of )?(?:effect\w*|benefit)\b|"
    r"\bneither\b.{0,60}\bnor\b|\bsimilar (?:in|between|across|for|among)\b|\bunchanged\b|"
    rf"\b(?:neither|none)\b(?: [\w-]+){{1,6}}? {_DENIED}\b|"
    r"\bfailed to (?:\w+ ){0,2}(?:reduce|improve|show|increase|change)\b|"
    r"\bwithout (?:any )?effect\b",
    re.IGNORECASE,
)
# What was feared and did not happen takes nothing from a benefit.
_SPARED = re.compile(
    r",?\s*\b(?:without|with no) (?:\w+ ){0,2}?(?:increas\w*|rises?|worsen\w*|compromis\w*|harms?|"
    r"adverse|loss|deteriorat\w*)\b[^,;.]*",
    re.IGNORECASE,
)
# "Higher staffing was associated with": what is compared is no result.
_COMPARED = re.compile(
    r"^\W*(?:the )?(?:higher|lower|greater|more|fewer|less|longer|shorter|increas(?:ed|ing)|"
    r"reduc(?:ed|ing)|better|worse|poor(?:er)?)\b[^.;,]{0,80}?\b(?:associated with|led to|"
    r"resulted in|linked to|related to|predict\w*)\b",
    re.IGNORECASE,
)
_CONTRACTED = re.compile(r"n['’]t\b")
_BENEFIT = re.compile(
    rf"\bimprov(?:ed|es|ing|ements?)\b|\bsignificant improvement\b|\b(?:was|were|is|are|be|proved)"
    rf" (?:\w+ )?(?:effective|beneficial|superior|successful)\b|\beffectively\b|"
    rf"\bprevent(?:ed|s)\b|\bbetter (?:than|outcomes?)\b|\b{_UP}{_NEAR}(?:{_GOOD_UP})\b|"
    rf"\b(?:{_GOOD_UP}){_NEAR}{_UP}\b|\b{_DOWN}{_NEAR}(?:{_GOOD_DOWN})\b|"
    rf"\b(?:{_GOOD_DOWN}){_NEAR}{_DOWN}\b",
    re.IGNORECASE,
)
_HARM = re.compile(
    rf"\bworsen\w*|\bdeteriorat\w+|\bharmful\b|\bdetrimental\b|\bworse (?:than|outcomes?)\b|"
    rf"\b{_UP}{_NEAR}(?:{_GOOD_DOWN})\b|\b(?:{_GOOD_DOWN}){_NEAR}{_UP}\b|"
    rf"\b{_DOWN}{_NEAR}(?:{_GOOD_UP})\b|\b(?:{_GOOD_UP}){_NEAR}{_DOWN}\b",
    re.IGNORECASE,
)
# Who was studied is no result: "patients at increased risk of falls".
_WHO = re.compile(r"\bat (?:an? )?(?:increased|high\w*|greater|low\w*) risk\b", re.IGNORECASE)
_TURN = re.compile(
    r"\b(?:but|however|although|though|while|whereas|yet|despite)\b|;|\b(?:and|with) no "
    r"(?:\w+ ){0,2}(?:differences?|changes?|effects?|impacts?|improvements?)\b",
    re.IGNORECASE,
)
_RESULT_SENTENCES = 6
_RESULTS_WORD = re.compile(
    r"\b(?:found|showed|resulted|led to|associated with|reduc\w+|improv\w+|increas\w+|decreas\w+|"
    r"significant\w*|p ?[<=>]|effective|compared with|difference|rose|fell|dropp?ed|declined|"
    r"halved|doubled|cut|worsened|deteriorated|"
    r"(?:was|were|had|scored|achieved|received) (?:[\w.%]+ ){0,3}(?:higher|lower|fewer|short\w+|"
    r"longer|greater|better|worse|more|less))\b|95% ?CI",
    re.IGNORECASE,
)


def find_effect(abstract: str) -> StatedEffect:
    """Return which way the effect went as the abstract states it, with that sentence.

    The conclusion is read first, then the results from their end. What a study planned,
    asked or wishes for states nothing.
    """
    for sentences in _places(" ".join(abstract.split())):
        stated = [(judge_sentence(one), one) for one in sentences if not _PLAN.search(one)]
        told = [pair for pair in stated if pair[0] is not EffectDirection.NOT_STATED]
        if told:
            return _sum_up(told)
    return StatedEffect(EffectDirection.NOT_STATED, "")


def judge_sentence(sentence: str) -> EffectDirection:
    """Return the direction that one sentence states."""
    said = _CONTRACTED.sub(" not", sentence).replace("cannot", "can not")
    if not (_RESULTS_WORD.search(said) or _NONE.search(said)):
        return EffectDirection.NOT_STATED
    said = _COMPARED.sub(" ", _SPARED.sub(" ", _WHO.sub(" ", said)))
    rest = _NONE.sub(" ", said)
    is_good, is_bad = bool(_BENEFIT.search(rest)), bool(_HARM.search(rest))
    if rest != said:
        has_other = (is_good or is_bad) and _TURN.search(said)
        return EffectDirection.MIXED if has_other else EffectDirection.NO_DIFFERENCE
    if is_good and is_bad:
        return EffectDirection.MIXED
    if is_good:
        return EffectDirection.BENEFIT
    return EffectDirection.HARM if is_bad else EffectDirection.NOT_STATED


def _places(abstract: str) -> list[list[str]]:
    """The sentences of the conclusion, then all sentences from the last."""
    headings = [heading.end() for heading in _HEADING.finditer(abstract)]
    every = _SENTENCE.split(abstract)
    last = every[::-1][:_RESULT_SENTENCES]
    if not headings:
        return [every[-2:], last]
    return [_SENTENCE.split(abstract[headings[-1] :].strip(" :")), last]


def _sum_up(told: list[tuple[EffectDirection, str]]) -> StatedEffect:
    first, sentence = told[0]
    others = {direction for direction, _ in told}
    return StatedEffect(first if len(others) == 1 else EffectDirection.MIXED, sentence)
