"""The report of `lhs spc`: tables as files, and pages of charts that need nothing else.

What a chart says is judged in `analysis.spc_tables`; words and drawing stand here.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from lhs_pipeline.analysis.spc_options import FileChart, Rebase
from lhs_pipeline.analysis.spc_tables import FEWEST_POINTS_FOR_ICON, NO_LIMITS, SpcTables
from lhs_pipeline.board.chart_marks import ChartEvent
from lhs_pipeline.board.charts import draw_spc_chart
from lhs_pipeline.board.disclosure import clean_text, safe_cells
from lhs_pipeline.board.spc_series import PointLines, SpcSeries
from lhs_pipeline.board.templating import make_environment
from lhs_pipeline.board.words import (
    capitalise,
    join_words,
    tell_count,
    tell_day,
    tell_number,
    word_for,
)
from lhs_pipeline.statistics.spc import PROFILES

CHARTS_PER_PAGE = 100
"""More make a page slow to open and to scroll."""
_PAGE = "spc_page_{}.html"
_CHARTS = {
    FileChart.XMR: "XmR chart: average, and limits from moving ranges",
    FileChart.RUN: "Run chart: median, and no limits",
    FileChart.P: "p chart of shares: limits by the size of each denominator",
    FileChart.PP: "p′ chart of shares (Laney): limits also by how much the points vary",
    FileChart.U: "u chart of rates: limits by the size of each denominator",
    FileChart.UP: "u′ chart of rates (Laney): limits also by how much the points vary",
    FileChart.C: "c chart of counts",
    FileChart.G: "g chart of cases between rare events",
    FileChart.T: "t chart of time between rare events",
    FileChart.I: "I chart: average, and limits from moving ranges",
}
_MEDIANS = (FileChart.RUN, FileChart.G)
_PROFILES = {
    "mdc": "Making Data Count (mdc)",
    "nhsr": "NHSRplotthedots (nhsr)",
    "qicharts2": "qicharts2",
}
_DIRECTIONS = {"lower": "Lower is better", "higher": "Higher is better"}
_ASSURANCE = {
    "no_direction": "Not said: neither way is declared better",
    NO_LIMITS: "Not said: a run chart has no limits",
}
_WITHOUT_ASSURANCE = ("no_target", "no_direction", NO_LIMITS)
_ORDER = ("concern", "improvement", "neither", "common", "too")


def write_spc_report(folder: Path, tables: SpcTables) -> list[Path]:
    """points, limits and icons as files, and the pages of charts, in `folder`; all files written.

    Pages of an earlier report that had more of them are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = list(_write_tables(folder, tables))
    for name, content in render_spc_pages(tables):
        path = folder / name
        path.write_bytes(content.encode("utf-8", "replace"))
        written.append(path)
    for path in folder.glob(_PAGE.format("[0-9]*")):
        if path not in written:
            path.unlink()
    return written


def render_spc_pages(tables: SpcTables) -> Iterator[tuple[str, str]]:
    """Each page as its file name and its text, one at a time."""
    template = make_environment().get_template("spc_report.html.j2")
    report = _gather(tables)
    for number in range(report.pages_count):
        yield _name_page(number), template.render(page=_show_page(report, number))


def tell_variation(code: str, points_count: int) -> str:
    """What the latest point says, in words; of too few points, how many there are."""
    words = word_for("variation", code)
    if code == "too_few_points" and points_count < FEWEST_POINTS_FOR_ICON:
        return f"{words}: {points_count} of the {FEWEST_POINTS_FOR_ICON} needed"
    return words


def tell_assurance(code: str) -> str:
    """What the limits say of the target, in words."""
    return _ASSURANCE.get(code) or word_for("assurance", code)


def _write_tables(folder: Path, tables: SpcTables) -> Iterator[Path]:
    icons = tables.icons.assign(words=_tell_icons(tables.icons))
    frames = {"points": tables.points, "limits": tables.limits, "icons": icons}
    for name, frame in frames.items():
        path = folder / f"{name}.csv"
        safe_cells(frame).to_csv(path, index=False, lineterminator="\r\n", encoding="utf-8-sig")
        yield path
        if name != "icons":
            path = folder / f"{name}.parquet"
            frame.to_parquet(path, index=False)
            yield path


