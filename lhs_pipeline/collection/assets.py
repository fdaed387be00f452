"""Wiring of step 1: one asset per source contract, from its files to its landed table."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import dagster as dg
import duckdb

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.collection.accounts import FILES, REJECTED_ROWS, Report
from lhs_pipeline.collection.deliveries import Delivery, find_deliveries, find_dropped
from lhs_pipeline.collection.landing import Landing, land, land_pull
from lhs_pipeline.collection.promises import PROMISES, prepare_promises
from lhs_pipeline.collection.rejected import write_rejected
from lhs_pipeline.collection.replies import answer_rows, is_answered, make_reply
from lhs_pipeline.collection.stream_health import (
    STREAM_HEALTH,
    find_stream_health,
    write_stream_health,
)
from lhs_pipeline.collection.templates import find_known_keys
from lhs_pipeline.collection.touched_days import TOUCHED_DAYS
from lhs_pipeline.collection.unit_breaks import UNIT_BREAKS, write_unit_breaks
from lhs_pipeline.collection.unread_files import find_unread_files
from lhs_pipeline.collection.versions import table_of
from lhs_pipeline.settings import Site
from lhs_pipeline.vocabulary import SourceKind
from lhs_pipeline.warehouse.assets import (
    EVERY_NIGHT,
    SiteResource,
    asset_of,
    docs_of,
    group_name,
    sample_of,
    schema_of,
)
from lhs_pipeline.warehouse.publication import replace_if_changed
from lhs_pipeline.warehouse.table import count_rows, ensure_table

ACCOUNTS = (FILES, REJECTED_ROWS, STREAM_HEALTH, UNIT_BREAKS, PROMISES, TOUCHED_DAYS)
"""The tables that tell of all sources together."""


def collection_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    """Return one asset per source, and the accounts of all files and refused rows."""
    sources = [source for _, source in sorted(catalogue.sources.items())]
    return [*(_source_asset(source) for source in sources), _accounts_asset(sources)]


def deliveries_folder(site: Site, source: Source) -> Path:
    """Return where a source's files stand: its own folder, or the registers."""
    if source.is_register:
        return site.registers
    return site.inbox / (source.folder or source.id)


def land_source(con: duckdb.DuckDBPyConnection, landing: Landing, site: Site) -> list[Report]:
    """Land what is new of a source, from its files or from its database; answer workbooks."""
    source = landing.source
    # An instant with an offset from UTC lands in the time that the site's own clocks show.
    con.execute(f"set timezone = '{site.timezone}'")
    if source.database is not None:
        return land_pull(con, landing, site.database_url(source.database.connection))
    deliveries = find_deliveries(deliveries_folder(site, source), source)
    if source.is_register:
        deliveries += find_dropped(site.inbox, source)
    reports = land(con, landing, deliveries)
    _answer(con, source, site, {d.name: d for d in deliveries}, reports)
    return reports


def _answer(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    site: Site,
    deliveries: Mapping[str, Delivery],
    reports: Sequence[Report],
) -> None:
    """Write a reply to each workbook of people that was read this night."""
    for report in reports:
        delivery = deliveries[report["source_file"]]
        if is_answered(delivery, source):
            told = report, answer_rows(con, source, delivery)
            reply = make_reply(source, delivery, find_known_keys(con, [source]), told)
            name = f"{Path(delivery.name).stem}.reply.xlsx"
            replace_if_changed(site.published / "replies" / source.id / name, reply)


