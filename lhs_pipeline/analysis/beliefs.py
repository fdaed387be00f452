"""What the lenses together say of every topic in every unit: how probable a problem is there.

Learnt over all places at once, so that a lens that is often wrong here is trusted less here.
"""

from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from lhs_pipeline.analysis.lenses import (
    LOCAL_LENSES,
    Sightings,
    audits_of,
    evidence_by_topic,
    look,
    pool_wholes,
)
from lhs_pipeline.analysis.place import Place, by_place
from lhs_pipeline.analysis.series_findings import SeriesTables, arrange_series
from lhs_pipeline.catalogue.model import Catalogue, TriagePolicy
from lhs_pipeline.statistics.common_cause import CausePriors, CommonCause, find_common_cause
from lhs_pipeline.statistics.lens_combination import (
    Combination,
    Decomposition,
    combine_lenses,
    combine_residuals,
    decompose,
    log_odds,
    probability_of,
)
from lhs_pipeline.statistics.lens_fit import Candidates, refit_lenses, reshape_lenses
from lhs_pipeline.statistics.lens_learning import LensPriors
from lhs_pipeline.statistics.lens_shape import ShapePriors
from lhs_pipeline.vocabulary import TRUST_UNIT_ID
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

LENS_ROWS = declare(
    "analysis.lenses",
    "What each lens says of each topic in each unit, and what that added to what is believed.",
    "one row per topic, unit (a directorate and the trust too) and lens",
    {
        "problem_id": "VARCHAR topic@unit; most are no problem",
        "topic_id": "VARCHAR topic of the catalogue",
        "unit_id": "VARCHAR unit, directorate or trust",
        "lens": "VARCHAR routine, comparison, patient_voice, staff_voice, safety_reports, audit "
        "or external_evidence",
        "answer": "VARCHAR agrees, contradicts, saw_nothing or did_not_look",
        "direction": "VARCHAR worse or better; null where nothing could be seen",
        "score": "DOUBLE standard errors beyond what is usual; positive is worse",
        "effect_per_month": "DOUBLE events a month beyond what is usual; negative is fewer",
        "effect_error_per_month": "DOUBLE its standard error",
        "effect_unit": "VARCHAR what those events are",
        "observations_count": "BIGINT points, reports heard, units compared or records checked",
        "period_start": "DATE first day that it looked at",
        "period_end": "DATE last day that it looked at",
        "signals_count": "BIGINT signals of this lens that were brought to one",
        "is_divided": "BOOLEAN whether one signal of this lens agrees and another contradicts",
        "rows_behind": "VARCHAR where the rows behind it stand",
        "added_log_odds": "DOUBLE log odds that it added; negative spoke against",
        "probability_without_prop": "DOUBLE probability of the problem had it not looked",
        "loud_prop": "DOUBLE probability that what it shows has another reason",
    },
)
BELIEFS = declare(
    "analysis.beliefs",
    "How probable a problem is for each topic in each unit, all lenses together.",
    "one row per topic and unit (a directorate and the trust too) that a lens looks at",
    {
        "problem_id": "VARCHAR topic@unit; most are no problem",
        "topic_id": "VARCHAR topic of the catalogue",
        "unit_id": "VARCHAR unit, directorate or trust",
        "real_prop": "DOUBLE probability that something is wrong here",
        "size": "DOUBLE size if it is; 1 is a typical problem",
        "common_cause_prop": "DOUBLE of a directorate or trust: probability that one cause is "
        "behind what its units show",
        "units_touched_count": "BIGINT units that such a cause probably touches",
        "cause_unit_id": "VARCHAR of a unit: directorate or trust whose common cause explains it",
        "beyond_cause_score": "DOUBLE of a unit: standard errors beyond that common cause",
    },
)
LENS_RELIABILITY = declare(
    "analysis.lens_reliability",
    "How far each lens could be trusted tonight, learnt from all places together.",
    "one row per lens",
    {
        "lens": "VARCHAR lens",
        "looked_prop": "DOUBLE share of places that it looks at",
        "reliability": "DOUBLE own standard deviations by which a typical problem moves it",
        "noise_spread": "DOUBLE standard deviation of its score where nothing is wrong; 1 is as "
        "its own error says",
        "shared_correlation": "DOUBLE largest correlation of its errors with another lens's",
        "shared_with": "VARCHAR that lens",
        "habit_spread": "DOUBLE how much units differ in how readily this lens reports them",
        "loud_prop": "DOUBLE chance that it is loud for a reason of its own",
        "real_count_spread_prop": "DOUBLE how unsure the number of real problems is, as a share "
        "of it; the same for all lenses",
    },
)

