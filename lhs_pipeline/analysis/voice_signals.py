"""Topics that are spoken of more, or less, than before, per unit and voice.

Counts are compared with what the same unit's voices said in all, so that a drive for more
reports does not look like more trouble.
"""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.catalogue.model import VoicesPolicy
from lhs_pipeline.statistics.report_counts import compare_counts
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, LensAnswer
from lhs_pipeline.warehouse.table import declare, frame_of

VOICE_SIGNALS = declare(
    "analysis.voice_signals",
    "What each voice says of each topic in each unit lately, against the year before.",
    "one row per topic, unit and voice that was heard",
    {
        "topic_id": "VARCHAR topic of the catalogue",
        "unit_id": "VARCHAR unit, or trust",
        "voice": "VARCHAR patient, staff or safety",
        "recent_count": "BIGINT critical insights on the topic in the recent window",
        "earlier_count": "BIGINT the same in the comparison window",
        "recent_heard_count": "BIGINT all insights of that voice in the recent window",
        "earlier_heard_count": "BIGINT the same in the comparison window",
        "expected_count": "DOUBLE recent count if nothing had changed",
        "first_on": "DATE first recent insight on the topic",
        "raised_on": "DATE day from which the voice has agreed without a break; null unless it "
        "agrees",
        "last_on": "DATE last insight on the topic",
        "answer": "VARCHAR agrees, contradicts, saw_nothing or did_not_look",
    },
)
_Key = tuple[str, str, str]
Days = npt.NDArray[np.datetime64]


def find_voice_signals(
    insights: pd.DataFrame, themes: pd.DataFrame, policy: VoicesPolicy, today: date
) -> pd.DataFrame:
    """Return one answer per topic, unit and voice that was heard at all before `today`."""
    insights, themes = _before(insights, today), _before(themes, today)
    recent_from = today - timedelta(weeks=policy.recent_weeks_count)
    earlier_from = recent_from - timedelta(weeks=policy.comparison_weeks_count)
    heard = _with_trust(insights[["unit_id", "voice", "received_on"]])
    spoken = _with_trust(
        themes[themes["is_negative"].astype(bool)][["topic_id", "unit_id", "voice", "received_on"]]
    )
    windows = (recent_from, earlier_from, today)
    heard_counts = _count(heard, ["unit_id", "voice"], windows)
    spoken_counts = _count(spoken, ["topic_id", "unit_id", "voice"], windows)
    rows = [
        _row(key, spoken_counts, heard_counts)
        for key in sorted(spoken_counts[0] | spoken_counts[1])
    ]
    _answer(rows, policy)
    _date(rows, spoken, recent_from)
    _raise(rows, spoken, heard, (policy, today))
    return frame_of(VOICE_SIGNALS, rows)


def _before(frame: pd.DataFrame, today: date) -> pd.DataFrame:
    return frame[pd.to_datetime(frame["received_on"]) < pd.Timestamp(today)]


def _with_trust(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.assign(unit_id=TRUST_UNIT_ID)], ignore_index=True)


def _count(
    frame: pd.DataFrame, keys: list[str], windows: tuple[date, date, date]
) -> tuple[Counter[Any], Counter[Any]]:
    recent_from, earlier_from, until = (pd.Timestamp(day) for day in windows)
    days = pd.to_datetime(frame["received_on"])
    recent = frame[(days >= recent_from) & (days < until)]
    earlier = frame[(days >= earlier_from) & (days < recent_from)]
    return (
        Counter(recent[keys].itertuples(index=False, name=None)),
        Counter(earlier[keys].itertuples(index=False, name=None)),
    )


def _row(
    key: _Key,
    spoken: tuple[Counter[Any], Counter[Any]],
    heard: tuple[Counter[Any], Counter[Any]],
) -> dict[str, Any]:
    place = key[1:]
    share = heard[0][place] / heard[1][place] if heard[1][place] else 0.0
    return {
        "topic_id": key[0],
        "unit_id": key[1],
        "voice": key[2],
        "recent_count": spoken[0][key],
        "earlier_count": spoken[1][key],
        "recent_heard_count": heard[0][place],
        "earlier_heard_count": heard[1][place],
        "expected_count": spoken[1][key] * share,
    }


def _answer(rows: list[dict[str, Any]], policy: VoicesPolicy) -> None:
    if not rows:
        return
    columns = ("recent_count", "earlier_count", "recent_heard_count", "earlier_heard_count")
    counts = [np.array([row[name] for row in rows], np.float64) for name in columns]
    found = compare_counts(*counts)
    for row, rise, fall in zip(rows, found.chance_of_rise, found.chance_of_fall, strict=True):
        row["answer"] = str(_answer_of(row, float(rise), float(fall), policy))


