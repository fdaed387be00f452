"""Raw text to judged rows: typed, each with its first fault, and settled against its like.

A row is settled where it says nothing new: repeated, as before, or overtaken by a later file.
"""

from collections.abc import Iterable

import duckdb

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.contracts import Fault, faults_of, typed_query

ROW_HASH_TYPE = "UBIGINT"


def judge_rows(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Make the temporary table `judged` from the view `raw`.

    Columns: file_number, source_row, the contract's columns, fault_number (place in
    `faults_of`, null where the row is good), raw_text, row_hash, key_hash.
    """
    cases = " ".join(
        f"when {fault.condition} then {number}" for number, fault in enumerate(faults_of(source))
    )
    names = _listed(column.name for column in source.columns)
    con.execute(
        f"""
        create or replace temp table judged as
        with typed as ({typed_query(source, "file_number, source_row, raw_text")}),
        checked as (select *, case {cases} end as fault_number from typed)
        select file_number, source_row, {names}, cast(fault_number as smallint) as fault_number,
            raw_text, {row_hash(source)} as row_hash, hash({_listed(source.grain)}) as key_hash
        from checked
        """
    )


def row_hash(source: Source) -> str:
    """Return SQL for the fingerprint of a row's content, the same in every version of DuckDB."""
    cells = (f"coalesce(cast(\"{column.name}\" as varchar), '∅')" for column in source.columns)
    # The unit separator stands in no text that people type. The shift is what DuckDB's
    # md5_number_lower gives, which goes by way of text and takes five times as long.
    return f"cast(md5_number(concat_ws(chr(31), {', '.join(cells)})) >> 64 as ubigint)"


def same_key(source: Source, left: str, right: str) -> str:
    """Return SQL that is true where two rows have the same key; null equals null."""
    required = {column.name for column in source.columns if column.required}
    return " and ".join(
        f'{left}."{name}" {"=" if name in required else "is not distinct from"} {right}."{name}"'
        for name in source.grain
    )


def match_versions(con: duckdb.DuckDBPyConnection, source: Source, versions: str) -> None:
    """Make `matched`: for each good row whose key stands already, the version that holds.

    `is_later` says that a row read again is older than what holds: it changes nothing.
    """
    con.execute(
        f"""
        create or replace temp table matched as
        select judged.file_number, judged.source_row, versions.rowid as version_rowid,
            judged.row_hash = versions.row_hash as is_same,
            coalesce(
                versions.loaded_at > arrivals.reread_of
                or versions.loaded_at = arrivals.reread_of
                    and versions.source_file <> arrivals.source_file
                    and (split_part(versions.source_file, '.', 1), versions.source_file)
                        > (split_part(arrivals.source_file, '.', 1), arrivals.source_file),
                false
            ) as is_later
        from {versions} as versions
        inner join judged on {same_key(source, "judged", "versions")}
        inner join arrivals on arrivals.file_number = judged.file_number
        where versions.superseded_at is null and judged.fault_number is null
        """
    )


def settle_rows(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Make `sequenced`, `settled` and `overtaken` from `judged` and `matched`.

    Only keys that occur more than once this night, or stand already, are looked at.
    """
    keys = _listed(source.grain)
    con.execute(
        f"""
        create or replace temp table sequenced as
        with several as (
            select key_hash from judged where fault_number is null
            group by key_hash having count(*) > 1
        ),
        same_key as (
            select file_number, source_row, row_hash, {keys} from judged
            where fault_number is null and key_hash in (select key_hash from several)
                and (file_number, source_row) not in (
                    select (file_number, source_row) from matched where is_later
                )
        ),
        placed as (
            select *, row_number() over in_file as place_in_file,
                first_value(row_hash) over in_file as first_hash,
                first_value(source_row) over in_file as first_row
            from same_key
            window in_file as (partition by {keys}, file_number order by source_row)
        ),
        firsts as (
            select file_number, source_row,
                lag(row_hash) over (partition by {keys} order by file_number) as hash_before
            from placed where place_in_file = 1
        )
        select placed.*, hash_before,
            place_in_file > 1 and row_hash <> first_hash as is_conflict,
            place_in_file > 1 and row_hash = first_hash as is_repeat
        from placed left join firsts using (file_number, source_row)
        """
    )
    _mark_settled(con, keys)


def _mark_settled(con: duckdb.DuckDBPyConnection, keys: str) -> None:
    con.execute(
        """
        create or replace temp table settled as
        select file_number, source_row, coalesce(is_conflict, false) as is_conflict, first_row
        from sequenced full join matched using (file_number, source_row)
        where is_conflict or is_repeat or is_later
            or case when hash_before is null then is_same else row_hash = hash_before end
        """
    )
    con.execute(
        f"""
        create or replace temp table overtaken as
        select file_number, source_row from sequenced
        anti join settled using (file_number, source_row)
        qualify row_number() over (
            partition by {keys} order by file_number desc, source_row desc
        ) > 1
        """
    )


def register_faults(con: duckdb.DuckDBPyConnection, faults: Iterable[Fault]) -> None:
    """Make the temporary table `faults`: number, field, reason, expected."""
    con.execute(
        "create or replace temp table faults "
        "(fault_number SMALLINT, field VARCHAR, reason VARCHAR, expected VARCHAR)"
    )
    rows = [[n, fault.field, fault.reason, fault.expected] for n, fault in enumerate(faults)]
    con.executemany("insert into faults values (?, ?, ?, ?)", rows)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
