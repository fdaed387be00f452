"""What may be shown: small-number suppression and harmless text, in this one place.

Zero, missing and suppressed are three different things and stay told apart everywhere.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

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


@dataclass(frozen=True)
class SuppressionRule:
    """Which column counts people.

    `also_hide` names columns that would give the count away (a share with a known base).
    `siblings_by` names the columns of a published total: where one count of a group is held
    back, so is its next lowest sibling, or a subtraction would give it.
    """

    column: str
    also_hide: tuple[str, ...] = ()
    siblings_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class SuppressionRules:
    """The policy and the columns of one table that it covers."""

    policy: DisclosurePolicy
    columns: tuple[SuppressionRule, ...]


def suppress_small_counts(frame: pd.DataFrame, rules: SuppressionRules) -> pd.DataFrame:
    """The frame with small counts of people held back.

    Each covered column becomes a nullable integer, null where suppressed *or* missing, beside a
    boolean `<column>_is_suppressed` that tells the two apart.
    """
    shown = frame.copy()
    for rule in rules.columns:
        counts = pd.to_numeric(shown[rule.column], errors="coerce").round().astype("Int64")
        is_hidden = _find_hidden(shown, counts, rule, rules.policy)
        shown[rule.column] = counts.mask(is_hidden)
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


def _find_hidden(
    frame: pd.DataFrame, counts: pd.Series, rule: SuppressionRule, policy: DisclosurePolicy
) -> pd.Series:
    is_hidden = counts.between(1, policy.smallest_count - 1).fillna(False).astype(bool)
    if not rule.siblings_by or frame.empty:
        return is_hidden
    for _, group in counts.groupby([frame[name] for name in rule.siblings_by], dropna=False):
        hidden_here = is_hidden.loc[group.index]
        others = group[~hidden_here & group.notna() & (group > 0)]
        if hidden_here.sum() == 1 and len(others):
            is_hidden.loc[others.sort_values(kind="stable").index[0]] = True
    return is_hidden


def _tell_cell(count: float, is_hidden: bool, policy: DisclosurePolicy) -> str:
    if count != count:
        return ""
    if not is_hidden:
        return str(round(count))
    return name_small(policy) if is_small(count, policy) else SECONDARY_TEXT
