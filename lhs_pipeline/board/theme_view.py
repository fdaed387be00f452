"""What is spoken of: each theme's share of the comments received, charted, and what changed.

Shares are of the comments that came, so that a drive for more comments is no rise of a theme.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
from markupsafe import Markup

from lhs_pipeline.analysis.accepted_themes import is_accepted, said_on, topic_id_of
from lhs_pipeline.board.bands import band_of
from lhs_pipeline.board.chart_marks import ChartEvent
from lhs_pipeline.board.charts import draw_spc_chart
from lhs_pipeline.board.disclosure import is_small, tell_roughly
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import TRUST
from lhs_pipeline.board.rows import Row, day_of, flag_of, number_of, read_rows, text_of
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.spc_series import PointLines, SpcSeries, describe_chart
from lhs_pipeline.board.words import (
    capitalise,
    tell_day,
    tell_month,
    tell_number,
    tell_percentage,
    word_for,
)

VOICES_CHARTED = ("patient", "staff")
"""Incident reports are counted as rates over bed days, on the pages of problems."""
WINDOW_DAYS = 91
_LATELY_MONTHS = 3
_WORST_F1 = 0.5
"""Read worse than this, a theme has no trend that means anything."""
_CHANGED = ("real_change", "both")


@dataclass(frozen=True)
class ThemeLine:
    """One theme of one voice, in the last quarter."""

    theme: str
    voice: str
    share: str
    support: str
    critical: str
    reading: str
    changed_code: str
    changed: str
    is_provisional: bool
    sort_share: float


@dataclass(frozen=True)
class ThemeChart:
    """One series with its words and figures."""

    title: str
    words: str
    svg: Markup
    description: str
    points: list[tuple[str, str, str]]
    is_changed: bool


def list_themes(scene: Scene) -> list[ThemeLine]:
    """The themes of patients and staff that enough spoke of, the most spoken of first."""
    lines = [
        line
        for voice in VOICES_CHARTED
        for topic_id in _topics_of(scene.tables, voice)
        if (line := _show_line(scene, topic_id, voice)) is not None
    ]
    return sorted(lines, key=lambda each: (each.voice, -each.sort_share, each.theme))


def list_theme_charts(scene: Scene) -> list[ThemeChart]:
    """Charts of the whole trust, and of units where a share changed lately; changed ones first."""
    charts = []
    for key, rows in _series_by_key(scene.tables).items():
        topic_id, unit_id, _ = key
        is_changed = _has_changed(rows) or is_provisional(scene.tables, topic_id)
        if is_read_well(scene.tables, topic_id) and (unit_id == TRUST or is_changed):
            charts.append(_draw(scene, key, rows, is_changed))
    return sorted(charts, key=lambda each: (not each.is_changed, each.title))


def list_received(scene: Scene) -> list[ThemeChart]:
    """How many comments of each voice came a month, all themes together."""
    charts = []
    for voice in VOICES_CHARTED:
        whole = [r for (_, unit, said), r in _series_by_key(scene.tables).items()
                 if unit == TRUST and said == voice]  # fmt: skip
        if whole:
            charts.append(_draw_received(voice, whole[0]))
    return charts


def is_read_well(tables: BoardTables, topic_id: str) -> bool:
    """Whether coders found a theme read well enough for a trend; unknown is no reason against."""
    f1 = _f1_of(tables, topic_id)
    return f1 is None or f1 >= _WORST_F1


def _f1_of(tables: BoardTables, topic_id: str) -> float | None:
    for row in tables.rows_where("theme_models", topic_id=topic_id):
        is_model = text_of(row, "method") == "model"
        return number_of(row, "model_f1" if is_model else "codebook_f1")
    return None


def heard_lately(scene: Scene, table: str) -> pd.DataFrame:
    """Rows of insights or themes of the last quarter, the repeat of a report left out."""
    frame: pd.DataFrame = getattr(scene.tables, table)
    since = pd.Timestamp(scene.as_of - timedelta(days=WINDOW_DAYS))

    def find() -> pd.DataFrame:
        again = scene.tables.repeats
        sent_again = again.loc[again["is_repeat"].fillna(False).astype(bool), "insight_id"]
        recent = frame[(frame["received_on"] >= since)
                       & (frame["received_on"] < pd.Timestamp(scene.as_of))]  # fmt: skip
        return recent[~recent["insight_id"].isin(set(sent_again))]

    return scene.tables.remember(("heard lately", table, scene.as_of), find)


def _topics_of(tables: BoardTables, voice: str) -> list[str]:
    found = tables.themes.loc[tables.themes["voice"] == voice, "topic_id"]
    return sorted({str(topic_id) for topic_id in found})


def _show_line(scene: Scene, topic_id: str, voice: str) -> ThemeLine | None:
    policy = scene.tables.disclosure
    insights, themes = heard_lately(scene, "insights"), heard_lately(scene, "themes")
    heard = int((insights["voice"] == voice).sum())
    said = themes[(themes["voice"] == voice) & (themes["topic_id"] == topic_id)]
    if said.empty or is_small(len(said), policy) or is_small(heard - len(said), policy):
        return None
    critical = int(said["is_negative"].fillna(False).astype(bool).sum())
    rest = len(said) - critical
    is_hidden = is_small(critical, policy) or is_small(rest, policy)
    rows = _series_by_key(scene.tables).get((topic_id, TRUST, voice), [])
    code, changed = tell_change_of(scene.tables, topic_id, rows)
    return ThemeLine(
        theme=scene.names.topic(topic_id),
        voice=word_for("voice", voice),
        share=tell_percentage(len(said) / heard),
        support=f"{tell_roughly(len(said), policy)} of {tell_roughly(heard, policy)}",
        critical="withheld: too few" if is_hidden else tell_percentage(critical / len(said)),
        reading=_tell_reading(scene.tables, topic_id),
        changed_code=code,
        changed=changed,
        is_provisional=is_provisional(scene.tables, topic_id),
        sort_share=len(said) / heard,
    )


def is_provisional(tables: BoardTables, topic_id: str) -> bool:
    """Whether a theme was accepted from its own words and no topic file declares it yet."""
    return bool(len(tables.topics)) and not tables.rows_where("topics", topic_id=topic_id)


def _tell_reading(tables: BoardTables, topic_id: str) -> str:
    f1 = _f1_of(tables, topic_id)
    if f1 is None:
        return "Not known yet"
    return f"F1 {f1:.2f}" + ("" if f1 >= _WORST_F1 else ": too poorly for a trend")


def tell_change_of(tables: BoardTables, topic_id: str, rows: list[Row]) -> tuple[str, str]:
    """A code and a sentence on whether the share changed, or only how many wrote."""
    if not is_read_well(tables, topic_id):
        return "did_not_look", "No trend: the theme is read too poorly."
    if not rows:
        return "did_not_look", "Too few that criticise it a month for a chart."
    if is_provisional(tables, topic_id):
        return "review", _tell_provisional(rows)
    lately = [text_of(row, "reading") for row in rows[-_LATELY_MONTHS:]]
    if any(each in _CHANGED for each in lately):
        return _tell_share(rows)
    if "more_or_fewer_comments" in lately:
        return "saw_nothing", _tell_volume(rows)
    return "saw_nothing", "No change beyond chance."


def _tell_provisional(rows: list[Row]) -> str:
    """The newest month beside those before: what nobody named before has no usual share."""
    levels = [_shown_level(row) for row in rows]
    before = [level for level in levels[:-1] if level is not None]
    month = tell_month(day_of(rows[-1], "period_start"))
    if levels[-1] is None or not before:
        return f"New: it has been read by its words since it was named; {month} is withheld."
    return (
        f"New: {tell_percentage(levels[-1])} of the comments of {month} are critical of it, "
        f"{tell_percentage(sum(before) / len(before))} on average before."
    )


def _has_changed(rows: list[Row]) -> bool:
    return any(text_of(row, "reading") in _CHANGED for row in rows[-_LATELY_MONTHS:])


def _tell_share(rows: list[Row]) -> tuple[str, str]:
    spell = _latest_spell(rows, "is_special_cause")
    levels = [level for row in spell if (level := _shown_level(row)) is not None]
    usual = number_of(rows[-1], "centre")
    when = _tell_when(spell, is_over=spell[-1] is not rows[-1])
    if not levels or usual is None:
        return "review", f"The share has changed {when}."
    level = sum(levels) / len(levels)
    is_worse = text_of(spell[-1], "side") == "high"
    told = (
        f"{'Higher' if is_worse else 'Lower'} {when}: {tell_percentage(level)} of the"
        f" comments are critical of it, usually {tell_percentage(usual)}."
    )
    return ("no" if is_worse else "yes"), told + _tell_volume_too(rows)


def _tell_when(spell: list[Row], *, is_over: bool) -> str:
    first, last = (tell_month(day_of(row, "period_start")) for row in (spell[0], spell[-1]))
    if not is_over:
        return f"since {first}"
    stretch = f"in {first}" if first == last else f"from {first} to {last}"
    return f"{stretch} and as usual after"


def _tell_volume_too(rows: list[Row]) -> str:
    if text_of(rows[-1], "reading") != "both":
        return ""
    return f" {_more_or_fewer(rows)} comments came as well, but a share is not moved by that."


def _tell_volume(rows: list[Row]) -> str:
    more = _more_or_fewer(rows)
    moved = "rose" if more == "More" else "fell"
    return f"Share as usual. {more} comments came, so the number {moved}."


def _more_or_fewer(rows: list[Row]) -> str:
    now, usual = _volumes(rows)
    return "More" if now > usual else "Fewer"


def _tell_received(voice: str, rows: list[Row]) -> str:
    """Whether more or fewer people wrote than usual, since when, and what that moves."""
    if not any(flag_of(row, "is_received_special_cause") for row in rows[-_LATELY_MONTHS:]):
        return "About as many as usual."
    spell = _latest_spell(rows, "is_received_special_cause")
    now, usual = _volumes(rows)
    is_more = now > usual
    return (
        f"{'More' if is_more else 'Fewer'} {word_for('voice_noun', voice)} came since "
        f"{tell_month(day_of(spell[0], 'period_start'))}: about {now:.0f} a month, usually "
        f"{usual:.0f}. Where only the number of comments on a theme {'rose' if is_more else 'fell'}"
        " and its share did not, nothing has changed but how many wrote."
    )


def _volumes(rows: list[Row]) -> tuple[float, float]:
    """Comments a month in the latest unusual spell, and usually; to the nearest five."""
    spell = _latest_spell(rows, "is_received_special_cause")
    counts = [number_of(row, "received_count") or 0.0 for row in spell]
    now, usual = sum(counts) / max(len(counts), 1), number_of(rows[-1], "received_centre") or 0.0
    return 5 * round(now / 5), 5 * round(usual / 5)


def _latest_spell(rows: list[Row], flag: str) -> list[Row]:
    """The latest months in a row that are unusual, on the same side of what is usual."""
    end = max((at for at, row in enumerate(rows) if flag_of(row, flag)), default=len(rows) - 1)
    start = end
    while (
        start > 0
        and flag_of(rows[start - 1], flag)
        and _side(rows[start - 1], flag) == _side(rows[end], flag)
    ):
        start -= 1
    return rows[start : end + 1]


def _side(row: Row, flag: str) -> bool:
    if flag == "is_special_cause":
        return text_of(row, "side") == "high"
    return (number_of(row, "received_count") or 0.0) > (number_of(row, "received_centre") or 0.0)


def _shown_level(row: Row) -> float | None:
    level = number_of(row, "mentions_prop")
    return number_of(row, "drawn_prop") if level is None else level


def _series_by_key(tables: BoardTables) -> dict[tuple[str, str, str], list[Row]]:
    """Months in order by theme, unit and voice, for the voices that are charted."""

    def gather() -> dict[tuple[str, str, str], list[Row]]:
        found: dict[tuple[str, str, str], list[Row]] = {}
        ordered = tables.theme_series.sort_values("period_start", kind="stable")
        for row in read_rows(ordered):
            key = (text_of(row, "topic_id"), text_of(row, "unit_id"), text_of(row, "voice"))
            if key[2] in VOICES_CHARTED:
                found.setdefault(key, []).append(row)
        return dict(sorted(found.items()))

    return tables.remember("theme series", gather)


def _draw(scene: Scene, key: tuple[str, str, str], rows: list[Row], is_changed: bool) -> ThemeChart:
    series = _series_of(scene, key, rows)
    words = tell_change_of(scene.tables, key[0], rows)[1] + _tell_words(scene.tables, key[0])
    return ThemeChart(
        title=series.title,
        words=words + _tell_no_limits(scene.tables, key[0], rows),
        svg=Markup(draw_spc_chart(series)),
        description=describe_chart(series),
        points=[
            (tell_day(day), band or (f"{tell_number(value)}%" if value is not None else "no data"),
             word_for("meaning", flag) if flag in ("concern", "improvement") else "")
            for day, value, band, flag in zip(
                series.period_starts, series.values, series.bands, series.flags, strict=True
            )
        ][::-1],
        is_changed=is_changed,
    )  # fmt: skip


def _series_of(scene: Scene, key: tuple[str, str, str], rows: list[Row]) -> SpcSeries:
    topic_id, unit_id, voice = key
    latest, noun = rows[-1], word_for("voice_noun", voice)
    days = [day for row in rows if (day := day_of(row, "period_start"))]
    return SpcSeries(
        title=f"{scene.names.topic(topic_id)}, {noun}, {scene.names.unit(unit_id)}",
        unit_words=f"% of {noun} that are critical of it",
        period_starts=tuple(days),
        values=tuple(_percent(_shown_level(row)) for row in rows),
        centre=_percent(number_of(latest, "centre")),
        lower_limit=_possible(latest, "lower_limit"),
        upper_limit=_possible(latest, "upper_limit"),
        target=None,
        flags=_flags_of(scene.tables, topic_id, rows),
        is_complete=tuple(True for _ in rows),
        events=_list_events(scene.tables, topic_id),
        lines=PointLines(
            centre=tuple(_percent(number_of(row, "centre")) for row in rows),
            lower_limit=tuple(_possible(row, "lower_limit") for row in rows),
            upper_limit=tuple(_possible(row, "upper_limit") for row in rows),
            target=tuple(None for _ in rows),
        ),
        bands=tuple(band_of(row, scene.tables.disclosure, "comments") for row in rows),
    )


def _list_events(tables: BoardTables, topic_id: str) -> tuple[ChartEvent, ...]:
    """Days from which a theme is read by more words; older comments were read again by them."""
    return tuple(
        ChartEvent(day, "New words; read anew") for day in _days_of_words(tables, topic_id)
    )


def _tell_words(tables: BoardTables, topic_id: str) -> str:
    """The same in a sentence: a day of this month lies beyond the last point."""
    days = _days_of_words(tables, topic_id)
    if not days:
        return ""
    return f" Read by new words since {tell_day(days[-1])}; older comments were read again by them."


def _tell_no_limits(tables: BoardTables, topic_id: str, rows: list[Row]) -> str:
    """Why a theme that nobody had spoken of has no limits, and how its months are judged."""
    if not _has_no_limits(rows):
        return ""
    told = " Nobody spoke of it in the first months, so the chart has no limits;"
    if is_provisional(tables, topic_id):
        return f"{told} its words were found in this rise, so chance is not asked."
    return f"{told} each later month is judged by the exact chance of so many."


def _has_no_limits(rows: list[Row]) -> bool:
    """Whether nothing was said while limits were drawn, which leaves them no width."""
    last = rows[-1]
    return number_of(last, "centre") == 0 and number_of(last, "upper_limit") is None


def _days_of_words(tables: BoardTables, topic_id: str) -> list[date]:
    days = (
        said_on(row)
        for row in tables.rows_where("emerging_verdicts")
        if is_accepted(row) and topic_id_of(row) == topic_id
    )
    return sorted(set(filter(None, days)))


def _flags_of(tables: BoardTables, topic_id: str, rows: list[Row]) -> tuple[str, ...]:
    if _has_no_limits(rows) and is_provisional(tables, topic_id):
        return tuple("not_judged" for _ in rows)
    is_judged = number_of(rows[-1], "centre") is not None
    return tuple(_flag(row) if is_judged else "not_judged" for row in rows)


def _flag(row: Row) -> str:
    if not flag_of(row, "is_special_cause"):
        return "common_cause"
    return "concern" if text_of(row, "side") == "high" else "improvement"


def _percent(prop: float | None) -> float | None:
    return None if prop is None else 100 * prop


def _possible(row: Row, name: str) -> float | None:
    """A limit where a share could ever reach it."""
    limit = number_of(row, name)
    return None if limit is None or not 0 <= limit <= 1 else 100 * limit


def _draw_received(voice: str, rows: list[Row]) -> ThemeChart:
    noun = word_for("voice_noun", voice)
    days = tuple(day for row in rows if (day := day_of(row, "period_start")))
    latest = rows[-1]
    usual = number_of(latest, "received_centre")
    series = SpcSeries(
        title=f"{capitalise(noun)} received, the whole trust",
        unit_words=f"{noun} a month",
        period_starts=days,
        values=tuple(number_of(row, "received_count") for row in rows),
        centre=usual,
        lower_limit=number_of(latest, "received_lower_limit"),
        upper_limit=number_of(latest, "received_upper_limit"),
        target=None,
        flags=tuple("neither" if flag_of(row, "is_received_special_cause") else "common_cause"
                    for row in rows),
        is_complete=tuple(True for _ in rows),
    )  # fmt: skip
    points = [
        (tell_day(day), tell_number(value) or "withheld", "Unusual" if flag == "neither" else "")
        for day, value, flag in zip(days, series.values, series.flags, strict=True)
    ][::-1]
    svg = Markup(draw_spc_chart(series))
    words = _tell_received(voice, rows)
    return ThemeChart(series.title, words, svg, describe_chart(series), points, is_changed=False)
