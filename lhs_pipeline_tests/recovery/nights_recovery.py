"""Nights in any order: what is left standing and counted in part, against all made afresh.

    python -m lhs_pipeline_tests.recovery.nights_recovery --sequences 100

Two sites get the same files, declarations and days. One lets stand what rests on nothing new, the
other forgets everything before each night. After every night each table and page must be the same;
after the last, a third site that sees all of it at once must have the same series and signals.
"""

import argparse
import inspect
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import duckdb

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.definitions import build_definitions
from lhs_pipeline.demo.layout import copy_starter
from lhs_pipeline.settings import Site, read_site
from lhs_pipeline.warehouse import assets as wiring
from lhs_pipeline.warehouse.assets import SiteResource
from lhs_pipeline.warehouse.changes import forget_all
from lhs_pipeline.warehouse.connection import Warehouse

BEGIN = date(2025, 1, 6)
FIRST_NIGHT = date(2026, 3, 11)
UNITS = ("ed_1", "ed_2", "ward_1", "ward_2", "ward_3")
INDICATORS = ("ae_over_4h", "falls_per_1000_bed_days", "ae_left_before_seen")
WITHOUT_MEMORY = (
    "analysis.indicator_series", "analysis.complete_series", "analysis.open_series",
    "analysis.recent_levels", "analysis.limits",
    "analysis.point_limits", "analysis.rebases", "analysis.signals", "analysis.episodes",
    "analysis.signal_control", "analysis.comparisons", "analysis.interdependencies",
)  # fmt: skip
FIGURES = (
    *(
        f"collection.{name}"
        for name in ("units", "ae_attendances", "bed_days", "incidents", "breaks")
    ),
    *WITHOUT_MEMORY,
)
"""Of the figures alone: a night of these is soon over."""
Told = dict[str, dict[str, Any]]


@dataclass
class World:
    """What happens, and the sites that hear of it.

    Attributes:
        folders: the sites.
        chance: what happens next.
        today: the day of the next night.
        through: the last day whose events have come.
        visits: number of events so far.
        files: number of files so far.
        code: version of the package.
    """

    folders: tuple[Path, ...]
    chance: random.Random
    today: date = FIRST_NIGHT
    through: date = BEGIN - timedelta(days=1)
    visits: int = 0
    files: int = 0
    code: str = "1"
    history: list[str] = field(default_factory=list)

    def deliver(self, source: str, columns: str, rows: list[str]) -> None:
        """The same file into the inbox of every site; registers beside it."""
        self.files += 1
        place = "registers" if source == "breaks" else f"inbox/{source}"
        name = f"{source}.csv" if source == "breaks" else f"{source}_{self.files:03d}.csv"
        for folder in self.folders:
            file = folder / place / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join([columns, *rows]) + "\n", encoding="utf-8")

    def rewrite(self, name: str, old: str, new: str) -> None:
        """Change a declaration of every site, there and back."""
        for folder in self.folders:
            file = folder / "catalogue" / name
            text = file.read_text(encoding="utf-8")
            assert old in text or new in text, name
            file.write_text(text.replace(old, new) if old in text else text.replace(new, old))


Move = Callable[[World], None]
VISITS = "attendance_id,unit_id,arrived_at,stay_hours,triage_category,disposal"


def visit(world: World, number: int, day: date) -> str:
    """One attendance; the second department worsens in the new year."""
    unit = UNITS[number % 2]
    is_late = unit == "ed_2" and day >= date(2026, 1, 5)
    hours = world.chance.choice([1.5, 2.25, 5.5] if is_late else [1.5, 2.25, 3.0, 3.5, 5.5])
    end = world.chance.choice(["admitted", "discharged", "discharged", "left_before_seen"])
    return f"a{number},{unit},{day}T{number % 24:02d}:10:00,{hours},3,{end}"


def days_come(world: World, count: int = 1) -> None:
    """More days of events; no later than yesterday."""
    last = min(world.through + timedelta(days=count), world.today - timedelta(days=1))
    days = [world.through + timedelta(days=n + 1) for n in range((last - world.through).days)]
    if not days:
        return
    visits = [(world.visits + i, day) for i, day in enumerate(d for d in days for _ in range(6))]
    world.visits += len(visits)
    world.deliver("ae_attendances", VISITS, [visit(world, n, day) for n, day in visits])
    beds = [f"{unit},{day},{20 + day.day % 3}" for day in days for unit in UNITS[2:]]
    world.deliver("bed_days", "unit_id,census_on,occupied_bed_days_count", beds)
    falls = [
        f"i{day:%Y%m%d}{n},{world.chance.choice(UNITS[2:])},{day}T09:00:00,{day}T10:00:00,fall,low,"
        for day in days for n in range(world.chance.choice([0, 0, 1, 2]))
    ]  # fmt: skip
    head = "incident_id,unit_id,occurred_at,reported_at,incident_type,harm_grade,narrative"
    world.deliver("incidents", head, falls)
    world.through = last