def _answer_of(
    row: dict[str, Any], chance_of_rise: float, chance_of_fall: float, policy: VoicesPolicy
) -> LensAnswer:
    enough = row["recent_count"] >= policy.minimum_reports_count
    if enough and chance_of_rise < policy.maximum_chance_prop and row["earlier_heard_count"]:
        return LensAnswer.AGREES
    if row["recent_heard_count"] < policy.minimum_insights_count:
        return LensAnswer.DID_NOT_LOOK
    if chance_of_fall < policy.maximum_chance_prop and row["earlier_heard_count"]:
        return LensAnswer.CONTRADICTS
    return LensAnswer.SAW_NOTHING


def _date(rows: list[dict[str, Any]], spoken: pd.DataFrame, recent_from: date) -> None:
    days = spoken.assign(received_on=pd.to_datetime(spoken["received_on"]))
    keys = ["topic_id", "unit_id", "voice"]
    last = days.groupby(keys)["received_on"].max().to_dict()
    recent = days[days["received_on"] >= pd.Timestamp(recent_from)]
    first = recent.groupby(keys)["received_on"].min().to_dict()
    for row in rows:
        key = (row["topic_id"], row["unit_id"], row["voice"])
        row["first_on"] = first[key].date() if key in first else None
        row["last_on"] = last[key].date() if key in last else None


def _raise(
    rows: list[dict[str, Any]],
    spoken: pd.DataFrame,
    heard: pd.DataFrame,
    tonight: tuple[VoicesPolicy, date],
) -> None:
    """When each voice that agrees began to: a day that does not move with the night."""
    agreeing = [row for row in rows if row["answer"] == LensAnswer.AGREES]
    spoken_on = _days_by(spoken, ["topic_id", "unit_id", "voice"]) if agreeing else {}
    heard_on = _days_by(heard, ["unit_id", "voice"]) if agreeing else {}
    for row in rows:
        row["raised_on"] = None
    for row in agreeing:
        key = (row["topic_id"], row["unit_id"], row["voice"])
        row["raised_on"] = _first_of_spell(spoken_on[key], heard_on[key[1:]], tonight)


def _days_by(frame: pd.DataFrame, keys: list[str]) -> dict[Any, Days]:
    days = frame.assign(day=pd.to_datetime(frame["received_on"]).to_numpy("datetime64[D]"))
    return {key: np.sort(rows["day"].to_numpy("datetime64[D]")) for key, rows in days.groupby(keys)}


def _first_of_spell(spoken: Days, heard: Days, tonight: tuple[VoicesPolicy, date]) -> date:
    """First day of the spell of agreement that stands tonight.

    It is followed back from Monday to Monday, and within the week before the first of them from
    day to day, so that every later night of the spell finds the same day.
    """
    policy, today = tonight
    now = np.datetime64(today, "D")
    monday = now - np.timedelta64(today.weekday(), "D")
    weeks = np.arange(policy.comparison_weeks_count + 1) * np.timedelta64(7, "D")
    mondays = monday - weeks
    agreed = _agrees_on(mondays, spoken, heard, policy)
    broken = np.flatnonzero(~agreed)
    steps = int(broken[0]) if broken.size else len(mondays)
    anchor = mondays[steps - 1] if steps else now
    days = anchor - np.arange(7) * np.timedelta64(1, "D")
    gaps = np.flatnonzero(~_agrees_on(days, spoken, heard, policy))
    first: date = days[int(gaps[0]) - 1 if gaps.size and gaps[0] else 0 if gaps.size else -1].item()
    return first


def _agrees_on(nights: Days, spoken: Days, heard: Days, policy: VoicesPolicy) -> npt.NDArray[Any]:
    """Whether the voice would have been found to agree on each of these nights."""
    recent_from = nights - np.timedelta64(7 * policy.recent_weeks_count, "D")
    earlier_from = recent_from - np.timedelta64(7 * policy.comparison_weeks_count, "D")
    counts = [
        np.searchsorted(days, until) - np.searchsorted(days, since)
        for days in (spoken, heard)
        for since, until in ((recent_from, nights), (earlier_from, recent_from))
    ]
    now, before, now_heard, before_heard = counts
    rise = compare_counts(now, before, now_heard, before_heard).chance_of_rise
    enough = (now >= policy.minimum_reports_count) & (before_heard > 0)
    return np.asarray(enough & (rise < policy.maximum_chance_prop))
