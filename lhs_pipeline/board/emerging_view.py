"""What comes up that no topic names: offered to a coder, and what coders have answered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from lhs_pipeline.analysis.accepted_themes import said_on, topic_id_of
from lhs_pipeline.board.disclosure import is_small, tell_roughly
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.problem_voices import Quotation, choose_quotations
from lhs_pipeline.board.rows import Row, day_of, list_of, text_of, whole_of
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.words import capitalise, join_words, tell_count, tell_day, word_for

_UNITS_NAMED = 5
_QUOTED_VOICES = ("patient", "staff")


@dataclass(frozen=True)
class Emerging:
    """Words that came up more than chance allows, and what a coder needs to judge them."""

    emerging_id: str
    title: str
    voice: str
    count: str
    before: str
    where: str
    found_by: str
    again: str
    quotations: list[Quotation]
    why_no_quotation: str


@dataclass(frozen=True)
class AnsweredTheme:
    """What a coder said of a candidate, and what follows."""

    title: str
    voice: str
    verdict_code: str
    verdict: str
    follows: str
    reason: str
    said_by: str


def list_emerging(scene: Scene) -> list[Emerging]:
    """The candidates that wait for an answer, the loudest first."""

    def find() -> list[Emerging]:
        rows = scene.tables.rows_where("emerging_themes", status="open")
        ordered = sorted(rows, key=lambda row: -(whole_of(row, "recent_count") or 0))
        return [_show(scene, row) for row in ordered]

    # Two pages and a sheet show them, and quotations are sought among all comments.
    return scene.tables.remember("emerging", find)


def list_answered(scene: Scene) -> list[AnsweredTheme]:
    """What coders said, the newest first."""
    rows = scene.tables.rows_where("emerging_verdicts")
    ordered = sorted(rows, key=lambda row: text_of(row, "recorded_at"), reverse=True)
    return [_show_answer(scene, row) for row in ordered]


def _show(scene: Scene, row: Row) -> Emerging:
    policy, voice = scene.tables.disclosure, text_of(row, "voice")
    recent = whole_of(row, "recent_count") or 0
    is_few = recent < policy.smallest_quotation_cell
    why = ""
    if voice not in _QUOTED_VOICES:
        why = "Incident reports are not quoted: they describe the care of single patients."
    elif is_few:
        why = f"Fewer than {policy.smallest_quotation_cell} comments, so none is quoted."
    quotations = [] if why else _quote(scene.tables, row)
    if not quotations and not why:
        why = "Its examples wait for a reader of danger signs, so none is quoted yet."
    return Emerging(
        emerging_id=text_of(row, "emerging_id"),
        title=capitalise(text_of(row, "words")),
        voice=word_for("voice", voice),
        count=_tell_recent(row, recent, scene.tables),
        before=_tell_before(row, scene.tables),
        where=_tell_units(scene, row),
        found_by=join_words([f"“{form}”" for form in list_of(row, "found_by")], "or"),
        again=_tell_again(row),
        quotations=quotations,
        why_no_quotation=why,
    )


def _tell_recent(row: Row, recent: int, tables: BoardTables) -> str:
    noun = word_for("voice_noun", text_of(row, "voice"))
    weeks = tell_count(whole_of(row, "recent_weeks_count") or 0, "week")
    return f"{capitalise(tell_roughly(recent, tables.disclosure))} {noun} in the last {weeks}"


def _tell_before(row: Row, tables: BoardTables) -> str:
    earlier = whole_of(row, "earlier_count") or 0
    told = tell_roughly(earlier, tables.disclosure) if earlier else "none"
    return f"{told} in the {tell_count(whole_of(row, 'earlier_weeks_count') or 0, 'week')} before"


def _tell_units(scene: Scene, row: Row) -> str:
    policy = scene.tables.disclosure
    told = tell_count(whole_of(row, "units_count") or 0, "unit")
    counts = [(unit, int(count)) for unit, _, count in
              (part.partition("=") for part in list_of(row, "unit_counts"))]  # fmt: skip
    loud = [unit for unit, count in counts if not is_small(count, policy)]
    if not loud or len(counts) == 1:
        return f"{told}: {scene.names.unit(counts[0][0])}" if len(counts) == 1 else told
    return f"{told}, most from {join_words([scene.names.unit(u) for u in loud[:_UNITS_NAMED]])}"


def _tell_again(row: Row) -> str:
    day = day_of(row, "dismissed_on")
    return f"Dismissed on {tell_day(day)}; it has grown markedly since." if day else ""


def _quote(tables: BoardTables, row: Row) -> list[Quotation]:
    """What says it best, else any with its words; never what a danger reader has still to see."""
    end = day_of(row, "window_end_on")
    said, forms = tables.insights, list_of(row, "found_by")
    if end is None or not forms:
        return []
    since = end - timedelta(weeks=whole_of(row, "recent_weeks_count") or 0)
    words = rf"\b(?:{'|'.join(map(re.escape, forms))})\b"
    wanted = said[
        (said["voice"] == text_of(row, "voice"))
        & (said["received_on"] > pd.Timestamp(since))
        & ~said["insight_id"].isin(set(tables.danger_signs["insight_id"]))
        & said["text"].fillna("").str.contains(words, case=False, regex=True)
    ]
    is_best = wanted["insight_id"].isin(list_of(row, "example_insight_ids"))
    # The last are chosen first.
    return choose_quotations(pd.concat([wanted[~is_best], wanted[is_best]]))


def _show_answer(scene: Scene, row: Row) -> AnsweredTheme:
    verdict = text_of(row, "verdict")
    voice, _, lead = text_of(row, "emerging_id").partition(":")
    words = join_words(list_of(row, "words")) or lead.replace("_", " ")
    said = [text_of(row, "coder_role").replace("_", " "), tell_day(said_on(row))]
    return AnsweredTheme(
        title=capitalise(words),
        voice=word_for("voice", voice),
        verdict_code=verdict,
        verdict=word_for("emerging_verdict", verdict),
        follows=_tell_what_follows(scene, row, verdict),
        reason=text_of(row, "reason"),
        said_by=", ".join(part for part in said if part),
    )


def _tell_what_follows(scene: Scene, row: Row, verdict: str) -> str:
    if verdict == "dismissed":
        return "Not offered again unless it grows markedly."
    title = scene.names.topic(topic_id_of(row))
    if verdict == "merged":
        return f"Its comments, old ones too, count under {title}."
    told = f"Its comments, old ones too, are read as {title}"
    is_known = bool(scene.tables.rows_where("topics", topic_id=topic_id_of(row)))
    return f"{told}." if is_known else f"{told}: provisional until a topic file declares it."
