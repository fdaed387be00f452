"""The figures as everything published shows them: made once a night, and read by all that is shown.

What rests on a withheld cell is made again from what is shown (lines, comparisons), or withheld
(levels of a look). What the pipeline judged stays as it was judged.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from lhs_pipeline.analysis.comparisons import find_comparisons
from lhs_pipeline.analysis.rebases import Breaks
from lhs_pipeline.analysis.series_grid import COLUMNS
from lhs_pipeline.analysis.signal_tables import LIMITS, POINT_LIMITS
from lhs_pipeline.analysis.signals import judge_series
from lhs_pipeline.analysis.table_columns import frame_of_pieces
from lhs_pipeline.board.disclosure import is_small, round_estimate, round_people
from lhs_pipeline.board.shown_looks import withhold_looks
from lhs_pipeline.board.small_cells import POINT, Counted, counted_of, withhold_cells
from lhs_pipeline.board.theme_cells import withhold_months
from lhs_pipeline.catalogue.model import Catalogue, DisclosurePolicy, Policy
from lhs_pipeline.warehouse.table import Record, records_of

_SERIES = ["indicator_id", "unit_id"]
_LINES = ("centre", "lower_limit", "upper_limit")
_TOTALS = ("centre", "lower_limit", "upper_limit", "between_units_variance")
_REMADE = (*_LINES, "chart", "latest_value", "season_prop", "autocorrelation", "spread_ratio")
_ESTIMATES = {
    "analysis.problems": (
        "measured_excess_per_month", "relative_excess_prop", "excess_per_month",
        "excess_spread_per_month",
    ),
    "analysis.triage": (
        "harm_per_month", "harm_lower_per_month", "harm_upper_per_month", "excess_per_month",
    ),
}  # fmt: skip
"""Estimates for ranking: two digits say what they can say, and no count is left in the others."""
_ROW_COUNTS = ("rows_read", "landed", "unchanged")
"""A row that was refused is a slip of the pen, whoever it is about: those are told exactly."""

_SERIES_TABLE = "analysis.complete_series"
SHOWN_SERIES = (
    _SERIES_TABLE,
    "analysis.limits",
    "analysis.point_limits",
    "analysis.signals",
    "analysis.comparisons",
)
SHOWN_OPEN = ("analysis.open_series",)
SHOWN_LOOKS = ("closure.evaluations", "closure.verdicts", "closure.expectations")
SHOWN_LISTS = ("analysis.problems", "analysis.triage", "collection.files")
SHOWN_THEMES = ("analysis.theme_series",)
SHOWN_TABLES = (*SHOWN_SERIES, *SHOWN_OPEN, *SHOWN_LOOKS, *SHOWN_LISTS, *SHOWN_THEMES)
"""Tables of which readers get the shown form alone, by what they are made from."""

SERIES_COLUMNS = {
    "is_suppressed": "BOOLEAN whether the numerator is withheld: small, or it would give a small"
    " one away",
    "numerator_from": "DOUBLE least number that a small withheld numerator may be",
    "numerator_to": "DOUBLE greatest number that it may be",
    "drawn_value": "DOUBLE where a chart draws a withheld point: the middle of what is left open",
}
"""What the series have beside their own columns where they are published."""

COMPARISON_COLUMNS = {
    "drawn_value": "DOUBLE where a chart draws the unit: its value, or about where it lies if"
    " numbers are withheld",
}
"""The same of `analysis.comparisons`."""


@dataclass(frozen=True)
class Rules:
    """What disclosure goes by.

    Attributes:
        catalogue: indicators and the policy.
        breaks: where limits may start anew.
        before: the series as they were shown on an earlier night.
    """

    catalogue: Catalogue
    breaks: Breaks
    before: pd.DataFrame


def show_series(truth: Mapping[str, pd.DataFrame], rules: Rules) -> dict[str, pd.DataFrame]:
    """Return series, limits, signals and comparisons as they may be published, rows in their order.

    Args:
        truth: the same tables as the warehouse holds them; one not made yet is empty.
        rules: what disclosure goes by.
    """
    made = _present(truth)
    if _SERIES_TABLE not in made:
        return made
    series = _withhold(made[_SERIES_TABLE], rules.catalogue, rules.before)
    made[_SERIES_TABLE] = series
    made |= _show_lines(made, series, rules)
    if "analysis.comparisons" in made:
        compared = made["analysis.comparisons"]
        made["analysis.comparisons"] = _show_comparisons(compared, series, rules.catalogue)
    return made


def show_open(truth: Mapping[str, pd.DataFrame], catalogue: Catalogue) -> dict[str, pd.DataFrame]:
    """Return periods that are not complete as they may be published, by themselves."""
    return {name: _withhold(frame, catalogue) for name, frame in _present(truth).items()}


def _withhold(
    series: pd.DataFrame, catalogue: Catalogue, before: pd.DataFrame | None = None
) -> pd.DataFrame:
    policy = catalogue.rules.disclosure
    return withhold_cells(series, counted_of(catalogue), policy, before)


def show_looks(
    looks: Mapping[str, pd.DataFrame], truth: pd.DataFrame, shown: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return evaluations, verdicts and expectations as they may be published.

    Args:
        looks: the tables; one not made yet is empty.
        truth: complete periods of the measures in them.
        shown: the same rows as they are published.
    """
    made = _present(looks)
    if "closure.expectations" in made:
        made["closure.expectations"] = _show_expectations(made["closure.expectations"], shown)
    return made | withhold_looks(made, truth, shown)


