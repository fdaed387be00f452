"""What each series adds up to lately: of years of points, all that is asked for every night.

Made when a complete period changes; what is judged every night reads one row per series.
"""

import pandas as pd

from lhs_pipeline.analysis.missed_targets import find_missed_targets
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

RECENT_LEVELS = declare(
    "analysis.recent_levels",
    "What each series adds up to lately, and whether a short one ever met its target.",
    "one row per indicator and unit with points in the window, or that never met its target",
    {
        "indicator_id": "VARCHAR indicator of the catalogue",
        "unit_id": "VARCHAR unit, or trust",
        "numerator": "DOUBLE sum of the numerators; null without points in the window",
        "denominator": "DOUBLE sum of the denominators",
        "days": "DOUBLE days of its periods",
        "points_count": "BIGINT points with a value",
        "from_on": "DATE first day",
        "until_on": "DATE last day",
        "missed_points_count": "BIGINT points of a series too short for limits that missed its "
        "target every time; null of any other",
        "missed_raised_on": "DATE day on which they were enough to say so",
    },
)
_KEYS = ["indicator_id", "unit_id"]


def find_recent_levels(series: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Return the recent level of every series.

    Args:
        series: `analysis.complete_series`.
        catalogue: targets, and the length of the window.
    """
    rows: dict[tuple[str, str], Record] = {
        (row["indicator_id"], row["unit_id"]): row for row in _recent_sums(series, catalogue)
    }
    for key, missed in find_missed_targets(series, catalogue).items():
        row = rows.setdefault(key, dict(zip(_KEYS, key, strict=True)))
        row["missed_points_count"] = missed.points_count
        row["missed_raised_on"] = missed.raised_on
    return frame_of(RECENT_LEVELS, (row for _, row in sorted(rows.items())))


def _recent_sums(series: pd.DataFrame, catalogue: Catalogue) -> list[Record]:
    weeks = catalogue.rules.spc.recent_weeks_count
    ends = pd.to_datetime(series["period_end"])
    newest = ends.groupby(series["indicator_id"]).transform("max")
    recent = series[ends > newest - pd.Timedelta(weeks=weeks)]
    starts, stops = pd.to_datetime(recent["period_start"]), pd.to_datetime(recent["period_end"])
    sums = (
        recent.assign(days=(stops - starts).dt.days + 1, start=starts, stop=stops)
        .groupby(_KEYS)
        .agg(
            numerator=("numerator", "sum"),
            denominator=("denominator", "sum"),
            days=("days", "sum"),
            points_count=("value", "count"),
            from_on=("start", "min"),
            until_on=("stop", "max"),
        )
    )
    return records_of(sums.reset_index())
