"""Shewhart charts by the text of qicharts2: one part of one series, plain Python, no arrays.

Written from the package's description, and slow; it shares no line with what it checks.
"""

import itertools
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

Values = list[float]
NAN = math.nan


@dataclass(frozen=True)
class Part:
    """What a chart is drawn of; NaN is missing, `base` the points that feed the lines."""

    y: Values
    n: Values
    sums: Values
    lengths: Values
    spreads: Values
    base: list[bool]
    given: float
    screened: bool


@dataclass(frozen=True)
class Drawn:
    """What is plotted, the centre, and the outer and inner lines, point by point."""

    y: Values
    centre: float
    lower: Values
    upper: Values
    near_lower: Values
    near_upper: Values


def _known(values: Values) -> Values:
    return [value for value in values if not math.isnan(value)]


def _mean(values: Values) -> float:
    known = _known(values)
    return math.fsum(known) / len(known) if known else NAN


def _base(values: Values, part: Part) -> Values:
    return [value for value, inside in zip(values, part.base, strict=True) if inside]


def _screened_mean(ranges: Values, screened: bool, ceiling: float) -> float:
    mean = _mean(ranges)
    return _mean([r for r in ranges if r < ceiling * mean]) if screened else mean


def _sigma(values: Values, part: Part) -> float:
    """From moving ranges of the base, excluded points bridged."""
    base = _base(values, part)
    ranges = [abs(b - a) for a, b in itertools.pairwise(base)]
    return _screened_mean(ranges, part.screened, 3.267) / 1.128


def _or_given(part: Part, estimate: Callable[[], float]) -> float:
    return estimate() if math.isnan(part.given) else part.given


def _ratio(part: Part) -> float:
    top, size = (math.fsum(_known(_base(column, part))) for column in (part.sums, part.n))
    return top / size if size else NAN


def _lines(y: Values, centre: float, sigmas: Values, low: float = -math.inf,
           high: float = math.inf) -> Drawn:  # fmt: skip
    def line(times: float) -> Values:
        return [min(max(centre + times * sigma, low), high) if math.isfinite(sigma) else NAN
                for sigma in sigmas]  # fmt: skip

    return Drawn(y, centre, line(-3), line(3), line(-2), line(2))


def run(part: Part) -> Drawn:
    known = _known(_base(part.y, part))
    centre = _or_given(part, lambda: statistics.median(known) if known else NAN)
    return _lines(part.y, centre, [NAN] * len(part.y))


def i(part: Part) -> Drawn:
    centre = _or_given(part, lambda: _mean(_base(part.y, part)))
    return _lines(part.y, centre, [_sigma(part.y, part)] * len(part.y))


def mr(part: Part) -> Drawn:
    y = [NAN, *(abs(b - a) for a, b in zip(part.y[:-1], part.y[1:], strict=True))]
    centre = _or_given(part, lambda: _mean(_base(y, part)))
    count = len(y)
    low, high, near = 0 * centre, 3.267 * centre, 3.267 / 3 * 2 * centre
    return Drawn(y, centre, [low] * count, [high] * count, [low] * count, [near] * count)


def p(part: Part, spread: float = 1.0) -> Drawn:
    centre = _or_given(part, lambda: _ratio(part))
    sigmas = [spread * sigma for sigma in _binomial(centre, part.n)]
    return _lines(part.y, centre, sigmas, 0.0, 1.0)


def pp(part: Part) -> Drawn:
    centre = _or_given(part, lambda: _ratio(part))
    return p(part, _spread_of_z(part, centre, _binomial(centre, part.n)))


def u(part: Part, spread: float = 1.0) -> Drawn:
    centre = _or_given(part, lambda: _ratio(part))
    return _lines(part.y, centre, [spread * s for s in _poisson(centre, part.n)], 0.0)


def up(part: Part) -> Drawn:
    centre = _or_given(part, lambda: _ratio(part))
    return u(part, _spread_of_z(part, centre, _poisson(centre, part.n)))


def _binomial(centre: float, sizes: Values) -> Values:
    return [math.sqrt(centre * (1 - centre) / n) if n > 0 else NAN for n in sizes]


def _poisson(centre: float, sizes: Values) -> Values:
    return [math.sqrt(centre / n) if n > 0 else NAN for n in sizes]


def _spread_of_z(part: Part, centre: float, sigmas: Values) -> float:
    z = [(y - centre) / s if s else NAN for y, s in zip(part.y, sigmas, strict=True)]
    return _sigma(z, part)


def c(part: Part) -> Drawn:
    centre = _or_given(part, lambda: _mean(_base(part.sums, part)))
    return _lines(part.sums, centre, [math.sqrt(centre)] * len(part.y), 0.0)


