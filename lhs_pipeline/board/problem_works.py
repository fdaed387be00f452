"""What is known of a problem elsewhere: research, alerts and what others found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from lhs_pipeline.board.rows import Row, day_of, flag_of, text_of, whole_of
from lhs_pipeline.board.scene import Due, Scene
from lhs_pipeline.board.words import as_sentence, tell_month, word_for

_KINDS = {"safety_alert": 0, "community_finding": 1, "research": 2}
_CERTAINTIES = {"high": 0, "moderate": 1, "low": 2, "very_low": 3}
_AGAINST = ("harm", "no_difference", "mixed")
_LAST = 10_000
_HEADING = re.compile(r"^[A-Z][A-Z ]+: ")
"""Of the part of an abstract that its sentence stands in, such as 'RESULTS: '."""


@dataclass(frozen=True)
class Work:
    """One piece of outside evidence; an alert asks for `required_action` by the day `due`."""

    kind: str
    title: str
    published: str
    design: str
    certainty: str
    href: str
    reference: str
    why: str
    due: Due | None
    standing: str
    standing_reason: str
    effect: str
    effect_code: str
    effect_sentence: str
    required_action: str = ""

    @property
    def is_gone(self) -> bool:
        """Whether it no longer stands: retracted, withdrawn, in doubt or superseded."""
        return bool(self.standing)

    @property
    def is_against(self) -> bool:
        """Whether it states that no good came of what was tried, or not only good."""
        return self.effect_code in _AGAINST and not self.is_gone


def list_works(scene: Scene, problem_id: str, topic_id: str) -> list[Work]:
    """Alerts that set a day, then what answers the problem most closely, then what is gone."""
    closest = {
        text_of(row, "evidence_id"): row
        for row in scene.tables.rows_where("problem_evidence", problem_id=problem_id)
    }
    rows = scene.tables.rows_where("evidence", topic_id=topic_id)
    ranked = sorted(rows, key=lambda row: _place(row, closest.get(text_of(row, "evidence_id"), {})))
    return [
        _show_work(scene, row, text_of(closest.get(text_of(row, "evidence_id"), {}), "why"))
        for row in ranked
    ]


def _place(row: Row, close: Row) -> tuple[bool, bool, int, int, int, int, str]:
    return (
        text_of(row, "standing") not in ("", "current"),
        day_of(row, "deadline_on") is None,
        whole_of(close, "rank") or _LAST,
        _KINDS.get(text_of(row, "kind"), 9),
        _CERTAINTIES.get(_certainty_of(row), 9),
        -(day_of(row, "published_on") or date.min).toordinal(),
        text_of(row, "evidence_id"),
    )


def _certainty_of(row: Row) -> str:
    return text_of(row, "certainty") or text_of(row, "provisional_certainty")


def _show_certainty(row: Row) -> str:
    """A person's grade, or GRADE's starting point, and which of the two it is."""
    if not (certainty := _certainty_of(row)):
        return ""
    how = "appraised" if flag_of(row, "is_appraised") else "provisional"
    return f"{word_for('certainty', certainty)} ({how})"


def _show_work(scene: Scene, row: Row, why: str) -> Work:
    doi, pmid = text_of(row, "doi"), text_of(row, "pmid").removesuffix(".0")
    due = day_of(row, "deadline_on")
    effect = text_of(row, "effect_direction") or "not_stated"
    parts = [f"doi {doi}" if doi else "", f"PMID {pmid}" if pmid else ""]
    return Work(
        kind=word_for("evidence_kind", text_of(row, "kind")),
        title=text_of(row, "title"),
        published=tell_month(day_of(row, "published_on")),
        design=word_for("design", text_of(row, "design")),
        certainty=_show_certainty(row),
        href=_safe_href(text_of(row, "url")),
        reference=", ".join(part for part in parts if part),
        why=as_sentence(why),
        due=scene.due(due) if due else None,
        standing=word_for("standing", text_of(row, "standing") or "current"),
        standing_reason=as_sentence(text_of(row, "standing_reason")),
        effect=word_for("effect_direction", effect),
        effect_code=effect,
        effect_sentence=as_sentence(_HEADING.sub("", text_of(row, "effect_sentence"))),
        required_action=as_sentence(text_of(row, "required_action")),
    )


def _safe_href(url: str) -> str:
    """The address where it is a plain web address; '' for anything a browser might run."""
    return url if url.startswith(("https://", "http://")) else ""
