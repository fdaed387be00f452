"""The tables of docs/explanation/what-the-rules-find.md, written between their marks.

`python -m lhs_pipeline_tests.recovery.recovery_page` makes them anew, in a few minutes.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from lhs_pipeline.statistics.control_charts import Chart
from lhs_pipeline.statistics.spc import Rule

from .pipeline_recovery import NightRecovery, recover_night
from .planted_series import BASELINE_POINTS, WATCHED_POINTS, WORLDS
from .signal_recovery import Recovery, outside_shares, recovery_table
from .tie_recovery import STRENGTHS, TieRecovery, recover_ties

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "what-the-rules-find.md"
SEED = 1
RULE_SERIES, NIGHT_SERIES, SPREAD_SERIES, TIE_WORLDS = 20_000, 2_000, 2_000, 100
SPREADS = (0.0, 0.01, 0.03)
_SPREAD_CHARTS = (Chart.P, Chart.PP, Chart.IP, Chart.I)


def percent(share: float) -> str:
    """As every cell of the page is written, to a tenth of a per cent."""
    return f"{100 * share:.1f}%"


def tell_made() -> str:
    """What the page was made from, so that a test can see that it still is."""
    return (
        f"{BASELINE_POINTS} quiet points, then {WATCHED_POINTS} watched ones; "
        f"{RULE_SERIES:,} series a row for the rules, {NIGHT_SERIES:,} for the night, "
        f"{SPREAD_SERIES:,} for the charts, {TIE_WORLDS} worlds for the ties; seed {SEED}."
    )


def rules_table(rows: Iterable[Recovery]) -> str:
    """Shares of series flagged, rule by rule."""
    heading = ("planted", "a change?", "profile", "any rule", *(r.replace("_", " ") for r in Rule))
    return _table(
        heading,
        (
            (row.world, "yes" if row.is_change else "no", row.profile,
             percent(row.any_rule), *map(percent, row.by_rule.values()))
            for row in rows
        ),
    )  # fmt: skip


def night_table(rows: Iterable[NightRecovery]) -> str:
    """Shares of series that the night flags, counts in full and lets stand."""
    heading = ("planted in one series of ten", "a change?", "flagged", "counts in full", "stands",
               "false among flagged", "false among standing")  # fmt: skip
    return _table(
        heading,
        (
            (row.world, "yes" if row.is_change else "no", percent(row.flagged),
             percent(row.counts), percent(row.stands), percent(row.false_before),
             percent(row.false_after))
            for row in rows
        ),
    )  # fmt: skip


def spread_table(shares: dict[float, dict[Chart, float]]) -> str:
    """Shares of points outside the limits, where nothing changed."""
    return _table(
        ("true share varies by", *(f"{chart} chart" for chart in _SPREAD_CHARTS)),
        ((percent(spread), *(percent(row[chart]) for chart in _SPREAD_CHARTS))
         for spread, row in shares.items()),
    )  # fmt: skip


def ties_table(rows: Iterable[TieRecovery]) -> str:
    """Shares of planted ties found, and of false ones among those found."""
    heading = ("points", "strength of the tie", "found, with its lag", "false among those found",
               "worlds without a tie that report one")  # fmt: skip
    return _table(
        heading,
        (
            (f"{row.points} {row.grid}", f"{row.strength:g}", percent(row.found),
             percent(row.false), percent(row.reporting_none))
            for row in rows
        ),
    )  # fmt: skip


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(heading)
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def make_tables() -> dict[str, str]:
    """Every generated part of the page, by the name of its mark."""
    ties = [
        recover_ties(points, strength, TIE_WORLDS, SEED)
        for points in (156, 60, 36)
        for strength in STRENGTHS
    ]
    return {
        "made": tell_made(),
        "rules": rules_table(recovery_table(RULE_SERIES, SEED)),
        "night": night_table(recover_night(world, NIGHT_SERIES, SEED) for world in WORLDS),
        "spread": spread_table({s: outside_shares(s, SPREAD_SERIES, SEED) for s in SPREADS}),
        "ties": ties_table(ties),
    }


def read_part(page: str, name: str) -> str:
    """What stands between the marks of one part.

    Raises:
        LookupError: the page has no such part.
    """
    found = re.search(_marks(name), page, flags=re.S)
    if found is None:
        raise LookupError(f"{PAGE.name} has no part {name!r}")
    return found[2].strip()


def write_page() -> None:
    """Put every table anew between its marks."""
    page = PAGE.read_text(encoding="utf-8")
    for name, text in make_tables().items():
        read_part(page, name)
        page = re.sub(_marks(name), lambda found, t=text: f"{found[1]}\n{t}\n{found[3]}", page,
                      flags=re.S)  # fmt: skip
    PAGE.write_text(page, encoding="utf-8")


def _marks(name: str) -> str:
    return f"(<!-- {name}: made by recovery_page -->)(.*?)(<!-- end of {name} -->)"


if __name__ == "__main__":
    write_page()
