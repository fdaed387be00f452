"""Withheld cells stay withheld for somebody who adds up, subtracts, and knows how it was done."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from lhs_pipeline.board.disclosure import STANDARD_POLICY
from lhs_pipeline.board.small_cells import Counted, withhold_cells

SHARES = {"seen": Counted(is_mean=False, is_share=True, multiplier=1.0)}
RATES = {"falls": Counted(is_mean=False, is_share=False, multiplier=1000.0)}
DAY = date(2026, 5, 1)
TOTAL = "trust"


def table(
    indicator: str, cells: list[tuple[float, float]], day: date = DAY, *, is_complete: bool = True
) -> pd.DataFrame:
    """One period: (events, base) of each unit, and their total."""
    rows = [(f"ward_{n:02}", *cell) for n, cell in enumerate(cells)]
    rows.append((TOTAL, sum(c[0] for c in cells), sum(c[1] for c in cells)))
    frame = pd.DataFrame(rows, columns=["unit_id", "numerator", "denominator"]).astype(
        {"numerator": float, "denominator": float}
    )
    return frame.assign(
        indicator_id=indicator,
        period_start=pd.Timestamp(day),
        period_end=pd.Timestamp(day),
        value=frame["numerator"] / frame["denominator"].where(frame["denominator"] > 0),
        is_complete=is_complete,
    )


def bounds_of(shown: pd.DataFrame, place: int) -> tuple[float, float]:
    """The least and the greatest number that a withheld cell may be, by linear programming.

    The attacker knows which cells are small, that the others are not, and that the total is one.
    """
    parts = shown[shown["unit_id"] != TOTAL].reset_index(drop=True)
    total = shown.loc[shown["unit_id"] == TOTAL, "numerator"].iloc[0]
    limits = []
    for row in parts.itertuples():
        if not row.is_suppressed:
            limits.append((row.numerator, row.numerator))
        elif not np.isnan(row.numerator_from):
            limits.append((row.numerator_from, row.numerator_to))
        elif np.isnan(row.denominator):
            limits.append((0, None))
        else:
            most = row.denominator if row.indicator_id == "seen" else None
            limits.append((STANDARD_POLICY.smallest_count, most))
    weights = np.zeros(len(parts))
    weights[place] = 1.0
    sums = {} if np.isnan(total) else {"A_eq": [np.ones(len(parts))], "b_eq": [total]}
    found = []
    for sign in (1, -1):
        solved = linprog(sign * weights, bounds=limits, method="highs", **sums)
        assert solved.status in (0, 3)  # 3: without an upper end
        found.append(sign * solved.fun if solved.status == 0 else np.inf)
    return found[0], found[1]


CELL = st.one_of(st.integers(0, 6), st.integers(5, 60))
CELLS = st.lists(st.tuples(CELL, CELL), min_size=1, max_size=9)


@settings(max_examples=40, deadline=None)
@given(CELLS)
@example([(0, 2), (0, 3)])
def test_no_linear_programme_finds_a_withheld_count(drawn: list[tuple[int, int]]) -> None:
    cells = [(float(events), float(events + rest)) for events, rest in drawn]
    # That nothing happened is no small count: it may follow from a total of none.
    has_events = np.array([events > 0 for events, _ in cells])
    for indicator, rules in (("seen", SHARES), ("falls", RATES)):
        shown = withhold_cells(table(indicator, cells), rules, STANDARD_POLICY)
        parts = shown[shown["unit_id"] != TOTAL]
        is_small = parts["numerator_from"].notna() | parts["denominator"].isna()
        for place in np.flatnonzero(is_small & has_events):
            low, high = bounds_of(shown, int(place))
            assert high - low >= 1


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_every_small_count_is_withheld_and_zero_and_missing_are_not(
    drawn: list[tuple[int, int]],
) -> None:
    cells = [(float(events), float(events + rest)) for events, rest in drawn]
    given_table = table("seen", cells)
    shown = withhold_cells(given_table, SHARES, STANDARD_POLICY)
    for name in ("numerator", "denominator"):
        assert not shown[name].between(1, 4).any()
    rest = shown["denominator"] - shown["numerator"]
    assert not rest.between(1, 4).any()
    assert shown.loc[shown["is_suppressed"], ["numerator", "value"]].isna().all(axis=None)
    kept = ~shown["is_suppressed"]
    assert shown.loc[kept, "numerator"].equals(given_table.loc[kept, "numerator"])


def test_a_cell_without_data_is_missing_and_not_withheld() -> None:
    given_table = table("falls", [(3, 100), (9, 100)])
    given_table.loc[1, ["numerator", "value"]] = np.nan
    shown = withhold_cells(given_table, RATES, STANDARD_POLICY)
    assert shown["is_suppressed"].tolist()[:2] == [True, False]


@pytest.mark.parametrize("small", [1.0, 2.0, 3.0, 4.0])
def test_one_small_ward_takes_the_next_least_with_it(small: float) -> None:
    shown = withhold_cells(
        table("falls", [(small, 100), (9, 100), (30, 100), (0, 100)]), RATES, STANDARD_POLICY
    )
    assert shown["is_suppressed"].tolist() == [True, True, False, False, False]
    assert shown["numerator_to"].tolist()[:2] == pytest.approx([4.0, np.nan], nan_ok=True)


def test_where_one_other_part_is_left_the_total_is_withheld() -> None:
    shown = withhold_cells(table("falls", [(2, 100), (30, 100)]), RATES, STANDARD_POLICY)
    assert shown["is_suppressed"].tolist() == [True, False, True]


def test_a_sum_at_the_edge_of_its_range_withholds_a_third() -> None:
    """Two withheld parts that add up to two are one each."""
    shown = withhold_cells(
        table("falls", [(1, 100), (1, 100), (9, 100), (20, 100)]), RATES, STANDARD_POLICY
    )
    assert shown["is_suppressed"].tolist() == [True, True, True, False, False]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=3, max_size=3), st.permutations(range(3)))
def test_what_is_published_does_not_depend_on_what_is_withheld(
    few: list[int], order: list[int]
) -> None:
    """Exchanging the withheld numbers changes nothing that is published, to the last byte."""
    others = [(40.0, 300.0), (12.0, 300.0)]
    first = table("falls", [*((float(n), 300.0) for n in few), *others])
    second = table("falls", [*((float(few[n]), 300.0) for n in order), *others])
    shown = [withhold_cells(each, RATES, STANDARD_POLICY) for each in (first, second)]
    assert shown[0].equals(shown[1])


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=4))
def test_a_night_that_knows_what_it_withheld_withholds_the_same(
    drawn: list[list[tuple[int, int]]],
) -> None:
    """So that the series need not be made again because they were made."""
    months = [
        table("seen", [(float(n), float(n + rest)) for n, rest in cells], date(2026, 1 + at, 1))
        for at, cells in enumerate(drawn)
    ]
    series = pd.concat(months, ignore_index=True)
    first = withhold_cells(series, SHARES, STANDARD_POLICY)
    again = withhold_cells(series, SHARES, STANDARD_POLICY, before=first)
    pd.testing.assert_frame_equal(first, again)


def test_two_nights_do_not_tell_what_one_withheld() -> None:
    """A part withheld for another's sake stays so when the other has grown."""
    night = withhold_cells(table("falls", [(3, 100), (9, 100), (30, 100)]), RATES, STANDARD_POLICY)
    later = table("falls", [(6, 100), (9, 100), (30, 100)])
    alone = withhold_cells(later, RATES, STANDARD_POLICY)
    kept = withhold_cells(later, RATES, STANDARD_POLICY, before=night)
    assert not alone["is_suppressed"].any()
    assert kept["is_suppressed"].tolist() == [True, True, False, False]


