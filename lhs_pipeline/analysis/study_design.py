"""How a study was done, as its record says, and where GRADE would start from.

A starting point is no appraisal: nobody has read the study, and every label says so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Design(StrEnum):
    """How the evidence came about."""

    SYSTEMATIC_REVIEW_OF_TRIALS = "systematic_review_of_trials"
    SYSTEMATIC_REVIEW = "systematic_review"
    RANDOMISED_TRIAL = "randomised_trial"
    INTERRUPTED_TIME_SERIES = "interrupted_time_series"
    CONTROLLED_BEFORE_AFTER = "controlled_before_after"
    BEFORE_AFTER = "before_after"
    COHORT = "cohort"
    CASE_CONTROL = "case_control"
    CROSS_SECTIONAL = "cross_sectional"
    OBSERVATIONAL = "observational"
    QUALITATIVE = "qualitative"
    GUIDELINE = "guideline"
    MODELLING = "modelling"
    CASE_REPORT = "case_report"
    OPINION = "opinion"
    PROTOCOL = "protocol"
    RETRACTED = "retracted"
    SAFETY_ALERT = "safety_alert"
    COMMUNITY_REPORT = "community_report"
    UNCLEAR = "unclear"


class Certainty(StrEnum):
    """GRADE's four levels; a starting point is never moderate."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    VERY_LOW = "very_low"


@dataclass(frozen=True)
class StartingPoint:
    """Where GRADE would start for a design, and the words that say it is provisional."""

    certainty: Certainty | None
    words: str


_HIGH = frozenset({Design.RANDOMISED_TRIAL, Design.SYSTEMATIC_REVIEW_OF_TRIALS})
_VERY_LOW = frozenset(
    {
        Design.QUALITATIVE,
        Design.CASE_REPORT,
        Design.OPINION,
        Design.PROTOCOL,
        Design.RETRACTED,
        Design.COMMUNITY_REPORT,
        Design.UNCLEAR,
    }
)

# What a bibliographic database says outright; compared whole, lower-cased.
_TYPES = {
    "retracted publication": Design.RETRACTED,
    "retraction of publication": Design.RETRACTED,
    "clinical trial protocol": Design.PROTOCOL,
    "systematic review": Design.SYSTEMATIC_REVIEW,
    "meta-analysis": Design.SYSTEMATIC_REVIEW,
    "network meta-analysis": Design.SYSTEMATIC_REVIEW,
    "practice guideline": Design.GUIDELINE,
    "guideline": Design.GUIDELINE,
    "clinical guideline": Design.GUIDELINE,
    "nice guideline": Design.GUIDELINE,
    "antimicrobial guideline": Design.GUIDELINE,
    "public health guideline": Design.GUIDELINE,
    "social care guideline": Design.GUIDELINE,
    "randomized controlled trial": Design.RANDOMISED_TRIAL,
    "randomised controlled trial": Design.RANDOMISED_TRIAL,
    "pragmatic clinical trial": Design.RANDOMISED_TRIAL,
    "qualitative research": Design.QUALITATIVE,
    "case reports": Design.CASE_REPORT,
    "editorial": Design.OPINION,
    "letter": Design.OPINION,
    "comment": Design.OPINION,
    "news": Design.OPINION,
}
_GENERAL_TYPES = {"observational study": Design.OBSERVATIONAL}

