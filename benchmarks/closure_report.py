"""From measured figures to the tables that people read.

python benchmarks/closure_report.py

Writes lhs_pipeline/closure/measured.json, which the board shows, and the page in docs/explanation.
"""

import json
from pathlib import Path
from typing import Any

from scipy.special import betaincinv

HOME = Path(__file__).parent.parent
RESULTS = HOME / "benchmarks" / "results" / "closure.json"
PACKAGED = HOME / "lhs_pipeline" / "closure" / "measured.json"
PAGE = HOME / "docs" / "explanation" / "how-often-closure-is-wrong.md"
Rows = list[dict[str, str]]
_FULL = 2000
_EFFECTS = ("no_effect", "step20", "step30", "fade30", "harm20")
_INTRODUCTION = """# How often closure is wrong

Made by `python benchmarks/closure_report.py` from `benchmarks/results/closure.json`; do not edit.

Thousands of changes were planted in simulated hospitals, many of which did nothing at all. Each was
given to a unit that looked bad at the time, as happens in life, and judged every week for a year.
The rules never saw what had been planted. These are the figures; the board's page *method* shows
the same. They hold for hospitals that vary as the simulated ones do: see
[what it cannot do](how-a-change-is-judged.md#what-it-cannot-do).
"""


def percent(share: float, digits: int = 0) -> str:
    """A share as people write it."""
    return f"{100 * share:.{digits}f}%"


def build(results: dict[str, Any]) -> dict[str, Any]:
    """Both tables as words, from the measured figures."""
    return {
        "goals": goal_rows(results),
        "rules": rule_rows(results),
        "settings": setting_rows(results),
        "balancing": balancing_rows(results),
        "overlap": overlap_rows(results),
        "notes": notes(results),
    }


def with_limits(hits: int, total: int, digits: int = 1) -> str:
    """A share with its exact 95% limits and the count behind it."""
    return f"{_limited(hits, total, digits)[:-1]}; {hits:,} of {total:,})"


def _limited(hits: int, total: int, digits: int = 1) -> str:
    low = float(betaincinv(hits, total - hits + 1, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 1, total - hits, 0.975)) if hits < total else 1.0
    limits = f"{percent(low, digits)} to {percent(high, digits)}"
    return f"{percent(hits / total, digits)} ({limits})"


def pooled(results: dict[str, Any]) -> dict[str, float]:
    """False closure over every configuration, with exact 95% limits, and the worst of them."""
    parts = [part["no_effect"] for part in results["threats"].values()]
    total = sum(part["n"] for part in parts)
    wrong = round(sum(part["n"] * part["closed"] for part in parts))
    return {
        "rate": wrong / total,
        "low": float(betaincinv(wrong, total - wrong + 1, 0.025)),
        "high": float(betaincinv(wrong + 1, total - wrong, 0.975)),
        "n": total,
        "worst": max(part["closed"] for part in parts),
        "worst_high": max(part["closed_high"] for part in parts),
        "coverage": sum(part["n"] * part["coverage"] for part in parts) / total,
        "coverage_low": min(part["coverage"] for part in parts),
        "coverage_high": max(part["coverage"] for part in parts),
        "sequence": min(part["sequence_coverage"] for part in parts),
    }


def goal_rows(results: dict[str, Any]) -> Rows:
    """What was asked for, what came out, and what is aimed at."""
    return [*_wrong_rows(results), *_power_rows(results), *_table_rows(results)]


def _row(question: str, measured: str, floor: str, aim: str) -> dict[str, str]:
    return {"question": question, "measured": measured, "floor": floor, "aim": aim}


def _wrong_rows(results: dict[str, Any]) -> Rows:
    wrong = pooled(results)
    rate = (
        f"{percent(wrong['rate'], 1)} ({percent(wrong['low'], 1)} to {percent(wrong['high'], 1)})"
    )
    spread = f"{percent(wrong['coverage_low'], 1)} to {percent(wrong['coverage_high'], 1)}"
    return [
        _row(
            f"A change that did nothing is closed, all {len(results['threats'])} settings together",
            rate,
            "3.0%",
            "at most 3%",
        ),
        _row(
            "The same in the worst setting, and the upper 95% limit there",
            f"{percent(wrong['worst'], 1)}; {percent(wrong['worst_high'], 1)}",
            "4.1%",
            "limit at most 5%",
        ),
        *_night_rows(results),
        _row(
            "The 95% range holds the truth after a year, all settings; by setting",
            f"{percent(wrong['coverage'], 1)}; {spread}",
            "94 to 95%",
            "94 to 96%",
        ),
        _row(
            "Ranges for looking every week hold at every look, in the worst setting",
            percent(wrong["sequence"], 1),
            "99%",
            "at least 95%",
        ),
    ]


