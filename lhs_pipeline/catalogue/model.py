"""What people own and sign, as frozen dataclasses: no judgement, no input or output.

The TOML files are read into these by `reader.py`; field names are the TOML keys.
"""

from dataclasses import dataclass, field
from datetime import date as Day
from typing import Annotated

from pydantic import ConfigDict, Field

from lhs_pipeline.vocabulary import (
    ChartProfile,
    ColumnType,
    Deidentification,
    Direction,
    Domain,
    Level,
    NatureOfChange,
    Period,
    Severity,
    SourceKind,
    Weekday,
)

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Target:
    """A standard that holds from a day on, until the next one replaces it."""

    __pydantic_config__ = _STRICT
    from_on: Annotated[Day, Field(alias="from")]
    value: float


@dataclass(frozen=True)
class Indicator:
    """One reviewed measure: what is counted, over what, and which way is better."""

    __pydantic_config__ = _STRICT
    id: str
    name: str
    why_it_matters: str
    domain: Domain
    topic: str
    direction: Direction
    source: str
    date: str
    numerator: str
    denominator: str
    unit: str
    period: Period
    chart: str
    owner: str
    authored_by: str
    checked_by: str
    next_review: Day
    excess_unit: str
    severity_weight: float
    denominator_source: str | None = None
    denominator_date: str | None = None
    targets: tuple[Target, ...] = ()

    @property
    def multiplier(self) -> float:
        """Factor from numerator/denominator to the published unit (per_1000 gives 1000)."""
        return float(self.unit.removeprefix("per_")) if self.unit.startswith("per_") else 1.0

    @property
    def is_mean(self) -> bool:
        """Whether the value is a mean of measurements rather than events over a base."""
        return self.unit != "prop" and not self.unit.startswith("per_")

    def target_on(self, day: Day) -> float | None:
        """The target in force on `day`; None before the first or where there is none."""
        in_force = [target for target in self.targets if target.from_on <= day]
        return max(in_force, key=lambda target: target.from_on).value if in_force else None


@dataclass(frozen=True)
class Column:
    """One promise of a source contract about one column."""

    __pydantic_config__ = _STRICT
    name: str
    type: ColumnType
    description: str
    header: str | None = None
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    references: str | None = None
    references_severity: Severity = Severity.REJECT
    format: str | None = None
    nulls: tuple[str, ...] = ()
    constant: str | None = None
    is_sensitive_text: bool = False

    @property
    def file_header(self) -> str:
        """The heading under which the column stands in the file."""
        return self.header or self.name


@dataclass(frozen=True)
class Exclusion:
    """Rows that a source carries and that are no data, such as a total at the foot."""

    __pydantic_config__ = _STRICT
    when: str
    reason: str


@dataclass(frozen=True)
class Voices:
    """How the rows of a source are read as insights."""

    __pydantic_config__ = _STRICT
    insight_id: str
    text: str
    received_on: str
    rating: str | None = None
    positive_ratings: tuple[int, ...] = ()


@dataclass(frozen=True)
class Source:
    """The contract of one source: where it stands, what its columns promise."""

    __pydantic_config__ = _STRICT
    id: str
    title: str
    kind: SourceKind
    description: str
    owner: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    files: str | None = None
    folder: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    date_column: str | None = None
    date_marks_period: bool = False
    expected_lag_days: int | None = None
    maximum_rejected_prop: float = 0.05
    exclusions: tuple[Exclusion, ...] = ()
    voices: Voices | None = None

    @property
    def is_register(self) -> bool:
        """Whether people write it, by `lhs record` or in a spreadsheet."""
        return self.kind is SourceKind.REGISTER

    @property
    def file_pattern(self) -> str:
        """Which files of its folder are the source's; registers stand side by side in one."""
        return self.files or (f"{self.id}.csv" if self.is_register else "*.csv")

    @property
    def sensitive_columns(self) -> tuple[str, ...]:
        """Columns whose free text is de-identified before it lands."""
        return tuple(column.name for column in self.columns if column.is_sensitive_text)


