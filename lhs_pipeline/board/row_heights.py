"""How tall a row of a workbook must be for its wrapped text."""

import math
from collections.abc import Sequence

_LINE_POINTS, _TALLEST_POINTS = 13.0, 409.0


def find_height(values: Sequence[object], widths: Sequence[float]) -> float:
    """Points that a row needs for its longest wrapped text; not every program finds it itself.

    Args:
        values: cells of the row.
        widths: of their columns, in characters.
    """
    lines = [
        sum(math.ceil(max(len(part), 1) / width) for part in value.split("\n"))
        for value, width in zip(values, widths, strict=True)
        if isinstance(value, str)
    ]
    return min(_LINE_POINTS * max(lines, default=1) + 3, _TALLEST_POINTS)
