"""A catalogue that loads holds together; one that does not names file, key and what is allowed."""

import re
import shutil
from pathlib import Path

import pytest

from lhs_pipeline.catalogue.reader import (
    NEEDED_SOURCES,
    STARTER,
    CatalogueError,
    read_catalogue,
)
from lhs_pipeline.collection.assets import ACCOUNTS
from lhs_pipeline.statistics.spc import PROFILES
from lhs_pipeline.vocabulary import ChartProfile

STARTER_COUNTS = {"indicators": 17, "sources": 26, "topics": 15, "authorities": 6}


def spoil(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text, count = re.subn(old, new, file.read_text(encoding="utf-8"), count=1, flags=re.M)
    assert count == 1, f"{old!r} is not in {name}"
    file.write_text(text, encoding="utf-8")


def complaints(folder: Path) -> list[str]:
    with pytest.raises(CatalogueError) as raised:
        read_catalogue(folder)
    return [str(c).removeprefix(f"{folder}/") for c in raised.value.complaints]


def test_the_shipped_catalogue_loads() -> None:
    catalogue = read_catalogue()
    for part, least in STARTER_COUNTS.items():
        assert len(getattr(catalogue, part)) >= least
    assert catalogue.rules.signed_by


INDICATOR = "indicators/falls_per_1000_bed_days.toml"
BAD = [
    (INDICATOR, '^domain = .*', 'domain = "finance"',
     "domain: Input should be 'clinical', 'operational' or 'staff_wellbeing', not 'finance'"),
    (INDICATOR, "^direction = .*", "",
     "direction: missing: the key is required; the shipped file of this name has: direction = "),
    (INDICATOR, "^direction", "directoin", "directoin: unknown key"),
    (INDICATOR, "^period = .*", 'period = "day"',
     "period: Input should be 'week', 'month', 'quarter' or 'year', not 'day'"),
    (INDICATOR, "^severity_weight = .*", 'severity_weight = "much"', "severity_weight: "),
    (INDICATOR, "^next_review = .*", 'next_review = "soon"', "next_review: "),
    (INDICATOR, "^topic = .*", 'topic = "tripping"',
     "topic: 'tripping' is not declared; declared: ["),
    (INDICATOR, "^source = .*", 'source = "datix"', "source: 'datix' is not declared; declared: ["),
    (INDICATOR, "^denominator_source = .*", 'denominator_source = "beds"',
     "denominator_source: 'beds' is not declared"),
    (INDICATOR, "^unit = .*", 'unit = "per_0"', "unit: 'per_0' has no positive base"),
    (INDICATOR, "^chart = .*", 'chart = "c"',
     "chart: Input should be 'xmr', 'p', 'u' or 'rare_event', not 'c'"),
    (INDICATOR, "^chart = .*", 'chart = "p"',
     "chart: 'p' goes with the unit prop, not 'per_1000'; a mean of measurements is drawn"),
    (INDICATOR, "^unit = .*", 'unit = "per_thousand"', "unit: 'per_thousand' has no positive base"),
    ("sources/audits.toml", "^kind = .*", 'kind = "form"', "kind: Input should be 'routine', "),
    ("sources/audits.toml", "^grain = .*", 'grain = ["audit"]',
     "grain or date_column: 'audit' is not"),
    ("sources/audits.toml", "^grain = .*", "grain = []", "grain: names no column"),
    ("sources/audits.toml", 'name = "unit_id"', 'name = "audit_id"', "columns: two columns have"),
    ("sources/audits.toml", 'type = "date"', 'type = "day"',
     "columns.3.type: Input should be 'text'"),
    ("sources/audits.toml", 'type = "date"', 'type = "date", note = "x"',
     "columns.3.note: unknown key"),
    ("sources/audits.toml", "units.unit_id", "wards.unit_id",
     "references: 'wards' is not declared"),
    ("sources/audits.toml", "units.unit_id", "units.ward", "references: 'ward' is not declared"),
    ("sources/audits.toml", "units.unit_id", "units", "references: '' is not declared"),
    ("sources/complaints.toml", '^text = .*', 'text = "words"', "voices: 'words' is not declared"),
    ("topics/falls.toml", r"^include = \[", r"include = ['(',", "include: '(' is no regular"),
    ("topics/falls.toml", "^domain = .*", 'domain = 1', "domain: "),
    ("authorities/ward_huddle.toml", "^may_authorise = .*", 'may_authorise = ["mend"]',
     "may_authorise.0: Input should be 'fix', 'improve' or 'change', not 'mend'"),
    ("authorities/ward_huddle.toml", "^escalates_to = .*", 'escalates_to = "board"',
     "escalates_to: 'board' is not declared; declared: ["),
    ("authorities/ward_huddle.toml", "^meets_on_weekday = .*", 'meets_on_weekday = "mondays"',
     "meets_on_weekday: Input should be 'monday', "),
    ("policy.toml", "^profile = .*", 'profile = "western_electric"',
     "spc.profile: Input should be 'mdc', 'nhsr' or 'qicharts2'"),
    ("policy.toml", "^deidentification = .*", 'deidentification = "some"',
     "voices.deidentification: Input should be 'standard', 'strict' or 'off'"),
    ("policy.toml", "^smallest_count = .*", "smallest_count = 5.5", "disclosure.smallest_count: "),
    ("policy.toml", "^signed_by = .*", "",
     "signed_by: missing: the key is required"),
    ("policy.toml", "^closing_z", "closing_zed",
     "evaluation.closing_zed: unknown key; did you mean 'closing_z'?"),
    ("policy.toml", r"^\[spc.doubts\]", "[spc.doubt]",
     "spc.doubt: unknown key; did you mean 'doubts'?"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "said"), BAD)
def test_an_error_names_file_key_and_what_is_allowed(
    folder: Path, name: str, old: str, new: str, said: str
) -> None:
    spoil(folder, name, old, new)
    assert [c for c in complaints(folder) if c.startswith(f"{name}: {said}")]


def test_the_profiles_that_may_be_declared_are_those_that_exist() -> None:
    assert set(ChartProfile) == set(PROFILES)


def test_every_error_is_told_at_once(folder: Path) -> None:
    spoil(folder, INDICATOR, "^direction = .*", "")
    spoil(folder, "policy.toml", "^signed_by = .*", "")
    assert len(complaints(folder)) == 2


def test_a_file_that_is_no_toml_is_named(folder: Path) -> None:
    (folder / "topics/falls.toml").write_bytes(b"title = \xff")
    (folder / "topics/discharge.toml").write_text("title =")
    found = complaints(folder)
    assert [c.split(": ")[0] for c in found] == ["topics/discharge.toml", "topics/falls.toml"]


def test_without_a_policy_nothing_loads(tmp_path: Path) -> None:
    assert complaints(tmp_path) == ["policy.toml: file: missing: it holds every tunable rule"]


@pytest.mark.parametrize("name", ["Falls.toml", "falls-ward.toml", "1falls.toml"])
def test_a_file_name_is_an_id(folder: Path, name: str) -> None:
    shutil.copyfile(folder / "topics/falls.toml", folder / "topics" / name)
    assert f"topics/{name}: file name: expected lower_case" in complaints(folder)[0]


@pytest.mark.parametrize("name", ["files", "rejected_rows", "audits_versions"])
def test_a_source_cannot_take_the_name_of_an_account(folder: Path, name: str) -> None:
    shutil.copyfile(folder / "sources/audits.toml", folder / "sources" / f"{name}.toml")
    assert complaints(folder)[0].startswith(f"sources/{name}.toml: file name: ")


def test_the_needed_sources_are_those_that_the_assets_read() -> None:
    steps = ("analysis", "decision", "implementation", "closure", "board")
    files = [file for step in steps for file in (STARTER.parent / step).glob("*.py")]
    read = {
        name
        for file in files
        for name in re.findall(r'"collection\.([a-z_]+)"', file.read_text(encoding="utf-8"))
    }
    assert read - {table.noun for table in ACCOUNTS} == NEEDED_SOURCES


def test_what_nobody_may_approve_is_a_gap(folder: Path) -> None:
    for group in ("clinical_forum", "executive_committee", "integrated_care_board"):
        spoil(folder, f"authorities/{group}.toml", "^may_authorise = .*",
              'may_authorise = ["fix", "improve"]')  # fmt: skip
    found = complaints(folder)
    assert "authorities: may_authorise: nobody may approve to change clinical" in found[0]
    assert len(found) == 3 * 4  # domains x levels


def test_a_group_of_one_directorate_fills_no_gap(folder: Path) -> None:
    for group in ("executive_committee", "integrated_care_board", "clinical_forum"):
        (folder / "authorities" / f"{group}.toml").unlink()
    for group in ("directorate_quality_board", "urgent_care_board"):
        spoil(folder, f"authorities/{group}.toml", "^escalates_to = .*", "")
        spoil(folder, f"authorities/{group}.toml", "^assured_by = .*", "")
    spoil(folder, "authorities/directorate_quality_board.toml", "^may_authorise = .*",
          'may_authorise = ["fix"]')  # fmt: skip
    said = "nobody may approve to improve operational matters at ward level"
    assert any(said in c for c in complaints(folder))


def test_groups_that_escalate_in_a_circle_are_all_named(folder: Path) -> None:
    spoil(folder, "authorities/clinical_forum.toml", "^escalates_to = .*",
          'escalates_to = "ward_huddle"')  # fmt: skip
    found = complaints(folder)
    assert all("escalates back to itself" in c for c in found)
    assert {c.split(":")[0] for c in found} == {
        f"authorities/{group}.toml"
        for group in ("clinical_forum", "directorate_quality_board", "ward_huddle")
    }


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ('["{nobody_knows} .. hit"]', "'nobody_knows' is not in danger_words.toml"),
        ('["hit .."]', "'hit ..': expected words at both ends of each part"),
        ('["hit (me)"]', "'hit (me)': '(me)' is no word"),
    ],
)
def test_a_danger_sign_that_cannot_be_read_is_named(folder: Path, terms: str, message: str) -> None:
    (folder / "dangers").mkdir()
    (folder / "dangers" / "own.toml").write_text(
        f'title = "Own"\ndescription = "Own."\nurgency = "same_day"\nterms = {terms}\n'
    )
    (told,) = complaints(folder)
    assert told.startswith("dangers/own.toml: terms: ") and message in told


