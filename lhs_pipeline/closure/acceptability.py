"""Is it acceptable to patients, staff and the system? From checks, remarks and surveys.

Harm to the balancing measure is found by the engine and handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from lhs_pipeline.catalogue.model import EvaluationPolicy
from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.changes import Change, before
from lhs_pipeline.statistics.proportion import wilson_interval
from lhs_pipeline.statistics.report_counts import compare_counts
from lhs_pipeline.vocabulary import Acceptable
from lhs_pipeline.warehouse.table import Record

_GROUPS = {"patients": "patients", "staff": "staff", "system": "others in the system"}
"""Who is asked, as a register names them and as people read it."""
_COMPARED = timedelta(days=364)
_FEW = 5
"""Fewer answers are not counted aloud: these words are published."""


@dataclass(frozen=True)
class Heard:
    """What people said of a change's topic on its units, and the surveys taken there.

    Attributes:
        critical_on: Days of critical remarks on the topic.
        surveys: Per survey its name, days, and shares with their numbers here and elsewhere.
    """

    critical_on: tuple[date, ...]
    surveys: tuple["Survey", ...] = ()


@dataclass(frozen=True)
class Survey:
    """Unwanted answers and all answers per period, on the units of a change and elsewhere."""

    name: str
    ends_on: tuple[date, ...]
    unwanted: tuple[float, ...]
    answers: tuple[float, ...]
    unwanted_elsewhere: tuple[float, ...]
    answers_elsewhere: tuple[float, ...]


@dataclass(frozen=True)
class Balance:
    """What the engine says of the balancing measure after a look's periods."""

    name: str
    is_named: bool
    is_harm: bool
    is_safe: bool
    relative: float | None = None
    worst: float | None = None


def judge_acceptability(
    change: Change,
    checks: Sequence[Record],
    heard: Heard,
    balance: Balance,
    context: tuple[date, EvaluationPolicy],
) -> Answer[Acceptable]:
    """Return whether those asked accept the change, and nothing else became worse."""
    look_on, policy = context
    seen = [row for row in checks if before(row, "checked_on", look_on)]
    rounds = {group: _latest_round(seen, group) for group in _GROUPS}
    said = [_say_checks(rounds), _say_balance(balance, policy)]
    doubts = [
        *_worse_voices(change, heard, look_on, policy),
        *_worse_surveys(change, heard, context),
    ]
    said = [part for part in (*said, *doubts) if part]
    if balance.is_harm or any(_is_refused(a, b, policy) for a, b in rounds.values()):
        return Answer(Acceptable.NO, " ".join(said))
    asked_all = all(total for _, total in rounds.values())
    if asked_all and not doubts and balance.is_safe:
        return Answer(Acceptable.YES, " ".join(said))
    return Answer(Acceptable.NOT_KNOWN_YET, " ".join(said))


def _say_checks(rounds: dict[str, tuple[int, int]]) -> str:
    told = [f"{tell_share(*found)} {_GROUPS[group]}" for group, found in rounds.items() if found[1]]
    silent = [_GROUPS[group] for group, (_, total) in rounds.items() if not total]
    said = "Acceptable to " + ", ".join(told) + "." if told else ""
    return f"{said} Not asked yet: {', '.join(silent)}.".strip() if silent else said


def tell_share(part: int, total: int) -> str:
    """Return how many of those who were asked agree, so that no one to four can be counted out."""
    if total < _FEW:
        return f"{'most' if 2 * part > total else 'not most'} of fewer than {_FEW}"
    if not part:
        return f"none of {total}"
    words = ((0.9, "nearly all"), (0.6, "most"))
    return f"{next((said for least, said in words if part / total >= least), 'some')} of {total}"


def _say_balance(balance: Balance, policy: EvaluationPolicy) -> str:
    if not balance.is_named:
        return ""
    if balance.relative is None:
        return f"{balance.name}: too few data so far."
    size = f"{balance.relative:+.0%}"
    if balance.is_harm:
        return f"{balance.name} has become worse ({size})."
    if balance.is_safe:
        return f"{balance.name} is no worse ({size}; tolerable is {policy.balancing_margin:.0%})."
    return f"{balance.name}: no harm shown, none ruled out ({size}, perhaps {balance.worst:+.0%})."


def _latest_round(checks: Sequence[Record], group: str) -> tuple[int, int]:
    """Accepting and all answers in the latest round of a group."""
    asked = [row for row in checks if row["asked_group"] == group]
    latest = max((row["checked_on"] for row in asked), default=None)
    rows = [row for row in asked if row["checked_on"] == latest]
    accepted = sum(row["acceptable_count"] for row in rows)
    return int(accepted), int(sum(row["responses_count"] for row in rows))


