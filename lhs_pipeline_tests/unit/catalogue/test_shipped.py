"""A site that lags behind a release goes on: the release says what it does not, and tells so."""

import re
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from lhs_pipeline.catalogue.reader import (
    NEEDED_SOURCES,
    STARTER,
    CatalogueError,
    read_catalogue,
    read_policy,
)
from lhs_pipeline.catalogue.shipped import count_taken, fill_policy, tell_taken


def take_out(file: Path, pattern: str) -> None:
    text, count = re.subn(pattern, "", file.read_text(encoding="utf-8"), flags=re.M)
    assert count == 1
    file.write_text(text, encoding="utf-8")


def test_a_site_that_keeps_up_takes_nothing(folder: Path) -> None:
    assert read_catalogue(folder).taken == ()
    assert read_catalogue().taken == ()
    assert list(tell_taken(())) == [] and count_taken(()) == ""


def test_a_rule_that_a_site_does_not_give_is_the_released_one_and_is_told(folder: Path) -> None:
    take_out(folder / "policy.toml", "^closing_z = .*\n")
    catalogue = read_catalogue(folder)
    assert catalogue.policy == read_policy()
    told = list(tell_taken(catalogue.taken))
    assert told[0].startswith("One entry is not in this site's own files; the release's holds.")
    assert told[1:3] == ["  policy.toml", "    [evaluation]"]
    assert tomllib.loads(told[3]) == {"closing_z": read_policy().evaluation.closing_z}


def test_a_whole_table_that_came_later_is_taken_line_by_line(folder: Path) -> None:
    take_out(folder / "policy.toml", r"^\[spc.doubts\]\n(.+\n)+")
    taken = read_catalogue(folder).taken
    assert {each.place for each in taken} == {"[spc.doubts]"}
    assert len(taken) == 7


def test_what_a_site_says_itself_is_never_replaced(folder: Path) -> None:
    file = folder / "policy.toml"
    text = file.read_text(encoding="utf-8").replace("prior_skew = 0.15", "prior_skew = 0.3")
    file.write_text(text.replace("closing_z = 1.645", ""), encoding="utf-8")
    rules = read_policy(folder)
    assert rules.triage.prior_skew == 0.3
    assert rules.evaluation.closing_z == 1.645


def test_an_error_shows_the_released_line_but_never_a_signature(folder: Path) -> None:
    file = folder / "topics/falls.toml"
    take_out(file, "^is_expected_reliable = .*\n")
    take_out(file, "^checked_by = .*\n")
    with pytest.raises(CatalogueError) as raised:
        read_catalogue(folder)
    said = {complaint.key: complaint.message for complaint in raised.value.complaints}
    assert "has: is_expected_reliable = true" in said["is_expected_reliable"]
    assert said["checked_by"] == "missing: the key is required"


def test_every_released_rule_has_a_line_to_paste() -> None:
    text = (STARTER / "policy.toml").read_text(encoding="utf-8")
    shipped = tomllib.loads(text)
    filled = fill_policy({}, text)
    pasted: dict[str, list[str]] = {}
    for each in filled.taken:
        pasted.setdefault(each.place, []).append(each.line)
    written = "\n".join("\n".join([place, *lines]) for place, lines in pasted.items())
    tables = {key: value for key, value in shipped.items() if isinstance(value, dict)}
    assert tomllib.loads(written) == tables == filled.said


def test_nobody_signs_for_a_site() -> None:
    text = (STARTER / "policy.toml").read_text(encoding="utf-8")
    assert not {"signed_by", "next_review"} & set(fill_policy({}, text).said)


def test_what_is_no_table_is_left_to_the_reader() -> None:
    assert fill_policy({"spc": 3}, "[spc]\nprofile = 1\n").said == {"spc": 3}


