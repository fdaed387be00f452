"""A contract is drafted from a file, and the file lands by it; what is doubtful is asked."""

from pathlib import Path

import pytest

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.catalogue.reader import read_source
from lhs_pipeline.cli import main
from lhs_pipeline.collection.draft_contract import draft_columns, draft_grain, write_contract
from lhs_pipeline.collection.sample_table import NoTableError, read_sample
from lhs_pipeline.vocabulary import ColumnType

OBSERVATIONS = """Infection prevention team;;;;
;;;;
Ward;Observed on;Opportunities;Cleaned;Remark
ward_01;08/06/2026;20;18;
ward_02;08/06/2026;1,220;17;the sink by bay two was blocked again all morning
ward_01;30/06/2026;20;-;
"""


def drafted(tmp_path: Path, content: str | bytes, name: str = "june.csv") -> tuple[Source, str]:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    table = read_sample(file)
    text = write_contract(table, draft_columns(table), "hygiene")
    contract = tmp_path / "hygiene.toml"
    contract.write_text(text, encoding="utf-8")
    return read_source(contract), text


def test_what_the_rows_bear_out_is_written_down(tmp_path: Path) -> None:
    source, text = drafted(tmp_path, OBSERVATIONS)
    assert (source.delimiter, source.header_row, source.date_column) == (";", 3, "observed_on")
    assert source.grain == ("ward", "observed_on")
    ward, day, chances, cleaned, remark = source.columns
    assert (ward.file_header, ward.type) == ("Ward", ColumnType.TEXT)
    assert (day.type, day.format) == (ColumnType.DATE, "%d/%m/%Y")
    assert (chances.type, chances.ignore, chances.minimum) == (ColumnType.INTEGER, (",",), 0)
    assert (cleaned.nulls, cleaned.required) == (("-",), False)
    assert remark.is_sensitive_text and not remark.required
    assert text.count("TO DO") >= 4 and "sink" not in text


@pytest.mark.parametrize(
    ("cells", "kind", "form"),
    [
        (["2026-06-01", "2026-06-30"], "date", None),
        (["2026-06-01T10:00", "2026-06-30 11:00:00"], "timestamp", None),
        (["31/12/25", "01/01/26"], "date", "%d/%m/%y"),
        (["12/31/2025", "01/02/2026"], "date", "%m/%d/%Y"),
        (["1/6/2026 9:30", "30/6/2026 14:00"], "timestamp", "%d/%m/%Y %H:%M"),
        (["April 2021", "May 2021"], "date", "%B %Y"),
        (["Apr-21", "May-21"], "date", "%b-%y"),
        (["2024-01", "2024-02"], "date", "%Y-%m"),
        (["01/2024", "12/2024"], "date", "%m/%Y"),
        (["20260601", "20260630"], "date", "%Y%m%d"),
        (["007", "012"], "text", None),
        (["4857773456999999999999", "2"], "text", None),
        (["12%", "7%"], "integer", None),
        (["1.5", "-2"], "number", None),
        (["1,5", "2,5"], "text", None),
        (["Yes", "no"], "boolean", None),
    ],
)
def test_the_type_of_a_column_is_that_of_all_its_cells(
    tmp_path: Path, cells: list[str], kind: str, form: str | None
) -> None:
    rows = "".join(f'k{n},"{cell}"\n' for n, cell in enumerate(cells))
    source, _ = drafted(tmp_path, "key,said\n" + rows)
    assert (source.columns[1].type, source.columns[1].format) == (kind, form)


def test_doubtful_days_are_asked_about(tmp_path: Path) -> None:
    _, text = drafted(tmp_path, "key,day\na,01/02/2026\nb,03/04/2026\n")
    assert "does the day come first?" in text
    days = "".join(f"k{n},{n % 28 + 1:02d}/06/{2000 + n}\n" for n in range(28))
    _, text = drafted(tmp_path, "key,day\n" + days + "x,soon\n")
    assert "1 of 29 days are not written so, such as 'soon'" in text


def test_names_are_told_apart_and_none_is_taken_from_the_pipeline(tmp_path: Path) -> None:
    source, _ = drafted(tmp_path, "Row Hash,A&E,A+E,2nd,x,x,\na,b,c,d,e,f,\n")
    assert [c.name for c in source.columns] == ["their_row_hash", "a_e", "a_e_2", "their_2nd"]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-16"])
