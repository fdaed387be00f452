"""One indicator in one unit: its limits, its spells of concern, how far it departs from what.

Rows of the tables that stand are gathered here; nothing is judged anew.
"""

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import pandas as pd

from lhs_pipeline.analysis.missed_targets import MissedTarget
from lhs_pipeline.analysis.place import Place, day_of
from lhs_pipeline.catalogue.model import Catalogue, Indicator
from lhs_pipeline.vocabulary import Direction, LensAnswer, Period
from lhs_pipeline.warehouse.table import Record, records_of

DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Recent:
    """Sums of a series over its recent window."""

    numerator: float
    denominator: float
    days: float
    points_count: int
    from_on: date
    until_on: date


@dataclass(frozen=True)
class Departure:
    """Events a month beyond a reference (negative: fewer than that), with their error."""

    per_month: float
    error_per_month: float
    expected_per_month: float

    @property
    def score(self) -> float | None:
        """Standard errors beyond the reference; positive is worse."""
        if self.error_per_month > 0:
            return self.per_month / self.error_per_month
        return math.copysign(math.inf, self.per_month) if self.per_month else None


@dataclass(frozen=True)
class SeriesFinding:
    """One indicator in one unit, and what is known of it tonight."""

    indicator: Indicator
    limits: Record
    episodes: tuple[Record, ...]
    comparison: Record | None
    missed: MissedTarget | None
    recent: Recent | None
    baseline_points_count: int

    @property
    def is_active(self) -> bool:
        """Whether a spell of concern stands now."""
        return any(episode["is_active"] for episode in self.episodes)

    @property
    def stands_out(self) -> bool:
        """Whether it lies beyond the ordinary variation between units of its kind."""
        return self.comparison is not None and self.comparison["answer"] == LensAnswer.AGREES

    @property
    def misses_target(self) -> bool:
        """Whether the process cannot meet its target; of a short series, whether it never did."""
        # Limits of an old baseline outlive what has risen above its target since.
        now = self.departure_from(self.limits["target"])
        still_misses = now is not None and now.per_month > 0
        fails = bool(self.limits["assurance"] == "consistently_fails")
        return (fails and still_misses) or self.missed is not None

    @property
    def pattern(self) -> str | None:
        """What it shows now; None where nothing is wrong with it."""
        if self.is_active:
            return "special_cause"
        if self.stands_out:
            return "stands_out"
        if self.misses_target:
            return "misses_target" if self.missed is None else "never_met_target"
        return None

    @property
    def departure(self) -> Departure | None:
        """How far it is from the usual level, the level of its kind, or a missed target."""
        if self.pattern == "stands_out" and self.comparison is not None:
            return departure_from_kind(self.comparison, self.indicator)
        is_target = self.pattern in ("misses_target", "never_met_target")
        return self.departure_from(self.limits["target" if is_target else "centre"])

    @property
    def excess_per_month(self) -> float:
        """Events a month beyond the reference of its pattern, none where it is better."""
        departure = self.departure
        return max(0.0, departure.per_month) if departure is not None else 0.0

    @property
    def harm_per_month(self) -> float:
        """Excess weighted by severity."""
        return self.excess_per_month * self.indicator.severity_weight

    def departure_from(self, reference: float | None) -> Departure | None:
        """Return how far the recent window departs from a reference in the indicator's unit."""
        recent = self.recent
        is_neutral = self.indicator.direction is Direction.NEUTRAL
        if reference is None or recent is None or recent.denominator <= 0 or is_neutral:
            return None
        base = recent.denominator / self.indicator.multiplier
        monthly = DAYS_A_MONTH / recent.days
        beyond = _sign(self.indicator) * (recent.numerator - base * reference)
        error = base * (self._spread() or 0.0) / math.sqrt(max(recent.points_count, 1))
        return Departure(beyond * monthly, error * monthly, abs(base * reference) * monthly)

    def usual_departure(self) -> Departure | None:
        """Return the departure from the series' own baseline, its doubt included."""
        spread, found = self._spread(), self.departure_from(self.limits["centre"])
        if spread is None or found is None or self.recent is None:
            return None
        widen = math.sqrt(1 + self.recent.points_count / max(self.baseline_points_count, 1))
        return Departure(found.per_month, found.error_per_month * widen, found.expected_per_month)

    def _spread(self) -> float | None:
        """Standard deviation of one point, as the limits have it."""
        centre = self.limits["centre"]
        reaches = [
            abs(self.limits[side] - centre) / 3
            for side in ("upper_limit", "lower_limit")
            if self.limits[side] is not None and centre is not None
        ]
        return max(reaches) if reaches else None


