"""Lenses combined: against numerical integration, against planted truth, and at the edges."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.stats import multivariate_normal, norm

from lhs_pipeline.analysis.beliefs import priors_of
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.demo.triage_world import TriageWorld, WorldSettings, make_world
from lhs_pipeline.demo.varied_world import draw_kind, make_varied_world
from lhs_pipeline.statistics.avoidable_harm import AvoidableHarm, log_normal_of
from lhs_pipeline.statistics.lens_combination import (
    Combination,
    combine_lenses,
    combine_residuals,
    decompose,
)
from lhs_pipeline.statistics.lens_doubt import Doubt
from lhs_pipeline.statistics.lens_errors import LensErrors
from lhs_pipeline.statistics.lens_fit import Candidates, LensFit
from lhs_pipeline.statistics.lens_likelihood import (
    LensModel,
    divide_probability,
    find_patterns,
)
from lhs_pipeline.statistics.rank_uncertainty import find_ranks

PRIORS = priors_of(read_catalogue().rules.triage)
SIZES = np.linspace(0.01, 5.0, 500)
NOISE = np.array([[1.2, 0.4], [0.4, 2.0]])
RESPONSE = np.array([1.5, 2.5])


def gamma(size: float) -> float:
    return float(size**5 * np.exp(-6 * size))


def known_fit(loud_prop: float = 0.0, specific: float = 0.0) -> LensFit:
    weights = np.array([gamma(size) for size in SIZES])
    model = LensModel(
        SIZES, weights / weights.sum(), 0.1, np.zeros(2), RESPONSE, np.full(2, specific), NOISE,
        np.full(2, loud_prop), np.full(2, 6.0),
    )  # fmt: skip
    return LensFit(model, np.zeros(2), Doubt(np.ones(1), np.array([0.1]), np.ones((1, 1))))


def integrated(scores: list[float], loud_prop: float, specific: float) -> tuple[float, float]:
    """Probability and expected size by quadrature, each loud lens written out."""
    looked = [i for i, score in enumerate(scores) if not np.isnan(score)]
    size = np.linspace(0.0, 20.0, 20_001)
    weight = size**5 * np.exp(-6 * size)
    weight /= trapezoid(weight, size)

    def density(at: np.ndarray, lenses: list[int], more: float) -> np.ndarray:
        if not lenses:
            return np.ones(len(at))
        away = np.array([scores[i] - RESPONSE[i] * at for i in lenses]).T
        cov = (NOISE + more**2 * np.eye(2))[np.ix_(lenses, lenses)]
        return multivariate_normal(cov=cov).pdf(away).reshape(-1)

    def likelihood(at: np.ndarray, more: float) -> np.ndarray:
        total = (1 - loud_prop * len(looked)) * density(at, looked, more)
        for s in looked:
            rest = density(at, [i for i in looked if i != s], more)
            total = total + loud_prop * norm(0, 6).pdf(scores[s]) * rest
        return total

    real = 0.1 * trapezoid(likelihood(size, specific) * weight, size)
    times_size = 0.1 * trapezoid(size * likelihood(size, specific) * weight, size)
    return real / (real + 0.9 * likelihood(np.zeros(1), 0.0)[0]), times_size / real


@pytest.mark.parametrize(("loud_prop", "specific"), [(0.0, 0.0), (0.05, 0.0), (0.05, 1.5)])
@pytest.mark.parametrize(
    "scores", [[3.0, 1.0], [-1.0, 5.0], [0.2, 0.1], [4.0, np.nan], [np.nan, 2.5], [np.nan, np.nan]]
)
def test_probability_and_size_agree_with_integration(
    scores: list[float], loud_prop: float, specific: float
) -> None:
    found = combine_residuals(np.array([scores]), known_fit(loud_prop, specific))
    probability, size = integrated(scores, loud_prop, specific)
    assert found.probability[0] == pytest.approx(probability, rel=1e-3)
    assert found.size[0] == pytest.approx(size, rel=1e-3)


def test_a_lens_that_did_not_look_adds_nothing() -> None:
    found = combine_residuals(np.array([[3.0, np.nan]]), known_fit())
    parts = decompose(found)
    assert parts.added[0, 1] == 0 and parts.without[0, 1] == found.probability[0]
    assert parts.without[0, 0] == pytest.approx(0.1)


def test_what_shares_errors_counts_for_less_than_what_does_not() -> None:
    fit = known_fit()
    apart = replace(fit, model=replace(fit.model, noise=np.diag(np.diag(NOISE))))
    scores = np.array([[2.0, 3.0]])
    assert (
        combine_residuals(scores, fit).probability[0]
        < combine_residuals(scores, apart).probability[0]
    )


def test_a_contradiction_lowers_the_probability_and_is_told_apart_by_lens() -> None:
    found = combine_residuals(np.array([[4.0, -1.0], [4.0, np.nan]]), known_fit())
    assert found.probability[0] < found.probability[1]
    added = decompose(found).added
    assert added[0, 0] > 0 > added[0, 1]


@pytest.fixture(scope="module")
def nights() -> list[tuple[TriageWorld, Combination, Combination]]:
    made = []
    for seed in range(3):
        world, _ = make_world(WorldSettings(), np.random.default_rng([11, seed]))
        both = [
            combine_lenses(Candidates(world.scores[:, kept], world.units), PRIORS)
            for kept in (slice(None), slice(1, None))
        ]
        made.append((world, *both))
    return made


@pytest.mark.parametrize("which", [1, 2])
def test_probabilities_mean_what_they_say_also_with_a_lens_missing(
    nights: list[tuple[TriageWorld, Combination, Combination]], which: int
) -> None:
    said = np.concatenate([night[which].probability for night in nights])
    real = np.concatenate([night[0].is_real for night in nights])
    for low in np.arange(0, 1, 0.1):
        inside = (said >= low) & (said < low + 0.1 + 1e-9)
        count = int(inside.sum())
        if count >= 15:
            error = np.sqrt(max(low * (1 - low), 0.02) / count)
            assert abs(real[inside].mean() - said[inside].mean()) < 0.06 + 2.6 * error, low


def test_the_first_twenty_beat_every_single_lens(
    nights: list[tuple[TriageWorld, Combination, Combination]],
) -> None:
    together = [w.is_real[np.argsort(-c.probability)[:20]].mean() for w, c, _ in nights]
    single = [
        max(w.is_real[np.argsort(-np.nan_to_num(column, nan=-9))[:20]].mean()
            for column in w.scores.T)
        for w, _, _ in nights
    ]  # fmt: skip
    assert np.mean(together) > np.mean(single) + 0.1


def test_a_unit_that_reports_more_is_not_worse() -> None:
    settings = WorldSettings(culture_spread=2.5, real_count=20)
    world, _ = make_world(settings, np.random.default_rng(3))
    found = combine_lenses(Candidates(world.scores, world.units), PRIORS)
    assert found.fit.habit_spread[0] == pytest.approx(2.5, rel=0.35)
    assert found.fit.habit_spread[1:].max() < 0.8
    null = ~world.is_real
    tie = np.corrcoef(found.probability[null], world.truth.culture[null, 0])[0, 1]
    assert abs(tie) < 0.1


def test_scores_spread_as_said_beside_the_habits_of_small_groups() -> None:
    settings = WorldSettings(units_count=300, topics_count=3, culture_spread=1.5, loud_prop=0.0)
    world, _ = make_world(settings, np.random.default_rng([12, 0]))
    found = combine_lenses(Candidates(world.scores, world.units), PRIORS)
    fine = found.residuals[~world.is_real]
    said = np.sqrt(np.diag(found.fit.model.noise))
    assert np.nanstd(fine, axis=0) == pytest.approx(said, rel=0.06)


def test_a_group_of_one_row_has_shown_no_habit() -> None:
    world, _ = make_world(WorldSettings(), np.random.default_rng([12, 1]))
    alone = combine_lenses(Candidates(world.scores, np.arange(len(world.units))), PRIORS)
    seen = ~np.isnan(world.scores)
    centred = alone.fit.straighten(world.scores) - alone.fit.model.centre
    assert np.allclose(alone.residuals[seen], centred[seen])


def test_among_few_units_one_that_reports_more_on_everything_is_not_worse() -> None:
    settings = WorldSettings(units_count=6, real_count=6, culture_spread=0.0)
    shares = []
    for seed in range(4):
        world, _ = make_world(settings, np.random.default_rng([13, seed]))
        louder = world.scores.copy()
        louder[world.units == 0, 0] += 3.0
        chosen = (world.units == 0) & ~world.is_real
        shares.append(
            [
                combine_lenses(Candidates(scores, world.units), PRIORS).probability[chosen].mean()
                for scores in (world.scores, louder)
            ]
        )
    usual, loud = np.mean(shares, axis=0)
    assert loud < usual + 0.04


def test_errors_of_learning_are_allowed_for_as_drawing_from_them_would() -> None:
    fit, rng = known_fit(), np.random.default_rng(14)
    spread = np.array([0.2, 0.25, 0.1, 0.15, 0.1])
    scores = np.array([[3.0, 2.5], [4.0, 3.0], [1.0, np.nan], [-1.0, 0.5]])
    plain = combine_residuals(scores, fit).probability
    errors = LensErrors(np.diag(spread**2))
    told = combine_residuals(scores, replace(fit, errors=errors)).probability
    drawn = [drawn_probability(fit, scores, spread * rng.standard_normal(5)) for _ in range(1500)]
    odds = np.log(np.array(drawn) / (1 - np.array(drawn)))
    evidence = np.array([fit_evidence(fit, scores, step) for step in np.eye(5)])
    slopes = np.array([fit_odds(fit, scores, step) for step in np.eye(5)])
    shift = (slopes * spread[:, None] ** 2 * evidence).sum(axis=0)
    assert told == pytest.approx((1 / (1 + np.exp(-(odds - shift)))).mean(axis=0), abs=0.02)
    assert told[1] < plain[1]


def moved_model(fit: LensFit, step: np.ndarray) -> LensModel:
    """The model with responses, spreads and the shared error of two lenses moved."""
    spread = np.sqrt(np.diag(fit.model.noise))
    shared = NOISE[0, 1] + step[4] * spread[0] * spread[1]
    noise = np.array([[NOISE[0, 0], shared], [shared, NOISE[1, 1]]])
    wider = np.exp(step[2:4])
    return replace(
        fit.model, response=RESPONSE * np.exp(step[:2]), noise=noise * np.outer(wider, wider)
    )


def drawn_probability(fit: LensFit, scores: np.ndarray, step: np.ndarray) -> np.ndarray:
    return combine_residuals(scores, replace(fit, model=moved_model(fit, step))).probability


def fit_odds(fit: LensFit, scores: np.ndarray, step: np.ndarray) -> np.ndarray:
    sides = [drawn_probability(fit, scores, sign * 1e-4 * step) for sign in (1, -1)]
    up, down = (np.log(side / (1 - side)) for side in sides)
    return np.asarray((up - down) / 2e-4)


def fit_evidence(fit: LensFit, scores: np.ndarray, step: np.ndarray) -> np.ndarray:
    up, down = (
        divide_probability(
            scores, find_patterns(scores), moved_model(fit, sign * 1e-4 * step)
        ).log_evidence
        for sign in (1, -1)
    )
    return np.asarray((up - down) / 2e-4)


def test_the_order_of_rows_and_scale_of_habit_do_not_matter() -> None:
    world, _ = make_world(WorldSettings(units_count=12), np.random.default_rng(4))
    order = np.random.default_rng(5).permutation(len(world.units))
    one = combine_lenses(Candidates(world.scores, world.units), PRIORS).probability
    other = combine_lenses(Candidates(world.scores[order], world.units[order]), PRIORS)
    np.testing.assert_allclose(other.probability, one[order], atol=1e-8)


def test_without_any_news_nothing_is_probably_real() -> None:
    scores = np.random.default_rng(6).standard_normal((120, 4))
    found = combine_lenses(Candidates(scores, np.zeros(120, np.int64)), PRIORS)
    assert found.probability.max() < 0.6 and found.probability.mean() < 0.08


@pytest.mark.parametrize("rows", [1, 2])
def test_very_few_candidates_leave_the_priors_standing(rows: int) -> None:
    scores = np.array([[6.0, 6.0, np.nan], [0.0, np.nan, np.nan]])[:rows]
    found = combine_lenses(Candidates(scores, np.zeros(rows, np.int64)), PRIORS)
    assert np.isfinite(found.probability).all() and (found.probability <= 1).all()


def test_many_candidates_are_learnt_from_few_and_leave_nothing_open() -> None:
    settings = WorldSettings(units_count=1700, topics_count=15, lenses_count=2, real_count=1500)
    world, _ = make_world(settings, np.random.default_rng(15))
    found = combine_lenses(Candidates(world.scores, world.units), PRIORS)
    assert found.fit.errors is None and len(found.probability) == 25_500
    sure = found.probability > 0.8
    assert world.is_real[sure].mean() == pytest.approx(found.probability[sure].mean(), abs=0.06)


def test_scores_need_a_group_for_each_row() -> None:
    with pytest.raises(ValueError, match="one group for each row"):
        combine_lenses(Candidates(np.zeros((3, 2)), np.zeros(2, np.int64)), PRIORS)


def test_leaving_one_lens_out_agrees_with_the_density_of_the_others() -> None:
    world, _ = make_world(WorldSettings(units_count=6), np.random.default_rng(8))
    lenses = world.scores.shape[1]
    model = LensModel(
        np.array([1.0]), np.ones(1), 0.1, np.zeros(lenses), world.truth.response, np.ones(lenses),
        world.truth.noise, np.full(lenses, 0.02), np.full(lenses, 6.0),
    )  # fmt: skip
    shares = divide_probability(world.scores, find_patterns(world.scores), model)
    for row, scores in enumerate(world.scores):
        looked = np.flatnonzero(~np.isnan(scores))
        for lens in looked[:2]:
            kept = np.setdiff1d(looked, [lens])
            both = [
                np.log(prior) + (multivariate_normal(mean[kept], cov[np.ix_(kept, kept)]).logpdf(
                    scores[kept]) if len(kept) else 0.0)
                for prior, mean, cov in (
                    (0.9, np.zeros(lenses), model.noise),
                    (0.1, world.truth.response, model.noise_if_real),
                )
            ]  # fmt: skip
            found = np.log(shares.none[row, 1 + lens]) - np.log(shares.real[row, 1 + lens])
            assert found == pytest.approx(both[0] - both[1], abs=1e-6)


def test_in_trusts_of_other_kinds_all_lenses_beat_adding_them_up_and_each_alone() -> None:
    together, added, single = [], [], []
    for seed in range(100, 106):
        rng = np.random.default_rng([12, seed])
        kind = draw_kind(rng)
        world = make_varied_world(replace(kind, units_count=min(kind.units_count, 25)), rng)
        count = min(20, int(world.is_real.sum()))
        z = (world.scores - np.nanmedian(world.scores, axis=0)) / np.nanstd(world.scores, axis=0)
        seen = np.maximum((~np.isnan(z)).sum(axis=1), 1)
        found = combine_lenses(Candidates(world.scores, world.units), PRIORS).probability
        low = np.nan_to_num(z, nan=-9)
        together.append(first_real(world, found, count))
        added.append(first_real(world, np.nansum(z, axis=1) / np.sqrt(seen), count))
        single.append(np.mean([first_real(world, column, count) for column in low.T]))
    assert np.mean(together) > np.mean(added) + 0.02
    assert np.mean(together) > np.mean(single) + 0.1


def first_real(world: TriageWorld, urgency: np.ndarray, count: int) -> float:
    return float(world.is_real[np.argsort(-urgency, kind="stable")[:count]].mean())


def test_rank_ranges_hold_the_true_rank_of_made_up_trusts(
    nights: list[tuple[TriageWorld, Combination, Combination]],
) -> None:
    held, said, first, meant = [], [], [], []
    for world, found, _ in nights:
        size, variance = log_normal_of(found.size, found.size_spread**2)
        known = np.log(world.truth.severity * world.reach)
        harm = AvoidableHarm(found.probability, size + known, np.sqrt(variance))
        ranks = find_ranks(harm, 20, 0.9, found.fit.doubt.real_prop_spread)
        true = 1 + (world.harm[None, :] > world.harm[:, None]).sum(axis=1)
        top = np.argsort(-harm.expected)[:50]
        held.append(((ranks.lowest <= true) & (true <= ranks.highest))[top])
        said.append(ranks.held_probability[top])
        first.append(((true <= 20) & world.is_real).sum())
        meant.append(ranks.first_probability.sum())
    # Ranges hold at least as often as was asked; doubt that all share makes them cautious.
    assert np.concatenate(said).min() > 0.89
    assert np.concatenate(held).mean() > 0.88
    assert np.sum(meant) == pytest.approx(np.sum(first), rel=0.15)
