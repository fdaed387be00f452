"""The refused rows as files that a data engineer can open, mend and send back."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.warehouse.publication import replace_if_changed


def write_rejected(
    con: duckdb.DuckDBPyConnection, folder: Path, sources: Mapping[str, Source]
) -> list[Path]:
    """Write `rejected/<source>.csv` for each source with refused rows in its latest files."""
    frame = con.execute(
        """
        select rejected_rows.source_id, rejected_rows.source_file, source_row as sheet_row, field,
            reason,
            expected, raw_text
        from collection.rejected_rows as rejected_rows
        inner join collection.files as files
            on files.source_id = rejected_rows.source_id
            and files.source_file = rejected_rows.source_file
            and files.loaded_at = rejected_rows.loaded_at
            and files.content_hash = rejected_rows.content_hash
        where files.is_latest
        order by rejected_rows.source_id, rejected_rows.source_file, source_row, field
        """
    ).df()
    written: list[Path] = []
    for source_id, rows in frame.groupby("source_id", sort=True):
        file = folder / f"{source_id}.csv"
        source = sources[str(source_id)]
        told = map(source.sheet_row, rows["source_file"], rows["sheet_row"])
        rows = rows.assign(sheet_row=list(told))
        replace_if_changed(file, rows.to_csv(index=False, lineterminator="\n").encode())
        written.append(file)
    for stale in sorted(set(folder.glob("*.csv")) - set(written)):
        stale.unlink()
    return written