def _night_rows(results: dict[str, Any]) -> Rows:
    """Looks on every night, with everything made anew from what is known by then."""
    parts = results["nightly"]
    full = {name: part for name, part in parts.items() if part["n"] >= _FULL}
    worst = max(full.values(), key=lambda part: part["closed_high"])
    night, week = (
        sum(_hits(part, key) for part in parts.values()) for key in ("closed", "closed_weekly")
    )
    total = sum(round(part["n"]) for part in parts.values())
    return [
        _row(
            f"Anew every night, beside weekly looks at the same changes, {len(parts)} settings",
            f"{night} beside {week} of {total:,} closed",
            "–",
            "no more",
        ),
        _row(
            f"Anew every night, worst setting of {_FULL:,} changes or more; upper limit",
            f"{percent(worst['closed'], 1)}; {percent(worst['closed_high'], 1)}",
            "–",
            "limit at most 5%",
        ),
    ]


def _hits(part: dict[str, float], key: str) -> int:
    return round(part[key] * part["n"])


def _share(part: dict[str, float], key: str) -> str:
    return _limited(_hits(part, key), round(part["n"]))


def _drawn(results: dict[str, Any], effect: str) -> dict[str, float]:
    """Shares of all changes with one effect, over every sample that was drawn."""
    samples = [results[name] for name in ("effects", "effects_again", "harm")]
    parts = [sample[effect] for sample in samples if effect in sample]
    total = sum(part["n"] for part in parts)
    shares = ("shown", "closed", "closed_at_end", "iterated", "iterated_13")
    return {"n": total} | {key: sum(p["n"] * p[key] for p in parts) / total for key in shares}


def _power_rows(results: dict[str, Any]) -> Rows:
    one, two, ramp, delay, fade, harm = (
        _drawn(results, effect)
        for effect in ("step20", "step30", "ramp30", "delay30", "fade30", "harm20")
    )
    weeks = [results["effects"][effect]["shown_week"] for effect in ("step20", "step30")]
    return [
        _row(
            "A true fall by 20% / 30% is shown within a year",
            f"{_share(one, 'shown')} / {_share(two, 'shown')}",
            "71 / 93%",
            "73 / 94%",
        ),
        _row(
            "The same is closed within a year",
            f"{_share(one, 'closed')} / {_share(two, 'closed')}",
            "60 / 88%",
            "64 / 90%",
        ),
        _row(
            "Median weeks until it is shown",
            f"{weeks[0]:.0f} / {weeks[1]:.0f}",
            "27 / 12",
            "25 / 11",
        ),
        _row(
            "A fall by 30% that comes slowly / ten weeks late is shown",
            f"{percent(ramp['shown'])} / {percent(delay['shown'])}",
            "86 / 84%",
            "88 / 86%",
        ),
        _row(
            "A fall that fades is still closed after a year",
            percent(fade["closed_at_end"], 1),
            "10.5%",
            "at most 10%",
        ),
        _row(
            "Harm by 20% is closed / sent on within 13 weeks / sent on at all",
            f"{with_limits(_hits(harm, 'closed'), round(harm['n']), digits=2)}"
            f" / {percent(harm['iterated_13'], 1)} / {percent(harm['iterated'])}",
            "0 / – / 90 to 100%",
            "0 / 95 / 95%",
        ),
        _row(
            "A true fall by 20% / one that starts ten weeks late is sent on within 13 weeks",
            f"{percent(one['iterated_13'])} / {percent(delay['iterated_13'])}",
            "–",
            "few",
        ),
    ]


