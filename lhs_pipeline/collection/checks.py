"""The promise of each source as one blocking asset check, judged by Great Expectations.

DuckDB counts, Great Expectations judges the one-row summary: a pandas batch of ten million
rows would take a minute and three gigabytes.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.collection.contracts import stops_of, warnings_of
from lhs_pipeline.collection.judging import same_key
from lhs_pipeline.collection.promises import (
    Finding,
    Promise,
    keep_findings,
    write_check_page,
)
from lhs_pipeline.settings import Site
from lhs_pipeline.warehouse.assets import SiteResource


def collection_checks(catalogue: Catalogue) -> list[dg.AssetChecksDefinition]:
    """Return one blocking contract check per source."""
    contracts = [_contract_check(source) for _, source in sorted(catalogue.sources.items())]
    return [
        *contracts,
        *map(_stream_check, ("freshness", "silent_unit", "volume", "mix", "unread_files")),
    ]


def _stream_check(finding: str) -> dg.AssetChecksDefinition:
    """The check that shows one kind of finding of `collection.stream_health`; it only warns."""

    @dg.asset_check(
        asset=dg.AssetKey(["collection", "stream_health"]),
        name=finding,
        description=f"Findings of kind {finding}: somebody should ask, and nothing stops.",
    )
    def alive(site: SiteResource) -> dg.AssetCheckResult:
        with site.warehouse().transaction() as con:
            rows = con.execute(
                "select sentence, is_concern from collection.stream_health "
                "where finding = ? order by is_concern desc, source_id, unit_id",
                [finding],
            ).fetchall()
        concerns = [sentence for sentence, is_concern in rows if is_concern]
        return dg.AssetCheckResult(
            passed=not concerns,
            severity=dg.AssetCheckSeverity.WARN,
            description=" ".join(concerns[:5]) or ("all as usual" if rows else "nothing to judge"),
            metadata={"findings": dg.MetadataValue.md("\n".join(f"- {row[0]}" for row in rows))},
        )

    return alive


def promises_of(source: Source) -> list[Promise]:
    """Return what is expected of a source's summary row."""
    promises = [
        Promise("unaccounted_rows", "every row read is landed, rejected or unchanged", 0),
        Promise("repeated_keys", f"one current row per {', '.join(source.grain)}", 0),
        Promise("missing_required", "no required value is missing", 0),
        Promise(
            "rejected_prop",
            f"at most {source.maximum_rejected_prop:.0%} of the rows are rejected",
            source.maximum_rejected_prop,
            is_blocking=False,
            is_share=True,
        ),
        Promise("refused_files", "every file holds rows that can be used", 0, is_blocking=False),
    ]
    promises += [
        Promise(f"stop_{n}", f"no row whose {fault.field} is {fault.reason}", 0)
        for n, fault in enumerate(stops_of(source))
    ]
    promises += [
        Promise(f"warn_{n}", f"no row whose {fault.field} is {fault.reason} "
                f"(expected {fault.expected})", 0, is_blocking=False)
        for n, fault in enumerate(warnings_of(source))
    ]  # fmt: skip
    if source.is_expected and not source.is_register:
        words = "at least one file has been delivered"
        promises.append(Promise("files_count", words, 1e9, minimum=1, is_blocking=False))
    if source.date_column and (lag := source.expected_lag_days) is not None:
        promises.append(
            Promise(
                "days_since_latest",
                f"the newest row is at most {lag} day{'s' if lag != 1 else ''} old",
                lag,
                minimum=-3650,
                is_blocking=False,
            )
        )
    return promises


def summarise(
    con: duckdb.DuckDBPyConnection, source: Source, today: date
) -> dict[str, float | None]:
    """Return the summary row of a source; None where there is nothing to count."""
    counts = _counts_of(source)
    listed = ", ".join(f'({query}) as "{name}"' for name, query in counts.items())
    row = con.execute(
        f"""
        with accounts as (
            select * from collection.files where source_id = $source and is_latest
        ),
        typed as (select * from collection."{source.id}"),
        touched as (
            select * from typed where loaded_at = (select max(loaded_at) from accounts)
        )
        select {listed}, cast($today as date)
        """,
        {"source": source.id, "today": today - timedelta(days=1)},
    ).fetchone()
    values = row if row is not None else (None,) * len(counts)
    return {
        name: None if value is None else float(value)
        for name, value in zip(counts, values, strict=False)
    }