def _tell_icons(icons: pd.DataFrame) -> list[str]:
    # Without a target it does not matter that no direction is declared.
    assurances = icons["assurance"].where(icons["target"].notna(), "no_target")
    columns = (icons["variation"], icons["points_count"], assurances)
    return [
        f"{tell_variation(variation, count)}. {tell_assurance(assurance)}."
        for variation, count, assurance in zip(*columns, strict=True)
    ]


@dataclass(frozen=True)
class _Report:
    """A file's tables, and how its series are ordered and shown.

    Attributes:
        tables: as judged.
        icons: one row per series, in the order of the page.
        points: the points of each series.
        flagged: how many points of each series are flagged.
        limits: the latest limits of each series.
        stretches: of each series with several limits, every one but the first.
        factor: turns a value into the one shown.
        unit_words: what it is shown in.
    """

    tables: SpcTables
    icons: pd.DataFrame
    points: dict[str, pd.DataFrame]
    flagged: dict[str, int]
    limits: pd.DataFrame
    stretches: dict[str, list[dict[Any, Any]]]
    factor: float
    unit_words: str

    @property
    def pages_count(self) -> int:
        """How many pages the charts fill."""
        return max(1, math.ceil(len(self.icons) / CHARTS_PER_PAGE))

    @property
    def centre_name(self) -> str:
        """What the centre line is."""
        return "median" if self.tables.chart in _MEDIANS else "average"

    def count_latest(self, icon: dict[Any, Any]) -> int:
        """Points of a series since its limits last started anew."""
        return int(self.limits["points_count"][icon["series"]])

    def tell(self, value: float | None) -> str:
        """A value as people read it, '–' where missing."""
        if value is None or not math.isfinite(value):
            return "–"
        shown = value * self.factor
        suffix = "%" if self.unit_words == "per cent" else ""
        return (tell_number(shown) if abs(shown) >= 1 or shown == 0 else f"{shown:.3g}") + suffix


def _gather(tables: SpcTables) -> _Report:
    points = {str(name): rows for name, rows in tables.points.groupby("series", sort=False)}
    place = {word: number for number, word in enumerate(_ORDER)}
    ranks = tables.icons["variation"].str.split("_").str[0].map(place)
    icons = tables.icons.assign(rank=ranks).sort_values(["rank", "series"], ignore_index=True)
    is_percent = tables.chart.is_of_shares and tables.options.per in (1, 100)
    return _Report(
        tables=tables,
        icons=icons,
        points=points,
        flagged={name: int(rows["is_special_cause"].sum()) for name, rows in points.items()},
        limits=tables.limits.drop_duplicates("series", keep="last").set_index("series"),
        stretches=_later_stretches(tables.limits),
        factor=100.0 if is_percent and tables.options.per == 1 else 1.0,
        unit_words="per cent" if is_percent or tables.is_percentage else _unit_words(tables),
    )


def _later_stretches(limits: pd.DataFrame) -> dict[str, list[dict[Any, Any]]]:
    later = limits[limits["limits_number"] > 1]
    return {str(name): rows.to_dict("records") for name, rows in later.groupby("series")}


def _unit_words(tables: SpcTables) -> str:
    return f"per {tables.options.per:,.10g}" if tables.options.per != 1 else ""


def _name_page(number: int) -> str:
    return "index.html" if number == 0 else _PAGE.format(number + 1)


def _show_page(report: _Report, number: int) -> dict[str, Any]:
    """What the template asks for."""
    first = number * CHARTS_PER_PAGE
    here = report.icons.iloc[first : first + CHARTS_PER_PAGE]
    name = clean_text(report.tables.name)
    title = f"SPC charts of {name}"
    return {
        "title": title if number == 0 else f"{title}, page {number + 1}",
        "heading": f"{name}",
        "sentence": _tell_all(report),
        "others": _other_pages(report, number),
        "rows": _list_rows(report) if number == 0 else [],
        "has_target": bool(report.tables.icons["target"].notna().any()),
        "centre_name": report.centre_name,
        "charts_heading": f"Charts {first + 1} to {first + len(here)} of {len(report.icons)}"
        if report.pages_count > 1
        else "Charts",
        "charts": (
            _show_chart(report, icon, first + place)
            for place, icon in enumerate(here.to_dict("records"))
        ),
        "facts": _list_facts(report),
    }


