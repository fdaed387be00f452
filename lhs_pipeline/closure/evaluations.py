"""Every due look at one change: three answers and the verdict that follows from all so far."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.closure.acceptability import judge_acceptability
from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.changes import (
    Change,
    Evidence,
    due_looks,
    read_changes,
    version_of,
)
from lhs_pipeline.closure.effectiveness import (
    Effect,
    Panel,
    build_panel,
    judge_balance,
    judge_effect,
)
from lhs_pipeline.closure.reliability import judge_reliability
from lhs_pipeline.closure.verdicts import Look, judge_closure
from lhs_pipeline.vocabulary import Effective
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

EVALUATIONS = declare(
    "closure.evaluations",
    "Every look at every change: reliable, effective, acceptable, and the verdict.",
    "one row per change and look",
    {
        "change_id": "VARCHAR change",
        "look_number": "BIGINT look of the evaluation plan",
        "look_on": "DATE day of the look",
        "problem_id": "VARCHAR problem",
        "cycle_number": "BIGINT cycle of the problem",
        "indicator_id": "VARCHAR measure of the plan",
        "unit_id": "VARCHAR units with the change, separated by semicolons",
        "trigger_on": "DATE start of the period that raised the problem",
        "live_on": "DATE go-live",
        "baseline_from": "DATE first day of the comparison before",
        "baseline_until": "DATE last day of it",
        "data_until": "DATE last day of the data since go-live",
        "observed": "DOUBLE level since go-live, in the indicator's unit",
        "expected": "DOUBLE level expected without the change",
        "relative_change_prop": "DOUBLE observed over expected, less one",
        "change_lower_prop": "DOUBLE lower bound at the strictness of this look",
        "change_upper_prop": "DOUBLE upper bound",
        "controls_count": "BIGINT units that the expectation leans on",
        "reliable": "VARCHAR yes, no or not_known_yet",
        "reliable_reason": "VARCHAR why",
        "effective": "VARCHAR yes, partly, no, harm or not_known_yet",
        "effective_reason": "VARCHAR why",
        "acceptable": "VARCHAR yes, no or not_known_yet",
        "acceptable_reason": "VARCHAR why",
        "verdict": "VARCHAR close, refine, keep_watching, re_open or cannot_be_evaluated",
        "verdict_reason": "VARCHAR why",
        "is_final": "BOOLEAN whether this look ended the cycle or re-opened it",
        "data_version": "VARCHAR fingerprint of everything that the look saw",
    },
)


@dataclass(frozen=True)
class _Panels:
    measure: Panel | None
    balance: Panel | None


def evaluate_change(
    change_id: str, evidence: Evidence, catalogue: Catalogue, today: date
) -> pd.DataFrame:
    """Return all looks at one change that have come due; none where it has not begun."""
    changes = read_changes(evidence, catalogue.rules.evaluation)
    change = changes.get(change_id)
    if change is None:
        return frame_of(EVALUATIONS, [])
    panels = _panels(change, changes, evidence, catalogue)
    looks: list[Look] = []
    rows: list[Record] = []
    for number in due_looks(change, today):
        look, effect = _look(change, number, panels, evidence, catalogue)
        judged = judge_closure(look, looks, change, catalogue.rules.evaluation)
        looks.append(judged)
        scale = panels.measure.scale if panels.measure else 1.0
        row = _row(change, judged, effect, scale)
        rows.append({**row, "data_version": version_of(change, look.look_on, evidence)})
        if judged.ends_evaluation:
            break
    return frame_of(EVALUATIONS, rows)


def _panels(
    change: Change, changes: dict[str, Change], evidence: Evidence, catalogue: Catalogue
) -> _Panels:
    def panel(indicator_id: str | None) -> Panel | None:
        indicator = catalogue.indicators.get(indicator_id or "")
        if indicator is None:
            return None
        treated = {
            unit
            for other in changes.values()
            if indicator.id in {other.measure_id, other.balancing_id}
            for unit in other.unit_ids
        }
        return build_panel(evidence.indicator_series, indicator, change.unit_ids, treated)

    return _Panels(panel(change.measure_id), panel(change.balancing_id))


def _look(
    change: Change, number: int, panels: _Panels, evidence: Evidence, catalogue: Catalogue
) -> tuple[Look, Effect]:
    policy, look_on = catalogue.rules.evaluation, change.look_on(number)
    effect = _effect(change, number, panels.measure, catalogue)
    balance = None
    if panels.balance is not None:
        balance = judge_balance(change, panels.balance, number, policy)
    look = Look(
        number=number,
        look_on=look_on,
        reliable=judge_reliability(change, records_of(evidence.audits), look_on, policy),
        effective=effect.answer,
        acceptable=judge_acceptability(
            change, records_of(evidence.acceptability), balance, look_on, policy
        ),
        can_be_evaluated=panels.measure is not None,
    )
    return look, effect


def _effect(change: Change, number: int, panel: Panel | None, catalogue: Catalogue) -> Effect:
    if panel is None:
        reason = f"There are no data of {change.measure_id or 'any measure'} for these units."
        return Effect(Answer(Effective.NOT_KNOWN_YET, reason))
    return judge_effect(change, panel, number, catalogue.rules.evaluation)


def _row(change: Change, look: Look, effect: Effect, scale: float) -> Record:
    found = effect.change
    return {
        "change_id": change.change_id,
        "look_number": look.number,
        "look_on": look.look_on,
        "problem_id": change.problem_id,
        "cycle_number": change.cycle_number,
        "indicator_id": change.measure_id,
        "unit_id": ";".join(change.unit_ids),
        "trigger_on": change.trigger_on,
        "live_on": change.live_on,
        "baseline_from": effect.baseline_from,
        "baseline_until": effect.baseline_until,
        "data_until": effect.data_until,
        "observed": found.observed * scale if found else None,
        "expected": found.expected * scale if found else None,
        "relative_change_prop": found.relative_change if found else None,
        "change_lower_prop": effect.lower_prop,
        "change_upper_prop": effect.upper_prop,
        "controls_count": found.controls_count if found else None,
        "reliable": str(look.reliable.word),
        "reliable_reason": look.reliable.reason,
        "effective": str(look.effective.word),
        "effective_reason": look.effective.reason,
        "acceptable": str(look.acceptable.word),
        "acceptable_reason": look.acceptable.reason,
        "verdict": str(look.verdict),
        "verdict_reason": look.verdict_reason,
        "is_final": look.is_final,
    }