def _sign(indicator: Indicator) -> float:
    return 1.0 if indicator.direction is Direction.LOWER else -1.0


def departure_from_kind(comparison: Record, indicator: Indicator) -> Departure | None:
    """Return how far a unit departs from the units of its kind, by limits wide enough for them."""
    if comparison["centre"] is None:
        return None
    days = (day_of(comparison["period_end"]) - day_of(comparison["period_start"])).days + 1
    base = comparison["denominator"] / indicator.multiplier
    beyond = comparison["value"] - comparison["centre"]
    side = "upper_limit" if beyond > 0 else "lower_limit"
    # The limits lie 3.09 standard errors out; towards zero they are cut off, so that the
    # wider side speaks where the nearer one is zero.
    reach = abs(comparison[side] - comparison["centre"]) or abs(
        comparison["upper_limit"] - comparison["centre"]
    )
    monthly = base * DAYS_A_MONTH / days
    return Departure(
        _sign(indicator) * beyond * monthly,
        reach / 3.09 * monthly,
        abs(comparison["centre"]) * monthly,
    )


@dataclass(frozen=True)
class SeriesTables:
    """The tables that findings on series are gathered from."""

    limits: pd.DataFrame
    episodes: pd.DataFrame
    comparisons: pd.DataFrame
    recent_levels: pd.DataFrame


def arrange_series(tables: SeriesTables, catalogue: Catalogue) -> dict[Place, list[SeriesFinding]]:
    """Return what is known of every series, by topic and unit."""
    spells: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for row in records_of(tables.episodes):
        spells[row["indicator_id"], row["unit_id"]].append(row)
    levels = {(r["indicator_id"], r["unit_id"]): r for r in records_of(tables.recent_levels)}
    compared = {(r["indicator_id"], r["unit_id"]): r for r in records_of(tables.comparisons)}
    arranged: dict[Place, list[SeriesFinding]] = defaultdict(list)
    for limits in records_of(tables.limits):
        indicator = catalogue.indicators[limits["indicator_id"]]
        key = (indicator.id, limits["unit_id"])
        level = levels.get(key)
        one = SeriesFinding(
            indicator=indicator,
            limits=limits,
            episodes=tuple(sorted(spells[key], key=lambda row: day_of(row["trigger_on"]))),
            comparison=compared.get(key),
            missed=_missed_of(level) if level else None,
            recent=_recent_of(level) if level else None,
            baseline_points_count=_baseline_count(indicator, limits, catalogue),
        )
        arranged[Place(indicator.topic, limits["unit_id"])].append(one)
    return arranged


def _baseline_count(indicator: Indicator, limits: Record, catalogue: Catalogue) -> int:
    policy = catalogue.rules.spc
    is_weekly = indicator.period is Period.WEEK
    wanted = policy.baseline_weeks_count if is_weekly else policy.baseline_months_count
    return int(min(wanted, limits["points_count"]))


def _recent_of(row: Record) -> Recent | None:
    """What a series adds up to in the recent window; None without a point in it."""
    if row["days"] is None:
        return None
    return Recent(
        row["numerator"], row["denominator"], row["days"], int(row["points_count"]),
        day_of(row["from_on"]), day_of(row["until_on"]),
    )  # fmt: skip


def _missed_of(row: Record) -> MissedTarget | None:
    if row["missed_points_count"] is None:
        return None
    return MissedTarget(int(row["missed_points_count"]), day_of(row["missed_raised_on"]))