def several_days_come(world: World) -> None:
    """Up to a month at once, and the clock with it."""
    count = world.chance.randrange(1, 30)
    world.today += timedelta(days=count)
    days_come(world, count)


def one_day_comes(world: World) -> None:
    """The ordinary night."""
    world.today += timedelta(days=1)
    days_come(world)


def rows_are_revised(world: World) -> None:
    """Late revisions: other hours, another unit, or another day, weeks or months ago."""
    rows = []
    for number in world.chance.sample(range(world.visits), 5):
        back = world.chance.randrange((world.through - BEGIN).days)
        rows.append(visit(world, number, world.through - timedelta(days=back)))
    world.deliver("ae_attendances", VISITS, rows)


def a_bad_file_comes(world: World) -> None:
    """Rows that break the contract beside one that does not, and a file that is none."""
    good = visit(world, world.visits, world.through)
    world.visits += 1
    bad = [good.replace("ed_", "nowhere_"), good.replace(",3,", ",9,"), "x,ed_1,2026-13-45,1,1,"]
    world.deliver("ae_attendances", VISITS, [*bad, good])
    world.deliver("bed_days", "something,else", ["1,2"])


def a_register_is_wrong(world: World) -> None:
    """A break in one series is declared."""
    on = world.through - timedelta(days=world.chance.randrange(60, 200))
    head = (
        "break_id,unit_id,indicator_id,broke_on,kind,reason,"
        "approved_by_role,approved_on,recorded_at"
    )
    row = f"B1,ed_1,,{on},move,Moved,clinical_lead,{on},{on}T10:00"
    world.deliver("breaks", head, [row])


def units_change(world: World) -> None:
    """A ward closes and another takes over its work; or it is undone."""
    write_units(world, world.chance.choice(["", f"{world.through - timedelta(days=90)}"]))


def write_units(world: World, closed_on: str) -> None:
    """The unit register."""
    head = ("unit_id,unit_name,unit_type,directorate_id,directorate_name,beds_count,valid_from,"
            "valid_until,successor_unit_id")  # fmt: skip
    rows = []
    for unit in UNITS:
        kind = "emergency_department" if unit.startswith("ed") else "ward"
        end = f"{closed_on},ward_2" if unit == "ward_3" and closed_on else ","
        rows.append(f"{unit},{unit.title()},{kind},d1,Medicine,24,2015-01-01,{end}")
    world.deliver("units", head, rows)


def the_clock_moves_on(world: World) -> None:
    """Days without data: what is late becomes late."""
    world.today += timedelta(days=world.chance.randrange(1, 40))


def an_indicator_changes(world: World) -> None:
    """Its threshold, there and back."""
    world.rewrite("indicators/ae_over_4h.toml", "stay_hours > 4", "stay_hours > 3")


def the_policy_changes(world: World) -> None:
    """Fewer points are enough for limits, there and back."""
    world.rewrite("policy.toml", "minimum_points_count = 13", "minimum_points_count = 10")


def the_code_changes(world: World) -> None:
    """Another version of the package is installed."""
    world.code = str(int(world.code) + 1)


def a_page_is_lost(world: World) -> None:
    """Somebody deletes published files."""
    for folder in world.folders:
        (folder / "published" / "board" / "index.html").unlink(missing_ok=True)
        (folder / "published" / "triage.csv").unlink(missing_ok=True)


def nothing_happens(world: World) -> None:
    """The same night again."""


MOVES: tuple[Move, ...] = (
    one_day_comes, several_days_come, rows_are_revised, a_bad_file_comes, a_register_is_wrong,
    units_change, the_clock_moves_on, an_indicator_changes, the_policy_changes, the_code_changes,
    a_page_is_lost, nothing_happens,
)  # fmt: skip


def begin(place: Path, seed: int) -> World:
    """Sites with more than a year of history before their first night."""
    folders = tuple(place / name for name in ("kept", "afresh"))
    for folder in folders:
        copy_starter(folder / "catalogue")
        for file in (folder / "catalogue" / "indicators").glob("*.toml"):
            if file.stem not in INDICATORS:
                file.unlink()
        (folder / "registers").mkdir()
        (folder / "site.toml").write_text('name = "Small"\n', encoding="utf-8")
    world = World(folders, random.Random(seed))
    write_units(world, "")
    days_come(world, 1000)
    return world


def run_night(
    folder: Path, world: World, only: Collection[str] = (), *, is_afresh: bool = False
) -> Told:
    """Make the assets of the nightly job in its order, without Dagster's events; what each tells.

    Args:
        folder: the site.
        world: what day it is.
        only: names of the assets; all where none is named.
        is_afresh: whether to forget how anything was made.
    """
    with (
        mock.patch.dict(os.environ, {"LHS_TODAY": world.today.isoformat()}),
        mock.patch.object(wiring, "code_version", lambda: world.code),
    ):
        site = read_site(folder)
        with Warehouse(site.warehouse_file).held():
            if is_afresh:
                with Warehouse(site.warehouse_file).transaction() as con:
                    forget_all(con)
            return dict(_make_all(folder, site, only))


