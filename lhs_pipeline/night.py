"""One night from start to end: sweep, nightly job, the evaluations that are due, publication.

The same jobs as Dagster's schedule and sensor start, in this process and in their order.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from lhs_pipeline.closure.assets import CHANGES
from lhs_pipeline.closure.sensors import find_due, group_due
from lhs_pipeline.settings import Site
from lhs_pipeline.sweep import sweep_dead_runs

Say = Callable[[str], None]
_EVALUATIONS = dg.AssetKey(["closure", "evaluations"])
_RETURNING = (
    dg.AssetKey(["collection", "closed"]),
    dg.AssetKey(["collection", "reopened"]),
)
_PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Night:
    """What a night came to.

    Attributes:
        is_success: whether every job ended well.
        evaluated: changes that had a look due.
        warnings: promises of sources that were broken without stopping the night.
    """

    is_success: bool
    evaluated: tuple[str, ...]
    warnings: tuple[str, ...]


def prepare_home(site: Site) -> Path:
    """Point DAGSTER_HOME into the site unless it is set, with settings that phone nowhere."""
    home = Path(os.environ.get("DAGSTER_HOME") or site.folder / "dagster_home").resolve()
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").is_file():
        shutil.copyfile(_PACKAGE / "dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["LHS_SITE"] = str(site.folder)
    return home


def run_night(site: Site, definitions: dg.Definitions, say: Say) -> Night:
    """Run one night for a site and tell each step as it ends."""
    prepare_home(site)
    with dg.DagsterInstance.get() as instance:
        sweep_dead_runs(instance)
        warnings: list[str] = []
        tell = _teller(say, warnings)
        nightly = definitions.resolve_job_def("nightly")
        is_success = _execute(nightly, instance, tell)
        due = find_due(site.published_file)
        if due:
            is_success &= _evaluate(due, definitions, instance, tell)
    return Night(is_success, tuple(change for change, _ in due), tuple(warnings))


def take_verdicts_back(site: Site, definitions: dg.Definitions, say: Say) -> Night:
    """Let what the night closed or re-opened re-enter analysis at once, and publish it.

    The next night would do the same; the demo does it before anybody looks.
    """
    prepare_home(site)
    with dg.DagsterInstance.get() as instance:
        warnings: list[str] = []
        nightly = definitions.resolve_job_def("nightly")
        returning = dg.AssetSelection.assets(*_RETURNING).downstream()
        keys = returning.resolve(definitions.resolve_asset_graph())
        chosen = sorted(keys & nightly.asset_layer.selected_asset_keys)
        is_success = _execute(nightly, instance, _teller(say, warnings), chosen)
    return Night(is_success, (), tuple(warnings))


def _evaluate(
    due: Sequence[tuple[str, str]],
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    tell: Callable[[dg.DagsterEvent], None],
) -> bool:
    """Evaluate the changes, many in one run, then conclude and publish once."""
    job, name = definitions.resolve_job_def("evaluation"), str(CHANGES.name)
    instance.add_dynamic_partitions(name, [change for change, _ in due])
    is_success = True
    for run in group_due(due, instance.get_dynamic_partitions(name)):
        is_success &= _execute(job, instance, tell, [_EVALUATIONS], run.tags)
    others = [key for key in job.asset_layer.selected_asset_keys if key != _EVALUATIONS]
    return is_success and _execute(job, instance, tell, sorted(others))


def _execute(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    tell: Callable[[dg.DagsterEvent], None],
    selection: list[dg.AssetKey] | None = None,
    tags: Mapping[str, str] | None = None,
) -> bool:
    run_id = str(uuid.uuid4())

    def listen(entry: dg.EventLogEntry) -> None:
        if entry.dagster_event is not None:
            tell(entry.dagster_event)

    instance.add_event_listener(run_id, listen)
    result = job.execute_in_process(
        instance=instance,
        run_id=run_id,
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        asset_selection=selection,
        tags=dict(tags or {}),
    )
    return result.success


def _teller(say: Say, warnings: list[str]) -> Callable[[dg.DagsterEvent], None]:
    """Return what turns Dagster's events into lines that a person reads."""

    def tell(event: dg.DagsterEvent) -> None:
        if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
            made = event.step_materialization_data.materialization
            say(f"  {'.'.join(made.asset_key.path):<45} {_rows_of(made.metadata)}")
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.asset_check_evaluation_data
            if not found.passed:
                line = f"{'.'.join(found.asset_key.path)}: {found.description}"
                warnings.append(line)
                say(f"  ! {line}")
        elif event.event_type is dg.DagsterEventType.STEP_FAILURE:
            error = event.step_failure_data.error
            cause = error.cause or error if error is not None else None
            what = cause.message.strip().splitlines()[0] if cause is not None else "no message"
            say(f"  ✗ {event.step_key}: {what} (the whole story is in `lhs ui`)")

    return tell


def _rows_of(metadata: object) -> str:
    rows = getattr(metadata, "get", lambda _name: None)("dagster/row_count")
    return f"{rows.value:>9,} rows" if rows is not None else ""
