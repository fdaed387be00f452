"""Wiring of publication: everything that people read, made from the warehouse each night."""

import base64
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from lhs_pipeline.board.alerts import choose_untold, deliver, find_untold
from lhs_pipeline.board.analyst_copy import ANALYST_TABLES, describe_copy
from lhs_pipeline.board.board_tables import READ, READ_BY_BOARD, read_board_tables
from lhs_pipeline.board.change_tables import publish_evaluations
from lhs_pipeline.board.charts import draw_spc_chart
from lhs_pipeline.board.danger_signs import FILE as DANGERS_FILE
from lhs_pipeline.board.danger_signs import keys_of_signs, write_list, write_message
from lhs_pipeline.board.decision_evidence import with_evidence
from lhs_pipeline.board.exchange_file import write_exchange
from lhs_pipeline.board.life_events import (
    LIFE_EVENTS,
    Heard,
    find_new,
    frame_life_events,
    gather_happenings,
)
from lhs_pipeline.board.model import (
    BoardTables,
)
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.news import find_news, write_messages
from lhs_pipeline.board.pages import render_board
from lhs_pipeline.board.problem_charts import chart_of
from lhs_pipeline.board.published_table import PublishedTable, frame_for_machines, write_csv
from lhs_pipeline.board.reply_sheet import DECISIONS, VERDICTS
from lhs_pipeline.board.shown_assets import DECLARED, SHOWN_KEY, SHOWN_NAMES, shown_figures
from lhs_pipeline.board.source_rows import SourceRows, count_as_in_sheets
from lhs_pipeline.board.tables import publish_interdependencies
from lhs_pipeline.board.to_label import FILE as LABELS_FILE
from lhs_pipeline.board.to_label import LABELS, draw_comments
from lhs_pipeline.board.to_label import write_workbook as write_label_workbook
from lhs_pipeline.board.triage_table import publish_triage
from lhs_pipeline.board.workbook import write_workbook
from lhs_pipeline.collection.versions import table_of
from lhs_pipeline.ledger import Record, append_to_ledger, read_ledger
from lhs_pipeline.life import DECIDING
from lhs_pipeline.settings import Site
from lhs_pipeline.warehouse.assets import (
    EVERY_NIGHT,
    Making,
    SiteResource,
    Told,
    group_name,
    keys_of,
    make_or_leave,
    sample_of,
    table_asset,
)
from lhs_pipeline.warehouse.changes import editions_of, stamp_files
from lhs_pipeline.warehouse.publication import publish_database, replace_if_changed
from lhs_pipeline.warehouse.table import read_table, table_exists

_HEARD: dict[str, str] = {
    "cycles": "analysis.cycles",
    "triage": "analysis.triage",
    "proposals": "decision.proposals",
    "decisions": "decision.decisions",
    "actions": "implementation.actions",
    "go_lives": "collection.go_lives",
    "audits": "collection.audits",
    "evaluations": "closure.evaluations",
    "closed": "collection.closed",
    "reopened": "collection.reopened",
}
_PUBLISHED_FROM = tuple(
    sorted({*READ_BY_BOARD.values(), *(SHOWN_NAMES.get(each, each) for each in ANALYST_TABLES)})
)
Metadata = Mapping[str, Any]
_DEPS = [
    SHOWN_KEY,
    *keys_of(name for name in READ_BY_BOARD.values() if not name.startswith("shown.")),
]


def _published(noun: str, description: str, *kinds: str) -> dict[str, Any]:
    """The keywords of an asset that people read: all of it rests on the shown figures."""
    return {
        "key": ["board", noun],
        "description": description,
        "kinds": set(kinds),
        "group_name": group_name("board"),
        "owners": ["team:quality_improvement"],
        "tags": {"lhs/step": "board"},
        "freshness_policy": EVERY_NIGHT,
        "metadata": {"docs": dg.MetadataValue.path("docs/how-to/use-the-published-files.md")},
        "deps": _DEPS,
    }


_CHARTS_SHOWN = 6
_DANGERS = "analysis.danger_signs"
_LARGEST_CHART_BYTES = 20_000


@table_asset(
    LIFE_EVENTS, "pandas", reads=_HEARD, after=sorted({*READ.values()} - {*_HEARD.values()})
)
def life_events(site: SiteResource, **heard: pd.DataFrame) -> Told:
    """Write down in the ledger what happened, and give every turn of the loop its state."""
    place, at = site.site(), site.site().now()
    told = gather_happenings(Heard(**heard), place.today())

    def choose(standing: Sequence[Record]) -> list[Record]:
        new = find_new(standing, told, at)
        if not any(record["event"] in DECIDING for record in new):
            return new
        # What was known at a decision is kept whole, in a register that nobody publishes.
        known = {**READ, "life_events": LIFE_EVENTS.name}
        with site.warehouse().transaction() as con:
            return with_evidence(
                new, read_board_tables(con, site.catalogue(), known), place.evidence
            )

    new = append_to_ledger(place.ledger_file, choose)
    events = frame_life_events(read_ledger(place.ledger_file), told, at)
    return Told(events, {"events_written_tonight": len(new)})


