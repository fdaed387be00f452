"""What of the warehouse analysts and sensors may read, and what is withheld from it."""

from collections.abc import Mapping

import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue

ANALYST_TABLES = (
    "collection.files",
    "collection.units",
    "analysis.indicator_series",
    "analysis.limits",
    "analysis.signals",
    "analysis.episodes",
    "analysis.evidence",
    "analysis.problems",
    "analysis.cycles",
    "analysis.triage",
    "decision.proposals",
    "decision.decisions",
    "implementation.actions",
    "implementation.adoption",
    "implementation.tempo",
    "closure.looks",
    "closure.evaluations",
    "closure.verdicts",
)
"""No landed events, no free text of patients or staff."""


def withhold_small(
    tables: Mapping[str, pd.DataFrame], catalogue: Catalogue
) -> dict[str, pd.DataFrame]:
    """Return the tables with events of 1 to 4 people withheld from the series.

    A withheld numerator takes its value with it, which would give it back by one product;
    `is_suppressed` tells withheld from missing and from zero.
    """
    kept = dict(tables)
    series = kept.get("analysis.indicator_series")
    if series is not None and len(series):
        kept["analysis.indicator_series"] = _without_small(series, catalogue)
    return kept


def _without_small(series: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    smallest = catalogue.rules.disclosure.smallest_count
    counted = {i.id for i in catalogue.indicators.values() if not i.is_mean}
    is_count = series["indicator_id"].isin(counted)
    few = (series["numerator"] > 0) & (series["numerator"] < smallest)
    rest = series["denominator"] - series["numerator"]
    few |= (rest > 0) & (rest < smallest)
    hidden = is_count & few
    return series.assign(
        numerator=series["numerator"].mask(hidden),
        value=series["value"].mask(hidden),
        is_suppressed=hidden,
    )
