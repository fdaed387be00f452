"""What is known of a problem elsewhere: research, alerts and what others found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lhs_pipeline.board.rows import (
    Row,
    day_of,
    flag_of,
    text_of,
)
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.subject import Subject
from lhs_pipeline.board.words import (
    tell_day,
    tell_month,
    word_for,
)


@dataclass(frozen=True)
class EvidenceLine:
    """One piece of outside evidence."""

    kind: str
    title: str
    published: str
    design: str
    certainty: str
    href: str
    reference: str
    due: str
    is_overdue: bool
    standing: str
    effect: str
    effect_sentence: str


def list_evidence(subject: Subject) -> list[EvidenceLine]:
    """What still stands first, then alerts, findings and research by their certainty."""
    rows = subject.tables.rows_where("evidence", topic_id=subject.topic_id)
    order = {"safety_alert": 0, "community_finding": 1, "research": 2}
    certainty = {"high": 0, "moderate": 1, "low": 2, "very_low": 3}
    ranked = sorted(
        rows,
        key=lambda row: (
            text_of(row, "standing") not in ("", "current"),
            order.get(text_of(row, "kind"), 9),
            certainty.get(_certainty_of(row), 9),
            -(day_of(row, "published_on") or date.min).toordinal(),
            text_of(row, "evidence_id"),
        ),
    )
    return [_show_evidence(subject.scene, row) for row in ranked]


def _certainty_of(row: Row) -> str:
    return text_of(row, "certainty") or text_of(row, "provisional_certainty")


def _show_certainty(row: Row) -> str:
    """A person's grade, or GRADE's starting point, and which of the two it is."""
    if not (certainty := _certainty_of(row)):
        return ""
    how = "appraised" if flag_of(row, "is_appraised") else "provisional"
    return f"{word_for('certainty', certainty)} ({how})"


def _show_evidence(scene: Scene, row: Row) -> EvidenceLine:
    doi, pmid = text_of(row, "doi"), text_of(row, "pmid").removesuffix(".0")
    due = day_of(row, "deadline_on")
    standing = text_of(row, "standing") or "current"
    effect = text_of(row, "effect_direction") or "not_stated"
    parts = [f"doi {doi}" if doi else "", f"PMID {pmid}" if pmid else ""]
    return EvidenceLine(
        kind=word_for("evidence_kind", text_of(row, "kind")),
        title=text_of(row, "title"),
        published=tell_month(day_of(row, "published_on")),
        design=text_of(row, "design").replace("_", " "),
        certainty=_show_certainty(row),
        href=_safe_href(text_of(row, "url")),
        reference=", ".join(part for part in parts if part),
        due=tell_day(due),
        is_overdue=bool(due and due < scene.as_of),
        standing=word_for("standing", standing),
        effect=word_for("effect_direction", effect),
        effect_sentence=text_of(row, "effect_sentence"),
    )


def _safe_href(url: str) -> str:
    """The address where it is a plain web address; '' for anything a browser might run."""
    return url if url.startswith(("https://", "http://")) else ""