def _publish(
    site: SiteResource,
    noun: str,
    patterns: Sequence[str],
    work: Callable[[], Metadata],
    more: Sequence[str] = (),
) -> dg.MaterializeResult[None]:
    """Publish files where what they are made from has changed, or one of them is not as left.

    Args:
        site: whose files.
        noun: the asset.
        patterns: the files that it writes, inside the published folder.
        work: writes them and returns what Dagster is told.
        more: tables that it reads beside those that all of the board reads.
    """

    def product(place: Site) -> str:
        return stamp_files(file for each in patterns for file in place.published.glob(each))

    making = Making(f"board.{noun}", (*_PUBLISHED_FROM, *more), product=product)
    return make_or_leave(site, making, lambda _: [dg.MaterializeResult(metadata=work())])[0]


@dg.asset(
    **_published(
        "published_tables",
        "Triage, evaluations and what moves together as CSV and Parquet, small numbers withheld.",
        "csv",
        "parquet",
    )
)
def published_tables(site: SiteResource) -> dg.MaterializeResult[None]:
    """Write the tables that quality teams and their tools read."""
    return _publish(site, "published_tables", ["*.csv", "*.parquet"], lambda: _write_tables(site))


def _write_tables(site: SiteResource) -> Metadata:
    tables = _board_tables(site)
    published = (
        publish_triage(tables),
        publish_evaluations(tables),
        publish_interdependencies(tables),
    )
    for table in published:
        _write_published(site.site().published, table)
    _write_exchange(site)
    return {
        **{f"rows_{table.name}": len(table.frame) for table in published},
        "triage": sample_of(frame_for_machines(published[0]).iloc[:, :9]),
    }


@dg.asset(
    **_published(
        "workbook",
        "One Excel workbook of the triage and evaluation tables, for quality teams.",
        "excel",
    )
)
def workbook(site: SiteResource) -> dg.MaterializeResult[None]:
    """Write the workbook."""
    return _publish(site, "workbook", ["lhs.xlsx"], lambda: _write_workbook(site))


def _write_workbook(site: SiteResource) -> Metadata:
    place = site.site()
    with tempfile.TemporaryDirectory() as folder:
        registers = [site.catalogue().sources[name] for name in (DECISIONS, VERDICTS)]
        path = Path(folder) / "lhs.xlsx"
        made = write_workbook(path, _board_tables(site), place.name, *registers)
        target = place.published / "lhs.xlsx"
        is_new = replace_if_changed(target, made.read_bytes())
    return {"file": target.name, "is_written_tonight": is_new}


@dg.asset(
    **_published(
        "pages",
        "The board: a static site that opens from a file share, one page a problem.",
        "html",
    )
)
def pages(site: SiteResource) -> dg.MaterializeResult[None]:
    """Write the pages that changed and remove those whose problem is gone."""
    rows_behind = [f"collection.{name}" for name in site.catalogue().sources]
    return _publish(site, "pages", ["board/**/*.html"], lambda: _write_pages(site), rows_behind)


def _write_pages(site: SiteResource) -> Metadata:
    place, catalogue = site.site(), site.catalogue()
    folder = place.published / "board"
    tables = _board_tables(site)
    with site.warehouse().transaction() as con:
        rows = SourceRows(con, catalogue)
        made = dict(render_board(tables, place.today(), place.name, rows.behind))
    written = [
        name for name, text in made.items() if replace_if_changed(folder / name, text.encode())
    ]
    for page in sorted(folder.rglob("*.html")):
        if page.relative_to(folder).as_posix() not in made:
            page.unlink()
    return {"pages": len(made), "pages_written_tonight": len(written)}


@dg.asset(
    **_published(
        "spc_charts",
        "The SPC chart of the most urgent problems, to be read here.",
        "svg",
    )
)
def spc_charts(site: SiteResource) -> dg.MaterializeResult[None]:
    """Draw the charts of the top of the triage table into the asset's metadata."""
    return _publish(site, "spc_charts", [], lambda: _draw_charts(site))


def _draw_charts(site: SiteResource) -> Metadata:
    tables = _board_tables(site)
    charts: dict[str, dg.MetadataValue] = {}
    for row in tables.triage.sort_values("rank").itertuples():
        if len(charts) == _CHARTS_SHOWN:
            break
        series = chart_of(tables, str(row.problem_id))
        if series is None:
            continue
        svg = draw_spc_chart(series).encode()
        if len(svg) <= _LARGEST_CHART_BYTES:
            image = base64.b64encode(svg).decode()
            markdown = f"![{series.title}](data:image/svg+xml;base64,{image})"
            name = str(row.problem_id).replace("@", "_at_")
            charts[name] = dg.MetadataValue.md(f"{row.what_seems_wrong}\n\n{markdown}")
    return {"charts": len(charts), **charts}


@dg.asset(
    **_published(
        "analyst_copy",
        "A read-only copy of the analysis for sensors and analysts; no free text.",
        "duckdb",
    )
)
def analyst_copy(site: SiteResource) -> dg.MaterializeResult[None]:
    """Replace the published database where anything in it changed."""
    return _publish(site, "analyst_copy", ["lhs.duckdb", "digests.json"], lambda: _copy(site))


