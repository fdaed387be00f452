"""What the how-to on the published files says is run as it stands there, on the demo."""

import re

import duckdb
import pytest

from .running import ROOT, Demo

PAGE = (ROOT / "docs/how-to/use-the-published-files.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", blocks("python"))
def test_its_python_runs(demo: Demo, block: str) -> None:
    place = demo.site.published.as_posix()
    names: dict[str, object] = {}
    exec(block.replace("data/published", place), names)
    if "con" in names:
        names["con"].close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("block", blocks("sql"))
def test_its_sql_gives_rows(demo: Demo, block: str) -> None:
    with duckdb.connect(str(demo.site.published_file), read_only=True) as con:
        assert con.execute(block).fetchall()


def test_every_view_of_the_copy_is_named_in_it(demo: Demo) -> None:
    with duckdb.connect(str(demo.site.published_file), read_only=True) as con:
        views = con.execute(
            "select schema_name || '.' || view_name from duckdb_views() where not internal"
        ).fetchall()
        assert views and all(name in PAGE for (name,) in views)
        assert all(con.execute(f"select count(*) from {name}").fetchone() != (0,)
                   for (name,) in views)  # fmt: skip
