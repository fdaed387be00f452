"""The shape of errors: found where it was planted, left alone where there is none."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import skew, t

from lhs_pipeline.statistics.lens_likelihood import LensModel
from lhs_pipeline.statistics.lens_shape import LensShapes, ShapePriors, learn_shapes, plain_shapes

LENSES = 3
MODEL = LensModel(
    sizes=np.ones(1), size_weights=np.ones(1), real_prop=0.05, centre=np.zeros(LENSES),
    response=np.full(LENSES, 2.0), specific=np.full(LENSES, 0.3), noise=np.eye(LENSES),
    loud_prop=np.full(LENSES, 0.005), loud_spread=np.full(LENSES, 4.0),
)  # fmt: skip
PRIORS = ShapePriors(skew=0.15, tail=0.2, skew_among=0.05, tail_among=0.07)


def learnt(scores: np.ndarray, by_others: float | np.ndarray = 0.02) -> LensShapes:
    return learn_shapes(scores, np.broadcast_to(by_others, scores.shape), MODEL, PRIORS)


def far_out(scores: np.ndarray) -> np.ndarray:
    """Share beyond three spreads of the middle half; 0.0027 of a bell curve."""
    spread = 1.4826 * np.median(np.abs(scores - np.median(scores, axis=0)), axis=0)
    return np.asarray((np.abs(scores) > 3 * spread).mean(axis=0))


def test_errors_of_a_bell_curve_are_hardly_touched() -> None:
    scores = np.random.default_rng(1).standard_normal((800, LENSES))
    straight = learnt(scores).straighten(scores)
    assert np.abs(straight - scores).mean() < 0.05


def test_long_tails_are_drawn_in_and_the_middle_stays() -> None:
    scores = np.random.default_rng(2).standard_t(3, (2000, LENSES))
    shapes = learnt(scores)
    straight = shapes.straighten(scores)
    assert (far_out(scores) > 0.03).all()
    assert (far_out(straight) < 0.015).all()
    near = np.abs(scores) < 0.3
    assert straight[near] == pytest.approx(scores[near], abs=0.05)


def test_a_lean_to_the_bad_side_is_taken_out() -> None:
    scores = np.random.default_rng(3).gamma(2.0, 1 / np.sqrt(2), (2000, LENSES)) - np.sqrt(2)
    straight = learnt(scores).straighten(scores)
    assert (skew(scores) > 1.0).all()
    assert (np.abs(skew(straight)) < 0.45).all()


def test_what_other_lenses_call_real_is_not_taken_for_a_tail() -> None:
    rng = np.random.default_rng(4)
    scores = rng.standard_normal((2000, LENSES))
    is_real = rng.random(2000) < 0.08
    scores[is_real] += 2.0 + 0.3 * rng.standard_normal((int(is_real.sum()), LENSES))
    told = np.where(is_real, 0.95, 0.01)[:, None]
    blind = learnt(scores, 0.01).skew
    assert np.abs(learnt(scores, told).skew).max() < 0.04
    assert blind.min() > 0.04


def test_the_shape_that_was_planted_is_found() -> None:
    """Bell curves bent by a known shape, through the inverse written out here."""
    rng = np.random.default_rng(5)
    planted_skew, planted_tail = 0.2, 0.75
    bell = rng.standard_normal((6000, LENSES))
    scores = np.sinh((np.arcsinh(bell) + planted_skew) / planted_tail)
    shapes = learnt(scores, 1e-6)
    assert shapes.skew == pytest.approx(np.full(LENSES, planted_skew), abs=0.06)
    assert np.exp(shapes.log_tail) == pytest.approx(np.full(LENSES, planted_tail), abs=0.06)


def test_order_stays_and_a_missing_score_stays_missing() -> None:
    shapes = LensShapes(*(np.full(1, value) for value in (0.3, 1.2, 0.25, -0.4)))
    scores = np.array([[-8.0], [-1.0], [0.3], [0.31], [5.0], [30.0], [np.nan]])
    straight = shapes.straighten(scores)
    assert (np.diff(straight[:-1, 0]) > 0).all()
    assert np.isnan(straight[-1, 0])
    assert straight[2, 0] == pytest.approx(0.3)
    assert straight[3, 0] - straight[2, 0] == pytest.approx(0.01, rel=0.02)


def test_a_lens_that_stands_alone_is_taken_as_it_is() -> None:
    scores = np.full((400, LENSES), np.nan)
    scores[:, 0] = np.random.default_rng(7).standard_t(3, 400)
    assert learnt(scores).straighten(scores)[:, 0] == pytest.approx(scores[:, 0])


def test_few_scores_and_plain_shapes_leave_scores_alone() -> None:
    scores = np.random.default_rng(6).standard_t(3, (30, LENSES))
    assert learnt(scores).straighten(scores) == pytest.approx(scores)
    assert plain_shapes(LENSES).straighten(scores) == pytest.approx(scores)


def test_the_density_that_shapes_are_judged_by_is_one() -> None:
    """A bell curve of straightened scores times the slope of straightening integrates to one."""
    shapes = LensShapes(*(np.full(1, value) for value in (0.2, 0.8, 0.3, -0.3)))

    def density(score: float) -> float:
        ends = shapes.straighten(np.array([[score - 1e-5], [score + 1e-5]]))[:, 0]
        scale = 0.8 / (np.exp(-0.3) * np.cosh(0.3))
        away = (ends.mean() - 0.2) / scale - np.sinh(0.3)
        return float(np.exp(-0.5 * away**2) / np.sqrt(2 * np.pi) * np.diff(ends)[0] / 2e-5 / scale)

    assert quad(density, -60, 60, limit=200)[0] == pytest.approx(1.0, abs=1e-3)
    assert density(3.0) > t.pdf(3.0, 30)
