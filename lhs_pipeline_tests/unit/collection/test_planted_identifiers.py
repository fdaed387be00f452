"""Planted identifiers of every kind are gone, whatever their spelling; ordinary words stay."""

import sys
from pathlib import Path

import pytest

from lhs_pipeline.collection.deidentification import deidentify
from lhs_pipeline.collection.person_names import _lists

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
from deidentification import is_gone, measure
from planted_identifiers import EPONYMS, FIRST_NAMES, PLAIN, STRUCTURED, SURNAMES, plant

TEXTS = plant(seed=11, texts_count=600)
STRICT = measure(TEXTS, "strict")
STANDARD = measure(TEXTS, "standard")


def test_the_names_of_the_test_stand_in_no_list_of_the_package() -> None:
    # Surnames that are ordinary words are the hardest: that list hides names, it finds none.
    lists = _lists()
    known = lists.first_names | lists.ambiguous_names | lists.surnames
    assert not {name.lower() for name in (*FIRST_NAMES, *SURNAMES)} & known


@pytest.mark.parametrize("kind", sorted(STRUCTURED))
@pytest.mark.parametrize("result", [STRICT, STANDARD], ids=["strict", "standard"])
def test_every_structured_identifier_is_found(result: dict[str, dict], kind: str) -> None:
    assert result["recall"][kind] == 1, result["missed"].get(kind)


def test_names_are_found_in_reports_and_in_comments() -> None:
    assert STRICT["recall"]["name in report"] >= 0.98
    assert STRICT["recall"]["name in informal"] >= 0.88
    assert STRICT["precision"] >= 0.98


def test_ordinary_comments_and_eponyms_stay() -> None:
    assert STANDARD["plain_touched_prop"] <= 0.02
    assert STRICT["eponyms_touched"] == STANDARD["eponyms_touched"] == []
    assert [one for one in PLAIN if deidentify(one, "standard") != one] == []
    assert len(EPONYMS) > 50


@pytest.mark.parametrize(
    "text",
    [
        "NHS 943\n476\n5919 end", "943:476:5919", "943|476|5919", "٩٤٣ ٤٧٦ ٥٩١٩", "943 476 59l9",
        "tel O77OO 9OO123", "+44 (0) 7700 900123", "07700 900 12 3", "DOB12/03/1945",
        "D O B 120345", "dob - 12|03|1945", "born the 3rd June '58", "EH4\n7UN",
        "jane dot smith at nhs dot net", "j . smith @ nhs . net", "JANE_SMITH＠EXAMPLE.ORG",
    ],
)  # fmt: skip
def test_an_odd_spelling_hides_no_identifier(text: str) -> None:
    masked = deidentify(text, "standard")
    assert "[" in masked
    assert not any(letter.isdecimal() for letter in masked)


@pytest.mark.parametrize(
    "text",
    [
        "BP 120/80 110/70 130/90, sats 92% on 2L", "obs 120/80, 72, 98, 36.5 at 10:15",
        "INR 2.5 on 3.5 mg, 1000 ml over 8 hours, L4/5 S1", "seen @ clinic. Then home",
        "at 10.30 dot com", "K+ 5.4 Na 135 Cr 110", "L1 3rd attempt", "Ward 7 bed 12 at 14:30",
    ],
)  # fmt: skip
def test_figures_of_care_stay(text: str) -> None:
    assert deidentify(text, "strict") == text


@pytest.mark.parametrize(
    "text",
    ["Jane\nFictus fell", "Mr\nFictus fell", "Dr.Fictus came", "Pt: Fictus refused",
     "Patient's name: Fictus Exampla", "J. Fictus was seen", "Zoe\u0308 Fictus left",
     "Fic\u200btus rang", "FICTUS Exampla seen", "signed: fictus exampla", "thanks to fictus",
     "Mrs. A.B. Fictus", "Fictus, Exampla – fall", "nurse fictus came"],
)  # fmt: skip
def test_a_name_is_found_by_its_place(text: str) -> None:
    masked = deidentify(text, "strict")
    assert "[name]" in masked
    assert is_gone("name", "Fictus Exampla", masked) and is_gone("name", "fictus exampla", masked)
