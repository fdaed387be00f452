"""Frames in place of a warehouse: a copy for readers, as the night makes it of its tables."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd

from lhs_pipeline.warehouse.publication import NOT_DESCRIBED, Described, publish_database


def publish_frames(
    target: Path, frames: Mapping[str, pd.DataFrame], described: Described = NOT_DESCRIBED
) -> bool:
    """Publish frames by the names of the tables that they stand for."""
    with duckdb.connect() as con:
        for name, frame in frames.items():
            con.execute(f"create schema if not exists {name.split('.')[0]}")
            con.register("frame", frame)
            con.execute(f"create table {name} as from frame")
        return publish_database(con, target, {name: name for name in frames}, described)
