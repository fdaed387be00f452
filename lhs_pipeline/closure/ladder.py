"""Which rung a change is judged on: the nature of the change decides what counts as proof."""

from enum import IntEnum

from lhs_pipeline.catalogue.model import EvaluationPolicy
from lhs_pipeline.closure.changes import Change
from lhs_pipeline.vocabulary import NatureOfChange, Strength


class Rung(IntEnum):
    """From what is done once to what is rolled out."""

    ONE_OFF = 0
    PRACTICE = 1
    FEW_CONTROLS = 2
    SYSTEMIC = 3
    ROLL_OUT = 4

    @property
    def words(self) -> str:
        """How it is judged, for a reader."""
        return {
            Rung.ONE_OFF: "a fix that is done once: verified, and then no recurrence",
            Rung.PRACTICE: "a fix to practice: audits alone",
            Rung.FEW_CONTROLS: "one place with few others to compare with: stricter evidence",
            Rung.SYSTEMIC: "against other units and its own past",
            Rung.ROLL_OUT: "a roll-out: one effect from all units, each from its own go-live",
        }[self]


def choose_rung(change: Change, controls_count: int, policy: EvaluationPolicy) -> Rung:
    """Return the rung of a change.

    A fix of the strongest kind (equipment, a forcing function) is done once and stays; a fix
    without a measure is a matter of doing it, which audits show. All else is judged by its effect.
    """
    is_fix = change.nature == NatureOfChange.FIX
    if is_fix and change.strength == Strength.STRONGER and change.measure_id:
        return Rung.ONE_OFF
    if is_fix and not change.measure_id:
        return Rung.PRACTICE
    if len(change.sites) > 1:
        return Rung.ROLL_OUT
    return Rung.FEW_CONTROLS if controls_count < policy.enough_controls else Rung.SYSTEMIC