def show_lists(
    truth: Mapping[str, pd.DataFrame], policy: DisclosurePolicy
) -> dict[str, pd.DataFrame]:
    """Return problems, triage and files as they may be published: estimates and rows, rounded."""
    made = _present(truth)
    made |= {
        name: made[name].assign(**{c: made[name][c].map(round_estimate) for c in columns})
        for name, columns in _ESTIMATES.items()
        if name in made
    }
    if "collection.files" in made:
        files = made["collection.files"]
        made["collection.files"] = files.assign(
            **{c: _show_rows(files[c], policy) for c in _ROW_COUNTS}
        )
    return made


def show_themes(
    truth: Mapping[str, pd.DataFrame], before: pd.DataFrame, policy: Policy
) -> dict[str, pd.DataFrame]:
    """Return the months of themes as they may be published.

    Args:
        truth: the table; one not made yet is empty.
        before: the same as it was shown on an earlier night.
        policy: the rules of disclosure and of charts.
    """
    return {
        name: withhold_months(frame, before, policy.disclosure, policy.spc)
        for name, frame in _present(truth).items()
    }


def _present(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {name: frame for name, frame in tables.items() if len(frame.columns)}


def _show_rows(rows: pd.Series, policy: DisclosurePolicy) -> pd.Series:
    """Rows of a file as counts of people: a file of a day or a month is a count of its events."""
    shown = [
        None if pd.isna(n) or is_small(n, policy) else round_people(n, policy)
        for n in rows.tolist()
    ]
    return pd.Series(shown, index=rows.index, dtype="Int64")


# --- lines -------------------------------------------------------------------------------------


def _show_lines(
    made: Mapping[str, pd.DataFrame], series: pd.DataFrame, rules: Rules
) -> dict[str, pd.DataFrame]:
    """Limits and signals; lines of a series with withheld points are made from what is shown."""
    touched = series.loc[series["is_suppressed"], _SERIES].drop_duplicates()
    if touched.empty or "analysis.limits" not in made:
        return {}
    remade = _judge_shown(series.merge(touched, on=_SERIES), rules)
    limits = _take(made["analysis.limits"], remade["limits"], touched, (_SERIES, _REMADE))
    points = _take(made["analysis.point_limits"], remade["point_limits"], touched, (POINT, _LINES))
    hidden = series.loc[series["is_suppressed"], POINT].assign(is_hidden=True)
    is_latest = limits[_SERIES].assign(period_start=limits["latest_period_start"])
    limits["latest_value"] = limits["latest_value"].mask(_is_in(is_latest, hidden))
    shown = {"analysis.limits": limits, "analysis.point_limits": points}
    if "analysis.signals" in made:
        shown["analysis.signals"] = _show_signals(made["analysis.signals"], touched, hidden)
    return shown


def _as_drawn(series: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Complete points as if each withheld number were the middle of what is left open."""
    hidden = series["is_suppressed"]
    scale = series["indicator_id"].map(
        {name: one.multiplier for name, one in counted_of(catalogue).items()}
    )
    seen = series.assign(
        value=series["value"].where(~hidden, series["drawn_value"]),
        numerator=series["numerator"].where(
            ~hidden, series["drawn_value"] * series["denominator"] / scale
        ),
    )
    return seen[seen["is_complete"].astype(bool)]


def _judge_shown(series: pd.DataFrame, rules: Rules) -> dict[str, pd.DataFrame]:
    """Limits of the series from what a chart draws."""
    ordered = _as_drawn(series, rules.catalogue).sort_values(POINT, kind="stable")[list(COLUMNS)]
    texts = {name: ordered[name].astype(object) for name in _SERIES}
    days = {name: pd.to_datetime(ordered[name]) for name in ("period_start", "period_end")}
    rows = pa.Table.from_pandas(ordered.assign(**texts, **days), preserve_index=False)
    pieces = list(judge_series([rows], rules.catalogue, rules.breaks))
    return {
        table.noun: frame_of_pieces(table, [one.rows for one in pieces if one.table is table])
        for table in (LIMITS, POINT_LIMITS)
    }


def _take(
    frame: pd.DataFrame,
    remade: pd.DataFrame,
    touched: pd.DataFrame,
    columns: tuple[list[str], tuple[str, ...]],
) -> pd.DataFrame:
    """The frame with some columns taken from the remade rows wherever the series was touched."""
    keys, taken = columns
    other = remade[[*keys, *taken]].drop_duplicates(keys)
    joined = _days_alike(frame)[keys].merge(_days_alike(other), on=keys, how="left")
    is_touched = _is_in(frame, touched.assign(is_hidden=True))
    return frame.assign(
        **{name: frame[name].where(~is_touched, joined[name].to_numpy()) for name in taken}
    )


def _days_alike(frame: pd.DataFrame) -> pd.DataFrame:
    if "period_start" not in frame:
        return frame
    return frame.assign(period_start=pd.to_datetime(frame["period_start"]).astype("datetime64[s]"))


def _is_in(frame: pd.DataFrame, listed: pd.DataFrame) -> np.ndarray:
    """Which rows of a frame have the keys of the list, whose last column is true."""
    keys = list(listed.columns[:-1])
    wanted = pd.MultiIndex.from_frame(_days_alike(listed)[keys])
    return np.asarray(pd.MultiIndex.from_frame(_days_alike(frame)[keys]).isin(wanted))


def _show_signals(
    signals: pd.DataFrame, touched: pd.DataFrame, hidden: pd.DataFrame
) -> pd.DataFrame:
    few = _is_in(signals, hidden)
    is_touched = _is_in(signals, touched.assign(is_hidden=True))
    return signals.assign(
        value=signals["value"].mask(few),
        chance_prop=signals["chance_prop"].mask(few),
        centre=signals["centre"].mask(is_touched),
    )


# --- comparisons and expectations --------------------------------------------------------------


def _show_comparisons(
    compared: pd.DataFrame, series: pd.DataFrame, catalogue: Catalogue
) -> pd.DataFrame:
    """Where a window holds a withheld point, its own figure is that of what is shown.

    All units of a kind together are a total, too: where one is withheld, average and limits are
    those of what is shown.
    """
    counted = counted_of(catalogue)
    shown = _sum_windows(compared, series)
    told = {
        place: _tell_shown(row, shown[place], catalogue, counted)
        for place, row in zip(compared.index, records_of(compared), strict=True)
        if place in shown
    }
    is_told = compared.index.isin(list(told))
    said = [told.get(place, words) for place, words in compared["words"].items()]
    numbers = {name: compared[name].mask(is_told) for name in ("numerator", "value")}
    rough = pd.Series(shown, dtype=float).reindex(compared.index)
    return compared.assign(
        **numbers,
        **(_show_totals(compared, is_told, series, catalogue) if is_told.any() else {}),
        drawn_value=compared["value"].where(~is_told, rough),
        words=said,
        excess_per_month=compared["excess_per_month"].map(round_estimate),
    )


def _show_totals(
    compared: pd.DataFrame,
    is_told: npt.NDArray[np.bool_],
    series: pd.DataFrame,
    catalogue: Catalogue,
) -> dict[str, pd.Series]:
    """Averages and limits; of a kind of which a unit is withheld, those of what is shown."""
    remade = _compare_shown(compared, series, catalogue)
    keys = [compared["indicator_id"], compared["unit_type"]]
    is_rough = pd.Series(is_told, index=compared.index).groupby(keys).transform("any")
    return {name: compared[name].mask(is_rough, remade[name]) for name in _TOTALS}


def _compare_shown(
    compared: pd.DataFrame, series: pd.DataFrame, catalogue: Catalogue
) -> pd.DataFrame:
    """Averages and limits of what is shown, in the order of the comparisons."""
    drawn = _as_drawn(series, catalogue)
    drawn = drawn.assign(denominator=drawn["denominator"].where(drawn["numerator"].notna()))
    units = compared[["unit_id", "unit_type"]].drop_duplicates()
    made = find_comparisons(drawn, units, catalogue)[[*_SERIES, *_TOTALS]]
    return compared[_SERIES].merge(made, on=_SERIES, how="left").set_index(compared.index)


def _sum_windows(compared: pd.DataFrame, series: pd.DataFrame) -> dict[Hashable, float | None]:
    """The level of what is shown in each window with a withheld point, by the window's index."""
    windows = compared[_SERIES].assign(
        place=compared.index,
        begin=pd.to_datetime(compared["period_start"]),
        end=pd.to_datetime(compared["period_end"]),
    )
    points = [*POINT, "value", "drawn_value", "denominator", "is_suppressed"]
    rows = series[points].merge(windows, on=_SERIES)
    start = pd.to_datetime(rows["period_start"])
    inside = rows[(start >= rows["begin"]) & (start <= rows["end"])]
    level = inside["value"].where(~inside["is_suppressed"], inside["drawn_value"])
    base = inside["denominator"].where(level.notna())
    sums = pd.DataFrame(
        {"events": level * base, "base": base, "is_hidden": inside["is_suppressed"]}
    )
    found = sums.groupby(inside["place"]).sum()
    found = found[found["is_hidden"] > 0]
    return {
        place: events / size if size else None
        for place, events, size in zip(found.index, found["events"], found["base"], strict=True)
    }


def _tell_shown(
    row: Record, value: float | None, catalogue: Catalogue, counted: Mapping[str, Counted]
) -> str:
    indicator = catalogue.indicators[row["indicator_id"]]
    when = f"{row['period_start']:%b %Y} to {row['period_end']:%b %Y}"
    if row["centre"] is None:
        return str(row["words"])  # It says no more than that there is nothing to compare.
    if value is None:
        return f"{indicator.name}: few people stand behind its figures ({when})."
    digits = "{:.0%}" if counted[indicator.id].is_share else "{:,.1f}"
    own, centre = digits.format(value), digits.format(row["centre"])
    return (
        f"{indicator.name}: about {own}, against {centre} in all {row['units_count']} units of "
        f"its kind ({when}). Few people stand behind it, so its own figure is rough."
    )


def _show_expectations(expected: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """The points of the charts of effects; of the controls no more than two digits.

    The units it is compared with are a total too: exact, it would give a withheld part back.
    """
    hidden = series.loc[series["is_suppressed"], [*POINT, "drawn_value"]]
    keyed = _days_alike(expected)[POINT].merge(_days_alike(hidden), on=POINT, how="left")
    is_hidden = _is_in(expected, hidden[POINT].assign(is_hidden=True))
    drawn = keyed["drawn_value"].to_numpy()
    return expected.assign(
        observed=expected["observed"].where(~is_hidden, drawn),
        numerator=expected["numerator"].mask(is_hidden),
        controls=expected["controls"].map(round_estimate),
    )
