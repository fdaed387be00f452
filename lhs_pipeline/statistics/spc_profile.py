"""Named ways of reading an XmR chart: every choice that the field leaves open is an option here.

Profiles are values, so that a site can sign its own in policy.toml. No arithmetic lives here.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from fractions import Fraction


class Rule(StrEnum):
    """The four Making Data Count rules, in the words of `analysis.signals.rule`."""

    OUTSIDE_LIMITS = "outside_limits"
    SHIFT = "shift"
    TREND = "trend"
    TWO_OF_THREE = "two_of_three"


NHSR_PRIORITY = (Rule.OUTSIDE_LIMITS, Rule.TREND, Rule.TWO_OF_THREE, Rule.SHIFT)


@dataclass(frozen=True)
class SpcProfile:
    """How limits are computed, which rules fire, and what an icon says.

    Attributes:
        name: what the profile is called.
        limit_factor: limits are the mean ∓ this times the mean moving range.
        near_limit_factor: near limits, likewise.
        screen_moving_ranges: drop ranges at or above `screening_factor` times their mean, once.
        screening_factor: 3.267 in every reference.
        screening_may_collapse: keep the screened ranges even where only zeros (or none) survive.
            Then a series of 23 zeros and one 1 has limits of no width and signals everywhere.
        run_length: points on one side of the mean that make a shift (6 or 7).
        trend_length: points that rise, or fall, without a break that make a trend.
        two_of_three_counts_outside: a point beyond the outer limit counts towards 2 of 3.
        priority: which rule names a point that breaks several.
        minimum_points_count: below this an icon answers "too few points".
        minimum_baseline_count: likewise, of values that feed the limits.
        target_met_at_limit: a target that equals a limit is met (a constant 100% passes 100%).
        missing_latest_is_common_cause: a missing last value is called common cause; otherwise
            the latest present value is judged.
        missing_target_is_hit_or_miss: a series without a target is called hit or miss.
    """

    name: str
    limit_factor: Fraction
    near_limit_factor: Fraction
    screen_moving_ranges: bool
    screening_factor: Fraction
    screening_may_collapse: bool
    run_length: int
    trend_length: int
    two_of_three_counts_outside: bool
    priority: tuple[Rule, ...]
    minimum_points_count: int
    minimum_baseline_count: int
    target_met_at_limit: bool
    missing_latest_is_common_cause: bool
    missing_target_is_hit_or_miss: bool

    def __post_init__(self) -> None:
        """Refuse options that have no meaning.

        Raises:
            ValueError: an option is out of its range; the message names it.
        """
        if self.run_length < 2 or self.trend_length < 3:
            raise ValueError("run_length must be at least 2 and trend_length at least 3")
        if sorted(self.priority) != sorted(Rule):
            raise ValueError(f"priority must name each of {[str(r) for r in Rule]} once")
        if not 0 < self.near_limit_factor < self.limit_factor:
            raise ValueError("near_limit_factor must lie between 0 and limit_factor")


MDC = SpcProfile(
    name="mdc",
    limit_factor=Fraction("2.66"),
    near_limit_factor=Fraction("2.66") * 2 / 3,
    screen_moving_ranges=False,
    screening_factor=Fraction("3.267"),
    screening_may_collapse=False,
    run_length=7,
    trend_length=7,
    two_of_three_counts_outside=True,
    priority=NHSR_PRIORITY,
    minimum_points_count=13,
    minimum_baseline_count=12,
    target_met_at_limit=True,
    missing_latest_is_common_cause=False,
    missing_target_is_hit_or_miss=False,
)
"""NHS England's Making Data Count: its Excel tool and guidance since November 2023."""

NHSR = SpcProfile(
    name="nhsr",
    limit_factor=Fraction("2.66"),
    near_limit_factor=Fraction("2.66") * 2 / 3,
    screen_moving_ranges=True,
    screening_factor=Fraction("3.267"),
    screening_may_collapse=True,
    run_length=7,
    trend_length=7,
    two_of_three_counts_outside=False,
    priority=NHSR_PRIORITY,
    minimum_points_count=0,
    minimum_baseline_count=0,
    target_met_at_limit=False,
    missing_latest_is_common_cause=True,
    missing_target_is_hit_or_miss=True,
)
"""The R package NHSRplotthedots 0.2.2, to the last flag, its faults included.

Three of its faults are not copied: a missing value never aborts, infinite values are refused, and
a point exactly on the mean is on it. R decides such ties on the last bit of a binary fraction, and
where values lie on both sides of a power of two it calls about 1 tie in 150 above or below.
"""

QICHARTS2 = SpcProfile(
    name="qicharts2",
    limit_factor=3 / Fraction("1.128"),
    near_limit_factor=2 / Fraction("1.128"),
    screen_moving_ranges=True,
    screening_factor=Fraction("3.267"),
    screening_may_collapse=True,
    run_length=7,
    trend_length=7,
    two_of_three_counts_outside=False,
    priority=NHSR_PRIORITY,
    minimum_points_count=0,
    minimum_baseline_count=0,
    target_met_at_limit=False,
    missing_latest_is_common_cause=False,
    missing_target_is_hit_or_miss=False,
)
"""Limits of the i chart of the R package qicharts2 0.8.1, attached; its runs are `run_chart`'s."""

PROFILES: Mapping[str, SpcProfile] = {p.name: p for p in (MDC, NHSR, QICHARTS2)}


def profile_from(mapping: Mapping[str, object]) -> SpcProfile:
    """A profile from declared options, such as a table of policy.toml.

    Args:
        mapping: `name`, optionally `based_on` (a named profile), and any option of `SpcProfile`;
            without `based_on` every option must stand. A bare known `name` gives that profile.

    Raises:
        ValueError: an option is unknown, missing or of the wrong kind; the message names it.
    """
    allowed = {field.name for field in fields(SpcProfile)}
    given = {key: value for key, value in mapping.items() if key != "based_on"}
    if unknown := sorted(given.keys() - allowed):
        raise ValueError(f"unknown SPC option {unknown}; allowed: {sorted(allowed)} and based_on")
    options = {**_inherited(mapping), **{key: _read(key, value) for key, value in given.items()}}
    if missing := sorted(allowed - options.keys()):
        raise ValueError(f"missing SPC option {missing}; or name a profile in based_on")
    return SpcProfile(**options)  # type: ignore[arg-type]


def _inherited(mapping: Mapping[str, object]) -> dict[str, object]:
    """The options of the profile that the mapping builds on, or none."""
    base = mapping.get("based_on", mapping.get("name"))
    if "based_on" in mapping and base not in PROFILES:
        raise ValueError(f"based_on {base!r} is no profile; allowed: {sorted(PROFILES)}")
    known = PROFILES.get(str(base))
    return {} if known is None else asdict(known)


def _read(key: str, value: object) -> object:
    """One option as the profile holds it: factors exact, rules as words of the vocabulary."""
    expected = SpcProfile.__annotations__[key]
    if key == "priority" and isinstance(value, list | tuple):
        return tuple(Rule(rule) for rule in value)
    if expected is Fraction and isinstance(value, int | float | str | Fraction):
        return Fraction(str(value))
    if type(value) is not expected:
        raise ValueError(f"SPC option {key} must be {expected.__name__}, not {value!r}")
    return value