BELIEF_SENSITIVITY = declare(
    "analysis.belief_sensitivity",
    "How probable a problem would be if one thing that is believed of the lenses before their "
    "data were half or twice as large.",
    "one row per belief of policy.toml and place among the most probable ones",
    {
        "problem_id": "VARCHAR topic@unit",
        "tunable": "VARCHAR key of policy.toml",
        "real_prop": "DOUBLE probability as things are declared",
        "real_prop_if_halved": "DOUBLE if it were half as large",
        "real_prop_if_doubled": "DOUBLE if it were twice as large",
    },
)
_PLACES_TRIED = 300
_FACTORS = (0.5, 2.0)
"""So many of the most probable places are tried; further down no rank hangs on it."""


@dataclass(frozen=True)
class BeliefTables:
    """The three tables that weighing all lenses produces, and what they were made from."""

    lenses: pd.DataFrame
    beliefs: pd.DataFrame
    lens_reliability: pd.DataFrame
    weighed: tuple["_Weighed", ...] = ()


@dataclass(frozen=True)
class _Weighed:
    """Places with what is believed of them; sums of units after the units themselves."""

    places: list[Place]
    scores: np.ndarray
    found: Combination
    parts: Decomposition


@dataclass(frozen=True)
class Cause:
    """One cause for the units of a directorate or the trust."""

    unit_id: str
    unit_ids: list[str]
    common: CommonCause


def priors_of(policy: TriagePolicy) -> LensPriors:
    """Return the signed beliefs in the form that learning asks for."""
    return LensPriors(
        real_prop=policy.prior_real_prop,
        real_weight_count=policy.prior_real_weight_count,
        response=policy.prior_response,
        response_log_spread=policy.prior_response_log_spread,
        response_weight_count=policy.prior_response_weight_count,
        specific=policy.prior_specific,
        specific_weight_count=policy.prior_specific_weight_count,
        size_shape=policy.prior_size_shape,
        size_weight_count=policy.prior_size_weight_count,
        noise_weight_count=policy.prior_noise_weight_count,
        standard_weight_count=policy.prior_standard_weight_count,
        loud_prop=policy.prior_loud_prop,
        loud_weight_count=policy.prior_loud_weight_count,
        skew=policy.prior_skew,
        tail=policy.prior_tail,
        skew_among=policy.prior_skew_among,
        tail_among=policy.prior_tail_among,
    )


def weigh_lenses(
    of_units: dict[Place, list[Record]],
    of_wholes: dict[Place, list[Record]],
    directorates: dict[str, str],
    policy: TriagePolicy,
) -> BeliefTables:
    """Return what the lenses mean together, for units and for what they are parts of.

    Args:
        of_units: rows of every lens by place, of units.
        of_wholes: the same of directorates and the trust, from whose sums nothing is learnt.
        directorates: directorate of each unit.
        policy: beliefs before the data.
    """
    if not of_units and not of_wholes:
        nothing = [frame_of(table, []) for table in (LENS_ROWS, BELIEFS, LENS_RELIABILITY)]
        return BeliefTables(nothing[0], nothing[1], nothing[2])
    units = _weigh_units(of_units, policy)
    wholes = _weigh_wholes(of_wholes, units)
    causes = _find_causes(units, directorates, policy)
    rows = [*_lens_rows(units, of_units), *_lens_rows(wholes, of_wholes)]
    beliefs = [*_unit_rows(units, causes), *_whole_rows(wholes, causes)]
    return BeliefTables(
        frame_of(LENS_ROWS, rows),
        frame_of(BELIEFS, beliefs),
        frame_of(LENS_RELIABILITY, _reliability_rows(units)),
        (units, wholes),
    )


