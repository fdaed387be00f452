"""Levels of a look at a change: withheld where they and the shown points would tell a hidden one.

A look's level times its base is a sum over the periods since the change; less the periods that
are shown, it leaves the withheld ones. What changed, in per cent, is an estimate and stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.board.words import as_sentence, tell_change, tell_range

_LEVELS = (
    "observed", "expected", "avoided_per_month", "avoided_lower_per_month",
    "avoided_upper_per_month",
)  # fmt: skip
_WITHHELD = "Levels are withheld, since few people stand behind them."


@dataclass(frozen=True)
class _Line:
    """One series, sorted: days, true events, and what is known of the withheld ones."""

    days: npt.NDArray[np.datetime64]
    events: npt.NDArray[np.float64]
    is_hidden: npt.NDArray[np.bool_]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


def withhold_looks(
    made: Mapping[str, pd.DataFrame], truth: pd.DataFrame, shown: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return evaluations and verdicts with the levels withheld that would give a point away.

    Args:
        made: the tables; those not there yet are left out.
        truth: `analysis.indicator_series`.
        shown: the same as it is published, rows in the same order.
    """
    if "closure.evaluations" not in made or made["closure.evaluations"].empty:
        return {}
    looks = made["closure.evaluations"].reset_index(drop=True)
    lines = _lines_of(looks, truth, shown)
    tells = pd.Series(_find_telling(looks, lines), dtype=bool)
    instead = looks.assign(
        **{name: looks[name].mask(tells) for name in _LEVELS},
        effective_reason=[
            _tell_effect(row) if told else row["effective_reason"]
            for (_, row), told in zip(looks.iterrows(), tells, strict=True)
        ],
    )
    words = [
        _tell_look(row) if told else row["words"]
        for (_, row), told in zip(instead.iterrows(), tells, strict=True)
    ]
    found = {"closure.evaluations": instead.assign(words=words)}
    if "closure.verdicts" in made:
        said = dict(zip(looks["words"], words, strict=True))
        verdicts = made["closure.verdicts"]
        found["closure.verdicts"] = verdicts.assign(
            words=[said.get(each, each) for each in verdicts["words"]]
        )
    return found


def _lines_of(
    looks: pd.DataFrame, truth: pd.DataFrame, shown: pd.DataFrame
) -> dict[tuple[str, str], _Line]:
    pairs = zip(looks["indicator_id"], looks["unit_id"], strict=True)
    wanted = {(indicator, unit) for indicator, units in pairs for unit in str(units).split(";")}
    frame = shown.assign(true=truth["numerator"].to_numpy())
    keys = pd.MultiIndex.from_frame(frame[["indicator_id", "unit_id"]])
    chosen = frame[keys.isin(list(wanted))].sort_values("period_start")
    return {
        (str(indicator), str(unit)): _line_of(rows)
        for (indicator, unit), rows in chosen.groupby(["indicator_id", "unit_id"])
    }


def _line_of(rows: pd.DataFrame) -> _Line:
    hidden = rows["is_suppressed"].to_numpy(dtype=bool)
    return _Line(
        _days(rows["period_start"]),
        rows["true"].to_numpy(dtype=float),
        hidden,
        rows["numerator_from"].fillna(0.0).to_numpy(dtype=float),
        rows["numerator_to"].fillna(np.inf).to_numpy(dtype=float),
    )


def _find_telling(looks: pd.DataFrame, lines: Mapping[tuple[str, str], _Line]) -> list[bool]:
    """Which looks tell a withheld point, by themselves or beside an earlier look that is shown."""
    is_telling = [False] * len(looks)
    shown_until: dict[str, np.datetime64] = {}
    ordered = looks.sort_values(["change_id", "look_on"], kind="stable")
    starts, ends = (_days(ordered[name]) for name in ("live_on", "data_until"))
    for place, start, end in zip(ordered.index, starts, ends, strict=True):
        row = ordered.loc[place]
        if np.isnat(start) or np.isnat(end) or pd.isna(row["observed"]):
            continue
        change, indicator = str(row["change_id"]), str(row["indicator_id"])
        found = (lines.get((indicator, unit)) for unit in str(row["unit_id"]).split(";"))
        own = [line for line in found if line is not None]
        since = shown_until.get(change)
        tells = _tells(own, start, end) or (since is not None and _tells(own, since, end))
        is_telling[place] = tells
        if not tells:
            shown_until[change] = end + np.timedelta64(1, "D")
    return is_telling


def _days(column: pd.Series) -> npt.NDArray[np.datetime64]:
    return pd.to_datetime(column).to_numpy(dtype="datetime64[D]")


def _tells(lines: list[_Line], start: np.datetime64, end: np.datetime64) -> bool:
    """Whether the sum over a window leaves one possible number for a withheld point in it."""
    inside = [(line, (line.days >= start) & (line.days <= end) & line.is_hidden) for line in lines]
    events = np.concatenate([line.events[at] for line, at in inside] or [np.array([])])
    low = np.concatenate([line.low[at] for line, at in inside] or [np.array([])])
    high = np.concatenate([line.high[at] for line, at in inside] or [np.array([])])
    if not events.size:
        return False
    is_open = np.isinf(high)
    others_high = np.where(is_open, 0.0, high).sum() - np.where(is_open, 0.0, high)
    others_high[is_open.sum() - is_open > 0] = np.inf
    lowest = np.maximum(low, events.sum() - others_high)
    highest = np.minimum(high, events.sum() - (low.sum() - low))
    return bool((highest - lowest < 1).any())


def _tell_effect(row: pd.Series) -> str:
    if pd.isna(row["relative_change_prop"]):
        return _WITHHELD
    change = tell_change(row["relative_change_prop"])
    span = tell_range(row["change_lower_prop"], row["change_upper_prop"])
    return f"{change} (95% range {span}). {_WITHHELD}"


def _tell_look(row: pd.Series) -> str:
    parts = [
        as_sentence(str(row["verdict_reason"])),
        as_sentence(str(row["effective_reason"])),
        f"Done as agreed? {as_sentence(str(row['reliable_reason']))}",
        f"Acceptable? {as_sentence(str(row['acceptable_reason']))}",
    ]
    return " ".join(parts)
