"""What `lhs themes` says on the screen of a file of comments; the tables hold the rest."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lhs_pipeline.analysis.comment_coding import Agreement, CodedComments, Trial
    from lhs_pipeline.analysis.comment_file import CommentFile
    from lhs_pipeline.analysis.theme_model import TrainingRules

_SHOWN_THEMES = 10
_DOUBTFUL_F1 = 0.5


def say_what_was_found(coded: "CodedComments") -> None:
    """Print how many comments there are, their commonest themes, how people felt, what to read."""
    comments, themes = coded.comments, coded.themes
    is_empty = comments["comment"].str.strip() == ""
    about = set(themes["id"])
    without = int((~is_empty & ~comments["id"].isin(about)).sum())
    print(
        f"{_noun(len(comments))}: {int(is_empty.sum()):,} empty, {without:,} about none of the "
        "themes"
    )
    counts = themes["theme"].value_counts()
    for theme, count in counts.head(_SHOWN_THEMES).items():
        print(f"{theme!s:<60.60} {_noun(count):>18}")
    if len(counts) > _SHOWN_THEMES:
        print(f"and {len(counts) - _SHOWN_THEMES} other themes: see themes")
    for felt, count in comments.loc[~is_empty, "sentiment"].value_counts().items():
        print(f"felt: {felt:<54} {_noun(count):>18}")
    soon = comments["urgency"].str.replace("_", " ")
    for urgency, count in soon.value_counts().items():
        print(f"to be read: {urgency:<48} {_noun(count):>18}")


def say_agreement(agreement: "Agreement", trial: "Trial") -> None:
    """Print how well the coding agrees with coders, and what the figures mean."""
    themes = agreement.themes
    if len(themes):
        shown = themes[themes["examples"] > 0]
        print(
            "\nAgreement with your coders. F1 is 1 where the same comments get the theme, 0 where "
            "none do;\nit is measured on respondents of whom the model saw nothing. `choice` is "
            "what --teach would use.\n" + shown.to_string(index=False)
        )
        weak = shown.loc[shown["choice_f1"] < _DOUBTFUL_F1, "theme"]
        if len(weak):
            print(f"Below {_DOUBTFUL_F1}, so no figure to rely on: {'; '.join(weak)}")
    if len(agreement.overall):
        print(f"\nAll themes together\n{agreement.overall.to_string(index=False)}")
        if not agreement.overall["themes"].any():
            print(
                f"No theme has {trial.least_examples} labelled texts: --least-examples sets fewer"
            )
    if len(agreement.sentiment):
        print(f"\nSentiment\n{agreement.sentiment.to_string(index=False)}")


def say_remarks(read: "CommentFile", file: Path) -> None:
    """Print what of the file was not read, or read by a guess."""
    for remark in read.remarks:
        print(f"{file.name}: {remark}")
    if read.unknown_labels:
        print(
            f"{file.name}: labels that are not in the list of themes, left alone: "
            f"{'; '.join(read.unknown_labels)}. --codebook takes your own list"
        )


def say_taught(taught: "CommentFile", file: Path, rules: "TrainingRules") -> None:
    """Print what a file of labels could teach."""
    say_remarks(taught, file)
    counted = int((taught.rows["comment"].str.strip() != "").sum())
    if taught.marks is None:
        print(f"{file.name}: no label of a theme in the list; it taught no themes")
    elif counted < rules.minimum_labelled_count:
        print(
            f"{file.name}: {_noun(counted)} with labels are too few to teach themes (at least "
            f"{rules.minimum_labelled_count}): words alone were used"
        )


def _noun(count: int) -> str:
    return f"{count:,} comment" if count == 1 else f"{count:,} comments"
