"""A codebook in plain words, what labels teach, and the choice between them."""

import numpy as np
import pytest
from made_comments import PARTS, make_comments

from lhs_pipeline.analysis.codebook import Codebook, pattern_of
from lhs_pipeline.analysis.text_features import Comments
from lhs_pipeline.analysis.theme_model import (
    Labels,
    ThemeModel,
    TrainingRules,
    best_threshold_of,
    f1_of,
    respondent_folds,
)
from lhs_pipeline.catalogue.model import Code
from lhs_pipeline.catalogue.reader import CODEBOOKS, CatalogueError, read_codebook

CODES = read_codebook(CODEBOOKS / "patient_experience")
RULES = TrainingRules(minimum_labelled_count=60, minimum_examples_count=8)


def code(**given: object) -> Code:
    return Code(**{"id": "c", "title": "C", "group": "G", "description": "", **given})  # type: ignore[arg-type]


def learn(count: int, rules: TrainingRules = RULES) -> tuple[ThemeModel, Codebook, Comments]:
    made, book = make_comments(count), Codebook({name: CODES[name] for name in PARTS})
    empty = [""] * count
    comments = Comments(made.texts, empty, empty, book.matrix(made.texts))
    marks = np.array([[name in themes for name in book.ids] for themes in made.themes])
    return ThemeModel(comments, Labels(marks, made.respondents), rules), book, comments


@pytest.mark.parametrize(
    ("term", "text", "is_found"),
    [
        ("wait*", "We WAITED", True),
        ("wait", "we waited", False),
        ("on hold", "on  hold again", True),
        ("can't cope", "I can’t cope", True),
        ("10/10", "It is 10/10!", True),
    ],
)
def test_a_plain_word_is_found_as_a_reader_expects(term: str, text: str, is_found: bool) -> None:
    book = Codebook({"c": code(terms=(term,))})
    assert bool(book.find(text)) is is_found
    assert pattern_of(term)


def test_words_that_count_alone_count_only_where_nothing_else_is_found() -> None:
    book = Codebook(
        {
            "late": code(id="late", terms=("late",)),
            "praise": code(id="praise", alone_terms=("good",), exclude=(r"not good",)),
            "rest": code(id="rest", alone_terms=("*",)),
        }
    )
    assert set(book.find("good")) == {"praise"}
    assert set(book.find("good but late")) == {"late"}
    assert set(book.find("not good")) == {"rest"}
    assert book.find("") == {}


def test_the_shipped_codebook_reads_plain_sentences() -> None:
    book = Codebook(CODES)
    assert {"timeliness", "parking"} <= set(book.find("Waited an hour and the car park was full"))
    assert set(book.find("Everything was excellent, thank you")) == {"positive_experience"}
    assert "not_codeable" in book.find("N/A")


def test_a_site_s_topics_serve_as_a_codebook() -> None:
    assert "falls" in read_codebook(CODEBOOKS.parent / "topics")


def test_a_folder_without_themes_is_refused(tmp_path: object) -> None:
    with pytest.raises(CatalogueError, match=r"holds no \.toml file"):
        read_codebook(CODEBOOKS / "nothing_here")


def test_a_theme_that_words_do_not_know_is_learned_and_explained() -> None:
    model, book, comments = learn(300)
    place = book.ids.index("environment")
    assert model.choices[place].is_model and model.choices[place].model_f1 > 0.9
    assert model.choices[place].codebook_f1 < 0.2
    found = [a for a in model.assign(comments) if a.theme == place]
    assert all("zorbler" in " ".join(a.words) for a in found)
    assert all(0 <= a.score <= 1 for a in found)
    assert np.mean([a.score for a in found]) > 0.8


def test_with_few_labels_the_words_decide() -> None:
    model, _, comments = learn(40)
    assert not any(choice.is_model for choice in model.choices)
    assert (model.decide(comments) == (comments.hits > 0)).all()


@pytest.mark.parametrize("count", [80, 200])
def test_the_choice_is_about_as_good_as_the_better_of_the_two(count: int) -> None:
    model, book, _ = learn(count)
    fresh = make_comments(300, seed=2)
    empty = [""] * 300
    comments = Comments(fresh.texts, empty, empty, book.matrix(fresh.texts))
    true = np.array([[name in themes for name in book.ids] for themes in fresh.themes])
    choice = model.decide(comments)
    alone = model.decide(comments, is_model_alone=True)
    for theme in range(len(book.ids)):
        words = f1_of(comments.hits[:, theme] > 0, true[:, theme])
        best = max(words, f1_of(alone[:, theme], true[:, theme]))
        assert f1_of(choice[:, theme], true[:, theme]) >= best - 0.05


def test_no_respondent_both_teaches_and_tests() -> None:
    who = make_comments(50).respondents
    for train, test in respondent_folds(who):
        assert not {who[row] for row in train} & {who[row] for row in test}


def test_f1_of_nothing_is_nothing() -> None:
    nothing = np.zeros(3, dtype=np.bool_)
    assert f1_of(nothing, nothing) == 0.0


def test_words_that_coders_confirm_outweigh_a_model_that_has_seen_little() -> None:
    made, book = make_comments(120), Codebook({name: CODES[name] for name in PARTS})
    comments = Comments(made.texts, [""] * 120, [""] * 120, book.matrix(made.texts))
    model = ThemeModel(comments, Labels(comments.hits > 0, made.respondents), RULES)
    # The same words count in texts that the model does not understand.
    unknown = Comments([f"qwx{row}" for row in range(120)], [""] * 120, [""] * 120, comments.hits)
    for theme, choice in enumerate(model.choices):
        if choice.is_model and choice.codebook_f1 == 1.0:
            assert (model.decide(unknown)[:, theme] == (comments.hits[:, theme] > 0)).all()


@pytest.mark.parametrize("likely", [(0.9, 0.8, 0.1, 0.1), (0.3, 0.2, 0.1, 0.05), (1.0, 1.0, 0.0)])
def test_no_other_threshold_lets_expect_a_better_f1(likely: tuple[float, ...]) -> None:
    """Half the best F1: against every other threshold on the same probabilities."""
    known = np.array(likely)
    half = best_threshold_of(known)
    expected = [2 * known[known >= t].sum() / ((known >= t).sum() + known.sum()) for t in known]
    chosen = known >= half
    assert 2 * known[chosen].sum() / (chosen.sum() + known.sum()) == pytest.approx(max(expected))
