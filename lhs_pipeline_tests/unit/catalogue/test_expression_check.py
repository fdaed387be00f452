"""The SQL of indicators, tried before a night."""

from dataclasses import replace

import pytest

from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.catalogue.reader import STARTER, read_catalogue
from lhs_pipeline.expression_check import find_expression_faults

FALLS = "falls_per_1000_bed_days"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue(STARTER)


def changed(catalogue: Catalogue, **keys: str) -> Catalogue:
    return replace(catalogue, indicators={FALLS: replace(catalogue.indicators[FALLS], **keys)})


def test_the_starter_catalogue_can_be_counted(catalogue: Catalogue) -> None:
    assert find_expression_faults(catalogue) == []


@pytest.mark.parametrize(
    ("key", "expression", "words"),
    [
        ("numerator", "count(*) filter (where harm_level = 'low')", '"harm_level" not found'),
        ("numerator", "count(* filter", "syntax error"),
        ("denominator", "sum(beds)", "bed_days has the columns unit_id, census_on"),
        ("date", "happened_at", '"happened_at" not found'),
    ],
)
def test_a_slip_is_named_with_its_file_its_key_and_the_columns_there_are(
    catalogue: Catalogue, key: str, expression: str, words: str
) -> None:
    (fault, *_) = find_expression_faults(changed(catalogue, **{key: expression}))
    said = key if key != "date" else "numerator"
    assert fault.startswith(f"indicators/{FALLS}.toml: {said}: ") and words in fault
