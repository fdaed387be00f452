"""A rule that a release has given up costs no night; a slip of the pen is still refused."""

import re
from pathlib import Path

import pytest

from lhs_pipeline.catalogue.idle import RETIRED, count_idle, known_keys, tell_idle
from lhs_pipeline.catalogue.model import Policy
from lhs_pipeline.catalogue.reader import CatalogueError, read_catalogue, read_policy


def rewrite(folder: Path, pattern: str, new: str) -> None:
    file = folder / "policy.toml"
    text, count = re.subn(pattern, new, file.read_text(encoding="utf-8"), flags=re.M)
    assert count == 1
    file.write_text(text, encoding="utf-8")


def test_a_site_that_keeps_up_says_nothing_in_vain(folder: Path) -> None:
    assert read_catalogue(folder).idle == read_catalogue().idle == ()
    assert list(tell_idle(())) == [] and count_idle(()) == ""


def test_rules_that_were_given_up_are_set_aside_and_told(folder: Path) -> None:
    for name in RETIRED:
        table, key = name.split(".")
        assert key not in known_keys(Policy, [table])
        rewrite(folder, rf"^(\[{table}\].*)$", rf"\1\n{key} = 3")
    catalogue = read_catalogue(folder)
    assert catalogue.policy == read_policy()
    head, *told = tell_idle(catalogue.idle)
    assert head.startswith(f"{len(RETIRED)} entries of this site's own files are not used.")
    for name in RETIRED:
        table, key = name.split(".")
        below = told[told.index(f"  policy.toml [{table}]") :]
        assert any(line.startswith(f"      {key}: no longer used since 2") for line in below)


def test_a_rule_given_up_for_one_of_like_name_takes_the_released_one(folder: Path) -> None:
    rewrite(folder, "^watching_weeks = .*$", "watch_weeks = [65, 78]")
    catalogue = read_catalogue(folder)
    assert catalogue.policy == read_policy()
    assert catalogue.taken[0].line.startswith("watching_weeks = 52")
    assert [(each.key, each.why) for each in catalogue.idle] == [
        ("watch_weeks", "no longer used since 23 Nov 2026; see watching_weeks")
    ]


@pytest.mark.parametrize(
    ("before", "added", "why"),
    [
        (r"^closing_z", "moon_phase = 3", "not known to this release"),
        (r"^closing_z", "closing_zed = 3",
         "not known to this release; closing_z, which is like it, holds"),
        (r"^\[spc.charts\]", "moon_phase = 3", "not known to this release"),
        (r"^\[spc\]", "[moon]\nphase = 3", "not known to this release"),
    ],
)  # fmt: skip
def test_what_nobody_knows_costs_no_night_where_nothing_is_missing(
    folder: Path, before: str, added: str, why: str
) -> None:
    rewrite(folder, f"({before})", rf"{added}\n\1")
    catalogue = read_catalogue(folder)
    assert catalogue.policy == read_policy() and catalogue.taken == ()
    assert [each.why for each in catalogue.idle] == [why]


def test_a_slip_for_a_rule_that_is_missing_is_refused(folder: Path) -> None:
    rewrite(folder, "^closing_z = .*$", "closng_z = 2.0")
    with pytest.raises(CatalogueError) as raised:
        read_catalogue(folder)
    (complaint,) = raised.value.complaints
    assert str(complaint).endswith(
        "policy.toml: evaluation.closng_z: unknown key; did you mean 'closing_z'?"
    )


def test_a_slip_in_what_a_site_owns_is_refused_as_before(folder: Path) -> None:
    file = folder / "topics" / "falls.toml"
    file.write_text(f"moon_phase = 3\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    with pytest.raises(CatalogueError, match="moon_phase: unknown key"):
        read_catalogue(folder)