def test_a_source_that_the_pipeline_reads_may_have_no_contract_of_the_sites_own(
    folder: Path,
) -> None:
    for name in NEEDED_SOURCES - {"units"}:
        (folder / "sources" / f"{name}.toml").unlink()
    catalogue = read_catalogue(folder)
    shipped = read_catalogue().sources
    assert set(catalogue.sources) == set(shipped)
    assert catalogue.sources["safety_alerts"] == replace(
        shipped["safety_alerts"], is_expected=False
    )
    assert {each.file for each in catalogue.taken} == {
        f"sources/{name}.toml" for name in NEEDED_SOURCES - {"units"}
    }


def test_a_column_that_came_later_and_may_be_absent_is_taken(folder: Path) -> None:
    take_out(folder / "sources/decisions.toml", r'^    \{ name = "prediction".*\n')
    catalogue = read_catalogue(folder)
    (taken,) = catalogue.taken
    assert (taken.file, taken.place) == ("sources/decisions.toml", "columns")
    assert taken.line.startswith('{ name = "prediction", type = "text"')
    own = {column.name: column for column in catalogue.sources["decisions"].columns}
    theirs = {column.name: column for column in read_catalogue().sources["decisions"].columns}
    assert own == theirs


def test_a_column_that_a_site_left_out_on_purpose_is_not_put_back(folder: Path) -> None:
    take_out(folder / "sources/units.toml", r'^    \{ name = "beds_count".*\n')
    catalogue = read_catalogue(folder)
    assert catalogue.taken == ()
    assert "beds_count" not in {column.name for column in catalogue.sources["units"].columns}


@pytest.fixture
def with_dangers(folder: Path) -> Path:
    """The same with danger signs and their words of the site's own."""
    shutil.copytree(STARTER / "dangers", folder / "dangers")
    shutil.copyfile(STARTER / "danger_words.toml", folder / "danger_words.toml")
    return folder


def test_words_that_a_danger_sign_names_and_a_site_lacks_are_the_released_ones(
    with_dangers: Path,
) -> None:
    assert read_catalogue(with_dangers).taken == ()
    take_out(with_dangers / "danger_words.toml", "^fear = .*\n")
    take_out(with_dangers / "danger_words.toml", "^taught_only = .*\n")
    catalogue = read_catalogue(with_dangers)
    assert catalogue.dangers == read_catalogue().dangers
    said = tomllib.loads((STARTER / "danger_words.toml").read_text(encoding="utf-8"))
    pasted = tomllib.loads("\n".join(each.line for each in catalogue.taken))
    assert pasted == {name: said[name] for name in ("fear", "taught_only")}
    assert {each.file for each in catalogue.taken} == {"danger_words.toml"}


def test_words_within_lent_words_are_lent_too_and_own_ones_are_kept(with_dangers: Path) -> None:
    file = with_dangers / "danger_words.toml"
    file.write_text('me = ["me", "our Sam"]\n', encoding="utf-8")
    shutil.rmtree(with_dangers / "dangers")
    (with_dangers / "dangers").mkdir()
    (with_dangers / "dangers" / "own.toml").write_text(
        'title = "Own"\ndescription = "Own."\nurgency = "same_day"\n'
        'terms = ["{taught_only}", "{me}"]\n'
    )
    catalogue = read_catalogue(with_dangers)
    named = [each.line.partition(" = ")[0] for each in catalogue.taken]
    assert named == ["named", "taught", "taught_only"]
    assert catalogue.dangers["own"].terms[-2:] == ("me", "our Sam")


def test_a_misspelt_list_of_words_is_refused_and_not_replaced(with_dangers: Path) -> None:
    file = with_dangers / "danger_words.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("\nfear = [", "\nfaer = ["), encoding="utf-8")
    with pytest.raises(CatalogueError) as raised:
        read_catalogue(with_dangers)
    assert {complaint.message for complaint in raised.value.complaints} == {
        "'fear' is not in danger_words.toml; did you mean 'faer', which is there?"
    }
