"""The closed words of the project: each list is the whole list.

A word lives here when more than one room speaks it. Open lists (topics, units, groups)
are catalogue or data, never words.
"""

from enum import StrEnum


class Domain(StrEnum):
    """The three dimensions in which the system learns."""

    CLINICAL = "clinical"
    OPERATIONAL = "operational"
    STAFF_WELLBEING = "staff_wellbeing"


class Direction(StrEnum):
    """Which way is better; neutral where neither is."""

    LOWER = "lower"
    HIGHER = "higher"
    NEUTRAL = "neutral"


class Period(StrEnum):
    """The grid on which an indicator is counted; weeks start on Monday."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class IndicatorChart(StrEnum):
    """The chart that suits the nature of a measure."""

    XMR = "xmr"
    P = "p"
    U = "u"
    RARE_EVENT = "rare_event"


class Weekday(StrEnum):
    """Days on which a group may meet, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class SourceKind(StrEnum):
    """What a source is to the loop."""

    ROUTINE = "routine"
    PATIENT_VOICE = "patient_voice"
    STAFF_VOICE = "staff_voice"
    SAFETY = "safety"
    RESEARCH = "research"
    REGISTER = "register"
    REFERENCE = "reference"


class ColumnType(StrEnum):
    """What a cell of a landed column may hold."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


class ChartProfile(StrEnum):
    """Whose rules the charts follow; what each means stands in `statistics.spc_profile`."""

    MDC = "mdc"
    NHSR = "nhsr"
    QICHARTS2 = "qicharts2"


class Deidentification(StrEnum):
    """How free text is treated before it lands."""

    STANDARD = "standard"
    STRICT = "strict"
    OFF = "off"


class FileFormat(StrEnum):
    """How a delivered file is written; gzip and zip are seen from the file's name."""

    CSV = "csv"
    EXCEL = "excel"
    PARQUET = "parquet"
    JSON = "json"
    NDJSON = "ndjson"
    FHIR = "fhir"
    REFERENCES = "references"


class Severity(StrEnum):
    """What a broken promise of a contract does: stop the source, reject the row, or warn."""

    STOP = "stop"
    REJECT = "reject"
    WARN = "warn"


class FileStatus(StrEnum):
    """What became of one file of one source on one night."""

    LANDED = "landed"
    UNCHANGED = "unchanged"
    PARTLY_REJECTED = "partly_rejected"
    REJECTED = "rejected"
    EMPTY = "empty"


class Voice(StrEnum):
    """Who speaks in a free-text insight."""

    PATIENT = "patient"
    STAFF = "staff"
    SAFETY = "safety"


VOICE_OF = {
    SourceKind.PATIENT_VOICE: Voice.PATIENT,
    SourceKind.STAFF_VOICE: Voice.STAFF,
    SourceKind.SAFETY: Voice.SAFETY,
}
"""Whose voice a kind of source is."""


class Sentiment(StrEnum):
    """What a comment says as a whole; `none` where it neither praises nor criticises."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    MIXED = "mixed"
    NONE = "none"


class Urgency(StrEnum):
    """How soon a person must read an insight."""

    IMMEDIATE = "immediate"
    SAME_DAY = "same_day"
    ROUTINE = "routine"


class LensAnswer(StrEnum):
    """What one source says of a problem; silence and absence are different answers."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    SAW_NOTHING = "saw_nothing"
    DID_NOT_LOOK = "did_not_look"


class Level(StrEnum):
    """Organisational levels, lowest first; also the scope of a group."""

    WARD = "ward"
    DIRECTORATE = "directorate"
    TRUST = "trust"
    SYSTEM = "system"

    @property
    def height(self) -> int:
        """Place in the hierarchy: ward 0, directorate 1, trust 2, system 3."""
        return list(Level).index(self)


class NatureOfChange(StrEnum):
    """Fix: do reliably what we said. Improve: do it better. Change: do something new."""

    FIX = "fix"
    IMPROVE = "improve"
    CHANGE = "change"


class Outcome(StrEnum):
    """What a group may decide about a problem."""

    IMPLEMENT_NOW = "implement_now"
    TASK_AND_FINISH = "task_and_finish"
    TESTING_CYCLE = "testing_cycle"
    FURTHER_ANALYSIS = "further_analysis"
    DECLINE = "decline"
    ESCALATE = "escalate"

    @property
    def starts_change(self) -> bool:
        """Whether the outcome lets practice change at once."""
        return self in {Outcome.IMPLEMENT_NOW, Outcome.TESTING_CYCLE, Outcome.TASK_AND_FINISH}

    @property
    def settles(self) -> bool:
        """Whether nobody has to decide on the problem again in this cycle."""
        return self not in {Outcome.ESCALATE, Outcome.FURTHER_ANALYSIS}

    @property
    def reports_back(self) -> bool:
        """Whether something comes of it that the group has to hear."""
        return self in {
            Outcome.TASK_AND_FINISH, Outcome.TESTING_CYCLE, Outcome.FURTHER_ANALYSIS
        }  # fmt: skip


class TestResult(StrEnum):
    """What a group makes of a testing cycle (PDSA)."""

    __test__ = False  # no test of pytest

    ADOPT = "adopt"
    ADAPT = "adapt"
    ABANDON = "abandon"

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What may be decided together with it."""
        if self is TestResult.ADOPT:
            return (Outcome.IMPLEMENT_NOW, Outcome.ESCALATE)
        if self is TestResult.ADAPT:
            return (Outcome.TESTING_CYCLE, Outcome.ESCALATE)
        return (Outcome.DECLINE, Outcome.FURTHER_ANALYSIS, Outcome.TASK_AND_FINISH,
                Outcome.ESCALATE)  # fmt: skip


class Strength(StrEnum):
    """Strength of an action, after the VA/RCA² hierarchy."""

    STRONGER = "stronger"
    INTERMEDIATE = "intermediate"
    WEAKER = "weaker"


class Reliable(StrEnum):
    """Was it done as agreed, where it should be?"""

    YES = "yes"
    NO = "no"
    NOT_KNOWN_YET = "not_known_yet"


class Effective(StrEnum):
    """Did the original insight move?"""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    HARM = "harm"
    NOT_KNOWN_YET = "not_known_yet"


class Acceptable(StrEnum):
    """Is it acceptable to patients, staff and the system?"""

    YES = "yes"
    NO = "no"
    NOT_KNOWN_YET = "not_known_yet"


class Verdict(StrEnum):
    """What follows from the three answers."""

    CLOSE = "close"
    REFINE = "refine"
    REVIEW = "review"
    KEEP_WATCHING = "keep_watching"
    RE_OPEN = "re_open"
    CANNOT_BE_EVALUATED = "cannot_be_evaluated"

    @property
    def starts_cycle(self) -> bool:
        """Whether the problem returns to analysis as its next cycle."""
        return self in {Verdict.REFINE, Verdict.RE_OPEN}


TRUST_UNIT_ID = "trust"
"""The whole organisation as a unit: series, problems and decisions may stand on it."""