@dataclass(frozen=True)
class Topic:
    """What ties indicators, themes, incidents and evidence to one kind of problem."""

    __pydantic_config__ = _STRICT
    id: str
    title: str
    description: str
    domain: Domain
    is_expected_reliable: bool
    severity_weight_per_report: float
    include: tuple[str, ...]
    owner: str
    authored_by: str
    checked_by: str
    next_review: Day
    exclude: tuple[str, ...] = ()
    evidence_terms: tuple[str, ...] = ()
    incident_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Authority:
    """A decision group: what it may approve, who must be in the room, who is above it."""

    __pydantic_config__ = _STRICT
    id: str
    title: str
    may_authorise: tuple[NatureOfChange, ...]
    scope: Level
    spend_limit_gbp: float
    quorum_professions: tuple[str, ...]
    chair_role: str
    respond_within_days: int
    meets_on_weekday: Weekday
    domains: tuple[Domain, ...] = tuple(Domain)
    directorates: tuple[str, ...] = ()
    escalates_to: str | None = None
    assured_by: str | None = None
    consulted: tuple[str, ...] = ()

    def covers(self, domain: Domain, level: Level, directorate_id: str | None) -> bool:
        """Whether a problem of this domain, level and directorate is the group's to decide."""
        is_theirs = not self.directorates or directorate_id in self.directorates
        return domain in self.domains and level.height <= self.scope.height and is_theirs


@dataclass(frozen=True)
class SpcPolicy:
    """Which rules make a signal, and on which baseline."""

    __pydantic_config__ = _STRICT
    profile: ChartProfile
    minimum_points_count: int
    missed_target_points_count: int
    baseline_weeks_count: int
    baseline_months_count: int
    recent_weeks_count: int


@dataclass(frozen=True)
class ComparisonsPolicy:
    """When a unit stands out among the units of its kind."""

    __pydantic_config__ = _STRICT
    minimum_units_count: int
    minimum_expected_count: float
    trimmed_prop: float


@dataclass(frozen=True)
class VoicesPolicy:
    """When reports about one topic count as a signal."""

    __pydantic_config__ = _STRICT
    recent_weeks_count: int
    comparison_weeks_count: int
    minimum_reports_count: int
    maximum_chance_prop: float
    minimum_insights_count: int
    deidentification: Deidentification


@dataclass(frozen=True)
class TriagePolicy:
    """How lenses are weighed, and how problems are widened, ranked and kept on the list."""

    __pydantic_config__ = _STRICT
    deadline_notice_days: int
    first_count: int
    interval_prop: float
    prior_real_prop: float
    prior_real_weight_count: float
    prior_response: float
    prior_response_log_spread: float
    prior_response_weight_count: float
    prior_specific: float
    prior_specific_weight_count: float
    prior_size_shape: float
    prior_size_weight_count: float
    prior_noise_weight_count: float
    prior_standard_weight_count: float
    prior_loud_prop: float
    prior_loud_weight_count: float
    score_at_most: float
    severity_log_spread: float
    widespread_unit_prop: float
    widespread_units_count: int
    widespread_probability_prop: float
    own_cause_score: float
    enter_probability_prop: float
    leave_probability_prop: float
    rank_hold_prop: float


@dataclass(frozen=True)
class EvaluationPolicy:
    """When a change may be called reliable, effective and acceptable."""

    __pydantic_config__ = _STRICT
    baseline_weeks_count: int
    baseline_months_count: int
    minimum_points_count: int
    minimum_controls_count: int
    sustained_looks_count: int
    first_closing_week: int
    default_look_weeks: tuple[int, ...]
    watch_weeks: tuple[int, ...]
    confidence_level: float
    audit_standard_prop: float
    acceptable_standard_prop: float
    balancing_margin_prop: float
    minimum_effect_prop: float


@dataclass(frozen=True)
class DisclosurePolicy:
    """What is withheld before anything is published."""

    __pydantic_config__ = _STRICT
    smallest_count: int
    smallest_quotation_cell: int


@dataclass(frozen=True)
class Policy:
    """Every tunable rule of a site, in one signed file."""

    __pydantic_config__ = _STRICT
    signed_by: str
    next_review: Day
    spc: SpcPolicy
    comparisons: ComparisonsPolicy
    voices: VoicesPolicy
    triage: TriagePolicy
    evaluation: EvaluationPolicy
    disclosure: DisclosurePolicy


@dataclass(frozen=True)
class Catalogue:
    """All that a site's people own and sign, by id."""

    indicators: dict[str, Indicator] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    authorities: dict[str, Authority] = field(default_factory=dict)
    policy: Policy | None = None

    @property
    def rules(self) -> Policy:
        """The signed policy.

        Raises:
            LookupError: the catalogue was built without one (never by the reader).
        """
        if self.policy is None:
            raise LookupError("the catalogue has no policy.toml")
        return self.policy

    def indicators_of(self, topic_id: str) -> list[Indicator]:
        """The indicators tied to a topic, by id."""
        return [i for _, i in sorted(self.indicators.items()) if i.topic == topic_id]