def _is_refused(accepted: int, total: int, policy: EvaluationPolicy) -> bool:
    """Whether the accepting share lies below the standard, beyond the chance of a few answers."""
    if not total:
        return False
    _, upper = wilson_interval(accepted, total, policy.confidence_level)
    return upper < policy.acceptable_standard_prop


def _worse_voices(
    change: Change, heard: Heard, look_on: date, policy: EvaluationPolicy
) -> list[str]:
    """A sentence where critical remarks became more frequent than in the year before."""
    live = change.live_on
    since = sum(live <= day < look_on for day in heard.critical_on)
    earlier = sum(live - _COMPARED <= day < live for day in heard.critical_on)
    weeks = (look_on - live).days / 7
    if weeks <= 0 or since == 0:
        return []
    found = compare_counts([since], [earlier], [weeks], [_COMPARED.days / 7])
    if float(found.chance_of_rise[0]) >= policy.worse_voices_chance:
        return []
    now, then = (_monthly(count, span) for count, span in ((since, weeks), (earlier, 52)))
    return [
        f"Critical remarks became more frequent: {now} a month since, {then} in the year before."
    ]


def _monthly(count: int, weeks: float) -> str:
    """A count as people told it a month, to the nearest whole one, so that none is counted out."""
    month = count / weeks * 365.25 / 12 / 7
    return f"about {month:.0f}" if month >= 1 else "fewer than one"


def _worse_surveys(
    change: Change, heard: Heard, context: tuple[date, EvaluationPolicy]
) -> list[str]:
    """A sentence per survey that became worse here by more than elsewhere."""
    look_on, policy = context
    told = []
    for survey in heard.surveys:
        ends = np.array(survey.ends_on, dtype="datetime64[D]")
        after = (ends > np.datetime64(change.live_on)) & (ends < np.datetime64(look_on))
        past = np.datetime64(change.live_on - _COMPARED)
        earlier = (ends >= past) & (ends <= np.datetime64(change.live_on))
        if not after.any() or not earlier.any():
            continue
        counts = np.array(survey.unwanted)
        # What would have been expected, had these units answered as the others did.
        base = np.array(survey.answers) * _shares(survey, after, earlier)
        found = compare_counts(
            [counts[after].sum()], [counts[earlier].sum()],
            [base[after].sum()], [base[earlier].sum()],
        )  # fmt: skip
        if float(found.chance_of_rise[0]) < policy.worse_voices_chance:
            told.append(f"{survey.name} became worse here by more than elsewhere.")
    return told


def _shares(survey: Survey, after: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Share of unwanted answers elsewhere, before and after."""
    share = np.zeros(after.size)
    for window in (after, earlier):
        base = np.array(survey.answers_elsewhere)[window].sum()
        share[window] = np.array(survey.unwanted_elsewhere)[window].sum() / max(base, 1.0)
    return np.asarray(np.maximum(share, 1e-6))


def read_remarks(change: Change, themes: pd.DataFrame) -> tuple[date, ...]:
    """Return the days of critical remarks on the change's topic from its units."""
    if themes.empty:
        return ()
    mine = themes[
        (themes["topic_id"] == change.topic_id)
        & themes["unit_id"].isin(change.unit_ids)
        & themes["is_negative"].astype("boolean").fillna(False)
    ]
    return tuple(pd.to_datetime(mine["received_on"]).dt.date)


def read_survey(
    change: Change, series: pd.DataFrame, name: str, *, is_lower_better: bool
) -> Survey | None:
    """Return a survey's answers by period on the change's units and elsewhere; None without any."""
    here = series["unit_id"].isin(change.unit_ids)
    if not here.any():
        return None
    bad = series["numerator"] if is_lower_better else series["denominator"] - series["numerator"]
    table = pd.DataFrame(
        {
            "ends_on": pd.to_datetime(series["period_end"]),
            "bad": bad.astype(float),
            "all": series["denominator"].astype(float),
        }
    )
    inside = table[here].groupby("ends_on")[["bad", "all"]].sum()
    outside = table[~here].groupby("ends_on")[["bad", "all"]].sum().reindex(inside.index).fillna(0)
    return Survey(
        name,
        tuple(stamp.date() for stamp in inside.index),
        tuple(inside["bad"]),
        tuple(inside["all"]),
        tuple(outside["bad"]),
        tuple(outside["all"]),
    )