def _counts_of(source: Source) -> dict[str, str]:
    """SQL for each number of the summary; null where there is nothing to judge, never zero."""
    missing = " or ".join(f'"{c.name}" is null' for c in source.columns if c.required) or "false"
    newest = f'cast("{source.date_column}" as date)' if source.date_column else "null::date"
    refused = "select count(*) from collection.rejected_rows as refused semi join accounts using "
    refused += "(source_id, source_file, content_hash, loaded_at)"
    has_rows = "(select count(*) from typed) > 0"
    stops = {
        f"stop_{n}": f"select case when (select count(*) from accounts) > 0 then ({refused} "
        f"where field = '{fault.field}' and reason = '{fault.reason}') end"
        for n, fault in enumerate(stops_of(source))
    }
    warns = {
        f"warn_{n}": f"select case when {has_rows} then "
        f"(select count(*) from typed where {fault.condition}) end"
        for n, fault in enumerate(warnings_of(source))
    }
    return {
        "unaccounted_rows": "select sum(abs(rows_read - landed - rejected - unchanged)) "
        "from accounts",
        # What stood before the last load was judged then: only the keys that it touched are.
        "repeated_keys": f"select case when {has_rows} then (select count(*) from typed "
        f"semi join touched on {same_key(source, 'typed', 'touched')}) "
        "- (select count(*) from touched) end",
        "missing_required": f"select case when {has_rows} then "
        f"(select count(*) from typed where {missing}) end",
        "rejected_prop": "select sum(rejected) / nullif(sum(rows_read), 0) from accounts",
        "refused_files": "select case when count(*) > 0 then "
        "count(*) filter (where status in ('rejected', 'empty')) end from accounts",
        "files_count": "select count(*) from accounts",
        "days_since_latest": f"select date_diff('day', max({newest}), cast($today as date)) "
        "from typed",
        **stops,
        **warns,
    }


def judge_promises(promises: list[Promise], summary: Mapping[str, float | None]) -> list[Finding]:
    """Return whether each promise was kept; what has no base is not applicable, never kept."""
    judged = [promise for promise in promises if summary[promise.counted] is not None]
    kept = _ask_great_expectations(judged, summary)
    return [
        Finding(promise, summary[promise.counted], kept.get(promise.counted))
        for promise in promises
    ]


def _ask_great_expectations(
    promises: list[Promise], summary: Mapping[str, float | None]
) -> dict[str, bool]:
    # Imported here: it costs four seconds and a night without checks should not pay them.
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )

    rows = _summary_rows()
    row = pd.DataFrame([{promise.counted: summary[promise.counted] for promise in promises}])
    suite = ExpectationSuite(name="contract")
    for promise in promises:
        suite.add_expectation(
            ExpectColumnValuesToBeBetween(
                column=promise.counted, min_value=promise.minimum, max_value=promise.maximum
            )
        )
    batch = rows.get_batch({"dataframe": row})
    found: Any = batch.validate(suite, result_format="BOOLEAN_ONLY")
    return {
        result.expectation_config.kwargs["column"]: bool(result.success) for result in found.results
    }


@lru_cache
def _summary_rows() -> Any:
    """The one batch definition of this process: a context costs more than all its suites."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("summaries").add_dataframe_asset("summary")
    return asset.add_batch_definition_whole_dataframe("row")


def _contract_check(source: Source) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=dg.AssetKey(["collection", source.id]),
        name="contract",
        description=f"The contract of {source.title.lower()}; stops the night where it is broken.",
        blocking=True,
        additional_deps=None,
    )
    def contract(site: SiteResource) -> dg.AssetCheckResult:
        place: Site = site.site()
        with site.warehouse().transaction() as con:
            summary = summarise(con, source, place.today())
            offending = con.execute(
                "select source_file, source_row, field, reason, expected "
                "from collection.rejected_rows where source_id = ? "
                "order by loaded_at desc, source_file, source_row limit 20",
                [source.id],
            ).fetchall()
        offending = [(file, source.sheet_row(file, row), *said) for file, row, *said in offending]
        findings = judge_promises(promises_of(source), summary)
        with site.warehouse().transaction() as con:
            keep_findings(con, source, findings, place.now())
            write_check_page(con, place.published / "checks.html", place.name)
        return result_of(findings, offending)

    return contract


def result_of(findings: list[Finding], offending: list[tuple[Any, ...]]) -> dg.AssetCheckResult:
    """Return the check's result: an error stops what follows, a warning does not."""
    broken = [finding for finding in findings if finding.is_kept is False]
    is_error = any(finding.promise.is_blocking for finding in broken)
    table = dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "promise": finding.promise.words,
                    "observed": finding.counted,
                    "result": finding.word,
                    "if broken": finding.promise.consequence,
                }
            )
            for finding in findings
        ]
    )
    rows = [
        dg.TableRecord(dict(zip(("file", "row", "field", "reason", "expected"), map(str, row),
                                strict=True)))
        for row in offending
    ]  # fmt: skip
    metadata: dict[str, dg.MetadataValue] = {"promises": table}
    if rows:
        metadata["rejected_rows"] = dg.MetadataValue.table(rows)
    return dg.AssetCheckResult(
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description="; ".join(map(_say_broken, broken)) or "all kept",
        metadata=metadata,
    )


def _say_broken(finding: Finding) -> str:
    counted = finding.promise.counted.removesuffix("_prop").replace("_", " ")
    return f"not kept: {finding.promise.words} ({counted}: {finding.counted})"
