"""Series of the shipped indicators with levels that a test plants."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from lhs_pipeline.catalogue.reader import read_catalogue

CATALOGUE = read_catalogue()
WEEKLY, MONTHLY = "vte_assessed", "falls_per_1000_bed_days"
FIRST_WEEK, FIRST_MONTH = date(2024, 1, 1), date(2023, 7, 1)
BASE = 100.0
"""Of a share; of a rate per 1,000 so many times 1,000."""
WIGGLE = (0.0, 0.012, -0.006, 0.008, -0.012, 0.004, -0.004, -0.008, 0.006, 0.0, -0.01, 0.01)
"""Harmless up and down, of a mean of nothing and a mean moving range of about 0.012."""


def weeks(unit_id: str, levels: Sequence[float | None], indicator_id: str = WEEKLY) -> pd.DataFrame:
    """One weekly series with these values, each on the same base."""
    starts = [FIRST_WEEK + timedelta(weeks=i) for i in range(len(levels))]
    ends = [start + timedelta(6) for start in starts]
    return _series(unit_id, indicator_id, starts, ends, levels)


def months(unit_id: str, levels: Sequence[float | None]) -> pd.DataFrame:
    """One monthly series with these values."""
    starts = pd.date_range(FIRST_MONTH, periods=len(levels), freq="MS")
    ends = [(start + pd.offsets.MonthEnd(0)).date() for start in starts]
    return _series(unit_id, MONTHLY, [start.date() for start in starts], ends, levels)


def steady(level: float, count: int, scale: float = 1.0) -> list[float]:
    return [level + scale * WIGGLE[i % len(WIGGLE)] for i in range(count)]


def _series(
    unit_id: str,
    indicator_id: str,
    starts: Sequence[date],
    ends: Sequence[date],
    levels: Sequence[float | None],
) -> pd.DataFrame:
    multiplier = CATALOGUE.indicators[indicator_id].multiplier
    base = BASE * multiplier
    return pd.DataFrame(
        {
            "indicator_id": indicator_id,
            "unit_id": unit_id,
            "period_start": pd.to_datetime(list(starts)),
            "period_end": pd.to_datetime(list(ends)),
            "numerator": [base * v / multiplier if v is not None else 0.0 for v in levels],
            "denominator": [base if v is not None else 0.0 for v in levels],
            "value": [float("nan") if v is None else v for v in levels],
            "is_complete": True,
        }
    )
