"""The page says what the code does: parts of its tables are made anew and must agree."""

import numpy as np
import pytest

from lhs_pipeline.statistics.spc import MDC, NHSR, Rule

from . import recovery_page
from .pipeline_recovery import PLANTED_SHARE, recover_night
from .planted_series import WORLDS
from .recovery_page import NIGHT_SERIES, PAGE, RULE_SERIES, read_part
from .signal_recovery import recover
from .tie_recovery import STRENGTHS, recover_ties

TEXT = PAGE.read_text(encoding="utf-8")
FEW = 2_000


def cells_of(name: str) -> list[list[str]]:
    """The rows of a table of the page below its heading."""
    lines = read_part(TEXT, name).splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def share_of(cell: str) -> float:
    return float(cell.removesuffix("%")) / 100


def near(share: float, other: float, one_count: float, other_count: float) -> bool:
    """Whether two shares of samples agree: 4.5 standard errors, and the page's rounding."""
    pooled = (share * one_count + other * other_count) / (one_count + other_count)
    error = np.sqrt(pooled * (1 - pooled) * (1 / one_count + 1 / other_count))
    return bool(abs(share - other) <= 4.5 * error + 0.0015)


def test_the_page_says_from_what_it_was_made() -> None:
    assert read_part(TEXT, "made") == recovery_page.tell_made()


def test_every_world_has_its_row() -> None:
    names = [(world.name, "yes" if world.is_change else "no") for world in WORLDS]
    assert [tuple(row[:2]) for row in cells_of("night")] == names
    assert [tuple(row[:3]) for row in cells_of("rules")] == [
        (*name, profile.name) for profile in (MDC, NHSR) for name in names
    ]
    assert len(cells_of("ties")) == 3 * len(STRENGTHS)


@pytest.mark.parametrize("profile", [MDC, NHSR], ids=lambda profile: profile.name)
def test_the_shares_of_the_rules_are_those_of_the_code(profile) -> None:
    """Other series, made from another seed."""
    rows = {row[0]: row for row in cells_of("rules") if row[2] == profile.name}
    for world in WORLDS:
        made = recover(world, profile, FEW, seed=77)
        shares = [made.any_rule, *(made.by_rule[rule] for rule in Rule)]
        for cell, share in zip(rows[world.name][3:], shares, strict=True):
            assert near(share_of(cell), share, RULE_SERIES, FEW), (world.name, cell, share)


@pytest.mark.parametrize("name", ["shift of 2 SD", "autocorrelation of 0.6"])
def test_the_shares_of_the_night_are_those_of_the_code(name: str) -> None:
    """As many series, from another seed: control over all depends on how many there are."""
    world = next(each for each in WORLDS if each.name == name)
    row = next(each for each in cells_of("night") if each[0] == name)
    few = NIGHT_SERIES
    made = recover_night(world, few, seed=78)
    for cell, share in zip(row[2:5], (made.flagged, made.counts, made.stands), strict=True):
        planted = (NIGHT_SERIES * PLANTED_SHARE, few * PLANTED_SHARE)
        assert near(share_of(cell), share, *planted), (cell, share)


def test_ties_are_found_and_seldom_falsely() -> None:
    """156 weeks: strong ties nearly always, and few false ones at the stated 5%."""
    row = next(each for each in cells_of("ties") if each[:2] == ["156 weeks", "0.5"])
    made = recover_ties(156, 0.5, worlds=12, seed=79)
    assert near(share_of(row[2]), made.found, 800, 96)
    assert made.found > 0.8 and made.false <= 0.15 and made.reporting_none <= 0.35
    assert all(share_of(cells[3]) <= 0.12 for cells in cells_of("ties") if share_of(cells[2]) > 0.2)