def _table_rows(results: dict[str, Any]) -> Rows:
    tables = results["tables"]
    beside, overlap = results["balancing"].values(), results["overlap"].values()
    harmed, of_harmed = (sum(p[key] for p in beside) for key in ("closed_despite_harm", "worse"))
    credited, of_credited = (sum(part[key] for part in overlap) for key in ("credited", "n"))
    night = results["night"]
    return [
        _row(
            "Closed although a balancing measure got worse by 25%",
            with_limits(harmed, of_harmed),
            "15%",
            "at most 5%",
        ),
        _row(
            "A change that did nothing is credited with another's effect",
            with_limits(credited, of_credited),
            "0%",
            "at most 1%",
        ),
        _row(
            "Milliseconds for one change and look, all included",
            f"{tables['milliseconds_per_look']:.2f}",
            "0.6",
            "at most 1",
        ),
        _row(
            f"{night['changes']:,} open changes in one night: CPU-seconds; peak memory",
            f"{night['cpu_seconds']:.0f} s; {night['peak_megabytes'] / 1000:.1f} GB",
            "–",
            "a minute on two cores",
        ),
    ]


def rule_rows(results: dict[str, Any]) -> Rows:
    """How often each rule would have closed each kind of change within a year."""
    effects, apart = results["effects"], results["structural"]
    names = [name for name in effects["no_effect"] if name.startswith("rival: ")]
    rows = [
        {"rule": _RULES.get(name, name.removeprefix("rival: "))}
        | {effect: percent(effects[effect][name]) for effect in _EFFECTS}
        for name in names
        if name != "rival: oracle"
    ]
    rows.append(
        {"rule": "structural time series (CausalImpact's model), three looks"}
        | {e: percent(apart[e]["closed"]) if e in apart else "–" for e in _EFFECTS}
    )
    rows.append(
        {"rule": "this engine: effect shown"}
        | {effect: percent(effects[effect]["shown"]) for effect in _EFFECTS}
    )
    rows.append(
        {"rule": "this engine: closed"}
        | {effect: percent(effects[effect]["closed"]) for effect in _EFFECTS}
    )
    oracle = {effect: percent(effects[effect]["rival: oracle"]) for effect in _EFFECTS}
    return [*rows, {"rule": "who knows all but the unit's own level: effect shown"} | oracle]


def setting_rows(results: dict[str, Any]) -> Rows:
    """What threatens a judgement, and how changes that did nothing fared under it."""
    return [
        {
            "setting": name,
            "n": f"{int(part['no_effect']['n']):,}",
            "closed": percent(part["no_effect"]["closed"], 1),
            "limit": percent(part["no_effect"]["closed_high"], 1),
            "nightly": _say_nightly(results["nightly"].get(name)),
            "coverage": percent(part["no_effect"]["coverage"], 1),
        }
        for name, part in results["threats"].items()
    ]


def _say_nightly(part: dict[str, float] | None) -> str:
    if part is None:
        return "–"
    night, week = _hits(part, "closed"), _hits(part, "closed_weekly")
    return f"{night} of {part['n']:,.0f}; weekly {week}"


def balancing_rows(results: dict[str, Any]) -> Rows:
    """Falls by 30%, by what their balancing measure is and whether its figures come late."""
    return [
        {
            "measure": name,
            "despite": _of(part["closed_despite_harm"], part["worse"]),
            "seen": _of(part["harm_seen"], part["worse"]),
            "harmless": _of(part["closed_harmless"], part["harmless"]),
            "alarm": _of(part["harm_said_of_harmless"], part["harmless"]),
        }
        for name, part in results["balancing"].items()
    ]


def _of(hits: int, total: int) -> str:
    return f"{percent(hits / total)} of {total:,}"


def overlap_rows(results: dict[str, Any]) -> Rows:
    """Changes that did nothing, by when the one that works began in the same unit."""
    return [
        {"other": _when(int(gap)), "credited": f"{part['credited']} of {part['n']:,}"}
        for gap, part in sorted(results["overlap"].items(), key=lambda item: int(item[0]))
    ]


def _when(gap: int) -> str:
    if gap == 0:
        return "in the same week"
    return f"{abs(gap)} weeks {'later' if gap > 0 else 'before'}"


_SETTINGS = """
## Setting by setting

Changes that did nothing, with one threat after another switched on; *all* is everything at once.
In hospitals calmer than any, ranges are wider than they need be, for drift, season and wandering
are believed to be about as large as in ordinary ones until the figures say otherwise. Where levels
of units shift for good, ranges are a little narrow.

| Setting | Changes | Closed | Upper 95% limit | Made anew every night | Range holds the truth |
|---|---|---|---|---|---|
"""

