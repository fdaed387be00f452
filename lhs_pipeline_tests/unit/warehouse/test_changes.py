"""What rests on nothing new is left standing; whatever else is made again."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lhs_pipeline.warehouse import assets as wiring
from lhs_pipeline.warehouse.assets import SiteResource, Told, table_asset
from lhs_pipeline.warehouse.changes import editions_of, fingerprint, forget_all
from lhs_pipeline.warehouse.connection import Warehouse
from lhs_pipeline.warehouse.table import declare, frame_of, write_frame

NUMBERS = declare("analysis.numbers", "Numbers.", "one row per number", {"n": "BIGINT a number"})
SUMS = declare("analysis.sums", "Sums.", "one row per sum", {"total": "BIGINT their sum"})
Night = Callable[[], dict[str, Any]]


class Small:
    """A site with one table that others write, and one that is made of it."""

    def __init__(self, folder: Path) -> None:
        (folder / "catalogue").mkdir()
        (folder / "site.toml").write_text('name = "Small"\n')
        self.resource = SiteResource(folder=str(folder))
        self.folder, self.made_count, self.asks_the_day = folder, 0, False
        self.write([1, 2])

    def write(self, numbers: list[int]) -> None:
        with self.warehouse.transaction() as con:
            write_frame(con, NUMBERS, frame_of(NUMBERS, [{"n": n} for n in numbers]))

    @property
    def warehouse(self) -> Warehouse:
        return self.resource.warehouse()

    def night(self) -> dict[str, Any]:
        """Make the table where it must be made; what Dagster is told."""

        @table_asset(SUMS, reads={"numbers": NUMBERS.name})
        def sums(site: SiteResource, numbers: pd.DataFrame) -> Told:
            self.made_count += 1
            if self.asks_the_day:
                site.site().today()
            return Told(
                frame_of(SUMS, [{"total": int(numbers["n"].sum())}]),
                {"mood": "calm", "sums_made_tonight": 1},
            )

        result = sums.op.compute_fn.decorated_fn(site=self.resource)  # type: ignore[attr-defined]
        return dict(result.metadata)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    monkeypatch.setenv("LHS_TODAY", "2026-07-01")
    made = Small(tmp_path)
    made.night()
    return made


def test_what_rests_on_nothing_new_is_left_standing_and_told_again(small: Small) -> None:
    told = small.night()
    assert small.made_count == 1
    assert "sums_made_tonight" not in told
    assert told["mood"].value == "calm" and told["dagster/row_count"].value == 1
    assert told["unchanged_since"].value == "1 July 2026, 02:30 UTC"


def test_another_content_is_made_anew_and_the_same_content_is_not(small: Small) -> None:
    small.write([2, 1])
    small.night()
    assert small.made_count == 1
    small.write([1, 3])
    assert "unchanged_since" not in small.night() and small.made_count == 2


def test_another_day_counts_only_for_what_asks_for_it(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LHS_TODAY", "2026-07-02")
    small.night()
    assert small.made_count == 1
    small.asks_the_day = True
    small.write([5])
    small.night()
    small.night()
    assert small.made_count == 2
    monkeypatch.setenv("LHS_TODAY", "2026-07-03")
    small.night()
    assert small.made_count == 3 and os.environ["LHS_TODAY"] == "2026-07-03"


@pytest.mark.parametrize("file", ["catalogue/policy.toml", "site.toml"])
def test_another_declaration_makes_everything_anew(small: Small, file: str) -> None:
    (small.folder / file).write_text('name = "Other"\n')
    small.night()
    assert small.made_count == 2


def test_another_version_of_the_code_makes_everything_anew(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "code_version", lambda: "next")
    small.night()
    small.night()
    assert small.made_count == 2


def test_what_was_forgotten_is_made_anew(small: Small) -> None:
    with small.warehouse.transaction() as con:
        forget_all(con)
    small.night()
    assert small.made_count == 2


def test_a_making_that_fails_is_tried_again(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    small.write([7])
    with monkeypatch.context() as patch:
        patch.setattr(wiring, "remember", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            small.night()
    with small.warehouse.transaction() as con:
        assert editions_of(con, [SUMS.name])[SUMS.name] == fingerprint(con, SUMS.name)
    small.night()
    assert small.made_count == 3


def test_an_edition_does_not_depend_on_the_order_of_rows(small: Small) -> None:
    seen = set()
    for numbers in ([1, 2, 2], [2, 1, 2], [1, 1, 2], [1, 2], [], [1, 2, 2, 2]):
        small.write(numbers)
        with small.warehouse.transaction() as con:
            seen.add(fingerprint(con, NUMBERS.name))
    assert len(seen) == 5
