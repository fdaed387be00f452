"""Months of a theme that are withheld, and its lines as they follow from what is shown.

By the rules of the routine indicators (`small_cells`): a theme of a voice is a share of its
comments, and the units that are not charted are one more part of the trust's total.
"""

from __future__ import annotations

import pandas as pd

from lhs_pipeline.analysis.theme_series import draw_lines_anew
from lhs_pipeline.board.disclosure import is_small
from lhs_pipeline.board.small_cells import Counted, withhold_cells
from lhs_pipeline.catalogue.model import DisclosurePolicy, SpcPolicy
from lhs_pipeline.vocabulary import TRUST_UNIT_ID

THEME_COLUMNS = {
    "is_suppressed": "BOOLEAN whether the mentions are withheld: few, or all but a few",
    "numerator_to": "DOUBLE greatest number that a small withheld one may be",
    "drawn_prop": "DOUBLE where a chart draws a withheld month",
}
"""What `analysis.theme_series` has beside its own columns where it is published."""
_OTHERS = "other units"
_SHARE = Counted(is_mean=False, is_share=True, multiplier=1.0)


def withhold_months(
    series: pd.DataFrame, before: pd.DataFrame, policy: DisclosurePolicy, spc: SpcPolicy
) -> pd.DataFrame:
    """Return `analysis.theme_series` as it may be shown, rows in the same order.

    Args:
        series: the table.
        before: what an earlier night returned; a month that was withheld stays so.
        policy: from how many on a count may be shown.
        spc: how lines are drawn.
    """
    if series.empty:
        return series.assign(is_suppressed=False, numerator_to=None, drawn_prop=None)
    cells = _as_cells(series)
    known = _as_cells(before).assign(is_suppressed=before["is_suppressed"]) if len(before) else None
    counted = dict.fromkeys(cells["indicator_id"].unique(), _SHARE)
    shown = withhold_cells(_with_others(cells), counted, policy, known).iloc[: len(series)]
    hidden, drawn = shown["is_suppressed"].to_numpy(), shown["drawn_value"].to_numpy()
    seen = series.assign(
        mentions_count=series["mentions_count"]
        .astype(float)
        .mask(hidden, drawn * series["received_count"])
    )
    touched = cells["indicator_id"] + cells["unit_id"]
    is_touched = touched.isin(set(touched[hidden])).to_numpy()
    most = shown["numerator_to"].to_numpy()
    made = series.assign(is_suppressed=hidden, numerator_to=most, drawn_prop=drawn)
    lines = ["centre", "lower_limit", "upper_limit"]
    redrawn = draw_lines_anew(seen[is_touched], spc)
    for name in lines:
        made.loc[is_touched, name] = redrawn[name].to_numpy()
    made["mentions_prop"] = made["mentions_prop"].mask(hidden)
    made["mentions_count"] = made["mentions_count"].mask(hidden).astype("Int64")
    few = made["received_count"].map(lambda n: is_small(n, policy))
    made["received_count"] = made["received_count"].mask(few).astype("Int64")
    return made


def _as_cells(series: pd.DataFrame) -> pd.DataFrame:
    """The rows as those of an indicator each: a theme of a voice."""
    return pd.DataFrame(
        {
            "indicator_id": series["topic_id"] + "|" + series["voice"],
            "unit_id": series["unit_id"],
            "period_start": pd.to_datetime(series["period_start"]),
            "numerator": series["mentions_count"].astype(float),
            "denominator": series["received_count"].astype(float),
            "value": series["mentions_prop"].astype(float),
            "is_complete": True,
        }
    ).reset_index(drop=True)


def _with_others(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells, and below them what the units that are not charted add to each total."""
    keys = ["indicator_id", "period_start"]
    is_total = cells["unit_id"] == TRUST_UNIT_ID
    parts = cells[~is_total].groupby(keys)[["numerator", "denominator"]].sum()
    totals = cells[is_total].set_index(keys)[["numerator", "denominator"]]
    rest = totals.sub(parts.reindex(totals.index, fill_value=0.0)).clip(lower=0).reset_index()
    rest = rest.assign(
        unit_id=_OTHERS, value=rest["numerator"] / rest["denominator"], is_complete=True
    )
    return pd.concat([cells, rest[list(cells.columns)]], ignore_index=True)
