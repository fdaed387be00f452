"""Reading what is new: works that were read before, for the same topics, are not read again.

A night costs what is new; what was read stands in the warehouse, numbers as numbers.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from lhs_pipeline.analysis.duplicates import Record, merge_duplicates
from lhs_pipeline.analysis.effect_direction import EffectDirection, StatedEffect
from lhs_pipeline.analysis.standing import Standing, Stands
from lhs_pipeline.analysis.study_design import Design
from lhs_pipeline.analysis.text_index import TermCounts
from lhs_pipeline.analysis.topic_matching import Match
from lhs_pipeline.analysis.work_readings import Library, WorkReader, WorkReading
from lhs_pipeline.catalogue.model import Topic
from lhs_pipeline.warehouse.table import (
    declare,
    empty_table,
    insert_arrow,
    stands_as_declared,
)

WORK_READINGS = declare(
    "analysis.work_readings",
    "What each work from outside says by itself, so that no night reads it again.",
    "one row per different text of a work",
    {
        "read_hash": "VARCHAR of all that was read, and of the topics",
        "terms": "UINTEGER[] numbers of its stemmed words",
        "counts": "UTINYINT[] how often each stands there, in the title twice; to 255",
        "design": "VARCHAR study design",
        "effect_direction": "VARCHAR as stated",
        "effect_sentence": "VARCHAR the sentence that states it",
        "own_standing": "VARCHAR what its own record says; null: nothing",
        "own_reason": "VARCHAR why",
        "matches": "VARCHAR by topic where it speaks of it, and by which terms, as JSON; or null",
    },
)


@dataclass(frozen=True)
class OpenedLibrary:
    """All works with their readings, and how many had to be read."""

    library: Library
    read_count: int


def open_library(
    con: duckdb.DuckDBPyConnection, records: Sequence[Record], topics: Mapping[str, Topic]
) -> OpenedLibrary:
    """Return the different works among `records`; read, and keep, what was not read before.

    Readings that no record asks for any more are forgotten: of works that are gone, whose words
    changed, and all of them where a topic changed.
    """
    if not stands_as_declared(con, WORK_READINGS):
        empty_table(con, WORK_READINGS)
    works, reader = merge_duplicates(records), WorkReader(topics)
    keys = [reader.key_of(work.record) for work in works]
    known = dict(_read_kept(con))
    new = {
        key: reader.read(work.record)
        for key, work in zip(keys, works, strict=True)
        if key not in known
    }
    _forget(con, known.keys() - set(keys))
    if new:
        insert_arrow(con, WORK_READINGS, _as_arrow(new))
    known.update(new)
    return OpenedLibrary(Library(works, [known[key] for key in keys]), len(new))


def _read_kept(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, WorkReading]]:
    found: pa.Table = con.sql(f"select * from {WORK_READINGS.name}").to_arrow_table()
    ends, terms = _flat(found["terms"])
    _, counts = _flat(found["counts"])
    said = zip(*(found[name].to_pylist() for name in _SAID), strict=True)
    for place, (key, design, direction, sentence, standing, reason, matches) in enumerate(said):
        span = slice(ends[place], ends[place + 1])
        yield (
            key,
            WorkReading(
                TermCounts(terms[span], counts[span]),
                Design(design),
                StatedEffect(EffectDirection(direction), sentence),
                Stands(Standing(standing), reason) if standing else None,
                {id_: Match(tuple(t), p) for id_, (p, t) in json.loads(matches or "{}").items()},
            ),
        )


_SAID = (
    "read_hash",
    "design",
    "effect_direction",
    "effect_sentence",
    "own_standing",
    "own_reason",
    "matches",
)


def _flat(lists: pa.ChunkedArray) -> "tuple[np.ndarray, np.ndarray]":
    """Where each list begins and ends, and all lists end to end."""
    lengths = [chunk.value_lengths().to_numpy() for chunk in lists.chunks]
    parts = [chunk.flatten().to_numpy() for chunk in lists.chunks]
    ends = np.cumsum(np.concatenate([[0], *lengths]).astype(np.int64))
    return ends, np.concatenate(parts) if parts else np.zeros(0, np.uint32)


def _as_arrow(readings: Mapping[str, WorkReading]) -> pa.Table:
    read = list(readings.values())
    ends = np.cumsum([0, *(len(one.counts.terms) for one in read)])
    terms = np.concatenate([one.counts.terms for one in read])
    counts = np.concatenate([one.counts.counts for one in read])
    own = [one.own_standing for one in read]
    return pa.table(
        {
            "read_hash": list(readings),
            "terms": pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(terms)),
            "counts": pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(counts)),
            "design": [one.design.value for one in read],
            "effect_direction": [one.effect.direction.value for one in read],
            "effect_sentence": [one.effect.sentence for one in read],
            "own_standing": _texts(one.standing.value if one else None for one in own),
            "own_reason": _texts(one.reason if one else None for one in own),
            "matches": _texts(_as_json(one.matches) for one in read),
        }
    )


def _texts(said: Iterable[str | None]) -> pa.Array:
    return pa.array(list(said), pa.string())


def _as_json(matches: Mapping[str, Match]) -> str | None:
    said = {id_: (match.place, match.terms) for id_, match in matches.items()}
    return json.dumps(said, ensure_ascii=False) if said else None


def _forget(con: duckdb.DuckDBPyConnection, keys: "set[str]") -> None:
    if keys:
        con.register("gone", pa.table({"read_hash": sorted(keys)}))
        con.execute(
            f"delete from {WORK_READINGS.name} where read_hash in (select read_hash from gone)"
        )
        con.unregister("gone")