def test_a_site_may_share_words_of_its_own_among_its_danger_signs(folder: Path) -> None:
    (folder / "dangers").mkdir()
    (folder / "danger_words.toml").write_text('beast = ["dog", "cat*"]\nsaid = ["bad dog"]\n')
    (folder / "dangers" / "own.toml").write_text(
        'title = "Own"\ndescription = "Own."\nurgency = "same_day"\n'
        'terms = ["bitten by a|the {beast}", "{said}"]\n'
    )
    assert read_catalogue(folder).dangers["own"].terms == (
        "bitten by a|the dog|cat*",
        "bad dog",
    )


def test_a_shared_phrase_may_not_stand_where_one_word_does(folder: Path) -> None:
    (folder / "dangers").mkdir()
    (folder / "danger_words.toml").write_text('beast = ["dog", "big cat"]\n')
    (folder / "dangers" / "own.toml").write_text(
        'title = "Own"\ndescription = "Own."\nurgency = "same_day"\nterms = ["bitten by {beast}"]\n'
    )
    (told,) = complaints(folder)
    assert "'big cat' of 'beast' in danger_words.toml is no single word" in told


@pytest.mark.parametrize(
    ("key", "line", "message"),
    [
        ("kind", 'kind = "routine"', "'routine' has no [voices]; one of patient_voice"),
        ("    { name = \"unit_id\"", "", "no column unit_id: the unit that a comment is about"),
        ("    { name = \"comment\"", '    { name = "comment", type = "text", description = "x" },',
         "'comment' needs is_sensitive_text = true"),
        ("    { name = \"rating\"", '    { name = "rating", type = "text", description = "x" },',
         "'rating' is no integer; rating_scale names its words, best first"),
        ("    { name = \"received_on\"",
         '    { name = "received_on", type = "text", description = "x" },',
         "'received_on' is no date"),
    ],
)  # fmt: skip
def test_comments_that_could_not_be_read_are_told_before_the_night(
    folder: Path, key: str, line: str, message: str
) -> None:
    spoil(folder, "sources/friends_and_family.toml", f"^{re.escape(key)}.*", line)
    assert any(message in told for told in complaints(folder))
