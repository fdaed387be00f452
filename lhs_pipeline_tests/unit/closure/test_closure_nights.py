"""Night after night through the sensor and the real job: also when it fails or forgets all."""

import csv
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pytest
from small_closure import CATALOGUE, POLICY
from small_evidence import LIVE_WEEK, WEEKS, audits, checks, day_after, evidence, series

from lhs_pipeline.analysis.assets import TABLES as ANALYSIS
from lhs_pipeline.closure import assets
from lhs_pipeline.closure.changes import LOOKS, Evidence, find_looks
from lhs_pipeline.closure.sensors import evaluation_sensor
from lhs_pipeline.decision.assets import TABLES as DECISION
from lhs_pipeline.definitions import build_definitions
from lhs_pipeline.demo.layout import copy_starter
from lhs_pipeline.implementation.assets import TABLES as IMPLEMENTATION
from lhs_pipeline.warehouse.assets import SiteResource
from lhs_pipeline.warehouse.connection import Warehouse
from lhs_pipeline.warehouse.table import empty_table, read_table, write_frame
from lhs_pipeline_tests.frames import publish_frames

SENSOR = evaluation_sensor("evaluation")
JOB = build_definitions(CATALOGUE).resolve_job_def("evaluation")
CHOSEN = [dg.AssetKey(["closure", noun]) for noun in ("evaluations", "verdicts")]
NIGHTS = (10, 20, 30, 45)
WORKS, FADES, HARMS = "A1", "A2", "A3"
TABLES = dict(assets._EVIDENCE)
DECLARED = {table.name: table for table in (*ANALYSIS, *DECISION, *IMPLEMENTATION)}


def _numbers() -> pd.DataFrame:
    """ward_01 gains for good, ward_02 for 32 weeks, ward_03 loses, all others stay."""
    week = np.arange(WEEKS)
    units = {1: 0.4 + 0 * week, 2: np.where(week < 32, 0.5, 0.0), 3: -0.4 + 0 * week}
    plain = series(0.0, units_count=12, live={99: 0})
    moved = [
        series(effect, units_count=12, live={unit: LIVE_WEEK}).query(
            f"unit_id == 'ward_{unit:02d}'"
        )
        for unit, effect in units.items()
    ]
    return pd.concat([plain[~plain["unit_id"].isin(["ward_01", "ward_02", "ward_03"])], *moved])


NUMBERS = _numbers()


def known_on(day: date, closed: pd.DataFrame) -> Evidence:
    """Everything that had arrived by a night, on three changes."""
    rows = {name: [] for name in ("actions", "adoption", "cycles", "audits", "acceptability")}
    whole = evidence(NUMBERS[pd.to_datetime(NUMBERS["period_end"]) < pd.Timestamp(day)])
    for change, unit in ((WORKS, "ward_01"), (FADES, "ward_02"), (HARMS, "ward_03")):
        problem = f"vte_prevention@{unit}"
        rows["actions"].append(whole.actions.assign(change_id=change, problem_id=problem))
        rows["adoption"].append(whole.adoption.assign(change_id=change, unit_id=unit))
        rows["cycles"].append(whole.cycles.assign(problem_id=problem))
        done = [{**row, "action_id": change} for row in audits() if row["audited_on"] < day]
        rows["audits"].append(pd.DataFrame(done))
        rows["acceptability"].append(pd.DataFrame(checks(action_id=change)))
    frames = {name: pd.concat(parts, ignore_index=True) for name, parts in rows.items()}
    return Evidence(
        **frames,
        decisions=whole.decisions,
        indicator_series=whole.indicator_series,
        themes=pd.DataFrame(columns=["topic_id", "unit_id", "received_on", "is_negative"]),
        closed=closed,
        problem_links=whole.problem_links,
    )


