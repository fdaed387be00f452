"""The sensor asks for exactly what is due, by the same run key whenever it is asked."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from lhs_pipeline.closure.sensors import DUE_TAG, evaluation_sensor, find_due, group_due
from lhs_pipeline.warehouse.assets import SiteResource
from lhs_pipeline_tests.frames import publish_frames

SENSOR = evaluation_sensor("evaluation")


def looks(*versions: str) -> pd.DataFrame:
    names = [f"A{number}" for number, _ in enumerate(versions, start=1)]
    return pd.DataFrame({"change_id": names, "data_version": versions})


def evaluations(*verdicts: str, version: str = "old") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "change_id": "A1", "look_number": range(1, len(verdicts) + 1), "verdict": verdicts,
            "data_version": version,
        }
    )  # fmt: skip


@pytest.fixture
def published(tmp_path: Path) -> Path:
    (tmp_path / "site.toml").write_text('name = "Trust"\n')
    return tmp_path / "published" / "lhs.duckdb"


def publish(file: Path, **tables: pd.DataFrame) -> list[tuple[str, str]]:
    publish_frames(file, {f"closure.{noun}": frame for noun, frame in tables.items()})
    return find_due(file)


@pytest.fixture
def asked(published: Path) -> Iterator[object]:
    """Ask the sensor; the instance remembers partitions and runs from one asking to the next."""
    with dg.DagsterInstance.ephemeral() as instance:
        site = SiteResource(folder=str(published.parents[1]))

        def ask() -> object:
            with dg.build_sensor_context(instance=instance) as context:
                return SENSOR(context, site=site)

        ask.instance = instance  # type: ignore[attr-defined]
        yield ask


def test_nothing_is_due_before_anything_was_published(published: Path) -> None:
    assert find_due(published) == []
    assert publish(published, other=looks("v")) == []


@pytest.mark.parametrize(
    ("verdicts", "version", "is_due"),
    [
        ((), "old", True),
        (("keep_watching",), "old", False),
        (("keep_watching",), "new", True),
        (("close",), "new", True),
        (("keep_watching", "refine"), "new", False),
        (("close", "re_open"), "new", False),
        (("cannot_be_evaluated",), "new", True),
    ],
)
def test_what_rests_on_older_data_is_due_unless_its_cycle_has_ended(
    published: Path, verdicts: tuple[str, ...], version: str, is_due: bool
) -> None:
    found = publish(published, looks=looks(version), evaluations=evaluations(*verdicts))
    assert bool(found) is is_due


def test_a_change_that_no_longer_counts_is_due_once_more(published: Path) -> None:
    none = looks("v").head(0)
    assert publish(published, looks=none, evaluations=evaluations("close")) == [("A1", "withdrawn")]
    assert publish(published, looks=none, evaluations=evaluations().head(0)) == []


def test_many_changes_are_one_run_and_others_are_left_alone() -> None:
    due = [("A1", "v"), ("A2", "v"), ("A4", "v")]
    runs = group_due(due, ["A1", "A2", "A3", "A4"])
    assert [run.changes for run in runs] == [("A1", "A2"), ("A4",)]
    assert runs[1].key == "A4:v" and runs[0].key.startswith("A1+1:")
    assert group_due([("A1", "v"), ("A2", "w")], ["A1", "A2"])[0].key != runs[0].key


def test_without_anything_due_the_sensor_says_so(asked, published: Path) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(asked(), dg.SkipReason)
    publish(published, looks=looks("v"), evaluations=evaluations("close", version="v"))
    assert asked().skip_message == "No change is due."


def test_the_sensor_asks_for_the_same_run_by_the_same_key(asked, published: Path) -> None:  # type: ignore[no-untyped-def]
    publish(published, looks=looks("v", "w"))
    first, again = asked(), asked()
    (request,) = first.run_requests
    assert request.tags["dagster/asset_partition_range_end"] == "A2"
    assert [r.run_key for r in again.run_requests] == [request.run_key]
    (added,) = first.dynamic_partitions_requests
    assert list(added.partition_keys) == ["A1", "A2"]
    asked.instance.add_dynamic_partitions(added.partitions_def_name, ["A1", "A2"])
    assert not asked().dynamic_partitions_requests


def record_run(instance: dg.DagsterInstance, key: str, status: dg.DagsterRunStatus) -> None:
    run = dg.DagsterRun(job_name="evaluation", tags={DUE_TAG: key}, status=status)
    instance.add_run(run)


def test_a_run_that_failed_is_asked_for_again_by_another_key_but_not_for_ever(  # type: ignore[no-untyped-def]
    asked, published: Path
) -> None:
    publish(published, looks=looks("v"))
    keys = []
    for _ in range(3):
        (request,) = asked().run_requests
        keys.append(request.run_key)
        record_run(asked.instance, "A1:v", dg.DagsterRunStatus.FAILURE)
    assert keys == ["A1:v", "A1:v:again-1", "A1:v:again-2"]
    assert "failed 3 times" in asked().skip_message
    publish(published, looks=looks("w"))
    assert asked().run_requests[0].run_key == "A1:w"


def test_what_is_under_way_is_not_asked_for_again(asked, published: Path) -> None:  # type: ignore[no-untyped-def]
    publish(published, looks=looks("v"))
    record_run(asked.instance, "A1:v", dg.DagsterRunStatus.STARTED)
    assert isinstance(asked(), dg.SkipReason)
