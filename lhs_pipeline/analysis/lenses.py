"""Every signal brought to one form: what each lens says of each topic in each unit.

A lens that saw nothing and one that did not look are different answers, and a contradiction
stands beside what it contradicts. What they mean together is judged in `beliefs.py`.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

import numpy as np
import pandas as pd

from lhs_pipeline.analysis.place import Place, by_key, by_place, day_of
from lhs_pipeline.analysis.series_findings import (
    DAYS_A_MONTH,
    Departure,
    SeriesFinding,
    departure_from_kind,
)
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.statistics.report_counts import compare_counts
from lhs_pipeline.vocabulary import TRUST_UNIT_ID, LensAnswer, SourceKind, Voice
from lhs_pipeline.warehouse.table import Record, records_of

LOCAL_LENSES = (
    "routine",
    "comparison",
    "patient_voice",
    "staff_voice",
    "safety_reports",
    "audit",
)
"""Lenses that look at the place itself; only these say whether a problem is there."""
LENSES = (*LOCAL_LENSES, "external_evidence")
LENS_OF_VOICE = {
    Voice.PATIENT: "patient_voice",
    Voice.STAFF: "staff_voice",
    Voice.SAFETY: "safety_reports",
}
_LENS_OF_KIND = {
    SourceKind.ROUTINE: "routine",
    SourceKind.SAFETY: "safety_reports",
    SourceKind.PATIENT_VOICE: "patient_voice",
    SourceKind.STAFF_VOICE: "staff_voice",
}


@dataclass(frozen=True)
class LensSignal:
    """One signal in the form that all share; `score` is None where nothing could be seen."""

    lens: str
    answer: LensAnswer
    score: float | None
    departure: Departure | None
    effect_unit: str
    observations_count: int
    period_start: date | None
    period_end: date | None
    rows_behind: str


@dataclass(frozen=True)
class Sightings:
    """What there is to look with, arranged by place."""

    series: dict[Place, list[SeriesFinding]]
    voices: dict[Place, list[Record]]
    audits: dict[Place, list[Record]]
    evidence: dict[str, list[Record]]


def audits_of(
    audits: pd.DataFrame, actions: pd.DataFrame, decisions: pd.DataFrame
) -> dict[Place, list[Record]]:
    """Return audits by the topic of the decision that they follow and the unit they looked at."""
    decided = {row["decision_id"]: row["problem_id"] for row in records_of(decisions)}
    topics = {
        row["action_id"]: str(decided[row["decision_id"]]).partition("@")[0]
        for row in records_of(actions)
        if row["decision_id"] in decided
    }
    known = [row for row in records_of(audits) if row["action_id"] in topics]
    return by_place({**row, "topic_id": topics[row["action_id"]]} for row in known)


def look(sightings: Sightings, catalogue: Catalogue, today: date) -> dict[Place, list[Record]]:
    """Return one row per lens for every place that anything looks at.

    Several signals of one lens in a place speak with one voice: the worst, allowing for how
    many there were and how alike such signals are.
    """
    looked = {*sightings.series, *sightings.voices, *sightings.audits}
    heard = {
        place: list(_signals_of(place, sightings, catalogue, today))
        for place in sorted(looked, key=lambda place: place.problem_id)
    }
    of_lens = {
        lens: [[s for s in signals if s.lens == lens] for signals in heard.values()]
        for lens in LENSES
    }
    most = catalogue.rules.triage.score_at_most
    alike = {lens: _likeness(places, most) for lens, places in of_lens.items()}
    return {
        place: [_row(place, (lens, alike[lens]), of_lens[lens][at], catalogue) for lens in LENSES]
        for at, place in enumerate(heard)
    }


def _likeness(places: list[list[LensSignal]], at_most: float) -> float:
    """Correlation of the signals of one lens in the same place, over all places.

    Few pairs are not believed: each of ten more is taken to have nothing in common.
    """
    scores = [
        [min(max(s.score, -at_most), at_most) for s in signals if s.score is not None]
        for signals in places
    ]
    known = np.array([score for of_place in scores for score in of_place], np.float64)
    if known.size == 0:
        return 0.0
    middle, spread = float(np.median(known)), max(float(known.std()), 1.0)
    pairs = np.array(
        [pair for of_place in scores for pair in combinations(of_place, 2)], np.float64
    ).reshape(-1, 2)
    one, other = ((pairs - middle) / spread).T
    together, apart = float(one @ other), float((one**2 + other**2).sum() / 2)
    return max(together, 0.0) / (apart + _PAIRS_BELIEVED)


def _signals_of(
    place: Place, sightings: Sightings, catalogue: Catalogue, today: date
) -> Iterator[LensSignal]:
    for one in sightings.series.get(place, []):
        yield _signal_of_series(one, catalogue)
        if one.comparison is not None:
            yield _signal_of_comparison(one, one.comparison)
    yield from _signals_of_voices(sightings.voices.get(place, []), catalogue, today)
    recent = today - timedelta(weeks=catalogue.rules.voices.recent_weeks_count)
    fresh = [
        row
        for row in sightings.audits.get(place, [])
        if recent <= day_of(row["audited_on"]) <= today
    ]
    if fresh:
        yield _signal_of_audits(fresh, catalogue.rules.evaluation.audits.floor_prop)
    evidence = sightings.evidence.get(place.topic_id, [])
    if evidence:
        yield LensSignal(
            "external_evidence", LensAnswer.AGREES, None, None, "", len(evidence), None, None,
            f"analysis.evidence: topic_id = {place.topic_id}",
        )  # fmt: skip


def _signal_of_series(one: SeriesFinding, catalogue: Catalogue) -> LensSignal:
    kind = catalogue.sources[one.indicator.source].kind
    departure, recent = one.usual_departure(), one.recent
    return LensSignal(
        lens=_LENS_OF_KIND.get(kind, "routine"),
        answer=_answer_of(one),
        score=departure.score if departure is not None else None,
        departure=departure,
        effect_unit=one.indicator.excess_unit,
        observations_count=recent.points_count if recent is not None else 0,
        period_start=recent.from_on if recent is not None else None,
        period_end=recent.until_on if recent is not None else None,
        rows_behind=f"analysis.indicator_series: {one.indicator.id}@{one.limits['unit_id']}",
    )


def _answer_of(one: SeriesFinding) -> LensAnswer:
    variation = one.limits["variation"]
    if one.is_active or one.misses_target:
        return LensAnswer.AGREES
    if variation == "too_few_points":
        return LensAnswer.DID_NOT_LOOK
    is_better = variation.startswith("improvement")
    return LensAnswer.CONTRADICTS if is_better else LensAnswer.SAW_NOTHING


def _signal_of_comparison(one: SeriesFinding, comparison: Record) -> LensSignal:
    departure = departure_from_kind(comparison, one.indicator)
    return LensSignal(
        lens="comparison",
        answer=LensAnswer(comparison["answer"]),
        score=departure.score if departure is not None else None,
        departure=departure,
        effect_unit=one.indicator.excess_unit,
        observations_count=int(comparison["units_count"] or 0),
        period_start=day_of(comparison["period_start"]),
        period_end=day_of(comparison["period_end"]),
        rows_behind=f"analysis.comparisons: {one.indicator.id}@{comparison['unit_id']}",
    )


def _signals_of_voices(
    voices: list[Record], catalogue: Catalogue, today: date
) -> Iterator[LensSignal]:
    weeks = catalogue.rules.voices.recent_weeks_count
    months = weeks * 7 / DAYS_A_MONTH
    for voice, score in zip(voices, _scores_of_counts(voices), strict=True):
        recent, expected = voice["recent_count"], voice["expected_count"]
        share = expected / voice["earlier_count"] if voice["earlier_count"] else 0.0
        error = math.sqrt(recent + share * expected) if recent or expected else 1.0
        answer = LensAnswer(voice["answer"])
        key = f"{voice['topic_id']}@{voice['unit_id']}"
        yield LensSignal(
            lens=LENS_OF_VOICE[Voice(voice["voice"])],
            answer=answer,
            score=None if answer is LensAnswer.DID_NOT_LOOK else score,
            departure=Departure((recent - expected) / months, error / months, expected / months),
            effect_unit="reports",
            observations_count=int(voice["recent_heard_count"]),
            period_start=today - timedelta(weeks=weeks),
            period_end=today - timedelta(days=1),
            rows_behind=f"analysis.themes: {key}, {voice['voice']}",
        )


def _scores_of_counts(voices: list[Record]) -> list[float]:
    """Standard errors beyond the year before, exactly, half of what is equal counted as chance."""
    from scipy.special import ndtri

    columns = ("recent_count", "earlier_count", "recent_heard_count", "earlier_heard_count")
    counts = [np.array([voice[name] for voice in voices], np.float64) for name in columns]
    if not voices:
        return []
    found = compare_counts(*counts)
    equal = found.chance_of_rise + found.chance_of_fall - 1
    middle = np.clip(found.chance_of_rise - equal / 2, 1e-15, 1 - 1e-15)
    return [float(score) for score in -ndtri(middle)]


def _signal_of_audits(audits: list[Record], standard: float) -> LensSignal:
    """What recent audits say: practice that is not done as agreed speaks for the problem."""
    checked = sum(row["records_checked_count"] for row in audits)
    missed = checked - sum(row["records_compliant_count"] for row in audits)
    allowed = 1 - standard
    score = (missed - checked * allowed) / math.sqrt(checked * allowed * standard)
    answer = LensAnswer.SAW_NOTHING
    if abs(score) >= 1.96:
        answer = LensAnswer.AGREES if score > 0 else LensAnswer.CONTRADICTS
    days = [day_of(row["audited_on"]) for row in audits]
    return LensSignal(
        "audit", answer, score, None, "records not done as agreed", checked, min(days), max(days),
        "collection.audits: " + ", ".join(sorted(row["audit_id"] for row in audits)),
    )  # fmt: skip


def _row(
    place: Place, of_lens: tuple[str, float], signals: list[LensSignal], catalogue: Catalogue
) -> Record:
    lens, alike = of_lens
    seen = [signal for signal in signals if signal.score is not None]
    told = max(seen, key=lambda s: s.score or 0.0, default=signals[0] if signals else None)
    score = _worst(seen, alike, catalogue.rules.triage.score_at_most)
    departure = told.departure if told is not None else None
    answer = strongest(signal.answer for signal in signals)
    return {
        "problem_id": place.problem_id,
        "topic_id": place.topic_id,
        "unit_id": place.unit_id,
        "lens": lens,
        "answer": str(answer),
        "direction": None if score is None else "worse" if score > 0 else "better",
        "score": score,
        "effect_per_month": departure.per_month if departure is not None else None,
        "effect_error_per_month": departure.error_per_month if departure is not None else None,
        "effect_unit": told.effect_unit if told is not None else None,
        "observations_count": told.observations_count if told is not None else 0,
        "period_start": told.period_start if told is not None else None,
        "period_end": told.period_end if told is not None else None,
        "signals_count": len(signals),
        "is_divided": len({s.answer for s in signals} & _OPPOSITES) == 2,
        "rows_behind": "; ".join(signal.rows_behind for signal in signals),
    }


_OPPOSITES = {LensAnswer.AGREES, LensAnswer.CONTRADICTS}
_PAIRS_BELIEVED = 10


def _worst(signals: list[LensSignal], alike: float, at_most: float) -> float | None:
    """Score of the worst of several signals, allowing for how many there were.

    Two measures that always say the same are one. Source: Šidák 1967, JASA 62:626; effective
    number of equally correlated tests, Nyholt 2004, Am J Hum Genet 74:765.
    """
    from scipy.special import log_ndtr, ndtri_exp

    if not signals:
        return None
    worst = max(float(signal.score or 0.0) for signal in signals)
    held = min(max(worst, -at_most), at_most)
    count = 1 + (len(signals) - 1) * (1 - alike**2)
    # P(all below) = Φ(worst) ** count, taken back to one score.
    joined = float(ndtri_exp(count * log_ndtr(held))) if count > 1 else held
    return min(max(joined, -at_most), at_most)


def strongest(answers: Iterable[LensAnswer]) -> LensAnswer:
    """What a lens says when several of its series speak: concern first, silence last."""
    given = set(answers)
    order = (LensAnswer.AGREES, LensAnswer.CONTRADICTS, LensAnswer.SAW_NOTHING)
    return next((word for word in order if word in given), LensAnswer.DID_NOT_LOOK)


def pool_wholes(
    rows: dict[Place, list[Record]], units: list[Record], smallest_count: int
) -> dict[Place, list[Record]]:
    """Return the same for directorates, and for the trust where nothing looks at it itself."""
    directorate_of = {
        unit["unit_id"]: unit.get("directorate_id")
        for unit in units
        if unit["unit_id"] != TRUST_UNIT_ID and unit.get("directorate_id")
    }
    members: dict[Place, list[Place]] = {}
    for place in rows:
        if place.unit_id != TRUST_UNIT_ID:
            for whole in (directorate_of.get(place.unit_id), TRUST_UNIT_ID):
                if whole:
                    members.setdefault(Place(place.topic_id, whole), []).append(place)
    return {
        whole: [
            _pooled(whole, [row for part in parts for row in rows[part] if row["lens"] == lens])
            for lens in LENSES
        ]
        for whole, parts in members.items()
        if len(parts) >= smallest_count and whole not in rows
    }


def _pooled(whole: Place, rows: list[Record]) -> Record:
    scores = [row["score"] for row in rows if row["score"] is not None]
    score = sum(scores) / math.sqrt(len(scores)) if scores else None
    effects = [row for row in rows if row["effect_per_month"] is not None]
    days = [row for row in rows if row["period_start"] is not None]
    return {
        **rows[0],
        "problem_id": whole.problem_id,
        "unit_id": whole.unit_id,
        "answer": str(strongest(LensAnswer(row["answer"]) for row in rows)),
        "direction": None if score is None else "worse" if score > 0 else "better",
        "score": score,
        "effect_per_month": sum(r["effect_per_month"] for r in effects) if effects else None,
        "effect_error_per_month": math.hypot(*(r["effect_error_per_month"] for r in effects))
        if effects
        else None,
        "effect_unit": effects[0]["effect_unit"] if effects else None,
        "observations_count": sum(row["observations_count"] for row in rows),
        "period_start": min((row["period_start"] for row in days), default=None),
        "period_end": max((row["period_end"] for row in days), default=None),
        "signals_count": sum(row["signals_count"] for row in rows),
        "is_divided": any(row["is_divided"] for row in rows),
        "rows_behind": "; ".join(row["rows_behind"] for row in rows if row["rows_behind"]),
    }


def evidence_by_topic(evidence: pd.DataFrame) -> dict[str, list[Record]]:
    """Return what is known elsewhere and still stands, by topic."""
    standing = (row for row in records_of(evidence) if row["standing"] == "current")
    return by_key(list(standing), "topic_id")
