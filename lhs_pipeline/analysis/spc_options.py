"""How the series of a stand-alone file are charted: the options of `lhs spc`, checked.

Light on purpose: the command line reads its words here before anything is computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from lhs_pipeline.vocabulary import ChartProfile, Direction


class SpcFileError(Exception):
    """A file or an option cannot be used; the message says which and what was expected."""


class FileChart(StrEnum):
    """The charts that a file may ask for."""

    XMR = "xmr"
    RUN = "run"
    P = "p"
    PP = "pp"
    U = "u"
    UP = "up"
    C = "c"
    G = "g"
    T = "t"
    I = "i"  # noqa: E741

    @property
    def is_of_shares(self) -> bool:
        """Whether a numerator is part of its denominator."""
        return self in {FileChart.P, FileChart.PP}

    @property
    def needs_denominator(self) -> bool:
        """Whether the limits depend on the size of each point."""
        return self in {FileChart.P, FileChart.PP, FileChart.U, FileChart.UP}

    @property
    def takes_ratio(self) -> bool:
        """Whether a plain ratio may stand for the value."""
        return self in {FileChart.XMR, FileChart.RUN, FileChart.I}

    @property
    def lowest_value(self) -> float | None:
        """The lowest that a value can be; None where it may be anything."""
        return 0.0 if self in {FileChart.C, FileChart.G, FileChart.T} else None


@dataclass(frozen=True)
class Rebase:
    """A day from which limits start anew, and what stands behind it.

    Attributes:
        on: the first day of the new limits.
        series: the one series that it concerns; None for every one.
        reason: the known cause, in words; empty where only a day was given.
        approved_by: the role that approved it; empty where only a day was given.
    """

    on: date
    series: str | None = None
    reason: str = ""
    approved_by: str = ""

    def __str__(self) -> str:
        """As it was given on the command line, for a message."""
        return f"--breaks from {self.on}" if self.reason else f"--rebase {self.on}"


@dataclass(frozen=True)
class SpcOptions:
    """The options of one look at a file.

    Attributes:
        chart: None for an XmR chart of the column `value`.
        profile: whose rules and icons.
        direction: which way is better, for series whose rows do not say.
        target: for rows that name none, in the unit of what is plotted; None for none.
        baseline: the first so many rows of each stretch fix its limits; None for all.
        rebases: from when limits start anew, and why, in order.
        per: what a ratio is multiplied by, such as 1,000.
        columns: our name of a column -> its name in the file, where they differ.
    """

    chart: FileChart | None
    profile: ChartProfile
    direction: Direction
    target: float | None
    baseline: int | None
    rebases: tuple[Rebase, ...]
    per: float
    columns: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse options without meaning.

        Raises:
            SpcFileError: an option is out of its range; the message names it.
        """
        if self.baseline is not None and self.baseline < 2:
            raise SpcFileError(f"--baseline {self.baseline}: expected 2 or more points")
        if not 0 < self.per < float("inf"):
            raise SpcFileError(f"--per {self.per:g}: expected a number above 0, such as 1000")
        if self.target is not None and not abs(self.target) < float("inf"):
            raise SpcFileError(f"--target {self.target:g}: expected a number")
        is_share = self.chart is not None and self.chart.is_of_shares
        if is_share and self.target is not None and not 0 <= self.target <= self.per:
            raise SpcFileError(
                f"--target {self.target:g}: expected a share from 0 to {self.per:g}, "
                f"as the chart is of shares"
            )
