"""The tables that the board reads, made regular once at the edge.

A missing table is an empty one, a missing column is empty, and a day is a datetime64.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import pandas as pd

from lhs_pipeline.board.disclosure import STANDARD_POLICY
from lhs_pipeline.board.rows import Row, group_rows, read_rows
from lhs_pipeline.catalogue.model import Catalogue, DisclosurePolicy, Idle, Taken

_SOURCE = "source_id source_file source_row"
_CYCLE = "problem_id cycle_number"

_COLUMN_WORDS: dict[str, str] = {
    "files": "source_id source_file loaded_at rows_read landed rejected unchanged status message",
    "rejected_rows": "source_id source_file source_row field reason expected raw_text",
    "units": "unit_id unit_name unit_type directorate_id directorate_name",
    "indicator_series": "indicator_id unit_id period_start period_end numerator denominator"
    " value is_complete is_suppressed numerator_from numerator_to drawn_value",
    "limits": "indicator_id unit_id topic_id points_count chart baseline_kind baseline_from"
    " baseline_until centre lower_limit upper_limit latest_period_start latest_value variation"
    " assurance target words doubts",
    "point_limits": "indicator_id unit_id period_start centre lower_limit upper_limit target",
    "rebases": "indicator_id unit_id rebased_on kind reason approved_by approved_on",
    "signal_control": "words",
    "signals": "indicator_id unit_id topic_id period_start period_end value centre rule side"
    " meaning mark_down",
    "comparisons": "indicator_id unit_id topic_id unit_type period_start period_end denominator"
    " value drawn_value centre between_units_variance answer words",
    "interdependencies": "leading_indicator_id leading_unit_id following_indicator_id"
    " following_unit_id lag_weeks lag_months correlation correlation_lower correlation_upper"
    " points_count p_value q_value shares_denominator words",
    "insights": "insight_id source_id voice unit_id received_on rating reporter_id text"
    " source_file source_row",
    "readings": "insight_id sentiment opposite_start opposite_end",
    "themes": "insight_id topic_id unit_id received_on voice is_negative matched_terms",
    "repeats": "insight_id is_repeat",
    "emerging_themes": "emerging_id voice window_end_on words recent_count earlier_count"
    " units_count unit_counts recent_weeks_count earlier_weeks_count example_insight_ids"
    " found_by status"
    " merged_into_topic_id dismissed_on",
    "emerging_verdicts": "emerging_id verdict topic_id words reason coder_role recorded_at"
    " loaded_at",
    "theme_series": "topic_id unit_id voice period_start received_count mentions_prop centre"
    " lower_limit upper_limit is_special_cause side received_centre received_lower_limit"
    " received_upper_limit is_received_special_cause reading is_suppressed"
    " numerator_to drawn_prop",
    "theme_models": "topic_id method labelled_count codebook_f1 model_f1",
    "voices_heard": "voice unit_id speaker_group recent_count expected_count expected_by"
    " last_heard_on topics_count new_topics_count answer is_saturated",
    "danger_signs": "insight_id urgency danger_ids danger_spans voice unit_id received_on text"
    f" {_SOURCE}",
    "evidence": "evidence_id topic_id kind title published_on design provisional_certainty doi"
    " pmid url deadline_on required_action matched_terms source_file source_row certainty"
    " is_appraised effect_direction effect_sentence standing standing_reason relevance_rank",
    "problem_evidence": "problem_id rank kind evidence_id title why effect_direction"
    " effect_sentence site_code is_own alike_count expected_relative_change_prop"
    " expected_lower_prop expected_upper_prop deadline_on",
    "problems": f"{_CYCLE} topic_id topic_title unit_id unit_name level domain raised_on"
    " last_signal_on state lead_indicator_id excess_per_month excess_unit routine comparison"
    " patient_voice"
    " staff_voice safety_reports audit external_evidence repeats_count",
    "triage": f"rank {_CYCLE} topic_id unit_id unit_name domain level raised_on state"
    " nature_of_change nature_reason group_id group_title group_reason harm_per_month"
    " harm_lower_per_month harm_upper_per_month real_prop first_prop rank_lower rank_upper"
    " excess_per_month severity_weight excess_unit evidence_strength feasibility equity_view links"
    " lenses_agree_count lenses_looked_count deadline_on what_seems_wrong how_we_know",
    "lenses": "problem_id lens answer added_log_odds",
    "moves": "problem_id move night_before_on rank_before rank reason",
    "sensitivity": "problem_id tunable rank rank_if_halved rank_if_doubled",
    "stream_health": "source_id finding unit_id is_concern sentence latest_on",
    "learned_effects": "topic_id indicator_id strength changes_count closed_count ended_count"
    " expected_relative_change_prop expected_lower_prop expected_upper_prop",
    "proposals": f"proposal_id {_CYCLE} group_id group_title meets_on respond_by_on is_overdue"
    " told_to_group_id question options tried_before follows_decision_id changes_met rank"
    " measure_indicator_id expected_relative_change_prop look_weeks"
    " balancing_indicator_id acceptability_plan",
    "decisions": f"decision_id {_CYCLE} decided_on group_id authority outcome nature_of_change"
    " chair_role proposer_role attending_professions conflicts dissent rationale spend_gbp"
    " measure_indicator_id expected_relative_change_prop look_weeks balancing_indicator_id"
    " acceptability_plan prediction due_on follows_decision_id test_result"
    f" followed_by_decision_id is_ratification is_valid void_reasons {_SOURCE}",
    "actions": f"change_id decision_id {_CYCLE} description strength stops_practice owner_role"
    " planned_live_on first_live_on last_live_on units_planned_count units_live_count"
    " units_stopped_count adopted_prop state"
    f" {_SOURCE}",
    "adoption": "change_id unit_id planned_on went_live_on is_live days_late"
    f" old_practice_stopped_on {_SOURCE}",
    "tempo": f"{_CYCLE} domain state nature_of_change raised_on triaged_on decided_on live_on"
    " verdict_on signal_to_decision_days decision_to_live_days live_to_verdict_days waiting_for",
    "waits": "step grouped_by value median_days ninth_decile_days done_count waiting_count"
    " longest_wait_days",
    "pace": "step month_start turns_count mean_days centre lower_limit upper_limit finding",
    "watched": "change_id problem_id unit_id measure_indicator_id description begins_on ends_on"
    " meets",
    "evaluations": f"change_id look_number look_on {_CYCLE} indicator_id unit_id baseline_from"
    " baseline_until trigger_on live_on data_until observed expected relative_change_prop"
    " change_lower_prop change_upper_prop reliable reliable_reason effective effective_reason"
    " acceptable acceptable_reason verdict verdict_reason data_version",
    "verdicts": f"change_id {_CYCLE} verdict decided_on is_final words next_look_on can_tell_on",
    "heartbeat": "placebo_id night_on indicator_id unit_id live_on is_closed",
    "expectations": "change_id unit_id indicator_id period_start is_after numerator denominator"
    " observed expected expected_lower expected_upper controls",
    "spread": "change_id problem_id unit_id words",
    "audits": "audit_id action_id unit_id audited_on auditor_role records_checked_count"
    f" records_compliant_count {_SOURCE}",
    "acceptability": "check_id action_id checked_on asked_group method responses_count"
    f" acceptable_count note {_SOURCE}",
    "reopened": f"{_CYCLE} reopened_on change_id reason {_SOURCE}",
    "life_events": f"entry_number entry_hash {_CYCLE} event happened_on event_key said_by"
    " recorded_at details state_now evidence_hash refusal",
    "indicators": "indicator_id name unit_words is_share multiplier base_words direction period"
    " why_it_matters",
    "authorities": "group_id title",
    "topics": "topic_id title",
    "sources": "source_id title",
    "cycles": "problem_id cycle_number topic_id unit_id raised_on",
}

COLUMNS: dict[str, tuple[str, ...]] = {
    table: tuple(words.split()) for table, words in _COLUMN_WORDS.items()
}

_DAY_COLUMNS = ("period_start", "period_end", "latest_period_start", "baseline_from",
                "baseline_until", "data_until")  # fmt: skip


Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class BoardTables:
    """The warehouse tables behind the board, by their warehouse names.

    `indicators`, `authorities`, `topics` and `sources` come from the `frame_…` functions of this
    module; without them the board shows the ids in words.
    `taken` is what the release says in the site's place, `idle` what the site says in vain.
    """

    files: pd.DataFrame = field(default_factory=pd.DataFrame)
    rejected_rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    units: pd.DataFrame = field(default_factory=pd.DataFrame)
    indicator_series: pd.DataFrame = field(default_factory=pd.DataFrame)
    limits: pd.DataFrame = field(default_factory=pd.DataFrame)
    point_limits: pd.DataFrame = field(default_factory=pd.DataFrame)
    rebases: pd.DataFrame = field(default_factory=pd.DataFrame)
    signals: pd.DataFrame = field(default_factory=pd.DataFrame)
    signal_control: pd.DataFrame = field(default_factory=pd.DataFrame)
    comparisons: pd.DataFrame = field(default_factory=pd.DataFrame)
    interdependencies: pd.DataFrame = field(default_factory=pd.DataFrame)
    insights: pd.DataFrame = field(default_factory=pd.DataFrame)
    readings: pd.DataFrame = field(default_factory=pd.DataFrame)
    themes: pd.DataFrame = field(default_factory=pd.DataFrame)
    repeats: pd.DataFrame = field(default_factory=pd.DataFrame)
    danger_signs: pd.DataFrame = field(default_factory=pd.DataFrame)
    emerging_themes: pd.DataFrame = field(default_factory=pd.DataFrame)
    emerging_verdicts: pd.DataFrame = field(default_factory=pd.DataFrame)
    theme_series: pd.DataFrame = field(default_factory=pd.DataFrame)
    theme_models: pd.DataFrame = field(default_factory=pd.DataFrame)
    voices_heard: pd.DataFrame = field(default_factory=pd.DataFrame)
    evidence: pd.DataFrame = field(default_factory=pd.DataFrame)
    problem_evidence: pd.DataFrame = field(default_factory=pd.DataFrame)
    problems: pd.DataFrame = field(default_factory=pd.DataFrame)
    cycles: pd.DataFrame = field(default_factory=pd.DataFrame)
    triage: pd.DataFrame = field(default_factory=pd.DataFrame)
    lenses: pd.DataFrame = field(default_factory=pd.DataFrame)
    moves: pd.DataFrame = field(default_factory=pd.DataFrame)
    sensitivity: pd.DataFrame = field(default_factory=pd.DataFrame)
    stream_health: pd.DataFrame = field(default_factory=pd.DataFrame)
    learned_effects: pd.DataFrame = field(default_factory=pd.DataFrame)
    proposals: pd.DataFrame = field(default_factory=pd.DataFrame)
    decisions: pd.DataFrame = field(default_factory=pd.DataFrame)
    actions: pd.DataFrame = field(default_factory=pd.DataFrame)
    adoption: pd.DataFrame = field(default_factory=pd.DataFrame)
    tempo: pd.DataFrame = field(default_factory=pd.DataFrame)
    waits: pd.DataFrame = field(default_factory=pd.DataFrame)
    pace: pd.DataFrame = field(default_factory=pd.DataFrame)
    watched: pd.DataFrame = field(default_factory=pd.DataFrame)
    evaluations: pd.DataFrame = field(default_factory=pd.DataFrame)
    verdicts: pd.DataFrame = field(default_factory=pd.DataFrame)
    heartbeat: pd.DataFrame = field(default_factory=pd.DataFrame)
    expectations: pd.DataFrame = field(default_factory=pd.DataFrame)
    spread: pd.DataFrame = field(default_factory=pd.DataFrame)
    audits: pd.DataFrame = field(default_factory=pd.DataFrame)
    acceptability: pd.DataFrame = field(default_factory=pd.DataFrame)
    reopened: pd.DataFrame = field(default_factory=pd.DataFrame)
    life_events: pd.DataFrame = field(default_factory=pd.DataFrame)
    indicators: pd.DataFrame = field(default_factory=pd.DataFrame)
    authorities: pd.DataFrame = field(default_factory=pd.DataFrame)
    topics: pd.DataFrame = field(default_factory=pd.DataFrame)
    taken: tuple[Taken, ...] = ()
    idle: tuple[Idle, ...] = ()
    sources: pd.DataFrame = field(default_factory=pd.DataFrame)
    disclosure: DisclosurePolicy = STANDARD_POLICY
    _kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def remember(self, name: Hashable, make: Callable[[], Made]) -> Made:
        """What was made of these tables under a name, made once: pages ask for the same things."""
        if name not in self._kept:
            self._kept[name] = make()
        made: Made = self._kept[name]
        return made

    def rows_where(self, table: str, **wanted: object) -> list[Row]:
        """The rows of a table whose columns equal the wanted values, in order.

        A table is sorted by a set of columns once: the board asks thousands of small questions.
        """
        names = tuple(wanted)
        found = self.remember(
            ("rows", table, names), lambda: group_rows(self._rows_of(table), names)
        )
        return found.get(tuple(wanted.values()), [])

    def _rows_of(self, table: str) -> list[Row]:
        return self.remember(("rows", table), lambda: read_rows(getattr(self, table)))

    def of_topic(self, table: str, topic_id: str) -> pd.DataFrame:
        """The rows of a table on one topic, in order; a table is parted by topic once."""
        frame: pd.DataFrame = getattr(self, table)
        parts = self.remember(
            ("topics", table), lambda: dict(iter(frame.groupby("topic_id", sort=False)))
        )
        return parts.get(topic_id, frame.iloc[:0])

    @property
    def texts(self) -> pd.DataFrame:
        """What was written, by `insight_id`: the text and the row that it came from."""
        wanted = ["insight_id", "source_id", "text", "source_file", "source_row"]
        return self.remember(
            "texts",
            lambda: self.insights[wanted].drop_duplicates("insight_id").set_index("insight_id"),
        )

    def __post_init__(self) -> None:
        """Give every table its columns and make every day a datetime64."""
        for each in fields(self):
            if each.name in COLUMNS:
                frame = getattr(self, each.name)
                # A frozen dataclass has no other way to make its own input regular.
                object.__setattr__(self, each.name, settle_frame(frame, COLUMNS[each.name]))


def frame_indicators(catalogue: Catalogue) -> pd.DataFrame:
    """What the board needs of each indicator, one row each, by id."""
    rows = [
        {
            "indicator_id": each.id,
            "name": each.name,
            "unit_words": _name_unit(each.unit, each.denominator_source),
            "is_share": each.unit == "prop",
            "multiplier": each.multiplier,
            "base_words": (each.denominator_source or "").replace("_", " "),
            "direction": str(each.direction),
            "period": str(each.period),
            "why_it_matters": each.why_it_matters,
        }
        for _, each in sorted(catalogue.indicators.items())
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["indicators"]))


def frame_authorities(catalogue: Catalogue) -> pd.DataFrame:
    """The titles of the decision groups, one row each, by id."""
    rows = [
        {"group_id": each.id, "title": each.title}
        for _, each in sorted(catalogue.authorities.items())
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["authorities"]))


def frame_topics(catalogue: Catalogue) -> pd.DataFrame:
    """The titles of the declared topics, one row each, by id."""
    rows = [
        {"topic_id": each.id, "title": each.title} for _, each in sorted(catalogue.topics.items())
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["topics"]))


def frame_sources(catalogue: Catalogue) -> pd.DataFrame:
    """The titles of the sources, one row each, by id."""
    rows = [
        {"source_id": each.id, "title": each.title} for _, each in sorted(catalogue.sources.items())
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["sources"]))


def _name_unit(unit: str, base: str | None) -> str:
    """A catalogue unit as people say it: 'per_1000' over bed_days is 'per 1,000 bed days'."""
    if unit == "prop":
        return "per cent"
    if unit.startswith("per_"):
        size = f"{int(unit.removeprefix('per_')):,}"
        return f"per {size} {(base or '').replace('_', ' ')}".strip()
    return unit.replace("_", " ")


def settle_frame(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """The frame with at least these columns, days as naive datetime64 and a plain index."""
    if _is_settled(frame, columns):
        return frame
    settled = frame.reset_index(drop=True)
    missing = [name for name in columns if name not in settled.columns]
    settled = settled.reindex(columns=[*settled.columns, *missing])
    days = {
        name: _as_days(settled[name])
        for name in settled.columns
        if _is_day(name) and not _is_naive_day(settled[name])
    }
    return settled.assign(**days)


def _is_settled(frame: pd.DataFrame, columns: tuple[str, ...]) -> bool:
    return (
        isinstance(frame.index, pd.RangeIndex)
        and frame.index.start == 0
        and set(columns) <= set(frame.columns)
        and all(_is_naive_day(frame[name]) for name in frame.columns if _is_day(name))
    )


def _is_day(name: str) -> bool:
    return name.endswith("_on") or name in _DAY_COLUMNS


def _is_naive_day(values: pd.Series) -> bool:
    return isinstance(values.dtype, type(pd.Series(dtype="datetime64[s]").dtype))


def _as_days(values: pd.Series) -> pd.Series:
    stamps = pd.to_datetime(values, errors="coerce")
    if isinstance(stamps.dtype, pd.DatetimeTZDtype):
        stamps = stamps.dt.tz_localize(None)
    return stamps.astype("datetime64[s]")