def write_whole(con: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    """A table with all the columns that it declares; what this small site lacks is missing."""
    con.execute(f"create schema if not exists {name.split('.')[0]}")
    con.register("frame", frame)
    if name in DECLARED:
        empty_table(con, DECLARED[name])
        con.execute(f"insert into {name} by name select * from frame")
    else:
        con.execute(f"create or replace table {name} as select * from frame")
    con.unregister("frame")


@dataclass
class Trust:
    """A site on disc and what Dagster remembers of it."""

    folder: Path
    instance: dg.DagsterInstance
    runs: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.folder / "warehouse" / "lhs.duckdb")

    def arrive(self, day: date) -> None:
        """What the nightly job does before: tables of steps 1 to 4, looks, publication."""
        file = self.folder / "registers" / "closed.csv"
        closed = pd.read_csv(file, parse_dates=["closed_on"]) if file.is_file() else pd.DataFrame(
            columns=["change_id", "closed_on"]
        )  # fmt: skip
        found = known_on(day, closed)
        with self.warehouse.transaction() as con:
            for field_name, name in TABLES.items():
                write_whole(con, name, getattr(found, field_name))
            write_frame(con, LOOKS, find_looks(assets._read_evidence(con), POLICY, day))
        self.publish()

    def publish(self) -> None:
        with self.warehouse.transaction() as con:
            tables = {n: read_table(con, n) for n in ("closure.looks", "closure.evaluations")}
        kept = {name: frame for name, frame in tables.items() if len(frame.columns)}
        publish_frames(self.folder / "published" / "lhs.duckdb", kept)

    def tick(self) -> list[dg.RunRequest]:
        """One tick of the daemon: ask the sensor, start what it asks for."""
        with dg.build_sensor_context(instance=self.instance) as context:
            said: Any = SENSOR(context, site=SiteResource(folder=str(self.folder)))
        if isinstance(said, dg.SkipReason):
            return []
        for request in said.dynamic_partitions_requests or []:
            names = list(request.partition_keys)
            self.instance.add_dynamic_partitions(request.partitions_def_name, names)
        for request in said.run_requests:
            assert request.run_key not in [key for key, _ in self.runs], "asked for twice"
            done = JOB.execute_in_process(
                instance=self.instance, tags=dict(request.tags), asset_selection=CHOSEN,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )  # fmt: skip
            self.runs.append((request.run_key, done.success))
        self.publish()
        return list(said.run_requests)

    def verdicts(self) -> dict[str, str]:
        with self.warehouse.transaction() as con:
            found = read_table(con, "closure.verdicts")
        return dict(zip(found["change_id"], found["verdict"], strict=True))

    def looks(self) -> pd.DataFrame:
        with self.warehouse.transaction() as con:
            return read_table(con, "closure.evaluations").sort_values(["change_id", "look_number"])

    def register(self, name: str) -> list[tuple[str, str]]:
        file = self.folder / "registers" / f"{name}.csv"
        with file.open(encoding="utf-8", newline="") as rows:
            return [(row["change_id"], row["cycle_number"]) for row in csv.DictReader(rows)]


def new_trust(folder: Path, patch: pytest.MonkeyPatch, instance: dg.DagsterInstance) -> Trust:
    folder.mkdir()
    (folder / "site.toml").write_text('name = "Trust"\n')
    copy_starter(folder / "catalogue")
    patch.setenv("LHS_SITE", str(folder))
    return Trust(folder, instance)


def test_verdicts_move_night_by_night_and_survive_whatever_happens_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        calm = new_trust(tmp_path / "calm", monkeypatch, instance)
        told = []
        for week in NIGHTS:
            monkeypatch.setenv("LHS_TODAY", day_after(week).isoformat())
            calm.arrive(day_after(week))
            assert len(calm.tick()) == 1 and calm.tick() == []
            told.append(calm.verdicts())
    assert [night[WORKS] for night in told] == ["keep_watching", "keep_watching", "close", "close"]
    assert [night[FADES] for night in told][2:] == ["close", "re_open"]
    assert told[0][HARMS] == "re_open" and all(done for _, done in calm.runs)
    assert (
        calm.register("closed") == [(FADES, "1"), (WORKS, "1")] or len(calm.register("closed")) == 2
    )
    assert sorted(calm.register("reopened")) == [(FADES, "2"), (HARMS, "2")]

    rough = rough_nights(tmp_path / "rough", monkeypatch)
    pd.testing.assert_frame_equal(
        calm.looks().reset_index(drop=True), rough.looks().reset_index(drop=True)
    )
    assert rough.verdicts() == told[-1]
    assert sorted(rough.register("closed")) == sorted(calm.register("closed"))


def rough_nights(folder: Path, patch: pytest.MonkeyPatch) -> Trust:
    """The same nights: one run dies in its transaction, then Dagster forgets everything."""
    with dg.DagsterInstance.ephemeral() as instance:
        trust = new_trust(folder, patch, instance)
        for week in NIGHTS[:3]:
            patch.setenv("LHS_TODAY", day_after(week).isoformat())
            trust.arrive(day_after(week))
            if week == NIGHTS[1]:
                before = trust.looks()
                with pytest.MonkeyPatch.context() as broken:
                    broken.setattr(assets, "count_rows", _die)
                    trust.tick()
                assert trust.runs[-1][1] is False
                pd.testing.assert_frame_equal(before, trust.looks())
            assert len(trust.tick()) == 1
    # Dagster's home is lost: runs, run keys, partitions and cursor.
    with dg.DagsterInstance.ephemeral() as instance:
        trust = Trust(folder, instance)
        assert trust.tick() == []
        for week in NIGHTS[3:]:
            patch.setenv("LHS_TODAY", day_after(week).isoformat())
            trust.arrive(day_after(week))
            assert len(trust.tick()) == 1
    return trust


def _die(*_: object) -> int:
    raise RuntimeError("the lights went out")
