"""Charts of comparisons: the unit among its kind, with the limits that judged it."""

from __future__ import annotations

import re
import xml.dom.minidom
from datetime import date

import numpy as np
import pandas as pd
import pytest

from lhs_pipeline.analysis.comparisons import find_comparisons
from lhs_pipeline.analysis.rebases import Breaks
from lhs_pipeline.board.comparison_charts import list_funnels
from lhs_pipeline.board.funnel_chart import Funnel, FunnelUnit, draw_funnel, limits_at
from lhs_pipeline.board.model import BoardTables, frame_indicators
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.shown import Rules, show_series
from lhs_pipeline.board.subject import Subject, find_subject
from lhs_pipeline.catalogue.reader import read_catalogue

CATALOGUE = read_catalogue()
FALLS = "falls_per_1000_bed_days"
MONTHS = pd.date_range("2026-01-01", periods=3, freq="MS")
BEDS = {f"ward_{n:02}": 3000.0 + 200 * n for n in range(1, 13)}
LEVELS = {ward: 4.0 + 0.1 * n for n, ward in enumerate(BEDS)} | {"ward_07": 12.0}


def counted(levels: dict[str, float]) -> pd.DataFrame:
    """Falls of every ward in three months, at some level per 1,000 bed days."""
    rows = [
        {"unit_id": ward, "period_start": month, "denominator": BEDS[ward],
         "numerator": float(round(BEDS[ward] * level / 1000))}
        for ward, level in levels.items() for month in MONTHS
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    return frame.assign(
        indicator_id=FALLS,
        period_end=frame["period_start"] + pd.offsets.MonthEnd(0),
        value=1000 * frame["numerator"] / frame["denominator"],
        is_complete=True,
    )


def subject_of(levels: dict[str, float], unit_id: str = "ward_07") -> Subject:
    """The problem of falls in a unit, from the figures as they are shown."""
    series = counted(levels)
    units = pd.DataFrame({"unit_id": list(levels), "unit_type": "ward", "unit_name": list(levels)})
    truth = {
        "analysis.complete_series": series,
        "analysis.comparisons": find_comparisons(series, units, CATALOGUE),
    }
    made = show_series(truth, Rules(CATALOGUE, Breaks(), pd.DataFrame()))
    problem_id = f"falls@{unit_id}"
    problems = pd.DataFrame(
        [{"problem_id": problem_id, "topic_id": "falls", "unit_id": unit_id,
          "lead_indicator_id": FALLS, "cycle_number": 1}]
    )  # fmt: skip
    tables = BoardTables(
        units=units,
        problems=problems,
        comparisons=made["analysis.comparisons"],
        indicators=frame_indicators(CATALOGUE),
    )
    return find_subject(Scene(tables, gather_names(tables), date(2026, 4, 1)), problem_id)


def test_the_limits_drawn_are_those_that_judged_each_unit() -> None:
    series = counted(LEVELS)
    units = pd.DataFrame({"unit_id": list(LEVELS), "unit_type": "ward"})
    judged = find_comparisons(series, units, CATALOGUE).sort_values("denominator")
    row = judged.iloc[0]
    funnel = Funnel(
        "falls", "", "", "bed days", 1000.0, row["centre"], row["between_units_variance"],
        (), FunnelUnit("own", 1.0, 1.0, is_rough=False), "concern",
    )  # fmt: skip
    lines = limits_at(funnel, judged["denominator"].to_numpy(dtype=float))
    assert lines["lower_998"] == pytest.approx(judged["lower_limit"].to_numpy(dtype=float))
    assert lines["upper_998"] == pytest.approx(judged["upper_limit"].to_numpy(dtype=float))
    assert (lines["upper_95"] < lines["upper_998"]).all()
    assert row["between_units_variance"] > 0


def test_a_unit_that_stands_out_is_drawn_outside_the_limits_of_its_size() -> None:
    (view,) = list_funnels(subject_of(LEVELS))
    drawing = xml.dom.minidom.parseString(str(view.svg).encode())
    own = next(path for path in drawing.getElementsByTagName("path")
               if path.getAttribute("transform"))  # fmt: skip
    x, y = map(float, re.findall(r"[\d.]+", own.getAttribute("transform"))[:2])
    dashed = [path.getAttribute("d") for path in drawing.getElementsByTagName("path")
              if path.getAttribute("stroke-dasharray") == "6 4"]  # fmt: skip
    upper = np.array([[float(n) for n in pair.split()] for pair in dashed[0][1:].split("L")])
    assert y < np.interp(x, upper[:, 0], upper[:, 1])
    assert "12 per 1,000" in view.words or "12.0" in view.words
    assert "0 units lie higher" in view.description


def test_every_unit_of_the_kind_is_drawn_once_and_told_in_the_table() -> None:
    (view,) = list_funnels(subject_of(LEVELS))
    dots = re.findall(r'd="((?:M[\d. ]+h0)+)" stroke', str(view.svg))
    assert max(dot.count("h0") for dot in dots) == len(LEVELS) - 1
    assert [row.is_own for row in view.rows].count(True) == 1
    assert len(view.rows) == len(LEVELS)
    assert view.rows[0].is_own


def test_a_unit_inside_the_limits_gets_no_chart() -> None:
    assert list_funnels(subject_of(LEVELS, "ward_03")) == []


def test_few_people_are_drawn_roughly_and_the_average_does_not_tell_them() -> None:
    """The total of all wards less those that are shown is what is drawn, and no more."""
    few = LEVELS | {"ward_02": 1.0}
    (view,) = list_funnels(subject_of(few))
    assert "about here: few people" in str(view.svg)
    (row,) = [row for row in view.rows if row.unit == "ward_02"]
    assert row.value.startswith("about ")
    shown = subject_of(few).tables.comparisons.set_index("unit_id")
    total = shown["centre"].iloc[0] * shown["denominator"].sum() / 1000
    left = total - shown["numerator"].sum()
    drawn = shown.loc["ward_02", "drawn_value"] * shown.loc["ward_02", "denominator"] / 1000
    assert shown["numerator"].isna().sum() == 1
    assert left == pytest.approx(drawn)
    assert drawn != pytest.approx(3 * round(BEDS["ward_02"] / 1000))


def test_the_same_funnel_gives_the_same_bytes_and_hostile_names_stay_text() -> None:
    own = FunnelUnit("</text><script>alert(1)</script>", 900.0, 50.0, is_rough=False)
    others = tuple(FunnelUnit(f"u{n}", 100.0 * n, 20.0 + n, is_rough=False) for n in range(1, 12))
    funnel = Funnel(own.name, "per cent", "%", "out of how many", 100.0, 24.0, 0.001, others, own,
                    "concern")  # fmt: skip
    svg = draw_funnel(funnel)
    assert "<script" not in svg
    assert svg == draw_funnel.__wrapped__(funnel)
    assert len(svg.encode()) < 20_000
    xml.dom.minidom.parseString(svg.encode())
