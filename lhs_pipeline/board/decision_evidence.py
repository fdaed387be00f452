"""What was known of a problem on the day of a decision, kept so that it can be shown for years.

A snapshot is a file named by the hash of its content: a changed byte gives another name.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.voices import Span, find_comments
from lhs_pipeline.ledger import Record, hash_of
from lhs_pipeline.life import DECIDING
from lhs_pipeline.warehouse.publication import replace_if_changed
from lhs_pipeline.warehouse.table import as_day, records_of

_PERIODS_KEPT = 104
_SERIES = ("indicator_id", "period_start", "period_end", "numerator", "denominator", "value")
_SIGNALS = ("indicator_id", "period_start", "period_end", "rule", "meaning")
_EVIDENCE = ("evidence_id", "kind", "title", "published_on", "provisional_certainty")
_WORKS = ("rank", "evidence_id", "kind", "title", "why", "effect_direction")


def gather_evidence(
    tables: BoardTables, topic_id: str, unit_id: str, decided_on: date
) -> dict[str, object]:
    """What the figures, the voices and the evidence said of a problem up to a day.

    The text of comments is not kept, only how many there were of each voice.
    """
    here = {"unit_id": unit_id}
    series = _upto(tables.indicator_series, "period_end", decided_on, here)
    signals = _upto(tables.signals, "period_end", decided_on, {**here, "topic_id": topic_id})
    limits = tables.limits
    known = set(limits.loc[limits["topic_id"] == topic_id, "indicator_id"])
    series = series[series["indicator_id"].isin(known)]
    recent = series.sort_values(["indicator_id", "period_start"], kind="stable")
    evidence = _upto(tables.evidence, "published_on", decided_on, {"topic_id": topic_id})
    voices = find_comments(tables, topic_id, unit_id, Span(None, decided_on))["voice"]
    return {
        "problem_id": f"{topic_id}@{unit_id}",
        "decided_on": decided_on.isoformat(),
        "figures": _texts(recent.groupby("indicator_id").tail(_PERIODS_KEPT), _SERIES),
        "signals": _texts(signals.sort_values(["indicator_id", "period_start"]), _SIGNALS),
        "evidence": _texts(evidence.sort_values("evidence_id"), _EVIDENCE),
        "works": _texts(_find_works(tables, f"{topic_id}@{unit_id}", evidence), _WORKS),
        "comments_count": {str(voice): int(n) for voice, n in voices.value_counts().items()},
    }


def with_evidence(records: Iterable[Record], tables: BoardTables, folder: Path) -> list[Record]:
    """The records, each decision with the hash of its evidence, which is written to `folder`."""
    return [
        _with_evidence(record, tables, folder) if record["event"] in DECIDING else record
        for record in records
    ]


def _with_evidence(record: Record, tables: BoardTables, folder: Path) -> Record:
    topic_id, _, unit_id = str(record["problem_id"]).partition("@")
    decided_on = date.fromisoformat(str(record["on"]))
    found = gather_evidence(tables, topic_id, unit_id, decided_on)
    name = hash_of(found)
    text = json.dumps(found, sort_keys=True, ensure_ascii=False, indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    replace_if_changed(folder / f"{name}.json", text.encode("utf-8"))
    return {**record, "details": {**record["details"], "evidence_hash": name}}


def is_intact(folder: Path, name: str) -> bool:
    """Whether the evidence of that hash stands there as it was written."""
    try:
        found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return hash_of(found) == name


def verify_evidence(source: str, folder: Path) -> str:
    """The source of a trail's line; where it names kept evidence, whether that is as written."""
    found = _KEPT.search(source)
    if found is None:
        return source
    told = "hash verified" if is_intact(folder, found[1]) else "CHANGED since: hash does not match"
    return f"{source} ({told})"


_KEPT = re.compile(r"registers/evidence/([0-9a-f]{64})[.]json")


def _upto(frame: pd.DataFrame, day: str, until: date, equal: Mapping[str, str]) -> pd.DataFrame:
    wanted = frame[day] <= pd.Timestamp(until)
    for name, value in equal.items():
        wanted &= frame[name] == value
    return frame[wanted]


def _find_works(tables: BoardTables, problem_id: str, evidence: pd.DataFrame) -> pd.DataFrame:
    """What its page shows of works that speak of the problem, as far as they were out that day."""
    works = tables.problem_evidence
    wanted = (works["problem_id"] == problem_id) & works["evidence_id"].isin(
        evidence["evidence_id"]
    )
    return works[wanted].sort_values(["rank", "evidence_id"])


def _texts(frame: pd.DataFrame, names: tuple[str, ...]) -> list[list[object]]:
    """Rows as lists, in the order of the names, with days as ISO texts."""
    rows = records_of(frame[list(names)])
    return [[*names], *([_plain(row[name]) for name in names] for row in rows)]


def _plain(value: object) -> object:
    day = as_day(value) if hasattr(value, "isoformat") else None  # type: ignore[arg-type]
    return day.isoformat() if day is not None else value
