"""How much more happens than should, in natural units, without the luck of the draw.

Estimates of every candidate are shrunk towards what real problems of their kind amount to, so
that what leads the list is not what was measured worst.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lhs_pipeline.analysis.place import Place
from lhs_pipeline.analysis.problem_cycles import Known
from lhs_pipeline.analysis.series_findings import DAYS_A_MONTH, Departure, SeriesFinding
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.statistics.avoidable_harm import shrink
from lhs_pipeline.vocabulary import LensAnswer
from lhs_pipeline.warehouse.table import Record


@dataclass(frozen=True)
class Excess:
    """Events a month beyond what is usual or wanted, if the problem is real.

    Attributes:
        lead: series that leads the problem; None for voices alone.
        kind: what it is measured against: usual, kind, target or reports; nothing where there is
            nothing to measure.
        unit: what the events are.
        severity_weight: moderate-harm equivalents per event.
        measured: as measured; negative where it is better.
        error: standard error of that.
        scale: events a month that its relative size refers to.
        probability: that the problem is real.
        expected: shrunken.
        spread: standard deviation of what is left unknown.
    """

    lead: SeriesFinding | None
    kind: str
    unit: str
    severity_weight: float
    measured: float
    error: float
    scale: float
    probability: float
    expected: float = 0.0
    spread: float = 0.0


_REFERENCE = {
    "stands_out": "kind",
    "misses_target": "target",
    "never_met_target": "target",
}


def measure_excess(
    places: Iterable[Place], known: Known, catalogue: Catalogue
) -> dict[Place, Excess]:
    """Return the shrunken excess of every place, learnt from all of them together."""
    raw = {place: _measure(place, known, catalogue) for place in places}
    shrunken: dict[Place, Excess] = {}
    for kind in ("usual", "kind", "target", "reports"):
        chosen = [place for place, one in raw.items() if one.kind == kind]
        shrunken |= _shrink_kind(chosen, raw)
    return {**raw, **shrunken}


def _shrink_kind(places: list[Place], raw: dict[Place, Excess]) -> dict[Place, Excess]:
    if not places:
        return {}
    ones = [raw[place] for place in places]
    scale = np.array([max(one.scale, 1e-9) for one in ones])
    estimates = np.array([one.measured for one in ones]) / scale
    variances = (np.array([one.error for one in ones]) / scale) ** 2
    weights = np.array([one.probability for one in ones])
    found = shrink(estimates, np.maximum(variances, 1e-12), weights)
    return {
        place: Excess(
            one.lead, one.kind, one.unit, one.severity_weight, one.measured, one.error, one.scale,
            one.probability, max(float(found.mean[i] * scale[i]), 0.0),
            float(np.sqrt(found.variance[i]) * scale[i]),
        )
        for i, (place, one) in enumerate(zip(places, ones, strict=True))
    }  # fmt: skip


def lead_of(place: Place, known: Known) -> SeriesFinding | None:
    """Return what leads a problem: a change over time, then a difference, then most harm."""
    return max(known.series.get(place, []), key=_prominence, default=None)


def _prominence(series: SeriesFinding) -> tuple[bool, bool, bool, float]:
    shows = series.pattern is not None
    return series.is_active, series.stands_out, shows, series.harm_per_month


def believe(place: Place, known: Known) -> float:
    """Return the probability that the problem is real, as it is claimed.

    Against a target the claim is that the level lies beyond it; against the past or the kind it
    is what the lenses together say; of a whole, also that its parts share a cause.
    """
    belief = known.beliefs.get(place.problem_id)
    together = float(belief["real_prop"]) if belief is not None else 0.0
    common = belief["common_cause_prop"] if belief is not None else None
    lead = lead_of(place, known)
    # Whoever is set against its kind may miss the target too, as nearly all of its kind do.
    is_of_target = lead is not None and _REFERENCE.get(lead.pattern or "") == "target"
    misses = _beyond_target(lead) if lead is not None and is_of_target else 0.0
    return max(together, float(common or 0.0), misses)


def _beyond_target(one: SeriesFinding) -> float:
    """Probability that the level of a series lies beyond its target."""
    from scipy.special import ndtr

    found = one.departure_from(one.limits["target"])
    if one.missed is not None:
        # So many misses in a row: Laplace's rule of succession.
        return (one.missed.points_count + 1) / (one.missed.points_count + 2)
    score = found.score if found is not None else None
    return float(ndtr(score)) if score is not None else 0.0


def _measure(place: Place, known: Known, catalogue: Catalogue) -> Excess:
    probability = believe(place, known)
    lead = lead_of(place, known)
    departure = lead.departure if lead is not None else None
    is_better = departure is None or departure.per_month <= 0
    voices = [v for v in known.voices.get(place, []) if v["answer"] == LensAnswer.AGREES]
    if lead is not None and departure is not None and not (is_better and voices):
        kind = _REFERENCE.get(lead.pattern or "", "usual")
        return _of_series(lead, kind, departure, probability)
    if not voices and place.unit_id not in known.unit_ids:
        pooled = _of_lenses(place, known, catalogue, probability)
        if pooled is not None:
            return pooled
    weight = catalogue.topics[place.topic_id].severity_weight_per_report
    return _of_voices(lead, voices, weight, (catalogue, probability))


def _of_series(lead: SeriesFinding, kind: str, departure: Departure, probability: float) -> Excess:
    return Excess(
        lead=lead,
        kind=kind,
        unit=lead.indicator.excess_unit,
        severity_weight=lead.indicator.severity_weight,
        measured=departure.per_month,
        error=departure.error_per_month or abs(departure.per_month) / 4,
        scale=departure.expected_per_month,
        probability=probability,
    )


def _of_lenses(
    place: Place, known: Known, catalogue: Catalogue, probability: float
) -> Excess | None:
    """Of a whole without series of its own: what the loudest lens of its parts adds up to."""
    rows = known.lenses.get(place.problem_id, {}).values()
    seen = [row for row in rows if (row["effect_per_month"] or 0) > 0 and row["score"] is not None]
    if not seen:
        return None
    row = max(seen, key=lambda row: row["score"])
    topic = catalogue.topics[place.topic_id]
    weights = {i.excess_unit: i.severity_weight for i in catalogue.indicators_of(topic.id)}
    return Excess(
        lead=None,
        kind="usual",
        unit=row["effect_unit"],
        severity_weight=weights.get(row["effect_unit"], topic.severity_weight_per_report),
        measured=row["effect_per_month"],
        error=row["effect_error_per_month"],
        scale=row["effect_per_month"],
        probability=probability,
    )


def _of_voices(
    lead: SeriesFinding | None,
    voices: list[Record],
    weight: float,
    known: tuple[Catalogue, float],
) -> Excess:
    months = known[0].rules.voices.recent_weeks_count * 7 / DAYS_A_MONTH
    recent = sum(voice["recent_count"] for voice in voices)
    expected = sum(voice["expected_count"] for voice in voices)
    return Excess(
        lead=lead,
        kind="reports" if voices else "nothing",
        unit="reports",
        severity_weight=weight,
        measured=(recent - expected) / months,
        error=math.sqrt(recent + expected) / months if recent or expected else 1.0,
        scale=1.0,
        probability=known[1] if voices else 0.0,
    )
