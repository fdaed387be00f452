"""What is masked, what must stay, and that masking twice changes nothing.

Identifiers are never-issued NHS numbers (999), Ofcom drama numbers, example.org and ZZ99.
"""

import time as clock
from datetime import date, datetime, time
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment

from lhs_pipeline.cli import main
from lhs_pipeline.collection.deidentification import deidentify, is_nhs_number

VALID_999 = "9990000026"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NHS no 999 000 0026.", "NHS no [NHS number]."),
        ("number 999-000-0026 on file", "number [NHS number] on file"),
        ("9990000026", "[NHS number]"),
        ("wristband said 999 000 0027", "wristband said [number]"),
        ("ring me on 07700 900123 please", "ring me on [phone] please"),
        ("tel (01632) 960 123", "tel [phone]"),
        ("+44 7700 900 123", "[phone]"),
        ("ext 4021 never answers", "[phone] never answers"),
        ("write to a.person+ward@mail.example.org now", "write to [e-mail] now"),
        ("lives near ZZ99 3VZ", "lives near [postcode]"),
        ("lives near QX12 4CK", "lives near [postcode]"),
        ("01632 960123 ext. 23", "[phone]"),
        ("07700 900123 x204 or 07700 900124", "[phone] or [phone]"),
        ("+44/7700/900123", "[phone]"),
        ("call 960123", "[phone]"),
        ("zero seven seven zero zero nine zero zero one two three", "[number]"),
        ("a.person at mail.example.org", "[e-mail]"),
        ("aperson at gmail.com, thanks", "[e-mail], thanks"),
        ("a.person<at>example.org", "[e-mail]"),
        ("born on the third of May nineteen sixty-two", "[date of birth]"),
        ("born on Thursday the 3rd of May '62", "[date of birth]"),
        ("May the 3rd 1962", "[date]"),
        ("3rd day of May 1962", "[date]"),
        ("hospital number 12 34 56 7", "[record number]"),
        ("my address is 5 oak drive", "my [address]"),
        ("Rose Cottage, Mill Lane", "[address]"),
        ("12-14 Mill Road", "[address]"),
        ("lives near zz99 3vz", "lives near [postcode]"),
        ("NI QQ 12 34 56 C", "NI [NI number]"),
        ("dob 12/03/1945", "[date of birth]"),
        ("Date of birth: 3 March 1945,", "[date of birth],"),
        ("was born 1945 and", "was [date of birth] and"),
        ("seen on 12/03/2026 at noon", "seen on [date] at noon"),
        ("seen on 2026-03-12", "seen on [date]"),
        ("on the 3rd of March 2026 we", "on the [date] we"),
        ("of 12 Example Street, where", "of [address], where"),
        ("flat 2, 14 Long Acre Road", "[address]"),
        ("of 7 heol Fictus", "of [address]"),
        ("hospital number X123456", "[record number]"),
        ("datix 204511 refers", "[record number] refers"),
        ("notes K1234567 lost", "notes [record number] lost"),
        ("MRN 382 313 and case notes 47/76989", "[record number] and [record number]"),
        ("Datix ref 647 59017", "[record number]"),
        ("a.person[at]mail.example.museum", "[e-mail]"),
        ("aperson@ my-house.example", "[e-mail]"),
        ("aperson at my-house dot example", "[e-mail]"),
        ("lives near ll12 7fs", "lives near [postcode]"),
        ("DOB given as January 1949", "[date of birth]"),
        ("(b. May 1949)", "([date of birth])"),
        ("I live at 203 the green", "I [address]"),
    ],
)
def test_identifiers_are_replaced_by_what_they_are(text: str, expected: str) -> None:
    assert deidentify(text, "standard") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My name is Siobhan Kettleworth and I waited", "My name is [name] and I waited"),
        ("my name is jane", "my name is [name]"),
        ("Mr Fictus was rude", "Mr [name] was rude"),
        ("mrs fictus was kind", "mrs [name] was kind"),
        ("Dr. J R Fictus-Example came", "Dr. [name] came"),
        ("Dr Parkinson came at ten", "Dr [name] came at ten"),
        ("mr young was kind", "mr [name] was kind"),
        ("Dr. Wood came", "Dr. [name] came"),
        ("seen by dr de la cruz", "seen by dr [name]"),
        ("Miss Le Roux came", "Miss [name] came"),
        ("Dr Jane Park came", "Dr [name] came"),
        ("Ms St John-Fictus came", "Ms [name] came"),
        ("J. Evans came at ten", "[name] came at ten"),
        ("MARY SMITH fell at ten", "[name] fell at ten"),
        ("thank you to Siân and Grace Young", "thank you to [name] and [name]"),
        ("nurse Adaeze was lovely", "nurse [name] was lovely"),
        ("thank you to Agnieszka and Rhodri", "thank you to [name] and [name]"),
        ("thanks to gurpreet on nights", "thanks to [name] on nights"),
        ("my son Zebediah fell", "my son [name] fell"),
        ("john smith was great", "[name] was great"),
        ("Jane van der Fictus rang", "[name] rang"),
        ("Jane's bed was wet", "[name]'s bed was wet"),
        ("Jane's scan was late", "[name]'s scan was late"),
        ("Mrs Fictus fell. Fictus was found later", "Mrs [name] fell. [name] was found later"),
        ("Anne-Marie O'Example helped", "[name] helped"),
        (
            "SISTER JANE WAS GREAT AND THE FOOD WAS HOT",
            "SISTER [name] WAS GREAT AND THE FOOD WAS HOT",
        ),
        ("A nurse called Grace Fictus", "A nurse called [name]"),
    ],
)
def test_names_are_masked_in_standard_mode(text: str, expected: str) -> None:
    assert deidentify(text, "standard") == expected


