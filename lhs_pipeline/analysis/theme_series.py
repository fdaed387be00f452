"""Themes over time as shares of the comments received, charted by the engine of the indicators.

The share that speaks of a theme stands beside how many comments came at all: more comments of
every kind are not more of a theme.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from lhs_pipeline.analysis.spc_file import SpcFile
from lhs_pipeline.analysis.spc_options import FileChart, SpcOptions
from lhs_pipeline.analysis.spc_tables import judge_file
from lhs_pipeline.catalogue.model import SpcPolicy
from lhs_pipeline.statistics.overdispersion import measure_overdispersion
from lhs_pipeline.statistics.report_counts import compare_counts
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Direction
from lhs_pipeline.warehouse.table import declare, frame_of

THEME_SERIES = declare(
    "analysis.theme_series",
    "Share of comments that speak critically of a theme, month by month, with control limits.",
    "one row per topic, unit, voice and complete month; sorted by them",
    {
        "topic_id": "VARCHAR topic of the catalogue",
        "unit_id": "VARCHAR unit, or trust",
        "voice": "VARCHAR patient, staff or safety",
        "period_start": "DATE first day of the month",
        "mentions_count": "BIGINT critical comments on the theme, repeats once",
        "received_count": "BIGINT all comments of that voice, repeats once",
        "mentions_prop": "DOUBLE share of the comments; null in a month without any",
        "centre": "DOUBLE centre line of the share; null with too few months",
        "lower_limit": "DOUBLE lower process limit of the share",
        "upper_limit": "DOUBLE upper process limit of the share",
        "is_special_cause": "BOOLEAN whether the share of this month is out of the ordinary",
        "side": "VARCHAR high or low where it is, empty elsewhere",
        "received_centre": "DOUBLE centre line of the number received a month",
        "received_lower_limit": "DOUBLE lower process limit of the number received",
        "received_upper_limit": "DOUBLE upper process limit of the number received",
        "is_received_special_cause": "BOOLEAN whether the number received is",
        "reading": "VARCHAR real_change, both, more_or_fewer_comments where only the number on the "
        "theme is unusual and so is the number received, or ordinary",
    },
)
_KEYS = ["topic_id", "unit_id", "voice"]
_LINES = ("centre", "lower_limit", "upper_limit")
_OF_RECEIVED = {
    "centre": "received_centre",
    "lower_limit": "received_lower_limit",
    "upper_limit": "received_upper_limit",
    "is_special_cause": "is_received_special_cause",
}
_CHANCE_ABOVE_LIMITS = 0.00135
"""How seldom an ordinary normal point lies above three standard deviations."""
_FEWEST_MENTIONS_A_MONTH = 3.0
"""With fewer, on average, a month without any is ordinary and a chart of shares says nothing."""


@dataclass(frozen=True)
class _Counts:
    """Mentions and comments received per series and month; a month without any is there too."""

    mentions: pd.DataFrame
    received: pd.DataFrame


@dataclass(frozen=True)
class Spoken:
    """What was said, each report once.

    Attributes:
        insights: `analysis.insights`, repeats left out.
        themes: `analysis.themes`, repeats left out.
        wanted: topics that are charted for the trust however rarely they are spoken of.
    """

    insights: pd.DataFrame
    themes: pd.DataFrame
    wanted: frozenset[str] = frozenset()


def make_theme_series(said: Spoken, policy: SpcPolicy, today: date) -> pd.DataFrame:
    """Return the charts of all themes that were spoken of often enough, and of those wanted.

    Args:
        said: insights and their themes.
        policy: whose rules, and how many months a chart needs.
        today: the month of this day is not complete.
    """
    counts = _count(said, today)
    if counts.mentions.empty:
        return frame_of(THEME_SERIES, [])
    shares = _judge_what_is_new(_chart(counts.mentions, FileChart.PP, policy), policy)
    volumes = _chart_counts(counts.received, policy).rename(columns=_OF_RECEIVED)
    volumes = volumes[["unit_id", "voice", "period_start", *_OF_RECEIVED.values()]]
    made = shares.merge(volumes, how="left", on=["unit_id", "voice", "period_start"])
    made["is_received_special_cause"] = made["is_received_special_cause"].fillna(False).astype(bool)
    numbers = _chart_counts(counts.mentions.rename(columns={"numerator": "value"}), policy)
    numbers = numbers.rename(columns={"is_special_cause": "is_number_special_cause"})
    numbers = numbers[[*_KEYS, "period_start", "is_number_special_cause"]]
    made = made.merge(numbers, how="left", on=[*_KEYS, "period_start"])
    made["reading"] = _readings(made)
    ordered = made.sort_values([*_KEYS, "period_start"], kind="stable", ignore_index=True)
    return ordered[THEME_SERIES.column_names]


def draw_lines_anew(series: pd.DataFrame, policy: SpcPolicy) -> pd.DataFrame:
    """Return rows of `theme_series` with the lines of their shares made from the rows alone.

    Args:
        series: rows of the table; the months of each series one after the other.
        policy: whose rules.
    """
    if series.empty:
        return series
    counts = series.assign(
        numerator=series["mentions_count"].astype(float),
        denominator=series["received_count"].astype(float),
        month=pd.to_datetime(series["period_start"]).dt.to_period("M"),
    )
    lines = _chart(counts, FileChart.PP, policy)
    lines["month"] = pd.to_datetime(lines["period_start"]).dt.to_period("M")
    bare = counts.drop(columns=list(_LINES))
    made = bare.merge(lines[[*_KEYS, "month", *_LINES]], how="left", on=[*_KEYS, "month"])
    return made[list(series.columns)]


def _count(said: Spoken, today: date) -> _Counts:
    heard, spoken = _monthly(said.insights, today), _monthly(said.themes, today)
    spoken = spoken[spoken["is_negative"].astype(bool)] if len(spoken) else spoken
    if heard.empty or spoken.empty:
        return _Counts(pd.DataFrame(), pd.DataFrame())
    months = pd.period_range(heard["month"].min(), pd.Period(today, "M") - 1, freq="M")
    received = _grid(heard, ["unit_id", "voice"], months)
    mentions = _grid(spoken, _KEYS, months).rename(columns={"count": "numerator"})
    often = mentions.groupby(_KEYS)["numerator"].transform("mean") >= _FEWEST_MENTIONS_A_MONTH
    is_whole = mentions["unit_id"] == TRUST_UNIT_ID
    is_wanted = is_whole & mentions["topic_id"].isin(said.wanted)
    both = mentions[often | is_wanted].merge(received, on=["unit_id", "voice", "month"])
    return _Counts(
        both.rename(columns={"count": "denominator"}), received.rename(columns={"count": "value"})
    )


def _monthly(frame: pd.DataFrame, today: date) -> pd.DataFrame:
    """The rows of complete months, once for their unit and once for the trust."""
    months = pd.to_datetime(frame["received_on"]).dt.to_period("M")
    dated = frame.assign(month=months)[months < pd.Period(today, "M")]
    dated = dated[dated["unit_id"].notna() & (dated["unit_id"] != TRUST_UNIT_ID)]
    return pd.concat([dated, dated.assign(unit_id=TRUST_UNIT_ID)], ignore_index=True)


def _grid(frame: pd.DataFrame, keys: list[str], months: pd.PeriodIndex) -> pd.DataFrame:
    """Counts per key and month, zero where nothing was said."""
    counts = frame.groupby([*keys, "month"], observed=True).size().unstack("month", fill_value=0)
    wide = counts.reindex(columns=months, fill_value=0)
    wide.columns.name = "month"
    long = wide.reset_index().melt(id_vars=keys, var_name="month", value_name="count")
    # Melted headings have lost that they are months.
    return long.assign(month=pd.PeriodIndex(long["month"], freq="M"))


def _chart_counts(counts: pd.DataFrame, policy: SpcPolicy) -> pd.DataFrame:
    """Counts a month in `value`, by Laney's limits where they vary more than chance makes them.

    A count is a rate over one month: its u chart is the c chart, and its u' chart has the width
    that moving ranges give (Laney, Qual Eng 2002;14:531).
    """
    keys = [key for key in _KEYS if key in counts]
    wide = counts.pivot(index=keys, columns="month", values="value").astype(float)
    is_base = np.broadcast_to(np.arange(wide.shape[1]) < policy.baseline_months_count, wide.shape)
    found = measure_overdispersion(
        wide.to_numpy(),
        np.ones(wide.shape),
        is_base,
        is_share=False,
        chance_prop=policy.charts.overdispersion_chance_prop,
    )
    spread = pd.DataFrame({"is_wide": found.is_beyond_chance}, index=wide.index).reset_index()
    rates = counts.drop(columns="denominator", errors="ignore").merge(spread, on=keys)
    rates = rates.assign(numerator=rates["value"], denominator=1.0)
    charts = ((FileChart.UP, rates[rates["is_wide"]]), (FileChart.U, rates[~rates["is_wide"]]))
    return pd.concat([_chart(part, chart, policy) for chart, part in charts if len(part)])


def _judge_what_is_new(shares: pd.DataFrame, policy: SpcPolicy) -> pd.DataFrame:
    """Months of themes that nobody had spoken of, which have no limits, by exact chance.

    Given all that spoke of the theme in the first months and in this one, so many fall into this
    one by its share of the comments. It is out of the ordinary where chance does that as seldom
    as it takes a point above three standard deviations.
    """
    months = shares.groupby(_KEYS)["period_start"]
    is_base = months.cumcount() < policy.baseline_months_count
    base = shares[["mentions_count", "received_count"]].where(is_base, 0.0).fillna(0.0)
    before = base.groupby([shares[key] for key in _KEYS]).transform("sum")
    is_new = (before["mentions_count"] == 0) & (before["received_count"] > 0) & ~is_base
    is_long = months.transform("count") >= policy.minimum_points_count
    found = compare_counts(
        shares["mentions_count"],
        before["mentions_count"],
        shares["received_count"],
        before["received_count"],
    )
    is_beyond = is_new & is_long & (found.chance_of_rise <= _CHANCE_ABOVE_LIMITS)
    special = shares["is_special_cause"].astype(bool) | is_beyond
    side = shares["side"].mask(is_beyond, "high")
    return shares.assign(is_special_cause=special, side=side)


def _chart(counts: pd.DataFrame, chart: FileChart, policy: SpcPolicy) -> pd.DataFrame:
    """Each series judged by the SPC engine; without limits where it has too few months."""
    keys = [key for key in _KEYS if key in counts]
    names = counts[keys].agg("|".join, axis=1)
    rows = pd.DataFrame({"series": names, "period": counts["month"].dt.to_timestamp()})
    for field in ("value", "numerator", "denominator", "target"):
        rows[field] = counts[field].astype(float) if field in counts else np.nan
    if chart.needs_denominator:
        rows["value"] = rows["numerator"] / rows["denominator"].where(rows["denominator"] > 0)
    rows["direction"] = str(Direction.LOWER if chart is FileChart.PP else Direction.NEUTRAL)
    ordered = rows.sort_values(["series", "period"], kind="stable", ignore_index=True)
    options = SpcOptions(
        chart=chart,
        profile=policy.profile,
        direction=Direction.LOWER,
        target=None,
        baseline=policy.baseline_months_count,
        rebases=(),
        per=1.0,
        columns={},
    )
    points = judge_file(SpcFile("", chart, chart.needs_denominator, ordered), options).points
    return _named(points, ordered, keys, policy)


def _named(
    points: pd.DataFrame, rows: pd.DataFrame, keys: list[str], policy: SpcPolicy
) -> pd.DataFrame:
    taken = ["series", "period", *_LINES, "is_special_cause", "side"]
    made = points[taken]
    made = made.assign(
        mentions_count=rows["numerator"].to_numpy(),
        received_count=rows["denominator"].to_numpy(),
        mentions_prop=rows["value"].to_numpy(),
    )
    months = made.groupby("series")["mentions_prop"].transform("count")
    is_short = (months < policy.minimum_points_count).to_numpy()
    made.loc[is_short, list(_LINES)] = np.nan
    made.loc[is_short, "is_special_cause"] = False
    made["side"] = made["side"].where(made["is_special_cause"].astype(bool), "")
    parts = made["series"].str.split("|", expand=True).set_axis(keys, axis=1)
    return pd.concat(
        [parts, made.drop(columns="series").rename(columns={"period": "period_start"})], axis=1
    )


def _readings(made: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    share, volume = made["is_special_cause"].astype(bool), made["is_received_special_cause"]
    number = made["is_number_special_cause"].astype(bool)
    words = np.select(
        [share & volume, share, number & volume],
        ["both", "real_change", "more_or_fewer_comments"],
        default="ordinary",
    )
    return np.asarray(words, dtype=object)
