"""The sensor asks for exactly what is due, by the same run key whenever it is asked."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from small_closure import CATALOGUE, POLICY
from small_evidence import TODAY, evidence, series

from lhs_pipeline.closure.changes import find_looks
from lhs_pipeline.closure.evaluations import evaluate_change
from lhs_pipeline.closure.sensors import evaluation_sensor, find_due
from lhs_pipeline.warehouse.assets import SiteResource
from lhs_pipeline.warehouse.publication import publish_database

SENSOR = evaluation_sensor("evaluation")
GOOD = evidence(series(0.4))
LOOKS = find_looks(GOOD, POLICY, TODAY)
EVALUATIONS = evaluate_change("A1", GOOD, CATALOGUE, TODAY)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    (tmp_path / "site.toml").write_text('name = "Trust"\n')
    return tmp_path / "published" / "lhs.duckdb"


def publish(file: Path, **tables: pd.DataFrame) -> list[tuple[str, str]]:
    publish_database(file, {f"closure.{noun}": frame for noun, frame in tables.items()})
    return find_due(file)


@pytest.fixture
def asked(published: Path) -> Iterator[object]:
    """Ask the sensor; the instance remembers partitions from one asking to the next."""
    with dg.DagsterInstance.ephemeral() as instance:
        site = SiteResource(folder=str(published.parents[1]))

        def ask() -> object:
            with dg.build_sensor_context(instance=instance) as context:
                return SENSOR(context, site=site)

        ask.instance = instance  # type: ignore[attr-defined]
        yield ask


def test_nothing_is_due_before_anything_was_published(published: Path) -> None:
    assert find_due(published) == []
    assert publish(published, other=LOOKS) == []


def test_what_was_never_evaluated_is_due(published: Path) -> None:
    assert [change for change, _ in publish(published, looks=LOOKS)] == ["A1"]


def test_what_was_evaluated_is_not_due(published: Path) -> None:
    assert publish(published, looks=LOOKS, evaluations=EVALUATIONS) == []


def test_a_new_look_is_due_under_another_key(published: Path) -> None:
    ((_, before),) = publish(published, looks=LOOKS.head(3))
    ((_, after),) = publish(published, looks=LOOKS, evaluations=EVALUATIONS.head(3))
    assert before != after


def test_revised_data_are_due_again_under_another_key(published: Path) -> None:
    ((_, before),) = publish(published, looks=LOOKS)
    revised = LOOKS.assign(data_version=["new", *LOOKS["data_version"][1:]])
    ((_, after),) = publish(published, looks=revised, evaluations=EVALUATIONS)
    assert before != after


@pytest.mark.parametrize("verdict", ["refine", "re_open"])
def test_after_the_end_of_a_cycle_no_later_look_is_due(published: Path, verdict: str) -> None:
    ended = EVALUATIONS.head(2).assign(verdict=["keep_watching", verdict])
    assert publish(published, looks=LOOKS, evaluations=ended) == []
    watched = EVALUATIONS.head(2).assign(verdict="keep_watching")
    assert len(publish(published, looks=LOOKS, evaluations=watched)) == 1


def test_the_look_that_ended_a_cycle_is_due_again_when_its_data_are_revised(
    published: Path,
) -> None:
    ended = EVALUATIONS.head(2).assign(verdict=["keep_watching", "re_open"])
    revised = LOOKS.assign(data_version=[LOOKS["data_version"][0], "new", "later", "last"])
    assert len(publish(published, looks=revised, evaluations=ended)) == 1


def test_without_anything_due_the_sensor_says_so(asked, published: Path) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(asked(), dg.SkipReason)
    publish(published, looks=LOOKS, evaluations=EVALUATIONS)
    skipped = asked()
    assert skipped.skip_message == "No change has a look that is due."


def test_the_sensor_asks_for_the_same_run_by_the_same_key(asked, published: Path) -> None:  # type: ignore[no-untyped-def]
    publish(published, looks=LOOKS)
    first, again = asked(), asked()
    (request,) = first.run_requests
    assert request.partition_key == "A1" and request.run_key.startswith("A1:")
    assert [r.run_key for r in again.run_requests] == [request.run_key]


def test_a_change_becomes_a_partition_once(asked, published: Path) -> None:  # type: ignore[no-untyped-def]
    publish(published, looks=LOOKS)
    (added,) = asked().dynamic_partitions_requests
    assert list(added.partition_keys) == ["A1"]
    asked.instance.add_dynamic_partitions(added.partitions_def_name, ["A1"])
    assert not asked().dynamic_partitions_requests