def _tell_all(report: _Report) -> str:
    """How many series say what."""
    counts = report.icons["variation"].value_counts()
    groups = [
        (counts.filter(like="concern_").sum(), "of concern"),
        (counts.filter(like="improvement_").sum(), "improved"),
        (counts.filter(like="neither_").sum(), "unusual"),
        (counts.get("common_cause", 0), "within usual variation"),
        (counts.get("too_few_points", 0), "with too few points to say"),
    ]
    said = [f"{count} {words}" for count, words in groups if count]
    return f"{tell_count(len(report.icons), 'series', 'series')}: {join_words(said)}."


def _other_pages(report: _Report, here: int) -> list[dict[str, Any]]:
    if report.pages_count == 1:
        return []
    total = len(report.icons)
    return [
        {
            "href": _name_page(number),
            "is_here": number == here,
            "words": f"{number * CHARTS_PER_PAGE + 1}–{min((number + 1) * CHARTS_PER_PAGE, total)}",
        }
        for number in range(report.pages_count)
    ]


def _list_rows(report: _Report) -> list[dict[str, Any]]:
    """The table of every series; a link leads to the page that has its chart."""
    rows = []
    for place, icon in enumerate(report.icons.to_dict("records")):
        page = place // CHARTS_PER_PAGE
        centre = float(report.limits["centre"][icon["series"]])
        rows.append(
            {
                "name": clean_text(icon["series"]),
                "href": f"{_name_page(page) if page else ''}#series-{place + 1}",
                "variation": tell_variation(icon["variation"], report.count_latest(icon)),
                "assurance": tell_assurance(
                    "no_target" if math.isnan(icon["target"]) else icon["assurance"]
                ),
                "latest": report.tell(icon["latest_value"]),
                "latest_sort": icon["latest_value"],
                "latest_period": tell_day(icon["latest_period"]),
                "centre": report.tell(centre),
                "centre_sort": centre,
                "flagged_count": report.flagged[icon["series"]],
                "points_count": icon["points_count"],
            }
        )
    return rows


def _show_chart(report: _Report, icon: dict[Any, Any], place: int) -> dict[str, Any]:
    """One series with its chart, answers and figures."""
    points = report.points[icon["series"]]
    assurance = "" if icon["assurance"] in _WITHOUT_ASSURANCE else icon["assurance"]
    return {
        "anchor": f"series-{place + 1}",
        "name": clean_text(icon["series"]),
        "has_icons": icon["variation"] != "too_few_points",
        "variation_code": icon["variation"],
        "variation": tell_variation(icon["variation"], report.count_latest(icon)),
        "assurance_code": "" if icon["variation"] == "too_few_points" else assurance,
        "assurance": tell_assurance(icon["assurance"]),
        "breaks": _tell_breaks(report, icon["series"]),
        "runs": _tell_runs(report, icon["series"]),
        "svg": Markup(draw_spc_chart(_series_of(report, icon, points))),
        "points": _list_points(report, points),
    }


def _tell_runs(report: _Report, series: str) -> str:
    """What the runs analysis says, where it signals."""
    runs: dict[Any, Any] = report.limits.loc[series].to_dict()
    if not runs["is_runs_signal"] or runs["points_count"] < FEWEST_POINTS_FOR_ICON:
        return ""
    since = ", since the limits were recalculated," if runs["limits_number"] > 1 else ""
    return (
        f"Runs about the {report.centre_name}{since} are unlikely to be chance: the longest has "
        f"{tell_count(runs['longest_run'], 'point')} (up to {runs['longest_run_limit']} expected), "
        f"and the line is crossed {tell_count(runs['crossings'], 'time')} "
        f"(at least {runs['crossings_limit']} expected)."
    )


