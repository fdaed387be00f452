"""How a rank came about: chance, size and severity, what each source added, how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

from lhs_pipeline.analysis.triage_words import LEANS_LOG_ODDS
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.rows import Row, number_of, text_of, whole_of
from lhs_pipeline.board.scene import Scene
from lhs_pipeline.board.words import LENSES, as_sentence, tell_chance, tell_small, word_for

_TUNABLES_TOLD = 3
"""What moves a rank most comes first; the rest stands in the workbook."""
_MEANINGLESS_MOVES = ("same", "")
_WEIGHTS = ((3.0, "speaks strongly for it"), (1.0, "speaks for it"), (-1.0, "hardly moves it"),
            (-3.0, "speaks against it"))  # fmt: skip
_STRONGLY_AGAINST = "speaks strongly against it"


@dataclass(frozen=True)
class Weighed:
    """One kind of source: what it answered, and how far that moved the belief."""

    lens: str
    answer: str
    answer_code: str
    weight: str


@dataclass(frozen=True)
class Reckoning:
    """The parts of one rank, each in words; '' where triage did not say."""

    sum_words: str
    range_words: str
    rank_words: str
    if_wrong: str
    moved: str
    weighed: list[Weighed]

    @property
    def is_known(self) -> bool:
        """Whether triage said anything of it."""
        return bool(self.sum_words or self.rank_words)


def show_reckoning(scene: Scene, row: Row) -> Reckoning:
    """The parts of the rank of a row of triage."""
    return Reckoning(
        sum_words=_tell_sum(row),
        range_words=_tell_range(row),
        rank_words=_tell_rank(row),
        if_wrong=_tell_if_wrong(scene, row),
        moved=_tell_move(scene, row),
        weighed=_list_weighed(scene, row),
    )


def read_answers(tables: BoardTables, problem: Row) -> dict[str, str]:
    """What each kind of source says of a problem; 'leans' where it saw nothing certain and adds."""
    leaning = {
        text_of(row, "lens")
        for row in tables.rows_where("lenses", problem_id=text_of(problem, "problem_id"))
        if (number_of(row, "added_log_odds") or 0.0) > LEANS_LOG_ODDS
    }
    said = {lens: text_of(problem, lens) or "did_not_look" for lens in LENSES}
    return {
        lens: "leans" if code == "saw_nothing" and lens in leaning else code
        for lens, code in said.items()
    }


def _tell_sum(row: Row) -> str:
    """'0.89 a month = 100% chance that it is real × 5.9 falls a month × 0.15 for each'."""
    harm, real = number_of(row, "harm_per_month"), number_of(row, "real_prop")
    excess, weight = number_of(row, "excess_per_month"), number_of(row, "severity_weight")
    if harm is None or real is None or excess is None or weight is None:
        return ""
    unit = text_of(row, "excess_unit") or "events"
    return (
        f"{tell_small(harm)} = {tell_chance(real)} chance that it is real × {tell_small(excess)} "
        f"{unit} a month × {tell_small(weight)} for each"
    )


def _tell_range(row: Row) -> str:
    lower, upper = (number_of(row, f"harm_{end}_per_month") for end in ("lower", "upper"))
    if lower is None or upper is None:
        return ""
    if upper < 0.005:
        return "almost certainly close to none"
    return f"nine times in ten between {tell_small(lower)} and {tell_small(upper)}"


def _tell_rank(row: Row) -> str:
    best, worst = whole_of(row, "rank_lower"), whole_of(row, "rank_upper")
    first = number_of(row, "first_prop")
    if best is None or worst is None:
        return ""
    told = f"By its harm alone it could stand anywhere from {best} to {worst}"
    if best == worst:
        told = f"By its harm alone it would stand at {best}"
    if first is not None:
        told += f"; the chance that it is among the first twenty is {tell_chance(first)}"
    if text_of(row, "deadline_on"):
        told += ". A deadline puts it where it stands"
    return told + "."


def _tell_if_wrong(scene: Scene, row: Row) -> str:
    """Where it would stand if what was declared, not measured, were half or twice as large."""
    found = scene.tables.rows_where("sensitivity", problem_id=text_of(row, "problem_id"))
    told = []
    for each in found:
        half, double = whole_of(each, "rank_if_halved"), whole_of(each, "rank_if_doubled")
        if half != double:
            told.append(
                f"If the {text_of(each, 'tunable')} were half as large, it would "
                f"{_tell_stand(half)}; if twice, {_tell_place(double)}."
            )
    if found and not told:
        return "Half or twice of what was declared would not move it."
    return " ".join(told[:_TUNABLES_TOLD])


def _tell_stand(rank: int | None) -> str:
    return "not be listed" if rank is None else f"stand at {rank}"


def _tell_place(rank: int | None) -> str:
    return "not at all" if rank is None else f"at {rank}"


def _tell_move(scene: Scene, row: Row) -> str:
    for move in scene.tables.rows_where("moves", problem_id=text_of(row, "problem_id")):
        before, code = whole_of(move, "rank_before"), text_of(move, "move")
        if code in _MEANINGLESS_MOVES:
            return ""
        how = f"{word_for('move', code)} from {before}" if before else word_for("move", code)
        return f"{how}. {as_sentence(text_of(move, 'reason'))}"
    return ""


def _list_weighed(scene: Scene, row: Row) -> list[Weighed]:
    problem_id = text_of(row, "problem_id")
    rows = {
        text_of(each, "lens"): each
        for each in scene.tables.rows_where("lenses", problem_id=problem_id)
    }
    return [
        Weighed(
            lens=word_for("lens", lens),
            answer=word_for("answer", text_of(rows[lens], "answer")),
            answer_code=text_of(rows[lens], "answer"),
            weight=_tell_weight(number_of(rows[lens], "added_log_odds")),
        )
        for lens in LENSES
        if lens in rows
    ]


def _tell_weight(added_log_odds: float | None) -> str:
    """How far a source moved the belief; one natural log odds is a factor of about three."""
    if added_log_odds is None:
        return ""
    found = (words for least, words in _WEIGHTS if added_log_odds >= least)
    return next(found, _STRONGLY_AGAINST)
