"""The verdict table: harm vetoes, silence is no answer, nothing closes on one sign."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from small_closure import LIVE, POLICY, change, look

from lhs_pipeline.closure.changes import Site
from lhs_pipeline.closure.effects import word_of
from lhs_pipeline.closure.judgement import (
    Balancing,
    Boundary,
    Evidence,
    LookVerdict,
    Reason,
    Schedule,
    Status,
    judge_looks,
    weigh_evidence,
)
from lhs_pipeline.closure.ladder import Rung, choose_rung
from lhs_pipeline.closure.verdicts import conclude_verdicts, judge_look
from lhs_pipeline.statistics.controlled_series import EffectTrace
from lhs_pipeline.vocabulary import Acceptable, Effective, Reliable, Verdict

YES, PARTLY, NO = Effective.YES, Effective.PARTLY, Effective.NO
HARM, UNKNOWN = Effective.HARM, Effective.NOT_KNOWN_YET


@pytest.mark.parametrize(
    ("word", "reliable", "acceptable", "verdict"),
    [
        (YES, Reliable.YES, Acceptable.YES, Verdict.CLOSE),
        (YES, Reliable.NOT_KNOWN_YET, Acceptable.YES, Verdict.KEEP_WATCHING),
        (YES, Reliable.YES, Acceptable.NOT_KNOWN_YET, Verdict.KEEP_WATCHING),
        (YES, Reliable.NO, Acceptable.YES, Verdict.REFINE),
        (YES, Reliable.YES, Acceptable.NO, Verdict.RE_OPEN),
        (PARTLY, Reliable.YES, Acceptable.YES, Verdict.REFINE),
        (NO, Reliable.YES, Acceptable.YES, Verdict.RE_OPEN),
        (UNKNOWN, Reliable.YES, Acceptable.YES, Verdict.KEEP_WATCHING),
        (UNKNOWN, Reliable.NO, Acceptable.YES, Verdict.REFINE),
        (HARM, Reliable.YES, Acceptable.YES, Verdict.RE_OPEN),
    ],
)
def test_the_verdict_table(
    word: Effective, reliable: Reliable, acceptable: Acceptable, verdict: Verdict
) -> None:
    assert judge_look(look(word, reliable, acceptable)).verdict is verdict


def test_only_three_times_yes_closes() -> None:
    for word, reliable, acceptable in product(Effective, Reliable, Acceptable):
        for is_closing, is_over in product((False, True), repeat=2):
            judged = judge_look(
                look(word, reliable, acceptable, is_closing=is_closing, is_over=is_over)
            )
            good = (word, reliable, acceptable) == (YES, Reliable.YES, Acceptable.YES)
            assert (judged.verdict is Verdict.CLOSE) is (good and is_closing)
            assert judged.reason.endswith(".")


@pytest.mark.parametrize(("reliable", "acceptable"), list(product(Reliable, Acceptable)))
@pytest.mark.parametrize("is_closed", [True, False])
def test_harm_vetoes_whatever_else_is_well(
    reliable: Reliable, acceptable: Acceptable, is_closed: bool
) -> None:
    for given in ({"word": HARM}, {"word": YES, "reason": Reason.BALANCING_HARM}):
        judged = judge_look(
            look(reliable=reliable, acceptable=acceptable, is_closed=is_closed,
                 is_closing=False, **given)  # type: ignore[arg-type]
        )  # fmt: skip
        assert judged.verdict is Verdict.RE_OPEN


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        (Reason.NOT_SHOWN, Verdict.REFINE),
        (Reason.NOT_SUSTAINED, Verdict.REFINE),
        (Reason.NOT_SUSTAINED_YET, Verdict.KEEP_WATCHING),
        (Reason.TOO_EARLY, Verdict.KEEP_WATCHING),
        (Reason.NO_DATA, Verdict.CANNOT_BE_EVALUATED),
        (Reason.NO_COMPARISON, Verdict.CANNOT_BE_EVALUATED),
        (Reason.SHORT_BASELINE, Verdict.CANNOT_BE_EVALUATED),
        (Reason.OVERLAP_EARLIER, Verdict.CANNOT_BE_EVALUATED),
    ],
)
def test_silence_never_says_that_there_is_no_effect(reason: Reason, verdict: Verdict) -> None:
    judged = judge_look(look(UNKNOWN, reason=reason))
    assert judged.verdict is verdict and judged.verdict is not Verdict.RE_OPEN


def test_what_a_later_change_blurs_cannot_be_evaluated() -> None:
    judged = judge_look(look(UNKNOWN, is_confounded=True))
    assert judged.verdict is Verdict.CANNOT_BE_EVALUATED


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        (YES, Verdict.CLOSE),
        (PARTLY, Verdict.CLOSE),
        (UNKNOWN, Verdict.CLOSE),
        (NO, Verdict.RE_OPEN),
        (HARM, Verdict.RE_OPEN),
    ],
)
def test_what_was_closed_is_opened_again_when_the_effect_is_lost(
    word: Effective, verdict: Verdict
) -> None:
    assert judge_look(look(word, is_closed=True)).verdict is verdict


@pytest.mark.parametrize(
    ("given", "controls", "rung"),
    [
        ({"nature": "fix", "strength": "stronger"}, 9, Rung.ONE_OFF),
        ({"nature": "fix", "measure_id": None}, 9, Rung.PRACTICE),
        ({"nature": "fix", "strength": "weaker"}, 9, Rung.SYSTEMIC),
        ({"nature": "improve", "strength": "stronger"}, 9, Rung.SYSTEMIC),
        ({}, 4, Rung.FEW_CONTROLS),
        ({"sites": (Site("a", LIVE), Site("b", LIVE))}, 9, Rung.ROLL_OUT),
    ],
)
def test_the_nature_of_the_change_chooses_the_rung(
    given: dict[str, object], controls: int, rung: Rung
) -> None:
    assert choose_rung(change(**given), controls, POLICY) is rung


def row(number: int, verdict: Verdict, **given: object) -> dict[str, object]:
    made = change()
    return {
        "change_id": "A1", "look_number": number, "look_on": LIVE + timedelta(weeks=number),
        "problem_id": made.problem_id, "cycle_number": 1, "verdict": str(verdict),
        "words": "Said.", "next_look_on": LIVE + timedelta(weeks=number + 1), "can_tell_on": None,
        **given,
    }  # fmt: skip


def test_a_change_stands_where_its_latest_look_left_it() -> None:
    rows = [row(2, Verdict.CLOSE), row(3, Verdict.CLOSE), row(1, Verdict.KEEP_WATCHING)]
    (standing,) = conclude_verdicts(pd.DataFrame(rows), {"A1": change()}).to_dict("records")
    assert standing["verdict"] == "close" and standing["is_final"] is True
    assert standing["closed_on"] == LIVE + timedelta(weeks=2)
    assert standing["decided_on"] == LIVE + timedelta(weeks=3)


@pytest.mark.parametrize("verdict", [Verdict.REFINE, Verdict.RE_OPEN])
def test_a_cycle_that_ended_has_no_next_look(verdict: Verdict) -> None:
    found = conclude_verdicts(pd.DataFrame([row(2, verdict)]), {"A1": change()})
    assert found["next_look_on"].iloc[0] is None


def test_a_change_whose_decision_became_void_stands_nowhere() -> None:
    rows = pd.DataFrame([row(2, Verdict.CLOSE)])
    assert conclude_verdicts(rows, {}).empty


def test_what_a_closed_change_supersedes_is_named() -> None:
    first = change(change_id="A0", sites=(Site("ward_01", LIVE - timedelta(weeks=60)),))
    rows = pd.DataFrame([row(2, Verdict.CLOSE), row(2, Verdict.REFINE, change_id="A0")])
    found = conclude_verdicts(rows, {"A1": change(), "A0": first}).set_index("change_id")
    assert found.loc["A1", "supersedes"] == "A0" and "may stop" in found.loc["A1", "words"]
    assert found.loc["A0", "supersedes"] is None


_EXCHANGED = {
    Verdict.CLOSE: LookVerdict.CLOSE,
    Verdict.REFINE: LookVerdict.ITERATE,
    Verdict.RE_OPEN: LookVerdict.ITERATE,
    Verdict.REVIEW: LookVerdict.ITERATE,
    Verdict.KEEP_WATCHING: LookVerdict.KEEP_WATCHING,
    Verdict.CANNOT_BE_EVALUATED: LookVerdict.KEEP_WATCHING,
}


def _random_statuses(seed: int) -> list[Status]:
    """A change whose evidence says now this and now that; what the engine makes of it."""
    generator = np.random.default_rng(seed)
    periods = 30

    def flags(share: float) -> np.ndarray:
        return generator.random(periods) < share

    evidence = Evidence(
        is_enough=np.arange(periods) >= generator.integers(0, 40), is_shown=flags(0.5),
        is_harm=flags(0.02), is_futile=flags(0.1), is_unproven_safe=flags(0.5),
        is_settled=flags(0.4), is_sustained=flags(0.5),
        p_value=np.ones(periods), e_value=np.ones(periods),
    )  # fmt: skip
    balancing = Balancing(flags(0.5), flags(0.02), flags(0.1))
    level = generator.normal(-0.2, 0.2, periods)
    trace = SimpleNamespace(
        estimate=level, recent_estimate=level[::-1], recent_error=np.full(periods, 0.1)
    )
    schedule = Schedule(closing=(8, 12), futility_from=4, fade_every=3, review=5, horizon=20)
    return judge_looks(trace, evidence, balancing, schedule, POLICY)  # type: ignore[arg-type]


def test_the_night_and_the_exchange_format_never_disagree() -> None:
    """Where it is done as agreed and accepted, both say the same, and end at the same look."""
    met = set()
    for seed in range(60):
        is_closed = False
        for count, status in enumerate(_random_statuses(seed)):
            word = word_of(status.reason, is_partly=False)
            # A balancing measure that is not yet safe is an answer that is not known yet.
            is_safe = status.reason is not Reason.BALANCING_NOT_YET_SAFE
            accepted = Acceptable.YES if is_safe else Acceptable.NOT_KNOWN_YET
            found = look(
                word, acceptable=accepted, is_closed=is_closed, is_closing=count >= 8,
                is_over=count >= 20,
            )  # fmt: skip
            found = replace(found, effect=replace(found.effect, status=status))
            verdict = judge_look(found).verdict
            assert _EXCHANGED[verdict] is status.verdict, (seed, count, status)
            met.add((verdict, status.reason))
            is_closed |= verdict is Verdict.CLOSE
            if verdict.starts_cycle:
                break
    assert {reason for _, reason in met} >= {
        Reason.HARM, Reason.BALANCING_HARM, Reason.HARM_NOT_RULED_OUT, Reason.NOT_SHOWN,
        Reason.NO_WORTHWHILE_EFFECT, Reason.NOTHING_WORTHWHILE_SO_FAR, Reason.FADED,
        Reason.NO_LONGER_CLEAR,
        Reason.SHOWN_AND_SUSTAINED, Reason.TOO_FEW_POINTS,
    }  # fmt: skip


def _late_lull(average: float) -> EffectTrace:
    """Late weeks that speak clearly for the change, and an average that may not."""
    flat, shapes = np.ones(52), np.ones((3, 52))
    return EffectTrace(
        information=100.0 * shapes, score=30.0 * shapes, planned_information=100.0 * np.ones(3),
        planned_path=100.0 * shapes, average=average * flat, average_error=0.1 * flat,
        estimate=-0.3 * flat, standard_error=0.1 * flat, recent_estimate=-0.4 * flat,
        recent_error=0.1 * flat, settled_estimate=-0.4 * flat, settled_error=0.1 * flat,
        baseline_count=104, after_count=np.arange(1, 53), noise_scale=1.0,
    )  # fmt: skip


@pytest.mark.parametrize(("average", "is_sustained"), [(-0.30, True), (-0.13, False)])
def test_late_weeks_alone_do_not_close(average: float, is_sustained: bool) -> None:
    found = weigh_evidence(_late_lull(average), Boundary(1.96, 1.64, 0.05), False, POLICY)
    assert found.is_settled.all()
    assert found.is_sustained.all() == found.is_sustained.any() == is_sustained
