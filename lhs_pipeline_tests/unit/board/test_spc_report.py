"""The report of a file: tables, pages, steps, words; hostile names stay text."""

from __future__ import annotations

import argparse
import re
import xml.dom.minidom
from pathlib import Path

import pandas as pd
import pytest

from lhs_pipeline.board import spc_report
from lhs_pipeline.spc_command import add_spc_command

VECTOR = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
HOSTILE = "=cmd|'/c calc'!A1<script>alert(1)</script>"


def months(count: int) -> list[str]:
    return [str(day) for day in pd.period_range("2023-01", periods=count, freq="M")]


def run(*arguments: object) -> int:
    """`lhs spc` with these arguments."""
    parser = argparse.ArgumentParser()
    add_spc_command(parser.add_subparsers())
    given = parser.parse_args(["spc", *map(str, arguments)])
    return int(given.run(given))


@pytest.fixture
def values_file(tmp_path: Path) -> Path:
    """The conformance vector, and eight points under a hostile name."""
    rows = [
        pd.DataFrame({"series": name, "period": months(count), "value": VECTOR[:count]})
        for name, count in (("vector", 18), (HOSTILE, 8))
    ]
    file = tmp_path / "file.csv"
    pd.concat(rows).to_csv(file, index=False)
    return file


def test_everything_is_written(
    values_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(values_file, "--target", 3, "--direction", "lower", "--out", out) == 0
    assert {path.name for path in out.iterdir()} == {
        "points.csv", "points.parquet", "limits.csv", "limits.parquet", "icons.csv", "index.html",
    }  # fmt: skip
    assert "1 of 26 points flagged." in capsys.readouterr().out
    points = pd.read_csv(out / "points.csv")
    assert points.loc[points["is_special_cause"], "value"].tolist() == [10]
    icons = pd.read_csv(out / "icons.csv").set_index("series")
    words = "Usual variation. Will meet the target some of the time."
    assert icons.loc["vector", "words"] == words
    assert icons.loc[f"'{HOSTILE}", "words"].startswith("Too few points to say: 8 of the 13")


def test_a_hostile_name_stays_text(values_file: Path, tmp_path: Path) -> None:
    assert run(values_file, "--out", tmp_path) == 0
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\n'=cmd" in (tmp_path / "points.csv").read_text(encoding="utf-8-sig").replace('"', "")


def test_the_page_stands_alone_and_its_charts_are_well_formed(
    values_file: Path, tmp_path: Path
) -> None:
    assert run(values_file, "--out", tmp_path) == 0
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page)
    charts = re.findall(r'<svg xmlns.*?class="spc".*?</svg>', page, flags=re.S)
    assert len(charts) == 2
    for chart in charts:
        xml.dom.minidom.parseString(chart.encode())
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_icons_are_drawn_from_13_points_on(values_file: Path, tmp_path: Path) -> None:
    assert run(values_file, "--out", tmp_path) == 0
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    heads = re.findall(r'<div class="icons">(.*?)</div>', page, flags=re.S)
    assert ["<svg" in head for head in heads] == [True, False]
    assert "Too few points to say: 8 of the 13 needed" in heads[1]


def test_limits_that_vary_are_drawn_as_steps(tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    frame = {"series": "a", "period": months(14)}
    sizes = [100 + 10 * place for place in range(14)]
    pd.DataFrame({**frame, "numerator": [9, 12] * 7, "denominator": sizes}).to_csv(file)
    assert run(file, "--chart", "p", "--out", tmp_path) == 0
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "at the latest point." in page
    paths = [path.count("L") for path in re.findall(r'<path d="([^"]*)"', page)]
    assert sum(count >= 20 for count in paths) == 2, "both limits, two bends a point"


def test_more_charts_go_to_further_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spc_report, "CHARTS_PER_PAGE", 2)
    file, out = tmp_path / "file.csv", tmp_path / "out"
    rows = [
        pd.DataFrame({"series": f"s{name}", "period": months(14), "value": VECTOR[:14]})
        for name in range(5)
    ]
    pd.concat(rows).to_csv(file, index=False)
    assert run(file, "--out", out) == 0
    pages = {path.name: path.read_text(encoding="utf-8") for path in out.glob("*.html")}
    assert set(pages) == {"index.html", "spc_page_2.html", "spc_page_3.html"}
    assert 'href="spc_page_3.html#series-5"' in pages["index.html"]
    assert 'id="series-5"' in pages["spc_page_3.html"]
    pd.concat(rows[:2]).to_csv(file, index=False)
    assert run(file, "--out", out) == 0
    assert [path.name for path in out.glob("*.html")] == ["index.html"]


def test_the_same_file_gives_the_same_bytes(values_file: Path, tmp_path: Path) -> None:
    assert run(values_file, "--out", tmp_path / "one") == 0
    assert run(values_file, "--out", tmp_path / "two") == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rebase", "soon"], "--rebase 'soon': expected a date"),
        (["--columns", "ward"], "--columns 'ward': expected ours=theirs"),
        (["--chart", "p"], "expected the columns numerator and denominator"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(
    values_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    assert run(values_file, *arguments, "--out", tmp_path / "out") == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_break_shows_why_and_who_and_claims_no_limits_it_has_not(tmp_path: Path) -> None:
    """After a merger the old limits say nothing, and eight points give no new ones."""
    values = [*VECTOR, *(20 + value for value in VECTOR[:8])]
    frame = pd.DataFrame({"series": "a", "period": months(26), "value": values})
    frame.to_csv(tmp_path / "file.csv", index=False)
    breaks = tmp_path / "breaks.csv"
    breaks.write_text("series,from,reason,approved_by\na,2024-07,Merger,chief operating officer\n")
    assert run(tmp_path / "file.csv", "--breaks", breaks, "--out", tmp_path / "out") == 0
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "from 1 Jul 2024: Merger, approved by chief operating officer." in page
    assert "Too few points to say: 8 of the 13 needed" in page
    chart = page[page.index('class="spc"') : page.index("</svg>", page.index('class="spc"'))]
    assert "average" in chart and "upper limit" not in chart
    assert "Usual variation" in chart and "Too few points to say" in chart
