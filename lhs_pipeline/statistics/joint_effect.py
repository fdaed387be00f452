"""One effect from several units that began at different times: the traces of all, added up.

Which units belong together, and what is concluded, is decided elsewhere.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lhs_pipeline.statistics.controlled_series import EffectTrace

FloatArray = NDArray[np.float64]


def join_traces(
    traces: Sequence[EffectTrace], offsets: Sequence[int], shared_prop: float
) -> EffectTrace:
    """Generalised least squares effect common to several units, on the first unit's periods.

    Scores and informations of units add up where their departures are independent; all lean on the
    same comparison path, which correlates them by `shared_prop` = 1 / (controls + 1). Both sums are
    divided by 1 + (m - 1) r, m = (sum I)^2 / sum I^2 the effective number of units (Kish 1965).

    Args:
        traces: One per unit, the first to begin first; each ends when that one ends.
        offsets: Periods by which each began later.
        shared_prop: Correlation of two units through the path.
    """
    if len(traces) == 1:
        return traces[0]
    size = traces[0].estimate.size
    information = np.stack([_later(t.information, k, size) for t, k in _paired(traces, offsets)])
    score = np.stack([_later(t.score, k, size) for t, k in _paired(traces, offsets)])
    planned = np.stack([_later(t.planned_path, k, size) for t, k in _paired(traces, offsets)])
    estimate = np.stack([_later(t.estimate, k, size) for t, k in _paired(traces, offsets)])
    inflation = _inflation(information, shared_prop)
    joint = information.sum(axis=0) / inflation
    planned_joint = planned.sum(axis=0) / _inflation(planned, shared_prop)
    weights = information[:, 0] / np.maximum(information[:, 0].sum(axis=0), 1e-12)
    recent = _pooled([(t.recent_estimate, t.recent_error) for t in traces], offsets, inflation[0])
    settled = _pooled(
        [(t.settled_estimate, t.settled_error) for t in traces], offsets, inflation[0]
    )
    average = _pooled([(t.average, t.average_error) for t in traces], offsets, inflation[0])
    return replace(
        traces[0],
        average=average[0],
        average_error=average[1],
        information=joint,
        score=score.sum(axis=0) / inflation,
        planned_information=planned_joint[:, -1],
        planned_path=planned_joint,
        estimate=np.asarray((weights * estimate).sum(axis=0)),
        standard_error=1.0 / np.sqrt(np.maximum(joint[0], 1e-12)),
        recent_estimate=recent[0],
        recent_error=recent[1],
        settled_estimate=settled[0],
        settled_error=settled[1],
        baseline_count=min(t.baseline_count for t in traces),
        noise_scale=float(np.mean([t.noise_scale for t in traces])),
    )


def _paired(traces: Sequence[EffectTrace], offsets: Sequence[int]) -> list[tuple[EffectTrace, int]]:
    """Each trace with its offset."""
    return list(zip(traces, offsets, strict=True))


def _later(values: FloatArray, offset: int, size: int) -> FloatArray:
    """The same values, begun `offset` periods later; nothing before, all at the same end."""
    moved = np.zeros((*values.shape[:-1], size))
    kept = min(values.shape[-1], size - offset)
    moved[..., offset : offset + kept] = values[..., :kept]
    return moved


def _inflation(information: FloatArray, shared_prop: float) -> FloatArray:
    total = information.sum(axis=0)
    effective = total**2 / np.maximum((information**2).sum(axis=0), 1e-24)
    return np.asarray(1.0 + np.maximum(effective - 1.0, 0.0) * shared_prop)


def _pooled(
    found: Sequence[tuple[FloatArray, FloatArray]], offsets: Sequence[int], inflation: FloatArray
) -> FloatArray:
    """Precision-weighted mean of estimates and its error, shape (2, periods)."""
    size = inflation.size
    precision = np.stack(
        [_later(1.0 / error**2, k, size) for (_, error), k in zip(found, offsets, strict=True)]
    )
    values = np.stack(
        [_later(value, k, size) for (value, _), k in zip(found, offsets, strict=True)]
    )
    total = np.maximum(precision.sum(axis=0), 1e-12)
    return np.vstack([(precision * values).sum(axis=0) / total, np.sqrt(inflation / total)])