def try_other_priors(found: BeliefTables, policy: TriagePolicy) -> pd.DataFrame:
    """Return where the most probable places would stand with each prior halved and doubled."""
    if not found.weighed or not found.weighed[0].places:
        return frame_of(BELIEF_SENSITIVITY, [])
    units, priors = found.weighed[0], priors_of(policy)
    first, residuals, scores = _most_probable(found.weighed)
    candidates = Candidates(units.found.residuals, _groups_of(units.places))
    trial = _Trial(units, candidates, residuals, scores)
    before = log_odds(np.array([probability for probability, _ in first]))
    of_shapes = [field.name for field in fields(ShapePriors)]
    of_lenses = [field.name for field in fields(LensPriors) if field.name not in of_shapes]
    rows = []
    for learn, names in ((trial.relearn, of_lenses), (trial.reshape, of_shapes)):
        # What is learnt anew by the same priors is no effect of any.
        at_rest = learn(priors)
        for name in names:
            others = (replace(priors, **{name: f * getattr(priors, name)}) for f in _FACTORS)
            tried = [probability_of(before + learn(other) - at_rest) for other in others]
            rows += _tried_rows(f"prior_{name}", first, tried)
    capped = [trial.cap(policy.score_at_most, factor) for factor in _FACTORS]
    rows += _tried_rows("score_at_most", first, [probability_of(odds) for odds in capped])
    return frame_of(BELIEF_SENSITIVITY, rows)


