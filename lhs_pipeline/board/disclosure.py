"""What may be shown: small-number suppression and harmless text, in this one place.

Zero, missing and suppressed are three different things and stay told apart everywhere.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from lhs_pipeline.catalogue.model import DisclosurePolicy

IS_SUPPRESSED = "_is_suppressed"
SECONDARY_TEXT = "*"

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_KEPT_FORMAT_CHARACTERS = "\u200c\u200d"  # joiners that some scripts need
_CUT_MARK = " … [cut]"


LONGEST_CELL = 2000
STANDARD_POLICY = DisclosurePolicy(smallest_count=5, smallest_quotation_cell=5)


def name_small(policy: DisclosurePolicy) -> str:
    """What stands in place of a suppressed count: '1–4'."""
    return f"1–{policy.smallest_count - 1}"


def is_small(count: float | None, policy: DisclosurePolicy) -> bool:
    """Whether a count of people is too small to publish; zero and missing are not."""
    return count is not None and 0 < count < policy.smallest_count


def tell_people(count: float | None, policy: DisclosurePolicy) -> str:
    """The count as people may read it: a number, '1–4', or 'not known'."""
    if count is None:
        return "not known"
    return name_small(policy) if is_small(count, policy) else f"{round(count):,}"


def round_people(count: float, policy: DisclosurePolicy) -> int:
    """A count of people to the nearest five, as it is published; never down to a small one.

    Exact, a count of a rolling year would tell by tomorrow's that somebody spoke today.
    """
    step = policy.smallest_count
    return 0 if count == 0 else max(step, step * round(count / step))


def tell_roughly(count: float, policy: DisclosurePolicy) -> str:
    """The same in words: '1–4', 'about 15'."""
    if count == 0 or is_small(count, policy):
        return tell_people(count, policy)
    return f"about {round_people(count, policy):,}"


def round_estimate(value: float | None) -> float | None:
    """An estimate in two digits: more would say more than is known, and might tell a count."""
    if value is None or not math.isfinite(value) or value == 0:
        return value
    return round(value, 1 - math.floor(math.log10(abs(value))))


@dataclass(frozen=True)
class SuppressionRule:
    """Which column counts people.

    `also_hide` names columns that would give the count away (a share with a known base).
    `wholes` says which rows are the whole of which others, by their places: a whole is held back
    with its small parts where a subtraction would leave one possible number for them.
    """

    column: str
    also_hide: tuple[str, ...] = ()
    wholes: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class SuppressionRules:
    """The policy and the columns of one table that it covers."""

    policy: DisclosurePolicy
    columns: tuple[SuppressionRule, ...]


def suppress_small_counts(frame: pd.DataFrame, rules: SuppressionRules) -> pd.DataFrame:
    """The frame with small counts of people held back.

    Each covered column becomes a nullable integer to the nearest five, null where suppressed *or*
    missing, beside a boolean `<column>_is_suppressed` that tells the two apart.
    """
    shown = frame.copy()
    for rule in rules.columns:
        counts = pd.to_numeric(shown[rule.column], errors="coerce").round().astype("Int64")
        is_hidden = _find_hidden(counts, rule, rules.policy)
        rounded = counts.map(lambda n: round_people(n, rules.policy), na_action="ignore")
        shown[rule.column] = rounded.astype("Int64").mask(is_hidden)
        shown[rule.column + IS_SUPPRESSED] = is_hidden
        for name in rule.also_hide:
            shown[name] = shown[name].where(~is_hidden)
    return shown


def tell_suppressed(frame: pd.DataFrame, rules: SuppressionRules) -> pd.DataFrame:
    """The suppressed frame for people: counts as text, '1–4' where held back, '' where missing.

    A count held back only to protect its sibling reads '*', because it need not be 1–4.
    """
    shown = suppress_small_counts(frame, rules)
    for rule in rules.columns:
        counts = pd.to_numeric(frame[rule.column], errors="coerce").astype("float64")
        is_hidden = shown.pop(rule.column + IS_SUPPRESSED).tolist()
        shown[rule.column] = pd.Series(
            [
                _tell_cell(count, hidden, rules.policy)
                for count, hidden in zip(counts.tolist(), is_hidden, strict=True)
            ],
            index=frame.index,
            dtype="str",
        )
    return shown


def clean_text(text: str) -> str:
    """The text without control, bidirectional and other invisible characters.

    Line ends and tabs become spaces: one cell is one line.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_keep(character) for character in text)


def safe_cell(text: str, longest: int = LONGEST_CELL) -> str:
    """The text as a spreadsheet may hold it: clean, short enough, and never a formula."""
    is_formula = text.startswith(_FORMULA_STARTS)
    cleaned = clean_text(text).strip()
    if is_formula or cleaned.startswith(_FORMULA_STARTS):
        cleaned = "'" + cleaned
    if len(cleaned) > longest:
        cleaned = cleaned[: longest - len(_CUT_MARK)] + _CUT_MARK
    return cleaned


def safe_cells(frame: pd.DataFrame, longest: int = LONGEST_CELL) -> pd.DataFrame:
    """The frame with every text cell made harmless; numbers and dates are left alone."""
    safe = {
        name: values.map(lambda cell: safe_cell(cell, longest) if isinstance(cell, str) else cell)
        for name, values in frame.items()
        if pd.api.types.is_string_dtype(values) or pd.api.types.is_object_dtype(values)
    }
    return frame.assign(**{str(name): values for name, values in safe.items()})


def _keep(character: str) -> str:
    if character in "\n\t\r\u2028\u2029":
        return " "
    category = unicodedata.category(character)
    if category == "Cf":
        return character if character in _KEPT_FORMAT_CHARACTERS else ""
    return "" if category in ("Cc", "Cs", "Cn") else character


def _find_hidden(counts: pd.Series, rule: SuppressionRule, policy: DisclosurePolicy) -> pd.Series:
    is_hidden = counts.between(1, policy.smallest_count - 1).fillna(False).astype(bool)
    for whole, parts in rule.wholes.items():
        if _tells_a_part(counts, is_hidden, (whole, parts), policy):
            is_hidden.iloc[whole] = True
    return is_hidden


def _tells_a_part(
    counts: pd.Series,
    is_hidden: pd.Series,
    places: tuple[int, tuple[int, ...]],
    policy: DisclosurePolicy,
) -> bool:
    """Whether a whole, at most, leaves no more than one for each of its small parts."""
    whole, parts = places
    few = [part for part in parts if is_hidden.iloc[part]]
    if not few or is_hidden.iloc[whole] or pd.isna(counts.iloc[whole]):
        return False
    step = policy.smallest_count
    shown = [counts.iloc[part] for part in parts if not is_hidden.iloc[part]]
    least = sum(max(step, round_people(n, policy) - step // 2) for n in shown if n > 0)
    left = round_people(counts.iloc[whole], policy) + step // 2 - least
    return bool(left <= len(few))


def _tell_cell(count: float, is_hidden: bool, policy: DisclosurePolicy) -> str:
    if count != count:
        return ""
    if not is_hidden:
        return str(round_people(count, policy))
    return name_small(policy) if is_small(count, policy) else SECONDARY_TEXT