@pytest.mark.parametrize("mode", ["standard", "strict"])
@pytest.mark.parametrize(
    "text",
    [
        "Parkinson's, Hodgkin lymphoma, Bell's palsy and Crohn's disease",
        "Foley catheter, Waterlow 18, Braden score, Doppler and Zimmer frame",
        "Has Guillain-Barré and a Charlson index of 4; Glasgow coma scale 15",
        "on Monday in March at Darlington, then Leeds and Cardiff",
        "Taken to Queen Elizabeth Hospital and then to Elizabeth Ward",
        "Transferred with the Sara Stedy; Macmillan and Marie Curie came",
        "the nurse in charge and the doctor said no",
        "waited 12 hours, B12 5mg given, BP 120/80, pain 8/10, bay 4",
        "ten out of 10, 24/7, 99.9% of 1000000 people",
        "L1 3rd attempt, T2 2nd dose, B4 3AM, T2 5MM margin",
        "20 minutes down the road, 2 hours drive",
        "I called 111 and then 999",
        "I hope they will have patience and may be in good grace",
        "I was on Elizabeth Garrett Anderson Wing and at Guy's Hospital",
        "Karnofsky 80, Rockall 3, Clark level 2, Allen's test, Fraser guidelines, Braxton Hicks",
        "took her to A&E, all O.K., P.T.S. came, hepatitis B Vaccine, E. coli and H. Pylori",
        "English is my first language",
        "NEWS2 of 7, VTE form, TIA clinic, MRI and Datix done",
        "Thank you so much, everyone. Great care. Excellent!",
    ],
)
def test_ordinary_and_clinical_words_stay(text: str, mode: str) -> None:
    assert deidentify(text, mode) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient Okwuosaba found on floor", "Patient [name] found on floor"),
        ("Handed over to Fictus on nights", "Handed over to [name] on nights"),
        ("Fictus fell by the bed.", "[name] fell by the bed."),
        ("seen by Jemimah-Rose Exempla today", "seen by [name] today"),
        ("Young, Grace was found", "[name] was found"),
        ("G Young signed. Young left.", "G [name] signed. [name] left."),
        ("Pt Field refused", "Pt [name] refused"),
        ("al-Exempla, Mohammed fell", "[name] fell"),
        ("Reported by Oksana Fictus, ward clerk", "Reported by [name], ward clerk"),
        ("N.J. Fictus reviewed", "[name] reviewed"),
        ("Seen by physio (Fictus) and OT (Exampla)", "Seen by physio ([name]) and OT ([name])"),
        ("Jane (Fictus) left", "[name] ([name]) left"),
        ("SHO Ward and Registrar King reviewed", "SHO [name] and Registrar [name] reviewed"),
        ("noticed that Walker was allergic", "noticed that [name] was allergic"),
        ("Consultant Williams discussed it", "Consultant [name] discussed it"),
        ("PORTER SAID THAT EXEMPLA WAS IN PAIN", "PORTER SAID THAT [name] WAS IN PAIN"),
    ],
)
def test_strict_mode_masks_unknown_capitals(text: str, expected: str) -> None:
    assert deidentify(text, "strict") == expected


def test_strict_mode_keeps_words_that_begin_a_sentence() -> None:
    text = "Unobserved slip. Incontinence pad wet. Repositioning chart blank."
    assert deidentify(text, "strict") == text


def test_a_ward_in_mid_sentence_is_no_surname() -> None:
    text = "Put at ease, Ward was noisy, the Call Bell was out of reach and the Walker was missing"
    assert deidentify(text, "strict") == text


def test_off_returns_the_text_and_an_unknown_mode_fails_closed() -> None:
    assert deidentify("Mr Fictus", "off") == "Mr Fictus"
    with pytest.raises(ValueError, match="unknown de-identification mode"):
        deidentify("Mr Fictus", "lenient")


def test_check_digit_names_the_type_only() -> None:
    assert is_nhs_number(VALID_999)
    assert not is_nhs_number("9990000027")
    assert not is_nhs_number("999000002")
    assert "9990000027" not in deidentify("x 9990000027 y", "standard")


@pytest.mark.parametrize(("encoding", "mark"), [("utf-16", "\t"), ("cp1252", ";"), ("utf-8", ",")])
def test_the_command_masks_a_table_as_it_was_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str, mark: str
) -> None:
    file = tmp_path / "comments.csv"
    file.write_text(f"id{mark}said\n1{mark}Thanks Siân – très bien\n", encoding=encoding)
    assert main(["deidentify", str(file), "--columns", "said"]) == 0
    assert capsys.readouterr().out == f"id{mark}said\n1{mark}Thanks [name] – très bien\n"


