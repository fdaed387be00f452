"""A file of comments in, themes out; and real labelled comments where they stand beside us."""

from pathlib import Path

import pandas as pd
import pytest
from made_comments import make_comments

from lhs_pipeline.analysis.comment_coding import CommentCoder, Trial, measure_agreement
from lhs_pipeline.analysis.comment_file import each_text_once, read_comments
from lhs_pipeline.analysis.comment_table import CommentFileError
from lhs_pipeline.analysis.theme_model import TrainingRules, f1_of
from lhs_pipeline.catalogue.reader import CODEBOOKS, read_catalogue, read_codebook
from lhs_pipeline.cli import main

CODES = read_codebook(CODEBOOKS / "patient_experience")
DANGERS = read_catalogue().dangers
RULES = TrainingRules(minimum_labelled_count=60, minimum_examples_count=8)
SHARED = Path(__file__).parents[4] / "shared/data/fft_comments/fft_comments_neas_labelled.csv"


def write(folder: Path, columns: dict[str, list[object]]) -> Path:
    file = folder / "comments.csv"
    pd.DataFrame(columns).to_csv(file, index=False)
    return file


def labelled(folder: Path, count: int) -> Path:
    made = make_comments(count)
    return write(
        folder,
        {
            "FFT answer": list(made.texts),
            "Respondent ID": list(made.respondents),
            "Timeliness of care": [int("timeliness" in t) for t in made.themes],
            "environment": [int("environment" in t) for t in made.themes],
            "Something else": [1, *[0] * (count - 1)],
        },
    )


def test_the_command_writes_themes_without_identifiers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts: list[object] = ["Waited an hour, ring me on 07700 900123", "the car park was full", ""]
    file = write(tmp_path, {"id": ["a", "b", "c"], "comment": texts})
    assert main(["themes", str(file), "--out", str(tmp_path / "out")]) == 0
    themes = pd.read_csv(tmp_path / "out/themes.csv")
    assert {("a", "timeliness"), ("b", "parking")} <= set(
        zip(themes["id"], themes["theme_id"], strict=True)
    )
    assert (themes["score"].between(0, 1)).all() and themes["words"].str.len().gt(0).all()
    assert "900123" not in (tmp_path / "out/comments.csv").read_text()
    assert "Written to" in capsys.readouterr().out


def test_labels_give_a_report_and_teach_another_file(tmp_path: Path) -> None:
    file = labelled(tmp_path, 160)
    out = tmp_path / "out"
    command = ["themes", str(file), "--teach", str(file), "--out", str(out), "--format", "parquet"]
    assert main(command) == 0
    themes = pd.read_parquet(out / "themes.parquet")
    taught = themes[themes["theme_id"] == "environment"]
    assert set(taught["method"]) == {"model"} and taught["words"].str.contains("zorbler").all()
    agreement = pd.read_parquet(out / "agreement_themes.parquet").set_index("theme_id")
    assert agreement.loc["environment", "choice_f1"] > 0.95


def test_every_text_counts_once_and_half_of_its_copies_make_a_label(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {"comment": ["Good", "good!", "good", "late", ""], "food": [1, 1, 0, 0, 1]},
    )
    read = read_comments(file, CODES, {}, str)
    once = each_text_once(read)
    assert list(once.rows["comment"]) == ["Good", "late"] and once.marks is not None
    assert list(once.marks[:, once.theme_ids.index("food")]) == [True, False]


