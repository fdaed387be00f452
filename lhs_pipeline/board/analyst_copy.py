"""What of the warehouse analysts and sensors may read, and what is withheld from it."""

from collections.abc import Mapping

import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue

ANALYST_TABLES = (
    "collection.files",
    "collection.units",
    "analysis.indicator_series",
    "analysis.limits",
    "analysis.point_limits",
    "analysis.rebases",
    "analysis.signals",
    "analysis.signal_control",
    "analysis.episodes",
    "analysis.interdependencies",
    "analysis.evidence",
    "analysis.problems",
    "analysis.problem_evidence",
    "analysis.cycles",
    "analysis.triage",
    "decision.proposals",
    "decision.decisions",
    "implementation.actions",
    "implementation.adoption",
    "implementation.tempo",
    "implementation.waits",
    "closure.looks",
    "closure.evaluations",
    "closure.verdicts",
    "closure.learned_effects",
    "closure.learned_changes",
    "closure.spread",
)
"""No landed events, no free text of patients or staff."""

_POINT = ["indicator_id", "unit_id", "period_start"]
_VALUES_OF_POINTS = {
    "analysis.limits": ("latest_period_start", ("latest_value",)),
    "analysis.signals": ("period_start", ("value", "chance_prop")),
}
"""Other tables that repeat the value of a point, or what gives it away, by its day."""


def withhold_small(
    tables: Mapping[str, pd.DataFrame], catalogue: Catalogue
) -> dict[str, pd.DataFrame]:
    """Return the tables with events of 1 to 4 people withheld from the series.

    A withheld numerator takes its value with it, which would give it back by one product;
    `is_suppressed` tells withheld from missing and from zero.
    """
    series = tables.get("analysis.indicator_series")
    if series is None or series.empty:
        return dict(tables)
    hidden = _is_small(series, catalogue)
    keys = set(series.loc[hidden, _POINT].itertuples(index=False, name=None))
    kept = dict(tables)
    kept["analysis.indicator_series"] = series.assign(
        numerator=series["numerator"].mask(hidden),
        value=series["value"].mask(hidden),
        is_suppressed=hidden,
    )
    for name, (day, values) in _VALUES_OF_POINTS.items():
        if name in kept and len(kept[name]):
            points = kept[name][["indicator_id", "unit_id", day]]
            few = pd.Series([row in keys for row in points.itertuples(index=False, name=None)])
            shown = {value: kept[name][value].mask(few) for value in values}
            kept[name] = kept[name].assign(**shown)
    return kept


def _is_small(series: pd.DataFrame, catalogue: Catalogue) -> "pd.Series[bool]":
    """Points of 1 to 4 events, or of all but 1 to 4 of their base."""
    smallest = catalogue.rules.disclosure.smallest_count
    counted = {i.id for i in catalogue.indicators.values() if not i.is_mean}
    few = (series["numerator"] > 0) & (series["numerator"] < smallest)
    rest = series["denominator"] - series["numerator"]
    few |= (rest > 0) & (rest < smallest)
    return series["indicator_id"].isin(counted) & few
