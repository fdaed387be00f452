"""`lhs`: the demo, a night, a site's check, records, trails, reference docs.

Dagster's own commands stay Dagster's. Heavy imports happen inside the command that needs them.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.catalogue.idle import tell_idle
from lhs_pipeline.catalogue.reader import CatalogueError, read_catalogue
from lhs_pipeline.catalogue.shipped import tell_taken
from lhs_pipeline.deidentify_command import add_deidentify_command
from lhs_pipeline.evidence_command import add_evidence_command
from lhs_pipeline.expression_check import find_expression_faults
from lhs_pipeline.processes import run_whole
from lhs_pipeline.settings import SITE_FILE, SettingsError, Site, read_site, site_folder
from lhs_pipeline.source_commands import add_source_commands, record_insight
from lhs_pipeline.spc_command import add_spc_command
from lhs_pipeline.themes_command import add_themes_command

_COMMITTED_DEMO = Path("data/demo")
_STOP_SECONDS = 60.0
"""For which Dagster waits for its services, and within which systemd lets a service stop."""


class _UsageError(Exception):
    """The command cannot be carried out as given; the message says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 not, 2 not understood."""
    # Many small matrices: with one BLAS thread each is solved many times faster. It counts only
    # before NumPy is loaded, so every command loads it late.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    # Dagster tells at every start that `dg` supersedes its commands; a newcomer need not know.
    warnings.filterwarnings("ignore", module="dagster")
    parser = _parser()
    given, more = parser.parse_known_args(arguments)
    if given.command == "record" and all("=" in pair and pair[0] != "-" for pair in more):
        # argparse gives up on values that stand behind an option.
        given.values += more
    elif more:
        parser.error(f"not understood: {' '.join(more)}")
    if given.command is None:
        parser.print_help()
        return 2
    run: Callable[[argparse.Namespace], int] = given.run
    try:
        return run(given)
    except (SettingsError, CatalogueError, _UsageError) as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever reads, such as `head`, has seen enough; nothing more can be written there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lhs",
        description="A learning health system: collect, analyse, decide, implement, close.",
        epilog="Start with `lhs demo`. Then open data/published/board/index.html, or `lhs ui`.",
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    _add(commands, "demo", _demo, "make the demo site and run its first nights")
    night = _add(
        commands, "night", _night, "run one night for a site, from files to published tables"
    )
    night.add_argument(
        "--afresh", action="store_true", help="make every table anew, not only what has changed"
    )
    ui = _add(commands, "ui", _ui, "start Dagster's web interface for a site, with its schedules")
    ui.add_argument("--port", type=int, default=3000, help="where to serve it (default: 3000)")
    _add(commands, "check", _check, "check a site's catalogue and say what is wrong with it")
    trail = _add(commands, "trail", _trail, "print the whole life of one problem")
    trail.add_argument("problem_id", help="for example falls@ward_07; see the triage table")
    record = _add(commands, "record", _record, "add a row to a register, checked first")
    record.add_argument("register", help="decisions, actions, audits, …, or insight")
    record.add_argument(
        "values", nargs="*", metavar="column=value", help="without any: what the register asks for"
    )
    new = _add(commands, "new-site", _new_site, "make a folder for your own organisation")
    new.add_argument("name", help="the organisation's name")
    add_spc_command(commands)
    add_evidence_command(commands)
    add_deidentify_command(commands)
    add_source_commands(commands)
    add_themes_command(commands)
    evaluate = _add(
        commands, "evaluate", _evaluate, "judge changes from three files, without a site"
    )
    evaluate.add_argument("series", type=Path, help="unit, indicator, period, as_of, figures")
    evaluate.add_argument("changes", type=Path, help="what was changed where and when")
    evaluate.add_argument(
        "indicators", type=Path, help="kind of each indicator, and which is better"
    )
    evaluate.add_argument("--out", type=Path, default=Path("evaluation"), help="folder to write to")
    docs = _add(commands, "docs", _docs, "write docs/reference from the catalogue and the tables")
    docs.add_argument("--check", action="store_true", help="only say whether they are up to date")
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    words: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
    command.set_defaults(run=run)
    command.add_argument(
        "--site", type=Path, default=None, help="the site's folder (default: LHS_SITE, or data/)"
    )
    return command


def _say(line: str) -> None:
    print(line, flush=True)


def _demo(given: argparse.Namespace) -> int:
    from lhs_pipeline.demo.layout import (
        FIRST_NIGHT,
        LAST_NIGHT,
        NotTheDemoError,
        deliver_last_day,
        lay_out_demo,
    )

    folder = site_folder(given.site)
    try:
        lay_out_demo(folder, _COMMITTED_DEMO.resolve())
    except NotTheDemoError as error:
        raise _UsageError(str(error)) from error
    _say(f"The demo trust stands in {_shown(folder)}. Three years arrive on its first night.")
    done = _run_on(folder, FIRST_NIGHT, is_published=False)
    files = deliver_last_day(folder, _COMMITTED_DEMO.resolve())
    _say(f"\nA day later: {len(files)} new files.")
    done &= _run_on(folder, LAST_NIGHT, is_published=True)
    if not done:
        _say("\nA night did not end well: the lines marked ✗ above say where.")
        return 1
    lhs = "./run lhs" if Path("run").is_file() else "lhs"
    _say(
        f"\nDone. Open {_shown(folder)}/published/board/index.html in a browser,\n"
        f"{_shown(folder)}/published/lhs.xlsx in a spreadsheet,\n"
        f"`{lhs} trail falls@ward_07` for one problem's whole life, or `{lhs} ui` for the lineage."
    )
    return 0


def _run_on(folder: Path, day: date, *, is_published: bool) -> bool:
    os.environ["LHS_TODAY"] = day.isoformat()
    is_success = _run_one(read_site(folder), is_published=is_published)
    del os.environ["LHS_TODAY"]
    return is_success


def _run_one(site: Site, *, is_published: bool = True) -> bool:
    os.environ["LHS_SITE"] = str(site.folder)
    from lhs_pipeline.definitions import build_definitions
    from lhs_pipeline.night import run_night

    _say(f"\nThe night of {site.today():%-d %B %Y} at {site.name}")
    catalogue = read_catalogue(site.catalogue)
    for line in (*tell_taken(catalogue.taken), *tell_idle(catalogue.idle)):
        _say(f"  {line}")
    definitions = build_definitions(catalogue)
    night = run_night(site, definitions, _say, is_published=is_published)
    if night.evaluated:
        _say(f"  evaluated: {', '.join(night.evaluated)}")
    _say("  the night ended well" if night.is_success else "  the night did NOT end well")
    return night.is_success


def _night(given: argparse.Namespace) -> int:
    site = read_site(given.site)
    if given.afresh:
        from lhs_pipeline.warehouse.changes import forget_all
        from lhs_pipeline.warehouse.connection import Warehouse

        with Warehouse(site.warehouse_file).transaction() as con:
            forget_all(con)
    return 0 if _run_one(site) else 1


def _ui(given: argparse.Namespace) -> int:
    from lhs_pipeline.night import prepare_home

    site = read_site(given.site)
    prepare_home(site)
    stop = f"stop with Ctrl-C or kill {os.getpid()}"
    _say(f"Dagster for {site.name}: http://127.0.0.1:{given.port} ({stop})")
    dagster = Path(sys.executable).with_name("dagster")
    place = ["-h", "127.0.0.1", "-p", str(given.port)]
    command = [str(dagster), "dev", "-m", "lhs_pipeline.definitions", *place]
    return run_whole(command, _STOP_SECONDS)


def _check(given: argparse.Namespace) -> int:
    from lhs_pipeline.collection.draft_contract import TO_DO

    site = read_site(given.site)
    catalogue = read_catalogue(site.catalogue)
    if faults := find_expression_faults(catalogue):
        raise _UsageError("\n".join(f"{site.catalogue}/{fault}" for fault in faults))
    _say(
        f"{site.name}: {len(catalogue.sources)} sources, {len(catalogue.indicators)} indicators, "
        f"{len(catalogue.topics)} topics, {len(catalogue.authorities)} decision groups. "
        "The catalogue holds together."
    )
    for line in (*tell_taken(catalogue.taken), *tell_idle(catalogue.idle)):
        _say(line)
    for file in sorted(site.catalogue.rglob("*.toml")):
        if places := file.read_text(encoding="utf-8").count(f"{TO_DO}:"):
            _say(f"{file}: still marked {TO_DO} in {places} place{'s' if places > 1 else ''}.")
    return _check_ledger(site)


def _check_ledger(site: Site) -> int:
    """Say whether the ledger, and the evidence that decisions saw, are as they were written."""
    from lhs_pipeline.board.decision_evidence import is_intact
    from lhs_pipeline.ledger import find_break, read_ledger

    broken = find_break(site.ledger_file)
    if broken is not None:
        raise _UsageError(f"The ledger was changed after it was written: {broken}.")
    entries = read_ledger(site.ledger_file)
    kept = [entry.record["details"].get("evidence_hash") for entry in entries]
    changed = [name for name in kept if name and not is_intact(site.evidence, name)]
    if changed:
        raise _UsageError(
            "Evidence of a decision was changed or is gone: "
            + ", ".join(f"registers/evidence/{name}.json" for name in sorted(set(changed)))
        )
    if entries:
        _say(
            f"The ledger holds: {len(entries):,} events, "
            f"the last on line {entries[-1].number:,} with hash {entries[-1].hash[:12]}."
        )
    return 0


def _trail(given: argparse.Namespace) -> int:
    from lhs_pipeline.board.board_tables import read_board_tables
    from lhs_pipeline.board.decision_evidence import verify_evidence
    from lhs_pipeline.board.source_rows import SourceRows
    from lhs_pipeline.board.trail import format_trail, tell_trail
    from lhs_pipeline.warehouse.connection import Warehouse

    site = read_site(given.site)
    catalogue = read_catalogue(site.catalogue)
    if not site.warehouse_file.is_file():
        raise _UsageError("No night has run for this site yet: run `lhs night` first.")
    with Warehouse(site.warehouse_file).transaction() as con:
        tables = read_board_tables(con, catalogue)
        lines = tell_trail(given.problem_id, tables, SourceRows(con, catalogue).behind)
    if not lines:
        known = ", ".join(sorted(str(name) for name in tables.problems["problem_id"]))
        raise _UsageError(f"There is no problem {given.problem_id!r}. There are: {known}")
    told = [replace(line, source=verify_evidence(line.source, site.evidence)) for line in lines]
    print(format_trail(told), end="")
    return _check_ledger(site)


def _record(given: argparse.Namespace) -> int:
    from lhs_pipeline.collection.recording import (
        append_record,
        ask_for_values,
        complete_record,
        find_record_faults,
        is_in_register,
    )
    from lhs_pipeline.warehouse.connection import Warehouse

    site = read_site(given.site)
    if given.register == "insight":
        return record_insight(site, given.values)
    sources = read_catalogue(site.catalogue).sources
    registers = sorted(name for name, source in sources.items() if source.is_register)
    if given.register not in registers:
        raise _UsageError(f"{given.register!r} is no register. There are: {', '.join(registers)}")
    source = sources[given.register]
    if not given.values and not sys.stdin.isatty():
        for column in source.columns:
            need = "needed" if column.required else "may be empty"
            _say(f"{column.name:<30} {need:<13} {column.description}")
        return 0
    if given.values:
        values = _values_of(given.values, [column.name for column in source.columns])
    else:
        values = ask_for_values(source, input)
    row = complete_record(source, values, site.now())
    file = site.registers / f"{source.id}.csv"
    with Warehouse(site.warehouse_file).transaction() as con:
        faults = [
            fault
            for fault in find_record_faults(con, source, row)
            if not is_in_register(site.registers, source, row, fault)
        ]
    if faults:
        raise _UsageError("\n".join(["Nothing was recorded:", *map(str, faults)]))
    _refuse_known_key(site, source, row)
    append_record(file, source, row)
    _say(f"Recorded in {file.name}; it counts from the next night on.")
    for warning in _find_warnings(site, source.id, row):
        _say(f"Please note: {warning}")
    return 0


def _refuse_known_key(site: Site, source: Source, row: Mapping[str, str]) -> None:
    """Both ways of entering are looked at: the register itself, and workbooks beside it."""
    from lhs_pipeline.collection.deliveries import find_deliveries, find_dropped
    from lhs_pipeline.collection.recording import find_holder, has_key
    from lhs_pipeline.warehouse.connection import Warehouse

    file = site.registers / f"{source.id}.csv"
    files = [*find_deliveries(site.registers, source), *find_dropped(site.inbox, source)]
    where = "" if has_key(file, source, row) else None
    if where is None:
        with Warehouse(site.warehouse_file).transaction() as con:
            holder = find_holder(con, source, row, files)
        where = f", in {holder}" if holder else None
    if where is not None:
        key = ", ".join(f"{name}={row[name]}" for name in source.grain)
        raise _UsageError(f"Nothing was recorded: {key} stands in the register already{where}.")


def _find_warnings(site: Site, register: str, row: Mapping[str, str]) -> list[str]:
    """What a group should know at once: changes that could not be told apart from this one."""
    from lhs_pipeline.decision.proposals import find_overlaps
    from lhs_pipeline.implementation.watched import WATCHED
    from lhs_pipeline.warehouse.connection import Warehouse
    from lhs_pipeline.warehouse.table import read_table, records_of

    if register != "decisions":
        return []
    with Warehouse(site.warehouse_file).transaction() as con:
        spans = records_of(read_table(con, WATCHED.name))
    return find_overlaps(spans, row["problem_id"], row["measure_indicator_id"], site.today())


def _values_of(pairs: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in columns:
            raise _UsageError(
                f"{pair!r} is not understood: write column=value, with a column of "
                f"{', '.join(columns)}"
            )
        values[name] = value
    return values


def _new_site(given: argparse.Namespace) -> int:
    from lhs_pipeline.demo.layout import copy_starter

    folder = (given.site or Path("site")).resolve()
    if (folder / SITE_FILE).exists():
        raise _UsageError(f"{_shown(folder)} is a site already.")
    copy_starter(folder / "catalogue")
    for name in ("inbox", "registers"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    quoted = given.name.replace("\\", "\\\\").replace('"', '\\"')
    (folder / SITE_FILE).write_text(
        f'name = "{quoted}"\ntimezone = "Europe/London"\n', encoding="utf-8"
    )
    _say(
        f"{_shown(folder)} is ready. Adapt catalogue/, deliver files into inbox/<source>/, then\n"
        f"`lhs check --site {_shown(folder)}` and `lhs night --site {_shown(folder)}`."
    )
    return 0


def _evaluate(given: argparse.Namespace) -> int:
    from lhs_pipeline.closure.exchange import answer_question
    from lhs_pipeline.closure.policy import REFERENCE_POLICY
    from lhs_pipeline.closure.question import ExchangeError, read_question

    try:
        question = read_question(given.series, given.changes, given.indicators)
    except ExchangeError as error:
        raise _UsageError(str(error)) from error
    verdicts, files = answer_question(question, REFERENCE_POLICY, given.out)
    latest = verdicts.groupby("change_id").tail(1)["verdict"].value_counts()
    for verdict, count in latest.items():
        _say(f"{verdict:<14} {count:>5} change{'' if count == 1 else 's'}")
    _say("Written: " + ", ".join(str(file) for file in files))
    return 0


def _docs(given: argparse.Namespace) -> int:
    from lhs_pipeline.reference import render_reference, write_reference

    folder = Path("docs/reference")
    if not given.check:
        for file in write_reference(folder):
            _say(f"wrote {file}")
        return 0
    stale = [
        name
        for name, text in render_reference().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]
    for name in stale:
        print(f"{folder / name} is out of date: run `lhs docs`", file=sys.stderr)
    return 1 if stale else 0


def _shown(folder: Path) -> str:
    """The folder as one would type it from here."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)


if __name__ == "__main__":
    sys.exit(main())
