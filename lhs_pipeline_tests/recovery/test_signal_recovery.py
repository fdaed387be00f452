"""What was planted is found, what was not is seldom found, and neither by luck of the code."""

import numpy as np
import pytest

from lhs_pipeline.statistics.control_charts import Chart
from lhs_pipeline.statistics.spc import MDC, NHSR, Rule

from .planted_series import WORLDS
from .signal_recovery import Recovery, outside_shares, recover

SERIES = 4_000


@pytest.fixture(scope="module")
def rows() -> dict[str, Recovery]:
    """Every world under mdc."""
    return {world.name: recover(world, MDC, SERIES, seed=11) for world in WORLDS}


@pytest.mark.parametrize(
    ("world", "rule", "at_least"),
    [
        ("shift of 1 SD", Rule.SHIFT, 0.5),
        ("shift of 2 SD", Rule.SHIFT, 0.9),
        ("shift of 3 SD", Rule.OUTSIDE_LIMITS, 0.95),
        ("shift of 2 SD", Rule.TWO_OF_THREE, 0.8),
        ("drift of 0.2 SD a point", Rule.SHIFT, 0.6),
        ("one spike of 5 SD", Rule.OUTSIDE_LIMITS, 0.9),
    ],
)
def test_planted_changes_are_found(rows, world: str, rule: Rule, at_least: float) -> None:
    """The rule that should see a change sees it."""
    assert rows[world].by_rule[rule] >= at_least


def test_larger_changes_are_found_more_often(rows) -> None:
    """Shares rise with the size of what was planted."""
    for kind, sizes in (("shift of {} SD", (0.5, 1, 1.5, 2, 3)), ("one spike of {} SD", (3, 4, 5))):
        shares = [rows[kind.format(f"{size:g}")].any_rule for size in sizes]
        assert shares == sorted(shares)


def test_false_alarms_in_quiet_series_are_those_of_theory(rows) -> None:
    """Twelve watched points, four rules, limits from 24 points: about 22% of series."""
    quiet = rows["nothing"]
    assert 0.19 < quiet.any_rule < 0.26
    assert quiet.by_rule[Rule.TREND] < 0.01
    assert quiet.by_rule[Rule.TWO_OF_THREE] < 0.07


def test_a_trend_of_seven_is_as_rare_as_permutations_say() -> None:
    """Of seven independent points 2 / 7! rise or fall throughout."""
    from lhs_pipeline.statistics.spc import judge_xmr

    values = np.random.default_rng(5).normal(size=(200_000, 7))
    share = judge_xmr(values, profile=MDC).trend.any(axis=1).mean()
    assert share == pytest.approx(2 / 5040, rel=0.35)


def test_habits_and_seasons_make_false_alarms(rows) -> None:
    """The documented weakness of the rules, not a surprise."""
    assert rows["autocorrelation of 0.6"].any_rule > 3 * rows["nothing"].any_rule
    assert rows["season of ±1 SD"].any_rule > 1.5 * rows["nothing"].any_rule


def test_counting_outside_points_finds_more() -> None:
    """mdc's reading of two of three since November 2023, against nhsr's, on large shifts."""
    world = next(w for w in WORLDS if w.name == "shift of 3 SD")
    ours, theirs = (recover(world, p, SERIES, 11).by_rule[Rule.TWO_OF_THREE] for p in (MDC, NHSR))
    assert ours > theirs + 0.1


def test_laney_charts_hold_where_shares_vary_beyond_chance() -> None:
    """A p chart of large denominators cries wolf; p', I' and I charts do not."""
    shares = outside_shares(between=0.03, series=300, seed=2)
    assert shares[Chart.P] > 0.2
    assert max(shares[Chart.PP], shares[Chart.IP], shares[Chart.I]) < 0.02
    quiet = outside_shares(between=0.0, series=300, seed=2)
    assert max(quiet.values()) < 0.01
