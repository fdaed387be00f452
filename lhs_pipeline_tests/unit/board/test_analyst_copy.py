"""What analysts may read gives no small number away, not by its value and not by its chance."""

from datetime import date

import pandas as pd

from lhs_pipeline.board.analyst_copy import withhold_small
from lhs_pipeline.catalogue.reader import read_catalogue

KEYS = {"indicator_id": "falls_per_1000_bed_days", "unit_id": "ward_01"}
DAYS = [date(2026, 5, 1), date(2026, 6, 1)]


def test_a_withheld_point_takes_its_value_and_its_chance_with_it() -> None:
    series = pd.DataFrame(
        [
            {**KEYS, "period_start": day, "numerator": events, "denominator": 500.0, "value": 2.0}
            for day, events in zip(DAYS, (3.0, 9.0), strict=True)
        ]
    )
    signals = pd.DataFrame(
        [{**KEYS, "period_start": day, "value": 2.0, "chance_prop": 0.001} for day in DAYS]
    )
    tables = {"analysis.indicator_series": series, "analysis.signals": signals}
    kept = withhold_small(tables, read_catalogue())["analysis.signals"]
    for name in ("value", "chance_prop"):
        assert kept[name].isna().tolist() == [True, False]
