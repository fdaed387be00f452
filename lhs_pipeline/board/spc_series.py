"""One series of an SPC chart, in the numbers that people read, and the same told in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lhs_pipeline.board.chart_marks import ChartEvent
from lhs_pipeline.board.disclosure import clean_text
from lhs_pipeline.board.words import WORDS, join_words, tell_day, tell_month, tell_number


@dataclass(frozen=True)
class PointLines:
    """Lines that change from point to point, one value each; None where a line does not exist."""

    centre: tuple[float | None, ...]
    lower_limit: tuple[float | None, ...]
    upper_limit: tuple[float | None, ...]
    target: tuple[float | None, ...]


@dataclass(frozen=True)
class SpcSeries:
    """One indicator of one unit, in the numbers that people read.

    `flags` holds one of common_cause, concern, improvement, neither or not_judged (too few points
    for limits) for each point; a value of None leaves a gap; a point that is not complete is drawn
    hollow. Where there are `lines`, they are drawn as steps, and the single numbers are those of
    the latest point. Where `bands` says something of a point, such as '1–4 events', its number is
    withheld: it is drawn where the middle of the withheld range would lie.
    """

    title: str
    unit_words: str
    period_starts: tuple[date, ...]
    values: tuple[float | None, ...]
    centre: float | None
    lower_limit: float | None
    upper_limit: float | None
    target: float | None
    flags: tuple[str, ...]
    is_complete: tuple[bool, ...]
    events: tuple[ChartEvent, ...] = ()
    lines: PointLines | None = None
    centre_name: str = "average"
    bands: tuple[str, ...] = ()

    @property
    def break_places(self) -> list[int]:
        """Places of the points before which the limits start anew."""
        days = [event.on for event in self.events if event.is_break]
        found = {sum(start < day for start in self.period_starts) for day in days}
        return sorted(place for place in found if 0 < place < len(self.period_starts))


def describe_chart(series: SpcSeries) -> str:
    """What a person who cannot see the chart needs: span, limits, latest point, flags, events."""
    known = [index for index, value in enumerate(series.values) if value is not None]
    if not known:
        return "There are no points to show."
    first, last = series.period_starts[known[0]], series.period_starts[known[-1]]
    sentences = [
        f"{len(known)} points from {tell_month(first)} to {tell_month(last)}"
        + f"{_tell_unit(series.unit_words)}.",
        _describe_limits(series),
        f"The latest value, for the period from {tell_day(last)}, is"
        f" {_tell_value(series, known[-1])}: {_flag_words(series.flags[known[-1]])}.",
        _describe_flags(series),
        *[_describe_event(event) for event in series.events],
    ]
    return clean_text(" ".join(sentence for sentence in sentences if sentence))


def _tell_unit(words: str) -> str:
    if not words:
        return ""
    return f", {words}" if words.startswith("per ") else f", in {words}"


def _tell_value(series: SpcSeries, place: int) -> str:
    withheld = series.bands[place] if series.bands else ""
    return withheld or tell_number(series.values[place])


def _describe_event(event: ChartEvent) -> str:
    if event.is_break:
        return f"The limits start anew from {tell_day(event.on)}: {event.label}."
    return f"{event.label} on {tell_day(event.on)}."


def _describe_limits(series: SpcSeries) -> str:
    parts = [
        f"{name} {tell_number(value)}"
        for name, value in (
            (series.centre_name, series.centre),
            ("lower limit", series.lower_limit),
            ("upper limit", series.upper_limit),
            ("target", series.target),
        )
        if value is not None
    ]
    when = " at the latest point" if series.lines else ""
    return join_words(parts).capitalize() + when + "." if parts else ""


def _flag_words(flag: str) -> str:
    return WORDS["meaning"].get(flag, flag).lower()


def _describe_flags(series: SpcSeries) -> str:
    parts = [
        f"{series.flags.count(flag)} of {words}"
        for flag, words in (("concern", "concern"), ("improvement", "improvement"))
        if flag in series.flags
    ]
    if "neither" in series.flags:
        parts.append(f"{series.flags.count('neither')} unusual")
    if not parts and set(series.flags) == {"not_judged"}:
        return "There are too few points to flag any."
    return f"Points flagged: {join_words(parts)}." if parts else "No point is flagged."