def _series_of(report: _Report, icon: dict[Any, Any], points: pd.DataFrame) -> SpcSeries:
    """The series as the chart wants it, in shown numbers."""
    shown = {
        name: tuple(_shown(value, report.factor) for value in points[name])
        for name in ("value", "centre", "lower_limit", "upper_limit", "target")
    }
    values = shown.pop("value")
    lines = PointLines(**shown)
    latest = slice(int((points["limits_number"] < points["limits_number"].max()).sum()), None)
    is_level = all(len(set(line) - {None}) <= 1 for line in shown.values())
    return SpcSeries(
        title=icon["series"],
        unit_words=report.unit_words,
        period_starts=tuple(points["period"]),
        values=values,
        # Of the latest stretch: limits before a break say nothing of what came after.
        centre=_latest(lines.centre[latest]),
        lower_limit=_latest(lines.lower_limit[latest]),
        upper_limit=_latest(lines.upper_limit[latest]),
        target=_shown(icon["target"], report.factor),
        flags=tuple(_flags(report, points)),
        is_complete=(True,) * len(points),
        events=tuple(_events(report, icon["series"])),
        lines=None if is_level else lines,
        centre_name=report.centre_name,
    )


def _flags(report: _Report, points: pd.DataFrame) -> Iterator[str]:
    """What each point means; nothing is usual where the profile drew no limits."""
    profile = PROFILES[report.tables.options.profile]
    present = points["value"].notna().groupby(points["limits_number"]).transform("sum")
    is_short = present < profile.minimum_points_count
    for meaning, short in zip(points["meaning"], is_short, strict=True):
        word = "common_cause" if meaning == "missing" else str(meaning)
        yield "not_judged" if short and word == "common_cause" else word


def _shown(value: float, factor: float) -> float | None:
    return float(value) * factor if math.isfinite(value) else None


def _latest(line: tuple[float | None, ...]) -> float | None:
    return next((value for value in reversed(line) if value is not None), None)


def _events(report: _Report, series: str) -> Iterator[ChartEvent]:
    """Where the limits were recalculated, and why."""
    for stretch in report.stretches.get(series, ()):
        reason = clean_text(stretch["recalculated_because"])
        yield ChartEvent(stretch["period_from"], reason or "Limits recalculated", True)


def _list_points(report: _Report, points: pd.DataFrame) -> list[dict[str, str]]:
    return [
        {
            "period": tell_day(point["period"]),
            **{
                name: report.tell(point[name])
                for name in ("value", "centre", "lower_limit", "upper_limit")
            },
            "flag": _tell_flag(point),
        }
        for point in points.to_dict("records")
    ]


def _tell_flag(point: dict[Any, Any]) -> str:
    if not point["is_special_cause"]:
        return "missing" if point["meaning"] == "missing" else ""
    rules = [word_for("rule", rule) for rule in point["rules"].split(";")]
    return f"{word_for('meaning', point['meaning'])}: {join_words(rules)}"


def _tell_rebase(rebase: Rebase) -> str:
    where = "every series" if rebase.series is None else clean_text(rebase.series)
    return f"{where} from {tell_day(rebase.on)}"


def _tell_breaks(report: _Report, series: str) -> list[str]:
    """Where the limits of a series start anew, why, and who stands behind it."""
    return [
        clean_text(
            f"Limits start anew with the period from {tell_day(each['period_from'])}: "
            + (f"{each['recalculated_because']}, approved by {each['recalculation_approved_by']}."
               if each["recalculated_because"] else "no reason was given.")
        )
        for each in report.stretches.get(series, ())
    ]  # fmt: skip


def _list_facts(report: _Report) -> list[dict[str, str]]:
    """The options, as a reader who did not give them needs to know."""
    options, chart = report.tables.options, report.tables.chart
    directions = sorted(set(report.tables.icons["direction"]))
    facts = {
        "Chart": _CHARTS[chart],
        "Rules": _PROFILES[options.profile],
        "Direction": join_words(
            [_DIRECTIONS.get(each, "Neither way is declared better") for each in directions]
        ),
        "Limits from": "all points of a series"
        if options.baseline is None
        else f"the first {options.baseline} points"
        + (" of each stretch between recalculations" if options.rebases else ""),
        "Limits recalculated": join_words([_tell_rebase(each) for each in options.rebases])
        or "never",
        "Shown": report.unit_words
        or ("numerator over denominator" if report.tables.is_ratio else "in the unit of the file"),
    }
    if report.tables.notes:
        facts["How the file was read"] = clean_text(" ".join(report.tables.notes))
    return [{"name": name, "words": capitalise(words)} for name, words in facts.items()]