def g(part: Part) -> Drawn:
    mean = _or_given(part, lambda: _mean(_base(part.y, part)))
    made = _lines(part.y, mean, [math.sqrt(mean * (mean + 1))] * len(part.y), 0.0)
    known = _known(_base(part.y, part))
    median = statistics.median(known) if known else NAN
    shown = median if math.isnan(part.given) else 0.693 * mean
    return Drawn(made.y, shown, made.lower, made.upper, made.near_lower, made.near_upper)


def t(part: Part) -> Drawn:
    roots = [y ** (1 / 3.6) for y in part.y]
    centre = _or_given(part, lambda: _mean(_base(roots, part)))
    sigma = _sigma(roots, part)

    def back(times: float, otherwise: float) -> Values:
        line = centre + times * sigma
        return [otherwise if line < 0 or math.isnan(line) else line**3.6] * len(roots)

    there_and_back = [root**3.6 for root in roots]
    return Drawn(
        there_and_back, centre**3.6, back(-3, 0.0), back(3, NAN), back(-2, NAN), back(2, NAN)
    )


def ip(part: Part) -> Drawn:
    pairs = [(y, n) for y, n in zip(part.y, part.n, strict=True)]
    weighted = [(y * n, n) for y, n in _base_pairs(pairs, part) if not math.isnan(y)]
    size = math.fsum(n for _, n in weighted)
    centre = _or_given(part, lambda: math.fsum(s for s, _ in weighted) / size if size else NAN)
    ranges = [
        math.sqrt(math.pi / 2) * abs(b - a) / math.sqrt(1 / m + 1 / n) if m and n else NAN
        for (a, m), (b, n) in itertools.pairwise(pairs)
    ]
    typical = _screened_mean(ranges, part.screened, 3.2665)
    return _lines(part.y, centre, [typical / math.sqrt(n) if n else NAN for n in part.n])


def _base_pairs(pairs: list[tuple[float, float]], part: Part) -> list[tuple[float, float]]:
    return [pair for pair, inside in zip(pairs, part.base, strict=True) if inside]


def _c4(n: float) -> float:
    return math.sqrt(2 / (n - 1)) * math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2))


def _pooled(part: Part) -> float:
    if len(set(part.lengths)) == 1:
        return _mean(_base(part.spreads, part))
    rows = list(zip(_base(part.lengths, part), _base(part.spreads, part), strict=True))
    squares = math.fsum((n - 1) * s**2 for n, s in rows if not math.isnan(s))
    freedom = math.fsum(n - 1 for n, _ in rows)
    return math.sqrt(squares / freedom) if freedom > 0 else NAN


def xbar(part: Part) -> Drawn:
    rows = [(n, y) for n, y in zip(_base(part.lengths, part), _base(part.y, part), strict=True)]
    size = math.fsum(n for n, _ in rows)
    total = math.fsum(n * y for n, y in rows if not math.isnan(y))
    centre = _or_given(part, lambda: total / size if size else NAN)
    pooled = _pooled(part)
    sigmas = [pooled / (_c4(n) * math.sqrt(n)) if n > 1 else NAN for n in part.lengths]
    return _lines(part.y, centre, sigmas)


def s(part: Part) -> Drawn:
    centre = _or_given(part, lambda: _pooled(part))

    def line(times: float) -> Values:
        return [
            max(0.0, 1 + times * math.sqrt(1 - _c4(n) ** 2) / _c4(n)) * centre if n > 1 else NAN
            for n in part.lengths
        ]

    return Drawn(part.spreads, centre, line(-3), line(3), line(-2), line(2))


CHARTS: dict[str, Callable[[Part], Drawn]] = {
    "run": run, "i": i, "mr": mr, "ip": ip, "p": p, "pp": pp, "u": u, "up": up, "c": c, "g": g,
    "t": t, "xbar": xbar, "s": s,
}  # fmt: skip


@dataclass(frozen=True)
class Runs:
    """Runs about the centre: points off it, the longest run, and crossings."""

    useful: int
    longest: int
    crossings: int
    is_signal: bool


def runs(drawn: Drawn, included: list[bool]) -> Runs:
    """The Anhoej rules."""
    kept = [y for y, inside in zip(drawn.y, included, strict=True) if inside]
    sides = [y > drawn.centre for y in _known(kept) if y != drawn.centre]
    if math.isnan(drawn.centre) or not sides:
        return Runs(0, 0, 0, False)
    lengths = [1]
    for before, after in itertools.pairwise(sides):
        lengths = [*lengths[:-1], lengths[-1] + 1] if before == after else [*lengths, 1]
    count, longest, crossings = len(sides), max(lengths), len(lengths) - 1
    below = 0.0
    fewest = -1
    while below < 0.05:
        fewest += 1
        below += math.comb(count - 1, fewest) / 2 ** (count - 1)
    is_signal = longest > round(math.log2(count)) + 3 or crossings < fewest
    return Runs(count, longest, crossings, is_signal)
