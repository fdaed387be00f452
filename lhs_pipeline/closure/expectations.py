"""What the chart of an evaluation shows: observed, expected without the change, the controls."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.closure.changes import Evidence, read_changes
from lhs_pipeline.closure.effects import Tracked, track_all
from lhs_pipeline.closure.engine import judge_changes
from lhs_pipeline.closure.figures import lay_out_figures
from lhs_pipeline.closure.panels import rows_of
from lhs_pipeline.statistics.change_window import ChangePlan
from lhs_pipeline.statistics.expected_path import ExpectedPath, expect_path
from lhs_pipeline.warehouse.table import Record, declare, frame_of

EXPECTATIONS = declare(
    "closure.expectations",
    "Each change's measure on its units: what was seen, what was expected without the change, "
    "and what the units it is compared with did.",
    "one row per change, unit and period",
    {
        "change_id": "VARCHAR change",
        "unit_id": "VARCHAR unit",
        "indicator_id": "VARCHAR measure of the plan",
        "period_start": "DATE first day of the period",
        "is_after": "BOOLEAN whether the change was in place",
        "numerator": "DOUBLE events, or the mean of a measurement",
        "denominator": "DOUBLE base of the events, or the number of measurements",
        "observed": "DOUBLE level seen, in the indicator's unit",
        "expected": "DOUBLE level expected from the past and the other units",
        "expected_lower": "DOUBLE lower limit of that level, 95%",
        "expected_upper": "DOUBLE upper limit",
        "controls": "DOUBLE level of the units it is compared with, together",
    },
)


def tabulate_expectations(evidence: Evidence, catalogue: Catalogue, today: date) -> pd.DataFrame:
    """Return the points of every change's chart; none where it has no measure or no past."""
    policy = catalogue.rules.evaluation
    changes = read_changes(evidence, policy, today)
    figures = lay_out_figures(changes, evidence.indicator_series, catalogue)
    if not len(figures.changes):
        return frame_of(EXPECTATIONS, [])
    judged = judge_changes(figures.series, figures.changes, figures.indicators, policy, changes)
    touched = figures.changes
    rows = [
        row
        for change_id, tracked in track_all(judged, {}, catalogue).items()
        for row in _rows(change_id, tracked, touched)
    ]
    return frame_of(EXPECTATIONS, rows)


def _rows(change_id: str, tracked: Tracked, touched: pd.DataFrame) -> Iterator[Record]:
    together = _together(tracked, touched)
    for plan in tracked.case.plans:
        yield from _rows_of_unit(change_id, tracked, plan, together)


def _rows_of_unit(
    change_id: str, tracked: Tracked, plan: ChangePlan, together: np.ndarray
) -> Iterator[Record]:
    comparison, panel = tracked.comparison, tracked.comparison.panel.panel
    starts, scale = comparison.panel.period_starts, tracked.indicator.multiplier
    path = _path(tracked, plan)
    for at in np.flatnonzero(panel.is_seen[plan.unit]):
        index = int(at) - plan.baseline_from
        # From a later change on, what is seen is no longer this one's.
        if index < 0 or index >= path.expected.size or at >= plan.first_period + tracked.case.cap:
            continue
        figure, base = panel.numerator[plan.unit, at], panel.denominator[plan.unit, at]
        yield {
            "change_id": change_id,
            "unit_id": comparison.panel.units[plan.unit],
            "indicator_id": tracked.indicator.id,
            "period_start": starts[at].astype(object),
            "is_after": bool(at >= plan.first_period),
            "numerator": float(figure),
            "denominator": float(base),
            "observed": float(figure if panel.kind == "mean" else figure / base) * scale,
            "expected": float(path.expected[index]) * scale,
            "expected_lower": float(path.lower[index]) * scale,
            "expected_upper": float(path.upper[index]) * scale,
            "controls": float(together[at]) * scale if np.isfinite(together[at]) else None,
        }


def _path(tracked: Tracked, plan: ChangePlan) -> ExpectedPath:
    """The expected level from the first period of the past to the last that is followed."""
    comparison, trace = tracked.comparison, tracked.case.trace
    return expect_path(
        comparison.panel.panel,
        plan,
        comparison.controls,
        comparison.covariance,
        (comparison.settings.weeks_per_period, trace.noise_scale if trace else 1.0),
    )


def _together(tracked: Tracked, touched: pd.DataFrame) -> np.ndarray:
    """Level of all comparison units together, per period; NaN without any."""
    panel, name = tracked.comparison.panel, tracked.indicator.id
    on_it = (touched["indicator"] == name) | (touched["balancing_indicator"] == name)
    changed = set(touched.loc[on_it, "unit"])
    rows = np.array([i for i, unit in enumerate(panel.units) if unit not in changed], dtype=int)
    others = rows_of(panel.panel, rows)
    seen = others.is_seen
    base = np.where(seen, others.denominator, 0.0)
    figure = np.where(seen, others.numerator, 0.0)
    total = (figure * base if others.kind == "mean" else figure).sum(axis=0)
    level = np.full(base.shape[1], np.nan)
    np.divide(total, base.sum(axis=0), out=level, where=base.sum(axis=0) > 0)
    return level