def test_a_period_that_is_still_filling_is_shown_once_it_is_large_enough() -> None:
    night = withhold_cells(
        table("falls", [(3, 100), (9, 100), (30, 100)], is_complete=False), RATES, STANDARD_POLICY
    )
    later = table("falls", [(6, 100), (9, 100), (30, 100)])
    kept = withhold_cells(later, RATES, STANDARD_POLICY, before=night)
    assert not kept["is_suppressed"].any()


def test_the_mean_of_a_few_people_is_withheld_with_their_number() -> None:
    stays = {"stay": Counted(is_mean=True, is_share=False, multiplier=1.0)}
    shown = withhold_cells(
        table("stay", [(30.0, 2.0), (70.0, 9.0), (200.0, 40.0)]), stays, STANDARD_POLICY
    )
    assert shown["is_suppressed"].tolist() == [True, True, False, False]
    assert shown["denominator"].isna().tolist() == [True, True, False, False]


def test_withheld_points_are_drawn_where_a_poisson_number_would_lie() -> None:
    """A series of zeros and small numbers at a known rate: the drawn mean comes back to it."""
    rng = np.random.default_rng(7)
    counts = rng.poisson(1.2, 4000).astype(float)
    frame = pd.concat([table("falls", [(n, 500.0)]).iloc[:1] for n in counts[:1]] * 1)
    frame = frame.loc[frame.index.repeat(counts.size)].reset_index(drop=True)
    frame = frame.assign(
        numerator=counts,
        value=counts * 2,
        period_start=pd.date_range("2015-01-01", periods=counts.size),
    )
    shown = withhold_cells(frame, RATES, STANDARD_POLICY)
    drawn = shown["value"].where(~shown["is_suppressed"], shown["drawn_value"])
    assert drawn.mean() == pytest.approx(2 * 1.2, rel=0.03)
