"""One night from start to end: sweep, nightly job, the evaluations that are due, publication.

The same jobs as Dagster's schedule and sensor start, in this process and in their order; what
was closed or re-opened goes back into analysis at once, and people's pages are written last.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from lhs_pipeline.board.alerts import tell_engineer
from lhs_pipeline.closure.assets import CHANGES
from lhs_pipeline.closure.sensors import find_due, group_due
from lhs_pipeline.run_history import open_history
from lhs_pipeline.settings import Site
from lhs_pipeline.sweep import sweep_dead_runs
from lhs_pipeline.warehouse.assets import group_name
from lhs_pipeline.warehouse.connection import Warehouse

Say = Callable[[str], None]
_EVALUATIONS = dg.AssetKey(["closure", "evaluations"])
_RETURNING = (
    dg.AssetKey(["collection", "closed"]),
    dg.AssetKey(["collection", "reopened"]),
)
_READ_BY_THE_SENSOR = frozenset(
    {dg.AssetKey(["board", "shown_figures"]), dg.AssetKey(["board", "analyst_copy"])}
)
_BOARD = group_name("board")
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


def run_night(
    site: Site, definitions: dg.Definitions, say: Say, *, is_published: bool = True
) -> Night:
    """Run one night for a site and tell each step as it ends.

    Where another night follows before anybody looks, the pages for people may wait for it.
    """
    home = prepare_home(site)
    with Warehouse(site.warehouse_file).held(), open_history(home) as instance:
        sweep_dead_runs(instance)
        warnings: list[str] = []
        runs = _Runs(site, definitions, instance, _teller(say, warnings))
        is_success = runs.execute("nightly", runs.keys_of("nightly") - runs.read_by_people())
        due = find_due(site.published_file)
        if due:
            before = _read_returned(site)
            is_success &= runs.evaluate(due)
            if _read_returned(site) != before:
                say("  what was closed or re-opened re-enters the loop")
                is_success &= runs.take_back()
        last = runs.published() if is_published else _READ_BY_THE_SENSOR
        is_success &= runs.execute("nightly", last)
    return Night(is_success, tuple(change for change, _ in due), tuple(warnings))


def _read_returned(site: Site) -> list[bytes]:
    """The registers through which a verdict goes back into collection."""
    files = (site.registers / f"{key.path[-1]}.csv" for key in _RETURNING)
    return [file.read_bytes() if file.is_file() else b"" for file in files]


@dataclass(frozen=True)
class _Runs:
    """Runs the jobs of the definitions in this process, and tells each event."""

    site: Site
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    tell: Callable[[dg.DagsterEvent], None]

    def keys_of(self, job: str) -> set[dg.AssetKey]:
        """The assets of a job."""
        return set(self.definitions.resolve_job_def(job).asset_layer.selected_asset_keys)

    def read_by_people(self) -> set[dg.AssetKey]:
        """What is published for people; the sensor reads the analysts' copy alone."""
        board = dg.AssetSelection.groups(_BOARD).resolve(self.definitions.resolve_asset_graph())
        return set(board) - _READ_BY_THE_SENSOR

    def published(self) -> set[dg.AssetKey]:
        """All that is published."""
        return self.read_by_people() | _READ_BY_THE_SENSOR

    def evaluate(self, due: Sequence[tuple[str, str]]) -> bool:
        """Evaluate the changes, many in one run, then conclude once."""
        name = str(CHANGES.name)
        self.instance.add_dynamic_partitions(name, [change for change, _ in due])
        is_success = True
        for run in group_due(due, self.instance.get_dynamic_partitions(name)):
            is_success &= self.execute("evaluation", {_EVALUATIONS}, run.tags)
        others = self.keys_of("evaluation") - self.published() - {_EVALUATIONS}
        return is_success and self.execute("evaluation", others)

    def take_back(self) -> bool:
        """Let verdicts re-enter collection and analysis, as the next night would."""
        returning = dg.AssetSelection.assets(*_RETURNING).downstream()
        keys = returning.resolve(self.definitions.resolve_asset_graph())
        return self.execute("nightly", keys & self.keys_of("nightly") - self.published())

    def execute(
        self,
        job: str,
        keys: AbstractSet[dg.AssetKey],
        tags: Mapping[str, str] | None = None,
    ) -> bool:
        """Materialise some assets of a job; whether all went well."""
        run_id = str(uuid.uuid4())

        def listen(entry: dg.EventLogEntry) -> None:
            if entry.dagster_event is not None:
                self.tell(entry.dagster_event)

        self.instance.add_event_listener(run_id, listen)
        result = self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            run_id=run_id,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            asset_selection=sorted(keys),
            tags=dict(tags or {}),
        )
        if not result.success:
            failed = [event.step_key for event in result.all_events if event.is_step_failure]
            tell_engineer(self.site, run_id, next((key for key in failed if key), ""))
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
    told = getattr(metadata, "get", lambda _name: None)
    rows, since = told("dagster/row_count"), told("unchanged_since")
    counted = f"{rows.value:>9,} rows" if rows is not None else " " * 14
    return f"{counted}  as on {since.value}".rstrip() if since is not None else counted.rstrip()
