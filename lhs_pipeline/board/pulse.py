"""The placebo heartbeat in words: how often would we have closed a change that never was?"""

import pandas as pd

from lhs_pipeline.closure.heartbeat import sum_up

_NONE_YET = (
    "No dummy change has been judged here yet: that needs a measure with two years of figures on "
    "at least six units."
)


def tell_pulse(heartbeat: pd.DataFrame) -> str:
    """One or two sentences for the front page and the page on method."""
    found = sum_up(heartbeat)
    if found.dummies_count == 0:
        return _NONE_YET
    nights = heartbeat["night_on"].nunique()
    return (
        f"Of {found.dummies_count:,} dummy changes, placed where nothing was changed and judged "
        f"over {nights:,} {'night' if nights == 1 else 'nights'} like real ones, "
        f"{found.closed_count:,} would have been closed: {_percent(found.rate_prop)} "
        f"(range {_percent(found.lower_prop)} to {_percent(found.upper_prop)}). "
        "We aim at 5% or less."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