def test_the_command_says_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, ragged = tmp_path / "a.xlsx", tmp_path / "b.csv"
    broken.write_bytes(b"PK\x03\x04 and so on")
    ragged.write_text("id,said\n1,fine, but late\n", encoding="utf-8")
    for file, reason in (
        (broken, "not readable as a workbook"),
        (ragged, "row 2: too many cells"),
    ):
        assert main(["deidentify", str(file), "--columns", "said"]) == 1
        assert reason in capsys.readouterr().err


def workbook(file: Path) -> Path:
    """Two sheets of explanations and one of comments, with names wherever a workbook hides them."""
    book = openpyxl.Workbook()
    book.properties.creator = "Sian Fictus"
    first = book.active
    first.title = "Read me"
    first.append(["Asked by Mr Fictus"])
    sheet = book.create_sheet("June")
    for row in (
        ["Asked by Mr Fictus"], [],
        ["id", " Said ", "on", "at", "late", "again"],
        [1, "Thanks Siân – très bien", date(2026, 6, 1), time(9, 30), True, "=1+1"],
        [2, 9990000026, datetime(2026, 6, 2, 8, 5), None, False, "=HYPERLINK"],
        [3, None, None, None, None, 4.5],
    ):  # fmt: skip
        sheet.append(row)
    sheet["B4"].comment = Comment("Fictus said so", "Sian Fictus")
    sheet.column_dimensions["E"].hidden = True
    book.create_sheet("Notes").append(["Mr Fictus rang"])
    book["Notes"].sheet_state = "veryHidden"
    book.save(file)
    return file


def test_a_workbook_is_masked_as_a_table_and_takes_no_other_name_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = workbook(tmp_path / "june.xlsx"), tmp_path / "masked.xlsx"
    assert main(["deidentify", str(file), "--columns", "Said", "--out", str(out)]) == 0
    told = capsys.readouterr().err
    assert told == "Only the sheet 'June' was read; left out: 'Read me', 'Notes'\n"
    rows = list(openpyxl.load_workbook(out)["June"].iter_rows(values_only=True))
    assert rows[0][0] == "Asked by Mr [name]" and rows[1] == (None,) * 6
    assert rows[2] == ("id", " Said ", "on", "at", "late", "again")
    assert rows[3][:5] == (
        1, "Thanks [name] – très bien", datetime(2026, 6, 1), time(9, 30), True,
    )  # fmt: skip
    assert rows[4][:3] == (2, "[NHS number]", datetime(2026, 6, 2, 8, 5))
    assert rows[5] == (3, None, None, None, None, 4.5)
    with ZipFile(out) as parts:
        assert not [name for name in parts.namelist() if b"Fictus" in parts.read(name)]


def test_a_workbook_can_be_written_as_text_and_needs_its_columns_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(workbook(tmp_path / "june.xlsx"))
    assert main(["deidentify", file, "--columns", "Said,id"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("id, Said ,on") and lines[4].startswith("2,[NHS number],2026-06-02")
    for more, reason in (
        ([], "name the columns that hold text with --columns"),
        (["--columns", "Said,words"], "column 'words' is missing; found id, Said, on, at"),
        (["--columns", "Said", "--out", str(tmp_path / "x.xls")], "expected .xlsx for a table"),
    ):
        assert main(["deidentify", file, *more]) == 1
        assert reason in capsys.readouterr().err
    assert not (tmp_path / "x.xls").exists()


_PIECES = st.sampled_from(
    ["Mr ", "Dr. ", "Jane ", "smith ", "999 000 0026", "07700 900123", " dob ", "1/2/45", "[name]",
     "'s ", ". ", "\n", "ZZ99 3VZ", " 12 Example Road ", "Fictus ", "the ward ", "-", "[", "]", " "]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(_PIECES, max_size=12).map("".join)), st.booleans())
def test_twice_is_once_and_nothing_raises(text: str, is_strict: bool) -> None:
    mode = "strict" if is_strict else "standard"
    once = deidentify(text, mode)
    assert deidentify(once, mode) == once


@given(st.integers(0, 9_999_999), st.sampled_from(["", " ", "-"]), st.text(max_size=5))
def test_no_run_of_ten_digits_survives(number: int, separator: str, around: str) -> None:
    digits = f"999{number:07d}"
    written = separator.join([digits[:3], digits[3:6], digits[6:]])
    masked = deidentify(f"{around} {written} {around}", "standard")
    assert written not in masked


def test_surrogates_and_odd_characters_pass() -> None:
    assert deidentify("\udcff\x00é", "strict") == "\udcff\x00é"


def test_long_hostile_text_stays_fast() -> None:
    text = ("a" * 5_000 + "1 " * 5_000 + "@" * 100 + "A-" * 2_000) * 2
    started = clock.process_time()
    deidentify(text, "strict")
    assert clock.process_time() - started < 2
