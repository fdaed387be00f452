"""The chart of an evaluation in words: what was judged, and nothing that came after."""

from dataclasses import replace
from datetime import date, timedelta

from lhs_pipeline.board.evaluation_chart import (
    EvaluationSeries,
    describe_evaluation,
    draw_evaluation_chart,
)

LIVE = date(2025, 1, 6)
DAYS = tuple(LIVE + timedelta(weeks=week) for week in range(-4, 8))
# Ten before; then four weeks at six, and four at ninety that nobody has judged yet.
SERIES = EvaluationSeries(
    title="Falls, Ward 1", unit_words="a week", days=DAYS,
    observed=(10.0,) * 4 + (6.0,) * 4 + (90.0,) * 4, expected=(10.0,) * 12,
    lower=(8.0,) * 12, upper=(12.0,) * 12, controls=(9.0,) * 12, live_on=LIVE,
    looks=(LIVE + timedelta(weeks=4),), judged_until=LIVE + timedelta(weeks=4, days=-1),
    judged=None,
)  # fmt: skip


def test_what_came_after_the_latest_look_is_not_in_its_average() -> None:
    said = describe_evaluation(SERIES)
    assert "In the 4 periods" in said and "6 seen, 10 expected" in said and "1 look." in said


def test_the_chart_of_one_unit_tells_what_the_look_found() -> None:
    said = describe_evaluation(replace(SERIES, judged=(5.9, 9.7)))
    assert "5.9 seen, 9.7 expected" in said


def test_every_row_of_its_key_is_inside_the_drawing() -> None:
    drawn = draw_evaluation_chart(SERIES)
    height = float(drawn.split('viewBox="0 0 ')[1].split('"')[0].split()[1])
    lines = [float(line.split('y="')[1].split('"')[0]) for line in drawn.split("<text ")[1:]]
    assert ">looks<" in drawn and max(lines) < height


def test_nothing_judged_is_said_to_be_nothing() -> None:
    said = describe_evaluation(replace(SERIES, judged_until=LIVE - timedelta(days=1)))
    assert said.endswith("No complete period since then had been judged.")