def _source_asset(source: Source) -> dg.AssetsDefinition:
    @dg.asset(
        **{
            **asset_of(table_of(source), str(source.kind)),
            "tags": {"lhs/step": "collection", "lhs/kind": str(source.kind)},
        },
        deps=_references(source),
    )
    def landed(context: dg.AssetExecutionContext, site: SiteResource) -> dg.MaterializeResult[None]:
        place, rules = site.site(), site.catalogue().rules.voices
        landing = Landing(source, place.now(), source.deidentification or rules.deidentification)
        with site.warehouse().transaction() as con:
            reports = land_source(con, landing, place)
            rows = count_rows(con, landing.current)
            head = _show_rows(con, source, landing.current)
        if reports:
            # One event for all files: each event costs Dagster's storage as much as a small file.
            context.log.info("\n".join(_sentence(report) for report in reports))
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows,
                "files_new": len(reports),
                "rows_read": sum(report["rows_read"] for report in reports),
                "rows_landed": sum(report["landed"] for report in reports),
                "rows_rejected": sum(report["rejected"] for report in reports),
                "rows_unchanged": sum(report["unchanged"] for report in reports),
                "sample": head,
            }
        )

    return landed


_ABOUT_NOBODY = (SourceKind.REGISTER, SourceKind.RESEARCH, SourceKind.REFERENCE)


def _show_rows(
    con: duckdb.DuckDBPyConnection, source: Source, table: str
) -> dg.MarkdownMetadataValue:
    """The first rows of what is about nobody; of the others none, for each is about one person."""
    if source.kind not in _ABOUT_NOBODY:
        return dg.MetadataValue.md(
            "Each row is about one person or event, so none is shown here. `lhs trail PROBLEM_ID` "
            "names the rows behind a problem."
        )
    shown = [c.name for c in source.columns if not c.is_sensitive_text]
    listed = ", ".join(f'"{name}"' for name in shown)
    return sample_of(con.execute(f"select {listed} from {table} limit 8").df())


def _references(source: Source) -> list[dg.AssetKey]:
    referred = {column.references.split(".")[0] for column in source.columns if column.references}
    return [dg.AssetKey(["collection", name]) for name in sorted(referred - {source.id})]


def _sentence(report: dict[str, object]) -> str:
    return (
        f"{report['source_file']}: {report['rows_read']} rows read = {report['landed']} landed "
        f"+ {report['rejected']} rejected + {report['unchanged']} unchanged. {report['message']}"
    )


def _accounts_asset(sources: Iterable[Source]) -> dg.AssetsDefinition:
    keys = [dg.AssetKey(["collection", source.id]) for source in sources]
    specs = [
        dg.AssetSpec(
            ["collection", table.noun],
            deps=keys,
            description=f"{table.description}\n\nGrain: {table.grain}",
            group_name=group_name("collection"),
            owners=["team:data_engineering"],
            kinds={"duckdb"},
            tags={"lhs/step": "collection"},
            freshness_policy=EVERY_NIGHT,
            metadata={
                "dagster/column_schema": schema_of(table),
                "dagster/table_name": table.name,
                "docs": docs_of("collection", f"collection{table.noun}"),
            },
        )
        for table in ACCOUNTS
    ]

    @dg.multi_asset(specs=specs, name="collection_accounts")
    def accounts(site: SiteResource) -> Iterable[dg.MaterializeResult[None]]:
        place = site.site()
        with site.warehouse().transaction() as con:
            write_rejected(con, place.rejected, site.catalogue().sources)
            health = find_stream_health(con, list(sources), place.today())
            write_stream_health(con, [*health, *find_unread_files(place.inbox, sources)])
            write_unit_breaks(con)
            prepare_promises(con)
            ensure_table(con, TOUCHED_DAYS)
            counts = {table.noun: count_rows(con, table.name) for table in ACCOUNTS}
            files = con.execute(
                "select source_id, source_file, rows_read, landed, rejected, unchanged, status, "
                "message from collection.files where status <> 'landed' order by all"
            ).df()
        for noun, rows in counts.items():
            sample = {"not_landed_in_full": sample_of(files, 30)} if noun == "files" else {}
            yield dg.MaterializeResult(
                asset_key=["collection", noun], metadata={"dagster/row_count": rows, **sample}
            )

    return accounts
