"""What was picked for being bad and gets better by itself is not closed; a real effect is."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from small_closure import FIRST, Counts, change, monthly, verdicts_of, weekly

from lhs_pipeline.closure.changes import Change
from lhs_pipeline.closure.effectiveness import Panel
from lhs_pipeline.vocabulary import Verdict

CHANGES_COUNT = 300
UNITS_COUNT = 12
Simulation = Callable[[np.random.Generator, float], tuple[Panel, Change]]


def noise(generator: np.random.Generator, shape: tuple[int, int], spread: float) -> Counts:
    """Log levels that wander a little, as those of wards do: AR(1), φ = 0.3."""
    steps = generator.normal(0, spread, shape)
    for i in range(1, shape[1]):
        steps[:, i] += 0.3 * steps[:, i - 1]
    return steps


def picked_first(panel: tuple[Counts, Counts], worst: tuple[int, int]) -> tuple[Counts, Counts]:
    order = [worst[0], *(i for i in range(UNITS_COUNT) if i != worst[0])]
    return panel[0][order], panel[1][order]


def simulate_weeks(generator: np.random.Generator, effect: float) -> tuple[Panel, Change]:
    """The unit with the worst eight weeks of a year gets a change five weeks later."""
    shape, window = (UNITS_COUNT, 180), 8
    base = generator.poisson(60, shape).astype(np.float64)
    shares = np.clip(0.2 * np.exp(noise(generator, shape, 0.1)), 0, 1)
    events = generator.binomial(base.astype(int), shares).astype(np.float64)
    rates = np.array([np.convolve(row, np.ones(window), "valid") for row in events / base])
    unit, at = np.unravel_index(rates[:, 60:110].argmax(), (UNITS_COUNT, 50))
    first = int(at) + 60
    live = first + window + 5
    treated = shares[unit, live:] * (1 + effect)
    events[unit, live:] = generator.binomial(base[unit, live:].astype(int), treated)
    events, base = picked_first((events, base), (int(unit), first))
    made = change(
        trigger_on=FIRST + timedelta(weeks=first),
        raised_on=FIRST + timedelta(weeks=first + window, days=-1),
        live_on=FIRST + timedelta(weeks=live),
    )
    return weekly(events, base, "readmissions_30_days"), made


def simulate_months(generator: np.random.Generator, effect: float) -> tuple[Panel, Change]:
    """The unit with the worst single month of a year gets a change two months later."""
    shape = (UNITS_COUNT, 60)
    base = generator.normal(700, 30, shape)
    rates = 25 / 1000 * np.exp(noise(generator, shape, 0.15))
    events = generator.poisson(rates * base).astype(np.float64)
    unit, at = np.unravel_index((events / base)[:, 18:30].argmax(), (UNITS_COUNT, 12))
    first = int(at) + 18
    live = first + 3
    events[unit, live:] = generator.poisson(rates[unit, live:] * base[unit, live:] * (1 + effect))
    events, base = picked_first((events, base), (int(unit), first))
    months = np.datetime64("2021-07") + np.array([first, first + 1, live])
    trigger, raised, begun = (day.astype("datetime64[D]").astype(date) for day in months)
    made = change(trigger_on=trigger, raised_on=raised - timedelta(1), live_on=begun)
    return monthly(events, base, "medication_incidents_per_1000_bed_days"), made


def closed_prop(simulate: Simulation, effect: float, count: int) -> float:
    generator = np.random.default_rng(20260701)
    closed = [Verdict.CLOSE in verdicts_of(*simulate(generator, effect)) for _ in range(count)]
    return float(np.mean(closed))


@pytest.mark.parametrize("simulate", [simulate_weeks, simulate_months])
def test_a_bad_spell_that_ends_by_itself_is_closed_at_most_one_time_in_twenty(
    simulate: Simulation,
) -> None:
    assert closed_prop(simulate, 0.0, CHANGES_COUNT) <= 0.05


@pytest.mark.parametrize(("simulate", "least"), [(simulate_weeks, 0.9), (simulate_months, 0.6)])
def test_a_change_that_takes_away_two_fifths_is_closed_in_most(
    simulate: Simulation, least: float
) -> None:
    assert closed_prop(simulate, -0.4, 100) >= least


@pytest.mark.parametrize("simulate", [simulate_weeks, simulate_months])
def test_a_change_that_does_harm_is_never_closed(simulate: Simulation) -> None:
    assert closed_prop(simulate, 0.4, 100) == 0.0