# Words of a title, then of an abstract's methods: the first that is found decides.
_WORDS: tuple[tuple[Design, str], ...] = (
    (
        Design.RETRACTED,
        r"\A\W*retracted\b(?! (?:papers?|articles|studies|publications?|literature)\b)"
        r"|[\[(]retracted\b",
    ),
    (Design.OPINION, r"\A(?:reply|response|comments?|letter)s? (?:to|on)\b|\Are: "),
    (Design.PROTOCOL, r"\b(?:study|trial|review) protocol\b|\bprotocol (?:for|of) an?\b"),
    (
        Design.SYSTEMATIC_REVIEW,
        r"\b(?:systematic|umbrella|scoping|cochrane) review\b|\bmeta-?analys[ei]s\b",
    ),
    (
        Design.GUIDELINE,
        r"\A(?:\w+ ){0,3}guidelines? (?:for|on)\b|: (?:\w+[- ]){0,5}guidelines?\W*\Z"
        r"|\b(?:nice|sign|who|esc|rcog|bts) (?:clinical |quality )?guidelines?\b"
        r"|\bguideline \W?(?:ng|cg)\d+\b",
    ),
    (
        Design.INTERRUPTED_TIME_SERIES,
        r"\binterrupted time[- ]series\b|\btime[- ]series analysis\b",
    ),
    (
        Design.RANDOMISED_TRIAL,
        r"(?<!non[- ])(?<!quasi[- ])\brandomi[sz]ed (?:\w+[- ]){0,3}trial\b|\bstepped[- ]wedge\b"
        r"|\bwere randomi[sz]ed\b|\b(?:an?|this|our|cluster|pragmatic|pilot) rct\b|: (?:an? )?rct\b"
        r"|\bcluster(?:[- ]randomi[sz]ed)? trial\b|\brandomi[sz]ed to\b"
        r"|\brandomly (?:allocated|assigned)\b",
    ),
    (
        Design.CONTROLLED_BEFORE_AFTER,
        r"(?<!un)\bcontrolled before[- ](?:and[- ])?after\b|\bdifference[- ]in[- ]differences\b"
        r"|\bnon-?equivalent control group\b",
    ),
    (
        Design.BEFORE_AFTER,
        r"\bbefore[- ](?:and[- ])?after (?:study|design|analysis|comparison|evaluation)\b"
        r"|\bpre[-/– ]?post\b|\bbefore-and-after\b|\bpdsa\b"
        r"|\bquality improvement (?:project|report|study)\b",
    ),
    (
        Design.QUALITATIVE,
        r"\bqualitative\b|\bthematic analysis\b|\bfocus groups?\b|\bethnograph\w+"
        r"|\bsemi-?structured interviews?\b|\bgrounded theory\b|\binterviews with\b",
    ),
    (Design.CASE_CONTROL, r"\bcase[- ]control\b"),
    (
        Design.COHORT,
        r"\bcohort\b|\blongitudinal (?:\w+ )?study\b|\bfollow-up study\b"
        r"|\bretrospective (?:study|analysis|review)\b",
    ),
    (
        Design.CROSS_SECTIONAL,
        r"\bcross-?[- ]?sectional\b|\bsurvey\b|\bquestionnaires?\b|\bpoint prevalence\b"
        r"|\baudit\b",
    ),
    (
        Design.MODELLING,
        r"\bsimulation model\b|\bdiscrete[- ]event\b|\bmarkov\b|\bmathematical model\b"
        r"|\bcost-effectiveness model\b",
    ),
    (Design.CASE_REPORT, r"\bcase (?:report|series)\b"),
    (Design.OBSERVATIONAL, r"\bnon-?randomi[sz]ed\b|\bquasi-?(?:experiment|randomi[sz])\w*"),
    (Design.OBSERVATIONAL, r"\bobservational\b|\bassociated with\b|\brecords of [\d,]+\b"),
    (Design.OPINION, r"\b(?:editorial|commentary|viewpoint|opinion|perspective)\b"),
)
_PATTERNS = tuple((design, re.compile(words, re.IGNORECASE)) for design, words in _WORDS)
# What an abstract plans, wishes or lacks says nothing of how the study was done.
_NOT_DONE = re.compile(
    r"\b(?:no|without|future|further|lack of|need for|few|needed|required|proposed|previous)\b"
    r"[^.]{0,40}?\b(?:randomi[sz]ed|trials?|systematic reviews?|meta-?analys\w+|rcts?|cohort)\b"
    r"(?: (?:controlled |clinical )?trials?\b)?"
    r"|\b(?:randomi[sz]ed|trials?|rcts?)\b[^.]{0,30}\b(?:are|is) (?:needed|required|warranted)\b",
    re.IGNORECASE,
)
_NOT_OF_TRIALS = re.compile(
    r"\bof (?:observational|cohort|qualitative|non-?randomi[sz]ed)\b", re.IGNORECASE
)
_OF_TRIALS = re.compile(r"\b(?:rcts?|randomi[sz]ed|(?<!clinical )trials?)\b", re.IGNORECASE)


def find_design(title: str, abstract: str, stated_types: Iterable[str]) -> Design:
    """Return the design that a record states, by publication type, then title, then abstract.

    Args:
        title: title of the work.
        abstract: its abstract, or nothing.
        stated_types: publication types and keywords, each whole.
    """
    stated = [one.strip().lower() for one in stated_types]
    abstract = _NOT_DONE.sub(" ", abstract)
    found = (
        _first(_TYPES, stated)
        or _by_words(title)
        or _by_words(abstract)
        or _first(_GENERAL_TYPES, stated)
        or Design.UNCLEAR
    )
    if found is Design.SYSTEMATIC_REVIEW and not _NOT_OF_TRIALS.search(title):
        is_of_trials = _OF_TRIALS.search(f"{title}. {abstract}") is not None
        return Design.SYSTEMATIC_REVIEW_OF_TRIALS if is_of_trials else found
    return found


def start_certainty(design: Design) -> StartingPoint:
    """Return where GRADE would start: trials high, observation low, accounts very low.

    An alert is an instruction, not a study: it has no certainty.
    """
    if design is Design.SAFETY_ALERT:
        return StartingPoint(None, "not graded: a mandated action, not a study")
    name = design.value.replace("_", " ")
    if design in _HIGH:
        certainty = Certainty.HIGH
    elif design in _VERY_LOW:
        certainty = Certainty.VERY_LOW
    else:
        certainty = Certainty.LOW
    return StartingPoint(certainty, f"provisional: GRADE's start for {name}; not appraised")


def _first(designs: dict[str, Design], stated: list[str]) -> Design | None:
    return next((design for type_, design in designs.items() if type_ in stated), None)


def _by_words(text: str) -> Design | None:
    return next((design for design, pattern in _PATTERNS if pattern.search(text)), None)
