"""What the declarations mean: targets in force, units, and what a group covers."""

from dataclasses import replace
from datetime import date

import pytest

from lhs_pipeline.catalogue.model import Catalogue, Target
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.vocabulary import Domain, Level

CATALOGUE = read_catalogue()
FALLS = CATALOGUE.indicators["falls_per_1000_bed_days"]


@pytest.mark.parametrize(
    ("day", "target"),
    [(date(2024, 3, 31), None), (date(2024, 4, 1), 0.2), (date(2025, 4, 1), 0.1)],
)
def test_the_latest_target_is_in_force(day: date, target: float | None) -> None:
    targets = (Target(date(2025, 4, 1), 0.1), Target(date(2024, 4, 1), 0.2))
    assert replace(FALLS, targets=targets).target_on(day) == target


@pytest.mark.parametrize(
    ("unit", "multiplier", "is_mean"),
    [("per_1000", 1000, False), ("prop", 1, False), ("days", 1, True)],
)
def test_the_unit_tells_base_and_kind(unit: str, multiplier: float, is_mean: bool) -> None:
    indicator = replace(FALLS, unit=unit)
    assert (indicator.multiplier, indicator.is_mean) == (multiplier, is_mean)


@pytest.mark.parametrize(
    ("group", "level", "directorate", "covers"),
    [
        ("ward_huddle", Level.WARD, "surgery", True),
        ("ward_huddle", Level.DIRECTORATE, "surgery", False),
        ("urgent_care_board", Level.WARD, "urgent_care", True),
        ("urgent_care_board", Level.WARD, "surgery", False),
        ("urgent_care_board", Level.TRUST, None, False),
        ("clinical_forum", Level.TRUST, None, True),
        ("clinical_forum", Level.SYSTEM, None, False),
    ],
)
def test_a_group_covers_its_levels_and_directorates(
    group: str, level: Level, directorate: str | None, covers: bool
) -> None:
    assert CATALOGUE.authorities[group].covers(Domain.CLINICAL, level, directorate) is covers


def test_a_group_decides_on_its_own_domains() -> None:
    group = replace(CATALOGUE.authorities["ward_huddle"], domains=(Domain.CLINICAL,))
    assert not group.covers(Domain.OPERATIONAL, Level.WARD, None)


def test_a_catalogue_without_policy_says_so() -> None:
    with pytest.raises(LookupError, match=r"policy\.toml"):
        _ = Catalogue().rules


def test_every_starter_topic_has_words_and_every_indicator_a_target_or_none() -> None:
    assert all(topic.include for topic in CATALOGUE.topics.values())
    assert {i.topic for i in CATALOGUE.indicators.values()} <= set(CATALOGUE.topics)