@pytest.mark.parametrize(
    ("columns", "named", "message"),
    [
        ({"words": ["x"]}, {}, "column 'comment' is missing; found words"),
        ({"comment": ["x"], "sentiment": ["fine"]}, {}, "row 2, sentiment: 'fine'; expected 1"),
        ({"comment": ["x"]}, {"rating": "stars"}, "column 'stars' is missing"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, columns: dict[str, list[object]], named: dict[str, str], message: str
) -> None:
    with pytest.raises(CommentFileError, match=message):
        read_comments(write(tmp_path, columns), CODES, named, str)


def save_as(kind: str, table: pd.DataFrame, folder: Path) -> Path:
    file = folder / f"comments.{'xlsx' if kind == 'workbook' else 'txt'}"
    if kind == "workbook":
        table.to_excel(file, index=False, startrow=2)
    elif kind == "semicolons of Windows":
        table.to_csv(file, index=False, sep=";", encoding="cp1252")
    else:
        table.to_csv(file, index=False, sep="\t", encoding="utf-16")
    return file


@pytest.mark.parametrize("kind", ["workbook", "semicolons of Windows", "tabs in UTF-16"])
def test_a_file_may_be_as_another_trust_saves_it(tmp_path: Path, kind: str) -> None:
    said = ["<p>Roedd y bwyd yn oer &amp; dr\u00f4n</p>", "Nil", ""]
    table = pd.DataFrame(
        {"Ref": ["a", "b", "c"], "Free text": said, "Service type": ["A", "B", "C"]}
    )
    read = read_comments(save_as(kind, table, tmp_path), CODES, {"id": "Ref"}, str)
    assert list(read.rows["comment"]) == ["Roedd y bwyd yn oer & dr\u00f4n", "Nil", ""]
    assert list(read.rows["id"]) == ["a", "b", "c"] and list(read.rows["service"]) == [
        "A",
        "B",
        "C",
    ]


def test_a_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("comment,id\nfine,1\nfine, but late,2\n", encoding="utf-8")
    with pytest.raises(CommentFileError, match="row 3: 3 cells; expected 2"):
        read_comments(file, CODES, {}, str)


def test_a_file_that_is_not_there_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["themes", "no_such.csv"]) == 1
    assert "there is no such file" in capsys.readouterr().err


def test_a_report_is_of_respondents_that_were_held_out(tmp_path: Path) -> None:
    read = read_comments(labelled(tmp_path, 160), CODES, {}, str)
    assert read.unknown_labels == ("Something else (1)",)
    found = measure_agreement(CommentCoder(CODES, DANGERS, RULES), read, Trial(RULES, 10, (80,), 2))
    assert list(found.overall["labels"]) == [80, 160]
    last = found.overall.iloc[-1]
    assert last["choice_macro"] > 0.9 > last["codebook_macro"]


def test_the_same_question_in_another_service_is_another_question(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {
        "comment": ["nothing", "none", "no"],
        "FFT question": ["Why?", "Why?", "Why?"],
        "Service type 1": ["Transport", "Helpline", "Helpline"],
    }
    read = read_comments(write(tmp_path, columns), CODES, {}, str)
    asked = CommentCoder(CODES, DANGERS, RULES).comments_of(read.rows).questions
    assert asked[0] != asked[1] == asked[2]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_file(), reason="the labelled comments are not beside the project")
def test_words_alone_agree_with_the_coders_of_real_comments() -> None:
    once = each_text_once(read_comments(SHARED, CODES, {}, str))
    rows = once.rows.iloc[::4]
    assert once.marks is not None
    marks = once.marks[::4]
    hits = CommentCoder(CODES, DANGERS, RULES).comments_of(rows).hits > 0
    counted = [t for t in range(marks.shape[1]) if once.marks[:, t].sum() >= 25]
    each = [f1_of(hits[:, t], marks[:, t]) for t in counted]
    assert sum(each) / len(each) >= 0.50
    assert f1_of(hits[:, counted].ravel(), marks[:, counted].ravel()) >= 0.60


def test_a_comment_that_says_both_shows_both(tmp_path: Path) -> None:
    file = write(tmp_path, {"comment": ["Kind staff but the wait was terrible", "Kind staff"]})
    assert main(["themes", str(file), "--out", str(tmp_path / "out")]) == 0
    said = pd.read_csv(tmp_path / "out/comments.csv", keep_default_na=False)
    assert list(said["sentiment"]) == ["mixed", "positive"]
    assert list(said["sentiment_words"]) == ["the wait was terrible", "Kind staff"]
    assert list(said["opposite_words"]) == ["Kind staff", ""]
