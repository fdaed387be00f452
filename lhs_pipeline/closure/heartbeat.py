"""Every night: would dummy changes, where nothing was changed, have been closed?

Each dummy falls on a unit that looked bad just before, as real changes do, at dates drawn by the
night's own date; the whole engine judges it, and the answers add up over the nights.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import numpy as np
import pandas as pd

from lhs_pipeline.catalogue.model import Indicator
from lhs_pipeline.closure.engine import evaluate_changes
from lhs_pipeline.closure.panels import IndicatorPanel, build_panel, read_series
from lhs_pipeline.closure.placebo import FalseClosure, PlaceboPlan, pick_dummies, rate_of
from lhs_pipeline.closure.policy import EvaluationPolicy
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, Direction
from lhs_pipeline.warehouse.table import Table, TableColumn

HEARTBEAT = Table(
    "closure.heartbeat",
    "Dummy changes where nothing was changed, and whether closure was wrong about them.",
    "one row per dummy change",
    (
        TableColumn("placebo_id", "VARCHAR", "Indicator, unit and day of the dummy change."),
        TableColumn("night_on", "DATE", "Night on which it was judged, the latest if several."),
        TableColumn("indicator_id", "VARCHAR", "The measure."),
        TableColumn("unit_id", "VARCHAR", "The unit, which looked bad just before."),
        TableColumn("live_on", "DATE", "Day from which the dummy change is taken to be in place."),
        TableColumn("is_closed", "BOOLEAN", "Closed at any look; each one is a mistake."),
    ),
)
PLAN = PlaceboPlan(
    horizon_weeks=52, recent_weeks=8, past_weeks=44, delay_weeks=4, share_at_once=1 / 3, runs=1
)
_FEWEST_UNITS = 6
"""Two dummies and four units to compare them with; with fewer, nothing would ever be closed."""
_WANTED_DUMMIES = 200
"""So many a night, if the site's past has room: 5% or more would then be seen as more than 2%."""
_ROOM_FOR = 2
"""Twice what is wanted: not every unit has a past that is long enough."""
_MOST_ROUNDS = 12
_GOLDEN_STEP = (5**0.5 - 1) / 2
"""From round to round the date moves by this share of the time: no two rounds come close."""


def choose_measures(units: Mapping[str, int], night: date) -> list[str]:
    """Measures with room for the dummies of a night, drawn by its date; on a small site all.

    A site with many units need not read every measure every night: within weeks all have their
    turn.

    Args:
        units: How many units each measure has.
        night: Tonight.
    """
    stream = np.random.Generator(np.random.PCG64(night.toordinal()))
    chosen: list[str] = []
    room = 0
    for name in stream.permutation(sorted(units)).tolist():
        if room >= _ROOM_FOR * _WANTED_DUMMIES:
            break
        chosen.append(name)
        room += int(PLAN.share_at_once * units[name])
    return sorted(chosen)


def judge_dummies(
    indicator_series: pd.DataFrame,
    adoption: pd.DataFrame,
    indicators: Iterable[Indicator],
    policy: EvaluationPolicy,
    night: date,
) -> pd.DataFrame:
    """Rows of `closure.heartbeat` for one night; the same night gives the same rows.

    A unit counts as untreated until the first change of any kind went live in it; what it did
    later is left out, also as a comparison.

    Args:
        indicator_series: Rows of analysis.complete_series, of the measures chosen for tonight.
        adoption: Rows of implementation.adoption.
        indicators: The site's measures.
        policy: The rules by which real changes are judged.
        night: Tonight.
    """
    kinds = _kinds(indicators)
    series = _untreated(indicator_series, adoption, set(kinds["indicator"]))
    found: list[pd.DataFrame] = []
    for dummies in _draw(series, kinds, policy, night):
        found.append(_judge_round(series, dummies, kinds, policy).assign(night_on=night))
        if sum(len(each) for each in found) >= _WANTED_DUMMIES:
            break
    if not found:
        return pd.DataFrame(columns=HEARTBEAT.column_names)
    return pd.concat(found, ignore_index=True)[HEARTBEAT.column_names]


def _judge_round(
    series: pd.DataFrame, dummies: pd.DataFrame, kinds: pd.DataFrame, policy: EvaluationPolicy
) -> pd.DataFrame:
    """Dummies that stand beside one another, judged as changes of one time would be."""
    wanted = series[series["indicator"].isin(set(dummies["indicator"]))]
    verdicts = evaluate_changes(wanted, dummies, kinds, policy)
    closed = set(verdicts.loc[verdicts["verdict"] == "CLOSE", "change_id"])
    return pd.DataFrame(
        {
            "placebo_id": dummies["change_id"],
            "indicator_id": dummies["indicator"],
            "unit_id": dummies["unit"],
            "live_on": pd.to_datetime(dummies["implemented_date"]),
            "is_closed": dummies["change_id"].isin(closed),
        }
    )