def test_the_encoding_is_told_by_the_bytes(tmp_path: Path, encoding: str) -> None:
    source, _ = drafted(tmp_path, "key,ward\na,café\nb,é\n".encode(encoding))
    assert source.encoding == encoding.removesuffix("-sig")


def test_where_no_columns_tell_the_rows_apart_it_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("ward,mode\na,b\na,b\n", encoding="utf-8")
    table = read_sample(file)
    assert draft_grain(table, draft_columns(table)) == ()
    assert "no three columns tell all rows apart" in drafted(tmp_path, file.read_bytes())[1]


@pytest.mark.parametrize("content", [b"", b"just words\n", b"a,b\n", b"\x89PNG\x00\x00\x01,\x00\n"])
def test_a_file_without_a_table_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NoTableError, match=r"a\.csv"):
        drafted(tmp_path, content, "a.csv")


def test_the_command_tries_the_file_by_its_own_draft(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site, file = tmp_path / "site", tmp_path / "hygiene_2026-06.csv"
    file.write_text(OBSERVATIONS, encoding="utf-8")
    assert main(["new-site", "Anytown", "--site", str(site)]) == 0
    assert main(["new-source", str(file), "--site", str(site)]) == 0
    assert "of 3 rows 3 land, 0 are refused" in capsys.readouterr().out
    assert (site / "catalogue" / "sources" / "hygiene.toml").is_file()
    assert main(["check", "--site", str(site)]) == 0
    assert "hygiene.toml: still marked TO DO in" in capsys.readouterr().out
    assert main(["new-source", str(file), "--site", str(site)]) == 1
    assert "stands already" in capsys.readouterr().err


def test_a_name_that_the_catalogue_would_refuse_is_refused_before_it_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site, file = tmp_path / "site", tmp_path / "hygiene_2026-06.csv"
    file.write_text(OBSERVATIONS, encoding="utf-8")
    assert main(["new-site", "Anytown", "--site", str(site)]) == 0
    assert main(["new-source", str(file), "--name", "Hand hygiene", "--site", str(site)]) == 1
    assert "lower_case_with_underscores" in capsys.readouterr().err
    assert not (site / "catalogue" / "sources" / "Hand hygiene.toml").exists()


COMMENTS = """Survey ref;Date submitted;Team name;How was the team on your ward?;Why do you say so?
A1;01/12/2025;Ash Ward;Very good;They explained each step of it to me
A2;13/12/2025;Ash Ward;Don\u2019t know;I waited a long time for the results of my scan
A3;13/12/2025;Elm Team;Poor;Nobody rang me back although they had promised
"""


def test_free_text_is_drafted_as_what_people_say(tmp_path: Path) -> None:
    source, text = drafted(tmp_path, COMMENTS)
    voices = source.voices
    assert source.kind == "patient_voice" and voices is not None
    assert (voices.insight_id, voices.received_on) == ("survey_ref", "date_submitted")
    assert (voices.text, voices.rating) == ("why_do_you_say_so", "how_was_the_team_on_your_ward")
    assert voices.rating_scale[:2] == ("Very good", "Good") and voices.positive_ratings == (1, 2)
    unit = next(column for column in source.columns if column.name == "unit_id")
    assert (unit.file_header, unit.references) == ("Team name", "units.unit_id")
    assert next(c for c in source.columns if c.name == voices.text).is_sensitive_text
    assert "units?" in text


def test_a_draft_is_tried_though_no_unit_has_landed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    assert main(["new-site", "Anytown", "--site", str(site)]) == 0
    file = tmp_path / "answers.csv"
    file.write_text(COMMENTS, encoding="utf-8")
    assert main(["new-source", str(file), "--site", str(site)]) == 0
    assert "Tried: of 3 rows 3 land, 0 are refused." in capsys.readouterr().out


def test_answers_to_a_question_are_free_text_though_short(tmp_path: Path) -> None:
    said = "\n".join(f"{word},more {word} please" for word in "abcdefghij")
    source, _ = drafted(tmp_path, f"Key,What one thing would help?\n{said}\n")
    assert source.columns[1].is_sensitive_text and source.kind == "patient_voice"
