"""The effect of a change as one small line: its range, the effect that was aimed for, and none."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from lhs_pipeline.board.paper import tell_place
from lhs_pipeline.board.rows import Row, number_of
from lhs_pipeline.board.words import tell_change, tell_range

_WIDTH, _HEIGHT, _EDGE, _MIDDLE = 340.0, 62.0, 34.0, 28.0
_FURTHEST = 1.5
"""A range beyond this is cut at the edge: it says 'very wide' and no more."""
_BLUE, _GREY, _AMBER = "#005EB8", "#768692", "#8A5000"


@dataclass(frozen=True)
class Effect:
    """A relative change with its 95% range, and what was aimed for; None where not known."""

    change: float
    lower: float
    upper: float
    aim: float | None

    @property
    def words(self) -> str:
        """The effect in a sentence."""
        said = f"{tell_change(self.change)} than expected without it, 95% range "
        said += tell_range(self.lower, self.upper)
        if self.aim is not None:
            said += f"; aimed for: {tell_change(self.aim)}"
        return said[:1].upper() + said[1:] + "."

    @property
    def svg(self) -> Markup:
        """The effect as a drawing; its words stand beside it, so nobody needs to see it."""
        return Markup(_draw(self))


def find_effect(look: Row, aim: float | None) -> Effect | None:
    """The effect that a look found; None where it found none yet."""
    change, lower, upper = (
        number_of(look, name)
        for name in ("relative_change_prop", "change_lower_prop", "change_upper_prop")
    )
    if change is None or lower is None or upper is None:
        return None
    return Effect(change, lower, upper, aim)


def _draw(effect: Effect) -> str:
    shown = [_clip(each) for each in (effect.lower, effect.upper, effect.aim or 0.0, 0.0)]
    low, high = min(shown), max(shown)
    span = max(high - low, 0.1)

    def place(value: float) -> float:
        return _EDGE + (_clip(value) - low) / span * (_WIDTH - 2 * _EDGE)

    one, other = place(effect.lower), place(effect.upper)
    zero = place(0.0)
    parts = [
        f'<path d="M{tell_place(zero)} 8V46" stroke="{_GREY}" stroke-width="1.5"/>',
        _label(zero, 59, "no change", _GREY),
        f'<path d="M{tell_place(one)} {_MIDDLE:g}H{tell_place(other)}" stroke="{_BLUE}"'
        ' stroke-width="6" stroke-opacity=".35" stroke-linecap="round"/>',
        f'<circle cx="{tell_place(place(effect.change))}" cy="{_MIDDLE:g}" r="6" fill="{_BLUE}"/>',
    ]
    if effect.aim is not None:
        aim = place(effect.aim)
        parts.append(f'<path d="M{tell_place(aim)} 18l6 10l-6 10l-6-10z" fill="none"'
                     f' stroke="{_AMBER}" stroke-width="2"/>')  # fmt: skip
        parts.append(_label(aim, 11, "aim", _AMBER))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}"'
        f' class="effect" role="img" aria-label="{escape(effect.words)}" font-size="11"'
        f' font-family="Frutiger, Arial, sans-serif">{"".join(parts)}</svg>'
    )


def _clip(value: float) -> float:
    return min(max(value, -1.0), _FURTHEST)


def _label(x: float, y: float, words: str, colour: str) -> str:
    return (
        f'<text x="{tell_place(x)}" y="{y:g}" text-anchor="middle" fill="{colour}">{words}</text>'
    )