def _copy(site: SiteResource) -> Metadata:
    sources = [table_of(source) for source in site.catalogue().sources.values()]
    described = describe_copy([*DECLARED, *sources])
    with site.warehouse().transaction() as con:
        wanted = {name: SHOWN_NAMES.get(name, name) for name in ANALYST_TABLES}
        kept = {name: shown for name, shown in wanted.items() if table_exists(con, shown)}
        is_new = publish_database(con, site.site().published_file, kept, described)
    return {"tables": len(kept), "is_written_tonight": is_new}


@dg.asset(
    **{
        **_published(
            "to_label",
            "Comments drawn by chance for somebody to label: a workbook outside the published "
            "folder.",
            "excel",
        ),
        "deps": keys_of(("analysis.insights", "analysis.themes", "collection.theme_labels")),
    }
)
def to_label(site: SiteResource) -> dg.MaterializeResult[None]:
    """Put comments before the people who say what they are about."""
    place, catalogue = site.site(), site.catalogue()
    with site.warehouse().transaction() as con:
        offered = draw_comments(con, place.today())
    source = catalogue.sources[LABELS]
    content = write_label_workbook(offered, source, catalogue.topics)
    replace_if_changed(place.to_label / LABELS_FILE, content)
    return dg.MaterializeResult(metadata={"comments": len(offered)})


@dg.asset(
    **{
        **_published(
            "danger_signs",
            "Texts with a danger sign: a list outside the published folder for those who read "
            "them, and a message to the reader, each text once.",
            "csv",
        ),
        # Whatever else fails tonight, somebody is told.
        "deps": keys_of((_DANGERS, "collection.units")),
    }
)
def danger_signs(site: SiteResource) -> dg.MaterializeResult[None]:
    """Put what must be read before the people who read it."""
    place, catalogue = site.site(), site.catalogue()
    with site.warehouse().transaction() as con:
        tables = BoardTables(
            danger_signs=count_as_in_sheets(_DANGERS, read_table(con, _DANGERS), catalogue.sources),
            units=read_table(con, "collection.units"),
            disclosure=catalogue.rules.disclosure,
        )
    content = write_list(tables, gather_names(tables), catalogue)
    replace_if_changed(place.to_read / DANGERS_FILE, content)
    signs = keys_of_signs(tables)
    untold = sorted(find_untold(place, signs))
    new = [signs[key] for key in untold]
    message = write_message(new, tables, place.today(), place.name)
    done = deliver(place, [message] if new else [], untold)
    return dg.MaterializeResult(
        metadata={
            "texts": len(tables.danger_signs),
            "new": len(untold),
            "not_sent": "; ".join(done.failures) or "nothing",
        }
    )


@dg.asset(
    **_published(
        "alerts",
        "What changed since each group was last told: written, and sent where the site says so.",
        "text",
    )
)
def alerts(site: SiteResource) -> dg.MaterializeResult[None]:
    """Tell each group its news, once; what could not be sent is told and waits."""
    place, tables = site.site(), _board_tables(site)
    news = choose_untold(place, find_news(tables, place.today()))
    messages = write_messages(news, gather_names(tables), place.today(), place.name)
    done = deliver(place, messages, [one.key for one in news])
    return dg.MaterializeResult(
        metadata={
            "news": len(news),
            "messages": done.written_count,
            "sent": done.sent_count,
            "not_sent": "; ".join(done.failures) or "nothing",
        }
    )


def _board_tables(site: SiteResource) -> BoardTables:
    """The tables as they stand; five assets of a night read the same."""
    with site.warehouse().transaction() as con:
        editions = editions_of(con, READ_BY_BOARD.values())
    return _read_once(str(site.site().folder), f"{site.rules()} {editions}")


@lru_cache(maxsize=1)
def _read_once(folder: str, _stamp: str) -> BoardTables:
    site = SiteResource(folder=folder)
    with site.warehouse().transaction() as con:
        return read_board_tables(con, site.catalogue(), is_charted_alone=True)


def _write_exchange(site: SiteResource) -> None:
    """The file of what was learned here, ready for the inbox of another site."""
    with site.warehouse().transaction() as con:
        learned, units = (
            read_table(con, "closure.learned_changes"),
            read_table(con, "collection.units"),
        )
    if len(learned):
        content = write_exchange(learned, [*units["unit_name"], *units["unit_id"]])
        replace_if_changed(site.site().published / "learned_changes.csv", content)


def _write_published(folder: Path, table: PublishedTable) -> None:
    replace_if_changed(folder / f"{table.name}.csv", write_csv(table))
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "table.parquet"
        frame_for_machines(table).to_parquet(file, index=False)
        replace_if_changed(folder / f"{table.name}.parquet", file.read_bytes())


ASSETS: list[dg.AssetsDefinition] = [
    life_events,
    shown_figures,
    published_tables,
    workbook,
    pages,
    spc_charts,
    alerts,
    to_label,
    danger_signs,
    analyst_copy,
]

TABLES = (LIFE_EVENTS,)

__all__ = ["ASSETS", "TABLES"]
