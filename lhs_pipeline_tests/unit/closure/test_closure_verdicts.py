"""The verdict table: harm vetoes, silence is no answer, nothing closes on one sign."""

from datetime import timedelta
from itertools import product

import pandas as pd
import pytest
from small_closure import LIVE, POLICY, change, look

from lhs_pipeline.closure.changes import Site
from lhs_pipeline.closure.judgement import Reason
from lhs_pipeline.closure.ladder import Rung, choose_rung
from lhs_pipeline.closure.verdicts import conclude_verdicts, judge_look
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
