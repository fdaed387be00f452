"""A night's history is Dagster's own, whoever reads it; only the files are held open meanwhile."""

from pathlib import Path

import dagster as dg

from lhs_pipeline.run_history import HeldEvents, HeldRuns, open_history


@dg.asset
def wards() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 12})


@dg.asset_check(asset=wards)
def counted() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def _run(instance: dg.DagsterInstance) -> str:
    done = dg.materialize([wards, counted], instance=instance, raise_on_error=False)
    assert done.success
    return done.run_id


def _told(home: Path, run_id: str) -> list[str | None]:
    """The kinds of events of a run, as Dagster itself reads them."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = (each for each in instance.get_runs() if each.run_id == run_id)
        assert run.status == dg.DagsterRunStatus.SUCCESS
        event = instance.get_latest_materialization_event(dg.AssetKey("wards"))
        assert event and event.asset_materialization
        assert event.asset_materialization.metadata["rows"].value == 12
        return [
            entry.dagster_event.event_type_value if entry.dagster_event else None
            for entry in instance.all_logs(run_id)
        ]


def test_what_is_told_is_what_dagster_tells(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    with open_history(ours) as instance:
        run_id = _run(instance)
    with dg.DagsterInstance.from_config(str(theirs)) as instance:
        other = _run(instance)
    assert _told(ours, run_id) == _told(theirs, other) != []
    found = sorted(file.name for file in (ours / "history").rglob("*") if file.is_file())
    assert found == sorted(["index.db", "runs.db", f"{run_id}.db"])


def test_a_file_is_opened_once_and_read_by_others_meanwhile(tmp_path: Path) -> None:
    with open_history(tmp_path) as instance:
        runs, events = instance.run_storage, instance.event_log_storage
        assert isinstance(runs, HeldRuns) and isinstance(events, HeldEvents)
        first = _run(instance)
        held = dict(events._files._engines)
        assert len(_told(tmp_path, first)) > 5
        second = _run(instance)
        assert {url for url in events._files._engines if url not in held} == {
            events.conn_string_for_shard(second)
        }
        assert all(events._files._engines[url] is engine for url, engine in held.items())
    assert not events._files._engines and not runs._files._engines


def test_a_history_that_is_kept_elsewhere_is_left_there(tmp_path: Path) -> None:
    other = tmp_path / "other"
    settings = f"storage:\n  sqlite:\n    base_dir: {other}\n"
    (tmp_path / "dagster.yaml").write_text(settings, encoding="utf-8")
    with open_history(tmp_path) as instance:
        assert not isinstance(instance.event_log_storage, HeldEvents)
        _run(instance)
    assert (other / "history" / "runs.db").is_file()
