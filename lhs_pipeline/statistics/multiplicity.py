"""Many claims at once: which of them to keep so that few of those kept are wrong."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def benjamini_hochberg(
    p_values: FloatArray, rate: float, claims_count: int | None = None
) -> BoolArray:
    """Claims kept at a false discovery rate: the k smallest, k the largest with p_(k) <= k q / n.

    Valid under independence or positive dependence (Benjamini and Hochberg 1995). NaN is never
    kept, but counts as a claim.

    Args:
        p_values: (n,) one per claim.
        rate: share of the claims kept that may be wrong, q.
        claims_count: how many were looked at, where those of p = 1 are left out; None for all.
    """
    filled = np.nan_to_num(p_values, nan=1.0)
    order = np.argsort(filled, kind="stable")
    ranks = np.arange(1, filled.size + 1)
    looked = max(filled.size if claims_count is None else claims_count, 1)
    return _keep_up_to_last(order, filled[order] <= rate * ranks / looked)


def e_benjamini_hochberg(e_values: FloatArray, rate: float) -> BoolArray:
    """Claims kept from e-values: the k largest, k the largest with e_(k) >= n / (k q).

    Valid under any dependence and at any stopping time (Wang and Ramdas 2022, arXiv 2009.02824).
    """
    filled = np.nan_to_num(e_values, nan=0.0, posinf=np.inf)
    order = np.argsort(-filled, kind="stable")
    ranks = np.arange(1, filled.size + 1)
    return _keep_up_to_last(order, filled[order] >= filled.size / (ranks * rate))


def _keep_up_to_last(order: NDArray[np.intp], passes: BoolArray) -> BoolArray:
    kept = np.zeros(order.size, dtype=np.bool_)
    hits = np.flatnonzero(passes)
    if hits.size:
        kept[order[: hits[-1] + 1]] = True
    return kept


def adjust_p_values(p_values: FloatArray, claims_count: int) -> FloatArray:
    """Smallest false discovery rate at which each claim would be kept (its q-value).

    Args:
        p_values: (n,), none missing, those of all claims at or below the rate of interest.
        claims_count: of how many claims they are the smallest p-values.
    """
    order = np.argsort(p_values, kind="stable")
    raw = p_values[order] * claims_count / np.arange(1, p_values.size + 1)
    adjusted = np.empty(p_values.size)
    adjusted[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return adjusted
