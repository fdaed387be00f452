"""From three answers to a verdict: never at a first look, harm vetoes, doubt keeps watching."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pandas as pd
import pytest
from small_closure import LIVE, POLICY, change, look

from lhs_pipeline.closure.verdicts import Look, conclude_verdicts, judge_closure
from lhs_pipeline.vocabulary import Acceptable, Effective, Reliable, Verdict

YES, PARTLY, NO, HARM, UNKNOWN = (
    Effective.YES, Effective.PARTLY, Effective.NO, Effective.HARM, Effective.NOT_KNOWN_YET,
)  # fmt: skip


def judged(*looks: Look) -> list[Verdict]:
    done: list[Look] = []
    for one in looks:
        done.append(judge_closure(one, done, change(), POLICY))
    return [one.verdict for one in done]


def last(*words: Effective, **given: object) -> Verdict:
    """The verdict at the look of week 39 (the fourth), after earlier looks with these words."""
    numbers = range(5 - len(words), 5)
    return judged(*(look(n, word, **given) for n, word in zip(numbers, words, strict=True)))[-1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "reliable", "acceptable", "verdict"),
    [
        ((YES, YES), Reliable.YES, Acceptable.YES, Verdict.CLOSE),
        ((UNKNOWN, YES), Reliable.YES, Acceptable.YES, Verdict.KEEP_WATCHING),
        ((YES, UNKNOWN), Reliable.YES, Acceptable.YES, Verdict.KEEP_WATCHING),
        ((PARTLY, YES), Reliable.YES, Acceptable.YES, Verdict.KEEP_WATCHING),
        ((YES, YES), Reliable.NOT_KNOWN_YET, Acceptable.YES, Verdict.KEEP_WATCHING),
        ((YES, YES), Reliable.YES, Acceptable.NOT_KNOWN_YET, Verdict.KEEP_WATCHING),
        ((YES, YES), Reliable.NO, Acceptable.YES, Verdict.REFINE),
        ((YES, YES), Reliable.YES, Acceptable.NO, Verdict.RE_OPEN),
        ((PARTLY, PARTLY), Reliable.YES, Acceptable.YES, Verdict.REFINE),
        ((NO, NO), Reliable.YES, Acceptable.YES, Verdict.RE_OPEN),
        ((YES, NO), Reliable.YES, Acceptable.YES, Verdict.KEEP_WATCHING),
        ((UNKNOWN, UNKNOWN), Reliable.NO, Acceptable.YES, Verdict.KEEP_WATCHING),
        ((YES, HARM), Reliable.YES, Acceptable.YES, Verdict.RE_OPEN),
    ],
)
def test_the_verdict_table(
    words: tuple[Effective, ...], reliable: Reliable, acceptable: Acceptable, verdict: Verdict
) -> None:
    assert last(*words, reliable=reliable, acceptable=acceptable) is verdict


@pytest.mark.parametrize(("reliable", "acceptable"), product(Reliable, Acceptable))
def test_no_answers_close_a_change_at_its_first_look(
    reliable: Reliable, acceptable: Acceptable
) -> None:
    for number, word in product(range(1, 6), Effective):
        (verdict,) = judged(look(number, word, reliable, acceptable))
        assert verdict is not Verdict.CLOSE


@pytest.mark.parametrize(("reliable", "acceptable"), product(Reliable, Acceptable))
def test_harm_vetoes_whatever_else_is_well(reliable: Reliable, acceptable: Acceptable) -> None:
    assert last(YES, YES, HARM, reliable=reliable, acceptable=acceptable) is Verdict.RE_OPEN


def test_only_reliable_effective_and_acceptable_closes() -> None:
    for word, reliable, acceptable in product(Effective, Reliable, Acceptable):
        is_closed = last(word, word, reliable=reliable, acceptable=acceptable) is Verdict.CLOSE
        good = (word, reliable, acceptable) == (YES, Reliable.YES, Acceptable.YES)
        assert is_closed is good


def test_nothing_closes_before_the_first_closing_week() -> None:
    weeks = dict(zip(range(1, 6), POLICY.default_look_weeks, strict=True))
    verdicts = judged(*(look(number) for number in range(1, 6)))
    for number, verdict in enumerate(verdicts, start=1):
        assert (verdict is Verdict.CLOSE) is (weeks[number] >= POLICY.first_closing_week)


def test_after_the_plan_a_change_is_watched_and_never_newly_closed() -> None:
    words = [UNKNOWN] * 5 + [YES] * 4
    verdicts = judged(*(look(n, word) for n, word in enumerate(words, start=1)))
    assert set(verdicts) == {Verdict.KEEP_WATCHING}


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
    assert judged(look(2), look(3), look(4), look(5, word))[-1] is verdict


def test_a_change_without_data_cannot_be_evaluated() -> None:
    assert judged(look(can_be_evaluated=False, acceptable=Acceptable.NO)) == [
        Verdict.CANNOT_BE_EVALUATED
    ]


def test_every_verdict_has_a_reason() -> None:
    for word, reliable, acceptable in product(Effective, Reliable, Acceptable):
        one = judge_closure(look(4, word, reliable, acceptable), [look(3, word)], change(), POLICY)
        assert one.verdict_reason.endswith(".")


def row(number: int, verdict: Verdict, **given: object) -> dict[str, object]:
    made = change()
    return {
        "change_id": "A1", "look_number": number, "look_on": made.look_on(number),
        "problem_id": made.problem_id, "cycle_number": 1, "verdict": str(verdict),
        "verdict_reason": "Because.", "effective_reason": "Measured.", "is_final": False,
        "reliable_reason": "Audited.", "acceptable_reason": "Asked.", **given,
    }  # fmt: skip


def test_a_change_stands_where_its_latest_look_left_it() -> None:
    rows = [row(2, Verdict.CLOSE, is_final=True), row(1, Verdict.KEEP_WATCHING)]
    (standing,) = conclude_verdicts(pd.DataFrame(rows), {"A1": change()}).to_dict("records")
    assert standing["verdict"] == "close" and standing["is_final"] is True
    assert standing["closed_on"] == change().look_on(2)
    assert standing["next_look_on"] == change().look_on(3)
    assert standing["words"].startswith("Close. Because. Measured. Done as agreed? Audited.")


@pytest.mark.parametrize("verdict", [Verdict.REFINE, Verdict.RE_OPEN])
def test_a_cycle_that_ended_has_no_next_look(verdict: Verdict) -> None:
    found = conclude_verdicts(pd.DataFrame([row(2, verdict)]), {"A1": change()})
    assert found["next_look_on"].iloc[0] is None
    assert "next cycle" in found["words"].iloc[0]


def test_after_the_last_look_there_is_none() -> None:
    last_look = len(change().look_weeks)
    found = conclude_verdicts(
        pd.DataFrame([row(last_look, Verdict.KEEP_WATCHING)]), {"A1": change()}
    )
    assert found["next_look_on"].iloc[0] is None


def test_looks_come_at_their_weeks_and_watch_on_after_the_plan() -> None:
    made = replace(change(), planned_weeks=(8, 70), watch_weeks=(65, 78, 91))
    assert made.look_weeks == (8, 70, 78, 91)
    assert made.look_on(1) == LIVE + timedelta(weeks=8)
    assert made.is_planned(2) and not made.is_planned(3)
