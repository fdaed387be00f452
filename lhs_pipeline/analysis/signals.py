"""Special-cause variation per indicator and unit: from rows of series to tables of signals.

Two passes: every series by itself, a bounded number of rows at a time; then all of them together,
for what one night may claim. What a signal means for a problem is judged in `problems.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from lhs_pipeline.analysis.episodes import Episodes, list_episodes
from lhs_pipeline.analysis.false_discovery import Claims, Control, claims_of, control
from lhs_pipeline.analysis.limit_rows import limit_rows, point_rows, rebase_rows
from lhs_pipeline.analysis.rebases import Break, Breaks, is_sustained
from lhs_pipeline.analysis.series_grid import COLUMNS, SeriesGrid, read_grids
from lhs_pipeline.analysis.signal_charts import JudgedGrid, judge_grid
from lhs_pipeline.analysis.signal_entries import Entries, list_entries
from lhs_pipeline.analysis.signal_likelihood import likelihood_of
from lhs_pipeline.analysis.signal_tables import (
    EPISODES,
    LIMITS,
    POINT_LIMITS,
    REBASES,
    SIGNAL_CONTROL,
    SIGNALS,
    TABLES,
    SignalTables,
)
from lhs_pipeline.analysis.stretches import cut_stretches, place_of
from lhs_pipeline.analysis.table_columns import (
    Columns,
    arrow_rows,
    frame_of_pieces,
    no_rows,
    same_word,
    words_at,
)
from lhs_pipeline.catalogue.model import Catalogue, Indicator, SpcPolicy
from lhs_pipeline.statistics.flagged_points import RULES
from lhs_pipeline.statistics.icons import better_side, meaning_of
from lhs_pipeline.vocabulary import Period
from lhs_pipeline.warehouse.table import Table

NO_BREAKS = Breaks()
_SIDES = np.array(["low", "high"], dtype=object)


@dataclass(frozen=True)
class _Looked:
    """What is kept of a grid until all series have been seen: its flagged points alone."""

    signals: Columns
    episodes: Episodes
    claims: Claims


@dataclass(frozen=True)
class Piece:
    """Some rows of one table."""

    table: Table
    rows: pa.Table


def find_signals(
    series: pd.DataFrame, catalogue: Catalogue, breaks: Breaks = NO_BREAKS
) -> SignalTables:
    """Return all tables of signals for a frame of series; days are dates.

    Args:
        series: `analysis.indicator_series`, in any order.
        catalogue: indicators and the rules.
        breaks: where limits may start anew.
    """
    complete = series[series["is_complete"].astype(bool)]
    ordered = complete.sort_values(["indicator_id", "unit_id", "period_start"], kind="stable")
    rows = pa.Table.from_pandas(_typed(ordered), preserve_index=False)
    made: dict[str, list[pa.Table]] = {table.noun: [] for table in TABLES}
    for piece in judge_series([rows], catalogue, breaks):
        made[piece.table.noun].append(piece.rows)
    return SignalTables(
        **{table.noun: frame_of_pieces(table, made[table.noun]) for table in TABLES}
    )


def _typed(series: pd.DataFrame) -> pd.DataFrame:
    chosen = series[list(COLUMNS)]
    numbers = dict.fromkeys(("numerator", "denominator", "value"), np.float64)
    words = {"indicator_id": object, "unit_id": object}
    days = {name: pd.to_datetime(chosen[name]) for name in ("period_start", "period_end")}
    return chosen.astype({**numbers, **words}).assign(**days)


def judge_series(
    batches: Iterable[pa.Table], catalogue: Catalogue, breaks: Breaks
) -> Iterator[Piece]:
    """Yield the rows of every table, limits as they are judged and signals at the end.

    Args:
        batches: complete periods with the columns of `series_grid.COLUMNS`, sorted by indicator,
            unit and period.
        catalogue: indicators and the rules.
        breaks: where limits may start anew.
    """
    policy = catalogue.rules.spc
    looked: list[_Looked] = []
    number = 0
    for grid in read_grids(batches):
        judged, accepted = _judge(grid, catalogue.indicators[grid.indicator_id], policy, breaks)
        like = likelihood_of(judged)
        entries = list_entries(judged, like, policy.doubts)
        yield _piece(LIMITS, limit_rows(judged, entries, accepted, policy))
        yield _piece(POINT_LIMITS, point_rows(judged, policy))
        yield _piece(REBASES, rebase_rows(judged, accepted))
        looked.append(
            _Looked(
                _signal_rows(judged, entries),
                list_episodes(judged, entries, policy),
                claims_of(judged, entries, like, policy, number),
            )
        )
        number += grid.unit_ids.size
    yield from _control_all(looked, policy)


def _piece(table: Table, columns: Columns) -> Piece:
    return Piece(table, arrow_rows(table, columns))


def _judge(
    grid: SeriesGrid, indicator: Indicator, policy: SpcPolicy, breaks: Breaks
) -> tuple[JudgedGrid, dict[int, list[Break]]]:
    """A grid with the breaks that hold: the declared ones, and changes that prove themselves."""
    wanted = (
        policy.baseline_weeks_count
        if indicator.period is Period.WEEK
        else policy.baseline_months_count
    )
    unit_ids = grid.unit_ids.tolist()
    accepted = _within(grid, breaks.declared_among(indicator.id, unit_ids))
    hopeful = _within(grid, breaks.changes_among(indicator.id, unit_ids))

    def judge(rows: SeriesGrid, held: dict[int, list[Break]]) -> JudgedGrid:
        days = {i: [one.on for one in found] for i, found in held.items()}
        return judge_grid(rows, cut_stretches(rows, days, wanted), indicator, policy)

    for i, changes in hopeful.items():
        alone = _series_alone(grid, i)
        for change in changes:
            held = accepted.get(i, [])
            if is_sustained(judge(alone, {0: held} if held else {}), 0, change, policy):
                accepted[i] = sorted([*held, change], key=lambda one: one.on)
    return judge(grid, accepted), accepted


def _within(grid: SeriesGrid, found: dict[int, tuple[Break, ...]]) -> dict[int, list[Break]]:
    """Breaks with points on both sides; a series cannot be cut before it begins."""
    kept: dict[int, list[Break]] = {}
    for i, listed in found.items():
        present = ~np.isnan(grid.values[i])
        places = [place_of(grid, one.on) for one in listed]
        inside = [
            one
            for one, place in zip(listed, places, strict=True)
            if present[:place].any() and present[place:].any()
        ]
        if inside:
            kept[i] = inside
    return kept


def _series_alone(grid: SeriesGrid, i: int) -> SeriesGrid:
    row = slice(i, i + 1)
    return replace(
        grid,
        unit_ids=grid.unit_ids[row],
        values=grid.values[row],
        numerators=grid.numerators[row],
        denominators=grid.denominators[row],
    )


def _control_all(looked: list[_Looked], policy: SpcPolicy) -> Iterator[Piece]:
    """Signals, spells and the count of the night, once all series are known."""
    if not looked:
        for table in TABLES:
            yield Piece(table, no_rows(table))
        return
    rate = policy.doubts.false_discovery_prop
    found = control([one.claims for one in looked], rate)
    bounds = np.cumsum([0, *(one.claims.entry_days.size for one in looked)])
    for one, first, last in zip(looked, bounds[:-1], bounds[1:], strict=True):
        stands = found.stands[first:last]
        yield _piece(SIGNALS, {**one.signals, "stands_after_control": stands})
        yield _piece(EPISODES, one.episodes.with_standing(stands))
    yield _piece(SIGNAL_CONTROL, _control_row(found, rate))


def _signal_rows(judged: JudgedGrid, entries: Entries) -> Columns:
    """Columns of `analysis.signals`, before it is known which stand."""
    grid, i, j = judged.grid, entries.series, entries.point
    better = better_side(judged.indicator.direction, grid.unit_ids.size)
    names = np.array([str(rule) for rule in RULES], dtype=object)
    mark_down = entries.mark_down.copy()
    mark_down[entries.counts] = None
    return {
        "indicator_id": same_word(judged.indicator.id, i.size),
        "unit_id": words_at(grid.unit_ids, i),
        "topic_id": same_word(judged.indicator.topic, i.size),
        "period_start": grid.starts[j],
        "period_end": grid.ends[j],
        "value": grid.values[i, j],
        "centre": judged.lines.centre[i, j],
        "rule": words_at(names, entries.rule),
        "side": words_at(_SIDES, (entries.side > 0).astype(np.int8)),
        "meaning": meaning_of(entries.side, better[i]),
        "known_on": grid.ends[entries.known],
        "chance_prop": entries.chance,
        "mark_down": mark_down,
    }


def _control_row(found: Control, rate: float) -> Columns:
    row = {
        "series_count": found.series_count,
        "signals_count": found.signals_count,
        "expected_noise_count": found.expected_noise_count,
        "standing_count": found.standing_count,
        "false_discovery_prop": rate,
        "marked_down_count": found.marked_down_count,
    }
    return {
        "as_of_on": np.array([found.as_of], dtype="datetime64[D]"),
        **{name: np.array([value]) for name, value in row.items()},
        "words": np.array([_tell(found, rate)], dtype=object),
    }


def _tell(found: Control, rate: float) -> str:
    """The night in plain words."""
    if not found.series_count:
        return "No measure has points enough to be judged."
    said = (
        f"{found.series_count:,} series were judged; {found.signals_count:,} show something "
        f"unusual at their latest point."
    )
    if not found.signals_count:
        return said
    noise = round(found.expected_noise_count)
    often = "one" if noise == 1 else f"{noise:,}"
    said += f" By chance alone about {often} would." if noise else " Hardly any by chance alone."
    return (
        f"{said} {found.standing_count:,} stand when all series are allowed for: "
        f"among those at most about {rate:.0%} are expected to be noise."
    )