@dataclass(frozen=True)
class _Trial:
    """The most probable places; log odds that they would have, were something else believed."""

    units: "_Weighed"
    candidates: Candidates
    residuals: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]

    def relearn(self, priors: LensPriors) -> npt.NDArray[np.float64]:
        """By other priors of how lenses behave."""
        fit = refit_lenses(self.candidates, self.units.found.fit, priors)
        return log_odds(combine_residuals(self.residuals, fit).probability)

    def reshape(self, priors: LensPriors) -> npt.NDArray[np.float64]:
        """By other priors of the shape of errors."""
        fit = self.units.found.fit
        shapes = reshape_lenses(self.candidates, self.units.scores, fit, priors)
        return self._moved_to(shapes.straighten(self.scores))

    def cap(self, at_most: float, factor: float) -> npt.NDArray[np.float64]:
        """By another cap on the scores."""
        capped = _capped(self.scores, at_most, factor)
        return self._moved_to(self.units.found.fit.straighten(capped))

    def _moved_to(self, straight: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        fit = self.units.found.fit
        moved = self.residuals + straight - fit.straighten(self.scores)
        return log_odds(combine_residuals(moved, fit).probability)


def _most_probable(
    weighed: tuple["_Weighed", ...],
) -> tuple[list[tuple[float, str]], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Probability and id of the most probable places, their residuals and their scores."""
    believed = [
        (float(g.found.probability[i]), g.places[i].problem_id, g.found.residuals[i], g.scores[i])
        for g in weighed
        for i in range(len(g.places))
    ]
    first = sorted(believed, key=lambda one: (-one[0], one[1]))[:_PLACES_TRIED]
    ids = [(one[0], one[1]) for one in first]
    return ids, np.array([one[2] for one in first]), np.array([one[3] for one in first])


def _capped(
    scores: npt.NDArray[np.float64], at_most: float, factor: float
) -> npt.NDArray[np.float64]:
    """Each score by another cap; what the cap has cut reaches up to the next."""
    cap = factor * at_most
    full = np.where(np.abs(scores) >= at_most, np.copysign(np.inf, scores), scores)
    return np.asarray(np.clip(full, -cap, cap), np.float64)


def _tried_rows(
    tunable: str, first: list[tuple[float, str]], tried: list[npt.NDArray[np.float64]]
) -> list[Record]:
    return [
        {
            "problem_id": problem_id,
            "tunable": tunable,
            "real_prop": now,
            "real_prop_if_halved": float(halved),
            "real_prop_if_doubled": float(doubled),
        }
        for (now, problem_id), halved, doubled in zip(first, *tried, strict=True)
    ]


def _groups_of(places: list[Place]) -> npt.NDArray[np.int64]:
    """Units counted from 0: what one of them reports readily, it reports on every topic."""
    _, groups = np.unique([place.unit_id for place in places], return_inverse=True)
    return groups.astype(np.int64)


def _scores(rows: dict[Place, list[Record]]) -> np.ndarray:
    """Matrix of scores, one column per local lens."""
    table = [
        [np.nan if row["score"] is None else row["score"] for row in of_place]
        for of_place in rows.values()
    ]
    if not table:
        return np.empty((0, len(LOCAL_LENSES)))
    return np.array(table, dtype=np.float64)[:, : len(LOCAL_LENSES)]


def _weigh_units(rows: dict[Place, list[Record]], policy: TriagePolicy) -> _Weighed:
    scores = _scores(rows)
    places = list(rows)
    found = combine_lenses(Candidates(scores, _groups_of(places)), priors_of(policy))
    return _Weighed(places, scores, found, decompose(found))


def _weigh_wholes(rows: dict[Place, list[Record]], units: _Weighed) -> _Weighed:
    scores = _scores(rows)
    fit = units.found.fit
    found = combine_residuals(fit.straighten(scores) - fit.model.centre, fit)
    return _Weighed(list(rows), scores, found, decompose(found))


def _find_causes(
    units: _Weighed, directorates: dict[str, str], policy: TriagePolicy
) -> dict[str, list[Cause]]:
    """Common causes of each topic, the widest first; a narrower one only where it is needed."""
    # A comparison with the others of its kind cannot see what all of them share.
    blind = units.found.residuals.copy()
    blind[:, LOCAL_LENSES.index("comparison")] = np.nan
    seen = combine_residuals(blind, units.found.fit)
    by_topic: dict[str, list[int]] = {}
    for i, place in enumerate(units.places):
        if np.isfinite(seen.pull[i]):
            by_topic.setdefault(place.topic_id, []).append(i)
    causes: dict[str, list[Cause]] = {}
    for topic_id, members in by_topic.items():
        of_unit = {units.places[i].unit_id: i for i in members}
        whole = _cause(TRUST_UNIT_ID, of_unit, seen, policy)
        found = [whole] if whole is not None else []
        if whole is None or whole.common.probability <= policy.widespread_probability_prop:
            for directorate in sorted({directorates[u] for u in of_unit if u in directorates}):
                part = {u: i for u, i in of_unit.items() if directorates.get(u) == directorate}
                cause = _cause(directorate, part, seen, policy)
                found += [cause] if cause is not None else []
        causes[topic_id] = found
    return causes


def _cause(
    unit_id: str, of_unit: dict[str, int], seen: Combination, policy: TriagePolicy
) -> Cause | None:
    if len(of_unit) < policy.widespread_units_count:
        return None
    rows = list(of_unit.values())
    priors = CausePriors(
        real_prop=policy.prior_real_prop,
        size_spread=1 / float(np.sqrt(policy.prior_size_shape)),
        alike_spread=0.5 / float(np.sqrt(policy.prior_size_shape)),
        smallest_share=policy.widespread_unit_prop,
    )
    common = find_common_cause(seen.pull[rows], seen.pull_error[rows], priors)
    return Cause(unit_id, list(of_unit), common)


def _lens_rows(weighed: _Weighed, rows: dict[Place, list[Record]]) -> list[Record]:
    made = []
    for i, of_place in enumerate(rows.values()):
        for lens, row in enumerate(of_place):
            is_local = lens < len(LOCAL_LENSES) and row["score"] is not None
            made.append(
                {
                    **row,
                    "added_log_odds": float(weighed.parts.added[i, lens]) if is_local else None,
                    "probability_without_prop": float(weighed.parts.without[i, lens])
                    if is_local
                    else None,
                    "loud_prop": float(weighed.found.loud[i, lens]) if is_local else None,
                }
            )
    return made


def _unit_rows(weighed: _Weighed, causes: dict[str, list[Cause]]) -> list[Record]:
    made = []
    for i, place in enumerate(weighed.places):
        ours = [
            cause for cause in causes.get(place.topic_id, []) if place.unit_id in cause.unit_ids
        ]
        cause = max(ours, key=lambda c: c.common.probability, default=None)
        beyond = cause.common.beyond[cause.unit_ids.index(place.unit_id)] if cause else None
        made.append(
            {
                **_belief(weighed, i),
                "common_cause_prop": None,
                "units_touched_count": None,
                "cause_unit_id": cause.unit_id if cause else None,
                "beyond_cause_score": float(beyond) if beyond is not None else None,
            }
        )
    return made


def _whole_rows(weighed: _Weighed, causes: dict[str, list[Cause]]) -> list[Record]:
    made = []
    for i, place in enumerate(weighed.places):
        ours = [c for c in causes.get(place.topic_id, []) if c.unit_id == place.unit_id]
        common = ours[0].common if ours else None
        made.append(
            {
                **_belief(weighed, i),
                "common_cause_prop": common.probability if common else None,
                "units_touched_count": int((common.touched > 0.5).sum()) if common else None,
                "cause_unit_id": None,
                "beyond_cause_score": None,
            }
        )
    return made


def _belief(weighed: _Weighed, i: int) -> Record:
    place = weighed.places[i]
    return {
        "problem_id": place.problem_id,
        "topic_id": place.topic_id,
        "unit_id": place.unit_id,
        "real_prop": float(weighed.found.probability[i]),
        "size": float(weighed.found.size[i]),
    }


def _reliability_rows(units: _Weighed) -> list[Record]:
    model, fit = units.found.fit.model, units.found.fit
    spread = np.sqrt(np.diag(model.noise))
    shared = model.noise / np.outer(spread, spread) - np.eye(len(spread))
    looked = ~np.isnan(units.scores)
    return [
        {
            "lens": lens,
            "looked_prop": float(looked[:, i].mean()) if len(looked) else 0.0,
            "reliability": float(model.reliability[i]),
            "noise_spread": float(spread[i]),
            "shared_correlation": float(shared[i].max()),
            "shared_with": LOCAL_LENSES[int(shared[i].argmax())],
            "habit_spread": float(fit.habit_spread[i]),
            "loud_prop": float(model.loud_prop[i]),
            "real_count_spread_prop": fit.doubt.real_prop_spread,
        }
        for i, lens in enumerate(LOCAL_LENSES)
    ]


@dataclass(frozen=True)
class LensFindings:
    """The tables that lenses look through."""

    limits: pd.DataFrame
    episodes: pd.DataFrame
    comparisons: pd.DataFrame
    recent_levels: pd.DataFrame
    voice_signals: pd.DataFrame
    evidence: pd.DataFrame
    units: pd.DataFrame
    audits: pd.DataFrame
    actions: pd.DataFrame
    decisions: pd.DataFrame


def find_beliefs(findings: LensFindings, catalogue: Catalogue, today: date) -> BeliefTables:
    """Return what every lens says of every topic in every unit, and what that means together."""
    series = SeriesTables(
        findings.limits, findings.episodes, findings.comparisons, findings.recent_levels
    )
    sightings = Sightings(
        series=arrange_series(series, catalogue),
        voices=by_place(records_of(findings.voice_signals)),
        audits=audits_of(findings.audits, findings.actions, findings.decisions),
        evidence=evidence_by_topic(findings.evidence),
    )
    looked = look(sightings, catalogue, today)
    units = records_of(findings.units)
    policy = catalogue.rules.triage
    of_units = {place: rows for place, rows in looked.items() if place.unit_id != TRUST_UNIT_ID}
    of_trust = {place: rows for place, rows in looked.items() if place.unit_id == TRUST_UNIT_ID}
    pooled = pool_wholes(looked, units, policy.widespread_units_count)
    return weigh_lenses(
        of_units,
        {**of_trust, **pooled},
        {u["unit_id"]: u["directorate_id"] for u in units if u.get("directorate_id")},
        policy,
    )
