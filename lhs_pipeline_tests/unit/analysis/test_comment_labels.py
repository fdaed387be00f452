"""Labels of coders in the layouts that trusts keep them in: all say the same, none is lost."""

from pathlib import Path

import pandas as pd
import pytest

from lhs_pipeline.analysis.comment_file import CommentFile, read_comments
from lhs_pipeline.analysis.comment_table import CommentFileError
from lhs_pipeline.analysis.theme_list import read_theme_list
from lhs_pipeline.catalogue.reader import CODEBOOKS, read_codebook
from lhs_pipeline.cli import main

CODES = read_codebook(CODEBOOKS / "patient_experience")
TEXTS = ["kind but late", "cold soup", "no place to park, and late", "fine"]
THEMES: list[list[str]] = [
    ["Staff manner & personal attributes", "Timeliness of care"],
    ["Food & drink provision & facilities"],
    ["Parking", "Timeliness of care", "Our own theme"],
    [],
]
NAMES = sorted({name for given in THEMES for name in given})


def wide(mark: str, no_mark: str) -> pd.DataFrame:
    marks = {name: [mark if name in given else no_mark for given in THEMES] for name in NAMES}
    return pd.DataFrame({"id": list("abcd"), "comment": TEXTS, **marks})


def listed(between: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": list("abcd"), "comment": TEXTS, "Themes": [between.join(given) for given in THEMES]}
    )


def side_by_side() -> pd.DataFrame:
    places = [[(given + [""] * 3)[place] for given in THEMES] for place in range(3)]
    columns = {f"Theme {place + 1}": cells for place, cells in enumerate(places)}
    return pd.DataFrame({"id": list("abcd"), "comment": TEXTS, **columns})


def long(*others: str) -> pd.DataFrame:
    rows = [
        {"id": id_, "comment": text, "Theme": name}
        for id_, text, given in zip("abcd", TEXTS, THEMES, strict=True)
        for name in given or [""]
    ]
    return pd.DataFrame(rows)[[*others, "comment", "Theme"]]


def read(table: pd.DataFrame, folder: Path) -> CommentFile:
    file = folder / "comments.csv"
    table.to_csv(file, index=False)
    return read_comments(file, CODES, {}, str)


@pytest.mark.parametrize(
    "table",
    [
        wide("1", "0"),
        wide("Y", "N"),
        wide("x", ""),
        listed("; "),
        listed(" | "),
        listed("\n"),
        side_by_side(),
        long("id"),
        long(),
    ],
    ids=["0/1", "Y/N", "x", ";", "|", "lines", "side by side", "long", "long without id"],
)
def test_every_layout_gives_the_same_marks(table: pd.DataFrame, tmp_path: Path) -> None:
    found = read(table, tmp_path)
    assert found.marks is not None and list(found.rows["comment"]) == TEXTS
    titles = [CODES[id_].title for id_ in found.theme_ids]
    said = [{titles[place] for place in row.nonzero()[0]} for row in found.marks]
    assert said == [set(given) - {"Our own theme"} for given in THEMES]
    assert found.unknown_labels == ("Our own theme (1)",)


def test_rows_of_several_people_who_say_the_same_stay_several(tmp_path: Path) -> None:
    table = pd.DataFrame({"comment": ["late", "late"], "theme": ["Timeliness of care"] * 2})
    assert len(read(table, tmp_path).rows) == 2
    assert len(read(table.assign(id=["a", "b"]), tmp_path).rows) == 2


def test_what_differs_between_the_rows_of_one_comment_is_told(tmp_path: Path) -> None:
    table = long("id").assign(Coder=["p", "q", "p", "p", "q", "p", "p"])
    assert any(
        "differ among them in column 'Coder'" in said for said in read(table, tmp_path).remarks
    )


def test_a_column_that_only_looks_like_labels_is_told(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"comment": ["late", "on time"], "Parking": ["0", "4 pounds"], "Ward": ["Ash", "Elm"]}
    )
    found = read(table, tmp_path)
    assert found.marks is None
    assert any("'Parking'" in said and "row 3" in said for said in found.remarks)
    assert any("not read: Ward" in said for said in found.remarks)


def test_a_column_of_another_name_is_guessed_and_told(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text(
        "Riverbank Trust;;\n\nRef;Team;What, if anything, could we do better?\n"
        "1;Ash;Ring back, sooner, please, and say when\n2;Ash;More chairs in the room\n",
        encoding="cp1252",
    )
    found = read_comments(file, CODES, {}, str)
    assert list(found.rows["comment"])[1] == "More chairs in the room"
    assert list(found.rows["id"]) == ["1", "2"]
    assert any("are read from column 'What, if anything" in said for said in found.remarks)


def test_two_columns_of_sentences_are_a_choice_for_a_person(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"Why?": ["it was late again", "they were so kind"],
         "What else?": ["mend the broken lift", "nothing at all really"]}
    )  # fmt: skip
    with pytest.raises(
        CommentFileError, match=r"several hold sentences; choose .*comment=What else"
    ):
        read(table, tmp_path)


def test_prose_of_one_column_may_hold_any_mark(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text("comment\nlate, cold, rude\nfine; thanks\n", encoding="utf-8")
    assert list(read_comments(file, CODES, {}, str).rows["comment"]) == [
        "late, cold, rude",
        "fine; thanks",
    ]


def test_a_heading_may_hold_commas_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text('"So, how was it?",Stars,Key\nvery late,1,a\n', encoding="utf-8")
    named = "comment=So, how was it?,rating=Stars, id=Key"
    assert main(["themes", str(file), "--columns", named, "--out", str(tmp_path / "out")]) == 0
    assert list(pd.read_csv(tmp_path / "out/comments.csv")["id"]) == ["a"]


def test_a_list_of_themes_may_be_a_table(tmp_path: Path) -> None:
    file = tmp_path / "ours.csv"
    file.write_text(
        "Theme;Key words;Definition\nWaiting;wait*|delay*;Time\nA & B;;\n", encoding="utf-8"
    )
    codes = read_theme_list(file)
    assert list(codes) == ["waiting", "a_b"] and codes["waiting"].terms == ("wait*", "delay*")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Theme,Words\nFood,soup\nfood,tea\n", "row 3: names 'food' a second time"),
        ("Theme,Words\n,soup\nFood,tea\n", "row 2: names no theme"),
        ("Words\nsoup\n", "column 'theme' is missing"),
    ],
)
def test_a_list_of_themes_that_cannot_be_read_says_why(
    text: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "ours.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommentFileError, match=message):
        read_theme_list(file)


def test_a_file_that_teaches_nothing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.csv"
    pd.DataFrame({"comment": TEXTS, "Our own theme": [1, 0, 0, 1]}).to_csv(file, index=False)
    assert main(["themes", str(file), "--teach", str(file), "--out", str(tmp_path / "out")]) == 1
    assert "not in the list: Our own theme (2)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [(["--sizes", "a"], "--sizes 'a': expected numbers"), (["--out", "FILE"], "expected a folder")],
)
def test_an_option_that_cannot_be_used_says_why(
    more: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.csv"
    file.write_text("comment\nlate\n", encoding="utf-8")
    given = [str(file) if one == "FILE" else one for one in more]
    assert main(["themes", str(file), "--out", str(tmp_path / "out"), *given]) == 1
    assert message in capsys.readouterr().err


def test_a_header_alone_gives_empty_tables(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("comment\n", encoding="utf-8")
    assert main(["themes", str(file), "--out", str(tmp_path / "out")]) == 0
    assert pd.read_csv(tmp_path / "out/comments.csv").empty