def _make_all(
    folder: Path, site: Site, only: Collection[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    definitions = build_definitions(read_catalogue(site.catalogue))
    graph = definitions.resolve_asset_graph()
    nightly = definitions.resolve_job_def("nightly").asset_layer.selected_asset_keys
    chosen = [
        each
        for each in graph.toposorted_asset_keys
        if each in nightly and (not only or ".".join(each.path) in only)
    ]
    made: set[int] = set()
    for key in chosen:
        asset = next(
            (each for each in definitions.assets or [] if key in each.keys),  # type: ignore[union-attr]
            None,
        )
        if asset is None or id(asset) in made:
            continue
        made.add(id(asset))
        results = _call(asset, SiteResource(folder=str(folder)))
        for one in results:
            name = ".".join((one.asset_key or key).path)
            yield name, dict(one.metadata or {})


def _call(asset: Any, site: SiteResource) -> list[dg.MaterializeResult[None]]:
    # The function itself: a call by way of Dagster makes an instance of it each time.
    function = asset.op.compute_fn.decorated_fn
    context = [mock.Mock()] if "context" in inspect.signature(function).parameters else []
    found = function(*context, site=site)
    return [found] if isinstance(found, dg.MaterializeResult) else list(found)


def state_of(folder: Path) -> dict[str, object]:
    """Every table, row by row in its order, and every published file, of a site."""
    found: dict[str, object] = {}
    with duckdb.connect(str(folder / "warehouse" / "lhs.duckdb")) as con:
        names = con.execute(
            "select schema_name || '.' || view_name from duckdb_views() where not internal "
            "union all select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name <> 'warehouse'"
        ).fetchall()
        for (name,) in names:
            found[name] = rows_of(con, name)
    for file in (folder / "published").rglob("*"):
        if file.suffix in (".html", ".csv", ".xlsx", ".parquet"):
            found[file.relative_to(folder).as_posix()] = file.read_bytes()
    return found


def rows_of(con: duckdb.DuckDBPyConnection, name: str) -> list[tuple[object, ...]]:
    """Rows in their stored order; a number as far as sums in any order agree."""
    kept = "* exclude (stamp)" if name.endswith(".files") else "*"
    order = "order by all" if name.startswith("collection.") else ""
    rows = con.execute(f"select {kept} from {name} {order}").fetchall()
    return [
        tuple(f"{cell:.9g}" if isinstance(cell, float) else cell for cell in row) for row in rows
    ]


def run_sequence(
    seed: int, nights: int, only: Collection[str] = ()
) -> tuple[list[str], list[Told]]:
    """Run nights on both sites; what happened and what the kept one told of each night.

    Args:
        seed: of what happens.
        nights: how many.
        only: as for `run_night`.

    Raises:
        AssertionError: a table or file differs; the moves that led to it are told.
    """
    with tempfile.TemporaryDirectory(prefix="lhs-nights-") as place:
        world = begin(Path(place), seed)
        told: list[Told] = []
        for number in range(nights):
            if number:
                moves = world.chance.sample(MOVES, world.chance.choice([1, 1, 2]))
                for move in moves:
                    move(world)
                world.history += [" and ".join(move.__name__ for move in moves)]
            kept, afresh = world.folders
            told.append(run_night(kept, world, only))
            run_night(afresh, world, only, is_afresh=True)
            compare(state_of(kept), state_of(afresh), world.history)
        _compare_with_a_third(world, only)
        return world.history, told


def compare(one: dict[str, object], other: dict[str, object], history: list[str]) -> None:
    """Fail where two sites differ."""
    differing = sorted(n for n in {*one, *other} if one.get(n) != other.get(n))
    assert not differing, (history, differing)


def _compare_with_a_third(world: World, only: Collection[str]) -> None:
    """A site that sees everything at once, on the last night."""
    kept = world.folders[0]
    third = kept.with_name("third")
    for name in ("catalogue", "inbox", "registers"):
        shutil.copytree(kept / name, third / name)
    shutil.copyfile(kept / "site.toml", third / "site.toml")
    run_night(third, world, only)
    one, other = state_of(kept), state_of(third)
    compare(
        {name: one[name] for name in WITHOUT_MEMORY},
        {name: other[name] for name in WITHOUT_MEMORY},
        [*world.history, "against a third site"],
    )


def main() -> None:
    """Run many sequences and tell what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=20)
    parser.add_argument("--nights", type=int, default=8)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    for seed in range(given.first, given.first + given.sequences):
        history, told = run_sequence(seed, given.nights)
        standing = sum("unchanged_since" in one for night in told[1:] for one in night.values())
        print(f"{seed}: the same after {'; '.join(history)}. {standing} left standing", flush=True)


if __name__ == "__main__":
    main()
