"""Evidence from small repeated audits that compliance is truly above a floor.

Records seen on one ward by one auditor resemble one another; the beta-binomial allows for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class AuditRule:
    """When audits suffice.

    Attributes:
        floor_prop: Compliance at or below which nothing has been achieved.
        alternatives_prop: Compliance levels that would count as achieved.
        clustering: Correlation of records within a cluster, 0 for none.
        needed_evidence: E-value from which the floor is refuted.
        recent_audits: How many of the latest audits must also be good.
        recent_prop: Pooled compliance that they must show.
    """

    floor_prop: float
    alternatives_prop: tuple[float, ...]
    clustering: float
    needed_evidence: float
    recent_audits: int
    recent_prop: float


@dataclass(frozen=True)
class AuditEvidence:
    """State after each audit.

    Attributes:
        evidence: E-value against compliance at or below the floor.
        recent_prop: Pooled compliance of the latest audits; NaN until there are enough.
        is_reliable: Whether both conditions hold.
    """

    evidence: FloatArray
    recent_prop: FloatArray
    is_reliable: NDArray[np.bool_]


def weigh_audits(
    compliant: FloatArray,
    checked: FloatArray,
    rule: AuditRule,
    clusters: NDArray[np.int64] | None = None,
) -> AuditEvidence:
    """Evidence after each audit that compliance exceeds the floor; may be read after every audit.

    E_t = mean over alternatives p of prod_c BB(X_c; N_c, p) / BB(X_c; N_c, floor), X_c of N_c
    records so far in cluster c and BB the beta-binomial with correlation r (a = p(1 - r)/r), so
    that a ward or an auditor that is always kind can only ever say so much. The ratio rises with X,
    so its expectation is at most one for every compliance at or below the floor, and E stays a
    supermartingale (Ville; Vovk and Wang 2021, arXiv 1912.06116).

    Args:
        compliant: Compliant records per audit, in order of time.
        checked: Records checked per audit.
        rule: Floor, alternatives and needs.
        clusters: Which ward and auditor each audit belongs to, 0 .. n-1; each its own if None.
    """
    owner = np.arange(compliant.size) if clusters is None else clusters
    so_far = _running(compliant, owner), _running(checked, owner)
    earlier = so_far[0] - compliant, so_far[1] - checked
    floor = _gain(so_far, earlier, rule.floor_prop, rule.clustering)
    paths = [
        np.cumsum(_gain(so_far, earlier, level, rule.clustering) - floor)
        for level in rule.alternatives_prop
    ]
    evidence = np.exp(np.logaddexp.reduce(np.vstack(paths), axis=0) - np.log(len(paths)))
    recent = _recent_share(compliant, checked, rule.recent_audits)
    enough = np.nan_to_num(recent, nan=-1.0) >= rule.recent_prop
    return AuditEvidence(evidence, recent, (evidence >= rule.needed_evidence) & enough)


def _running(values: FloatArray, owner: NDArray[np.int64]) -> FloatArray:
    """Sum of the cluster's values so far, at each audit."""
    sums = np.zeros(values.size)
    for cluster in np.unique(owner):
        sums[owner == cluster] = np.cumsum(values[owner == cluster])
    return sums


def _gain(
    so_far: tuple[FloatArray, FloatArray],
    earlier: tuple[FloatArray, FloatArray],
    level: float,
    clustering: float,
) -> FloatArray:
    """What each audit adds to the log probability of its cluster."""
    return _log_mass(*so_far, level, clustering) - _log_mass(*earlier, level, clustering)


def _log_mass(
    compliant: FloatArray, checked: FloatArray, level: float, clustering: float
) -> FloatArray:
    """Beta-binomial log probability up to the binomial coefficient, which cancels in the ratio."""
    if clustering <= 0.0:
        return np.asarray(compliant * np.log(level) + (checked - compliant) * np.log1p(-level))
    size = (1.0 - clustering) / clustering
    up, down = level * size, (1.0 - level) * size
    return np.asarray(betaln(compliant + up, checked - compliant + down) - betaln(up, down))


def _recent_share(compliant: FloatArray, checked: FloatArray, count: int) -> FloatArray:
    sums = np.cumsum(np.vstack([compliant, checked]), axis=1)
    sums[:, count:] = sums[:, count:] - sums[:, :-count]
    share = sums[0] / np.maximum(sums[1], 1e-12)
    share[: count - 1] = np.nan
    return np.asarray(share)