def add_night(before: pd.DataFrame, tonight: pd.DataFrame) -> pd.DataFrame:
    """All dummies so far; one that was drawn before counts once, with its latest answer."""
    if before.empty:
        return tonight
    kept = before[~before["placebo_id"].isin(set(tonight["placebo_id"]))]
    return pd.concat([part for part in (kept, tonight) if len(part)], ignore_index=True)


def sum_up(heartbeat: pd.DataFrame) -> FalseClosure:
    """How often a change that never was would have been closed, with exact 95% limits."""
    if heartbeat.empty:
        return rate_of(0, 0)
    return rate_of(int(heartbeat["is_closed"].sum()), len(heartbeat))


def _kinds(indicators: Iterable[Indicator]) -> pd.DataFrame:
    """The measures in the engine's words."""
    rows = [
        {
            "indicator": each.id,
            "kind": "mean" if each.is_mean else "proportion" if each.unit == "prop" else "rate",
            "better": "higher" if each.direction is Direction.HIGHER else "lower",
        }
        for each in indicators
        if each.direction in (Direction.HIGHER, Direction.LOWER)
    ]
    return pd.DataFrame(rows, columns=["indicator", "kind", "better"])


def _untreated(
    indicator_series: pd.DataFrame, adoption: pd.DataFrame, known: set[str]
) -> pd.DataFrame:
    """Complete periods of single units before any change, in the engine's format."""
    rows = indicator_series[
        (indicator_series["unit_id"] != TRUST_UNIT_ID)
        & indicator_series["indicator_id"].isin(known)
        & indicator_series["is_complete"].astype(bool)
    ]
    live = pd.Series(dtype="datetime64[ns]")
    if len(adoption):
        live = pd.to_datetime(adoption["went_live_on"]).groupby(adoption["unit_id"]).min()
    ends = pd.to_datetime(rows["period_end"])
    is_before = ~(ends >= pd.to_datetime(rows["unit_id"].map(live.to_dict())))
    rows, ends = rows[is_before], ends[is_before]
    return pd.DataFrame(
        {
            "unit": rows["unit_id"],
            "indicator": rows["indicator_id"],
            "period_start": rows["period_start"],
            "period_end": rows["period_end"],
            "as_of": ends + pd.Timedelta(days=1),
            "numerator": rows["numerator"],
            "denominator": rows["denominator"],
            "value": rows["value"],
        }
    )


def _draw(
    series: pd.DataFrame, kinds: pd.DataFrame, policy: EvaluationPolicy, night: date
) -> Iterator[pd.DataFrame]:
    """Rounds of dummies: in each one date per measure, drawn from the night's own stream."""
    stream = np.random.Generator(np.random.PCG64(night.toordinal()))
    better = dict(zip(kinds["indicator"], kinds["better"], strict=True))
    drawn = [
        (build_panel(table, policy.complete_from_prop, 0), (name, better[name]), stream.random())
        for name, table in sorted(read_series(series, kinds).items())
    ]
    able = [each for each in drawn if len(each[0].units) >= _FEWEST_UNITS]
    drawn_before: set[object] = set()
    for number in range(_MOST_ROUNDS):
        rows = [
            row
            for panel, indicator, share in able
            for row in _draw_one(panel, indicator, (share + number * _GOLDEN_STEP) % 1.0)
            if row["change_id"] not in drawn_before
        ]
        drawn_before |= {row["change_id"] for row in rows}
        if rows:
            yield pd.DataFrame(rows)


def _draw_one(
    panel: IndicatorPanel, indicator: tuple[str, str], share: float
) -> list[dict[str, object]]:
    """Dummies of one measure, at a date that leaves a year before and the horizon after."""
    width = panel.period_days / 7.0
    periods = panel.panel.numerator.shape[1]
    horizon = int(np.ceil(PLAN.horizon_weeks / width))
    first = round((PLAN.recent_weeks + PLAN.past_weeks + PLAN.delay_weeks) / width)
    last = periods - horizon - 1
    if last < first:
        return []
    live = first + int(share * (last - first + 1))
    # A unit whose figures end within the horizon, by a real change, cannot be followed to its end.
    followed = panel.panel.is_seen[:, live : live + horizon].mean(axis=1) >= 0.8
    short = {unit for unit, is_enough in zip(panel.units, followed, strict=True) if not is_enough}
    return pick_dummies(panel, indicator, short, live, PLAN)
