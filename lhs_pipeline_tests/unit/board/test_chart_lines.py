"""A chart shows the lines of each point, and who approved that they start anew."""

from datetime import date

import pandas as pd
import pytest

from lhs_pipeline.board.charts import draw_spc_chart
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.problem_charts import chart_of
from lhs_pipeline.board.problem_view import show_problem
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.spc_series import describe_chart
from lhs_pipeline.board.today_view import tell_control

FALLS, WARD = "falls_per_1000_bed_days", "ward_07"
DAYS = [date(2025 + m // 12, m % 12 + 1, 1) for m in range(18)]
KEYS = {"indicator_id": FALLS, "unit_id": WARD}


def made(limits: dict[str, object] | None = None, **frames: list[dict[str, object]]) -> BoardTables:
    values = [6.0] * 9 + [3.0] * 9
    series = [
        {**KEYS, "period_start": day, "period_end": day, "numerator": 9.0, "denominator": 900.0,
         "value": value, "is_complete": True}
        for day, value in zip(DAYS, values, strict=True)
    ]  # fmt: skip
    row = {
        **KEYS, "topic_id": "falls", "variation": "common_cause", "assurance": "no_target",
        "centre": 3.0, "lower_limit": 1.0, "upper_limit": 5.0, "chart": "u",
        "baseline_kind": "rebased", "baseline_from": DAYS[9], "baseline_until": DAYS[-1],
        **(limits or {}),
    }  # fmt: skip
    problem = {"problem_id": f"falls@{WARD}", "cycle_number": 1, "topic_id": "falls",
               "unit_id": WARD, "lead_indicator_id": FALLS}  # fmt: skip
    return BoardTables(
        indicator_series=pd.DataFrame(series),
        limits=pd.DataFrame([row]),
        problems=pd.DataFrame([problem]),
        **{name: pd.DataFrame(rows) for name, rows in frames.items()},
    )


POINTS: list[dict[str, object]] = [
    {**KEYS, "period_start": day, "centre": 6.0 if n < 9 else 3.0, "lower_limit": 1.0 + n / 10,
     "upper_limit": 9.0 - n / 10, "target": None}
    for n, day in enumerate(DAYS)
]  # fmt: skip
REBASE: dict[str, object] = {
    **KEYS, "rebased_on": DAYS[9], "kind": "merger", "reason": "Two wards became one.",
    "approved_by": "Trust board", "approved_on": date(2025, 9, 2),
}  # fmt: skip


def test_lines_follow_the_points() -> None:
    series = chart_of(made(point_limits=POINTS), f"falls@{WARD}")
    assert series is not None and series.lines is not None
    assert series.lines.centre[0] == 6.0 and series.lines.centre[-1] == 3.0
    assert series.lines.upper_limit[17] == pytest.approx(7.3)


def test_who_approved_new_limits_stands_on_the_chart_and_below_it() -> None:
    tables = made(point_limits=POINTS, rebases=[REBASE])
    series = chart_of(tables, f"falls@{WARD}")
    assert series is not None and "New limits: Trust board" in describe_chart(series)
    assert "New limits: Trust board" in draw_spc_chart(series)
    scene = Scene(tables, gather_names(tables), DAYS[-1])
    view = show_problem(scene, f"falls@{WARD}", lambda *_: "")
    assert view.charts[0].baseline.endswith(
        "The limits start anew on 1 Oct 2025 after a merger, approved by Trust board on"
        " 2 Sep 2025: Two wards became one."
    )


def test_with_too_few_points_nothing_is_called_usual() -> None:
    few = {"variation": "too_few_points", "lower_limit": None, "upper_limit": None}
    series = chart_of(made(few), f"falls@{WARD}")
    assert series is not None
    drawn = draw_spc_chart(series)
    assert "Too few points to say" in drawn and "Usual variation" not in drawn


def test_a_flag_that_is_marked_down_is_not_drawn() -> None:
    flag = {**KEYS, "period_start": DAYS[2], "meaning": "concern", "rule": "shift"}
    for mark_down, wanted in ((None, "concern"), ("small_numbers", "common_cause")):
        series = chart_of(made(signals=[{**flag, "mark_down": mark_down}]), f"falls@{WARD}")
        assert series is not None and series.flags[2] == wanted


def test_limits_of_times_between_events_are_not_drawn_about_rates() -> None:
    series = chart_of(made({"chart": "t"}), f"falls@{WARD}")
    assert series is not None and series.upper_limit is None and series.centre == 3.0


def test_the_first_page_says_how_much_is_noise() -> None:
    said = "206 series were judged; by chance alone about 10 would show something."
    tables = made(signal_control=[{"words": said}])
    assert tell_control(tables) == said
    empty = made()
    assert tell_control(empty) == ""
