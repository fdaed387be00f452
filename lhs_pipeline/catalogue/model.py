"""What people own and sign, as frozen dataclasses: no judgement, no input or output.

The TOML files are read into these by `reader.py`; field names are the TOML keys.
"""

from dataclasses import dataclass, field
from datetime import date as Day
from typing import Annotated

from pydantic import ConfigDict, Field

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.vocabulary import (
    ChartProfile,
    Deidentification,
    Direction,
    Domain,
    IndicatorChart,
    Level,
    NatureOfChange,
    Period,
    Urgency,
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
    chart: IndicatorChart
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
class Code:
    """One theme of a codebook, in plain words that a coder can read and change.

    Attributes:
        terms: words and phrases; `*` at an end stands for any ending.
        alone_terms: the same, but they count only where no other theme was found; a lone `*`
            is any text.
        include: regular expressions, for what plain words cannot say.
        exclude: regular expressions; a term that one of them overlaps does not count.
        labels: other names of the theme, such as column headings of labelled files.
        is_published: whether the list that the codebook follows has the theme; one that a site
            adds is read like any other, and left out where the list as a whole is measured.
    """

    __pydantic_config__ = _STRICT
    id: str
    title: str
    group: str
    description: str
    terms: tuple[str, ...] = ()
    alone_terms: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    is_published: bool = True


@dataclass(frozen=True)
class Danger:
    """One danger sign: phrases on which a person must read a text, and how soon.

    Attributes:
        terms: phrases as `analysis.phrases` reads them; the shared words of `danger_words.toml`
            are filled in when the catalogue is read.
        urgency: how soon a person must read it.
        unless: phrases that undo one which they overlap.
        include: regular expressions, for what phrases cannot say.
        exclude: regular expressions; what one of them overlaps does not count.
        rests_on: the published definition that the phrases were written from.
        is_other_language: raised where hardly a word of a text is English.
    """

    __pydantic_config__ = _STRICT
    id: str
    title: str
    description: str
    urgency: Urgency
    terms: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rests_on: str = ""
    is_other_language: bool = False
    group: str = "Danger"


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
class ChartsPolicy:
    """Which chart a series gets, beside the one that its indicator declares."""

    __pydantic_config__ = _STRICT
    overdispersion_chance_prop: float
    rare_expected_count: float
    rare_baseline_points_count: int


@dataclass(frozen=True)
class RebasesPolicy:
    """When limits may start anew after a change that worked."""

    __pydantic_config__ = _STRICT
    later_points_count: int


@dataclass(frozen=True)
class DoubtsPolicy:
    """When a rule's word is adjusted or marked down, and how many false signals may stand."""

    __pydantic_config__ = _STRICT
    season_strength_prop: float
    season_chance_prop: float
    season_repeat_correlation: float
    autocorrelation_minimum: float
    autocorrelation_chance_prop: float
    likelier_than_meant_ratio: float
    false_discovery_prop: float


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
    charts: ChartsPolicy
    rebases: RebasesPolicy
    doubts: DoubtsPolicy


@dataclass(frozen=True)
class ComparisonsPolicy:
    """When a unit stands out among the units of its kind."""

    __pydantic_config__ = _STRICT
    minimum_units_count: int
    minimum_expected_count: float
    trimmed_prop: float


@dataclass(frozen=True)
class InterdependenciesPolicy:
    """Which measures are compared with which, and how sure a tie must be."""

    __pydantic_config__ = _STRICT
    longest_lead_weeks_count: int
    longest_lead_months_count: int
    minimum_weeks_count: int
    minimum_months_count: int
    false_discovery_prop: float
    most_units_across_count: int


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
class ThemesPolicy:
    """When coders' labels teach, what is the same thing again, and what is a new theme."""

    __pydantic_config__ = _STRICT
    minimum_labelled_count: int
    minimum_examples_count: int
    repeat_similarity: float
    repeat_minimum_words_count: int
    repeat_days: int
    emerging_recent_weeks_count: int
    emerging_comparison_weeks_count: int
    emerging_minimum_count: int
    emerging_minimum_ratio: float
    emerging_false_alert_prop: float
    silent_share_prop: float
    silent_chance_prop: float
    by_meaning: bool


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
    prior_skew: float
    prior_tail: float
    prior_skew_among: float
    prior_tail_among: float
    score_at_most: float
    severity_log_spread: float
    widespread_unit_prop: float
    widespread_units_count: int
    widespread_probability_prop: float
    own_cause_score: float
    enter_probability_prop: float
    leave_probability_prop: float
    rank_hold_prop: float
    linked_reports_prop: float
    equity_months_count: int
    equity_chance_prop: float


@dataclass(frozen=True)
class AuditPolicy:
    """When audits show that a change is done as agreed.

    Attributes:
        floor_prop: Compliance at or below which nothing has been achieved.
        alternatives_prop: Compliance that would count as achieved.
        broken_prop: Compliance that would count as not done.
        clustering: Correlation of records seen on one ward by one auditor.
        needed_evidence: E-value from which the floor is refuted, in either direction.
        recent_audits_count: How many of the latest audits must also be good.
        recent_prop: Pooled compliance that these must show.
        again_weeks: When a quick fix is audited again before and after it is closed.
    """

    __pydantic_config__ = _STRICT
    floor_prop: float
    alternatives_prop: tuple[float, ...]
    broken_prop: tuple[float, ...]
    clustering: float
    needed_evidence: float
    recent_audits_count: int
    recent_prop: float
    again_weeks: tuple[int, ...]


@dataclass(frozen=True)
class EvaluationPolicy:
    """Every number that a verdict on a change depends on. Times are weeks under the change.

    Attributes:
        default_look_weeks: Looks that a plan proposes; its last one is the horizon.
        watching_weeks: How long a closed change is watched after the horizon.
        alpha: One-sided error of "effect shown" over all looks up to the horizon.
        harm_alpha: The same for harm on the target.
        balancing_alpha: The same for harm on the balancing measure.
        futility_effect: Relative effect below which a change is not worth keeping as it is.
        futility_z: Standard errors by which the effect must fall short of it.
        futility_from_weeks: When this is first asked, after any declared lag.
        harm_review_weeks: When harm must have been ruled out, after any declared lag.
        harm_margin: Relative worsening of the target that must be ruled out by then.
        harm_review_z: Standard errors for that bound; 1.645 sends on 95 of 100 such changes.
        first_claim_points: Points under the change before anything is claimed.
        closing_weeks: When closure is considered, besides the horizon.
        closing_z: Standard errors by which the average since the go-live must differ from none.
        settling_weeks: Weeks that the settled effect leaves out.
        settled_z: Standard errors by which the settled effect must differ from none; at 1.88 three
            in a hundred changes without effect pass.
        recent_weeks: Length of the latest window that must still show the effect.
        recent_keep: Share of the effect that it must retain.
        recent_z: Standard errors by which it must differ from none.
        fade_every_weeks: How often a closed change is looked at again.
        fade_z: Standard errors by which the latest window must fall short of that share to re-open.
        balancing_margin: Relative worsening of a balancing measure that is still tolerable.
        balancing_z: Standard errors for the non-inferiority bound.
        ramp_weeks: When a ramp is complete.
        delay_weeks: Delay of the delayed shape.
        minimum_baseline_weeks: Usable past without which nothing is judged.
        longest_baseline_weeks: Past beyond which nothing is used.
        enough_controls: Units from which the comparison is as good as it gets.
        strict_evidence: E-value needed with fewer controls.
        effect_spread: Prior standard deviation of a log effect.
        scale_weight: Points' worth of belief that a unit is as noisy as its peers.
        complete_from_prop: Share of a figure from which it counts as complete.
        portfolio_rate: False discovery rate over all changes of the site; 1 to leave it out.
        wanted_power: Chance to see the agreed effect from which a look is said to be able to tell.
        partly_below_prop: Share of the agreed effect below which it was reached only partly.
        recurrence_chance: Chance of no recurrence, had nothing changed, at which a one-off fix
            may be closed.
        acceptable_standard_prop: Share of those asked who must find a change acceptable.
        confidence_level: Of the interval around that share.
        worse_voices_chance: Chance below which a rise in remarks after the go-live counts.
        audits: When audits suffice.
    """

    __pydantic_config__ = _STRICT
    default_look_weeks: tuple[int, ...]
    watching_weeks: float
    alpha: float
    harm_alpha: float
    balancing_alpha: float
    futility_effect: float
    futility_z: float
    futility_from_weeks: float
    harm_review_weeks: float
    harm_margin: float
    harm_review_z: float
    first_claim_points: int
    closing_weeks: tuple[float, ...]
    closing_z: float
    settling_weeks: float
    settled_z: float
    recent_weeks: float
    recent_keep: float
    recent_z: float
    fade_every_weeks: float
    fade_z: float
    balancing_margin: float
    balancing_z: float
    ramp_weeks: float
    delay_weeks: float
    minimum_baseline_weeks: float
    longest_baseline_weeks: float
    enough_controls: int
    strict_evidence: float
    effect_spread: float
    scale_weight: float
    complete_from_prop: float
    portfolio_rate: float
    wanted_power: float
    partly_below_prop: float
    recurrence_chance: float
    acceptable_standard_prop: float
    confidence_level: float
    worse_voices_chance: float
    audits: AuditPolicy


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
    interdependencies: InterdependenciesPolicy
    voices: VoicesPolicy
    themes: ThemesPolicy
    triage: TriagePolicy
    evaluation: EvaluationPolicy
    disclosure: DisclosurePolicy


@dataclass(frozen=True)
class Taken:
    """What the release says in a site's place, as the site's own file says nothing of it.

    Attributes:
        file: the file, below the site's catalogue.
        place: where in the file, such as `[spc.charts]`; empty for all of it.
        line: what to write there, and sign.
    """

    file: str
    place: str
    line: str


@dataclass(frozen=True)
class Idle:
    """What a site's own file says and this release does not read.

    Attributes:
        file: the file, below the site's catalogue.
        place: where in the file, such as `[spc.charts]`; empty outside of all tables.
        key: what is not read.
        why: no longer used, or not known, and what says it now.
    """

    file: str
    place: str
    key: str
    why: str


@dataclass(frozen=True)
class Catalogue:
    """All that a site's people own and sign, by id.

    Attributes:
        taken: what they do not say, and the release says for them.
        idle: what they say, and nobody reads.
    """

    indicators: dict[str, Indicator] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    authorities: dict[str, Authority] = field(default_factory=dict)
    dangers: dict[str, Danger] = field(default_factory=dict)
    policy: Policy | None = None
    taken: tuple[Taken, ...] = ()
    idle: tuple[Idle, ...] = ()

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