_BALANCING = """
## A balancing measure that gets worse

Falls by 30% that would be closed; in half of them or more another measure got worse by 25%. *Late*:
70, 88, 96 and 100% are known after no, one, two and three weeks. With few events a quarter more and
no change look alike for long, so that more of what does harm is closed, and less of what does not.

| Balancing measure | Closed despite harm | Harm said | Harmless: closed | Harmless: harm said |
|---|---|---|---|---|
"""

_OVERLAP = """
## Two changes in one unit

A change that does nothing, and one that lowers events by a fifth, on the same measure.

| The other began | The first was closed |
|---|---|
"""

_NIGHTLY = """
*Made anew every night*: path, levels, variances and evidence come from what is known by that night,
with figures that arrive day by day, and a closure on any night counts; beside it, how many of the
very same changes are closed where all comes once from all weeks, with weekly looks.
"""


_RULES = {
    "rival: t-test": "t-test before and after, weekly looks",
    "rival: shift of 7": "seven points on the good side",
    "rival: any improvement icon": "any improvement icon on the chart",
    "rival: ITS least squares": "segmented regression, least squares, monthly looks",
    "rival: ITS Newey-West": "segmented regression, Newey-West, monthly looks",
    "rival: controlled ITS least squares": "the same less the controls, least squares",
    "rival: controlled ITS Newey-West": "the same less the controls, Newey-West",
}


def notes(results: dict[str, Any]) -> list[str]:
    """How many changes stand behind the figures."""
    sizes = [round(_drawn(results, effect)["n"]) for effect in results["effects"]]
    apart = sum(part["n"] for name, part in results["structural"].items() if name != "cost")
    return [
        f"{int(pooled(results)['n']):,} changes without effect in {len(results['threats'])} "
        f"settings; {min(sizes):,} to {max(sizes):,} changes for each effect, with everything "
        f"that can go wrong switched on; {apart:,} for the structural time series; "
        f"{results['tables']['changes']:,} in tables with late, missing and overlapping figures; "
        f"{sum(p['worse'] + p['harmless'] for p in results['balancing'].values()):,} with a "
        f"balancing measure; {sum(p['n'] for p in results['overlap'].values()):,} that meet "
        "another change.",
        _say_samples(results),
        "Sent on by the 13-week review is not final: where an effect shows later, it is closed.",
    ]


def _say_samples(results: dict[str, Any]) -> str:
    """How far the figures move from one sample to the other."""
    told = [
        f"{percent(sample['step20'][key], 1)} and {percent(again['step20'][key], 1)}"
        for sample, again in [(results["effects"], results["effects_again"])]
        for key in ("shown", "closed")
    ]
    return (
        "Effects were drawn twice with other seeds and are told together; of falls by 20% alone, "
        f"{told[0]} were shown and {told[1]} closed. The rules side by side are of the first."
    )


def as_markdown(built: dict[str, Any]) -> str:
    """The page in docs/explanation."""
    goals = ["| Question | Measured here | Floor | Aim |", "|---|---|---|---|"]
    goals += ["| " + " | ".join(row.values()) + " |" for row in built["goals"]]
    rules = [
        "| Rule | Did nothing | Falls by 20% | Falls by 30% | Fades | Harm by 20% |",
        "|---|---|---|---|---|---|",
    ]
    rules += ["| " + " | ".join(row.values()) + " |" for row in built["rules"]]
    parts = [_INTRODUCTION, "## Goals\n", "\n".join(goals), "\n## Rules side by side\n"]
    parts += ["Share of changes that each rule calls a success within a year.\n"]
    settings = ["| " + " | ".join(row.values()) + " |\n" for row in built["settings"]]
    ended = _SETTINGS + "".join(settings) + _NIGHTLY
    for heading, name in ((_BALANCING, "balancing"), (_OVERLAP, "overlap")):
        ended += heading + "".join("| " + " | ".join(row.values()) + " |\n" for row in built[name])
    return "\n".join([*parts, *rules, ended, *(f"{note}\n" for note in built["notes"])])


def as_json(built: dict[str, Any]) -> str:
    """The packaged file."""
    return json.dumps(built, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write both."""
    built = build(json.loads(RESULTS.read_text(encoding="utf-8")))
    PACKAGED.write_text(as_json(built), encoding="utf-8")
    PAGE.write_text(as_markdown(built), encoding="utf-8")


if __name__ == "__main__":
    main()
