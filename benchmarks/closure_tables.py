"""End to end on the exchange format: late, missing, concurrent, balancing harm, three kinds.

python benchmarks/closure_tables.py mixed --worlds 10 --out tables.json
python benchmarks/closure_tables.py balancing --worlds 14 --out balancing.json
python benchmarks/closure_tables.py overlap --worlds 15 --out overlap.json
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from closure_world import World, WorldSettings, effect_path, simulate

from lhs_pipeline.closure.engine import evaluate_changes
from lhs_pipeline.closure.policy import REFERENCE_POLICY, EvaluationPolicy
from lhs_pipeline.statistics.control_path import SeriesKind, SeriesPanel

MONDAY = np.datetime64("2022-01-03")
COMPLETE = (0.70, 0.88, 0.96, 1.0)
MIX = (
    *["no_effect"] * 6, *["step20"] * 3, *["step30"] * 2, "ramp30", "delay30", "fade30", "harm20",
)  # fmt: skip
KINDS: tuple[tuple[SeriesKind, float], ...] = (
    ("rate", 4.0),
    ("rate", 15.0),
    ("rate", 60.0),
    ("proportion", 15.0),
    ("mean", 15.0),
)


def versions(
    panel: SeriesPanel, indicator: str, rng: np.random.Generator, is_late: bool
) -> pd.DataFrame:
    """Every version of every figure, as a site would have kept them."""
    units, weeks = panel.numerator.shape
    unit, week = (
        grid.ravel() for grid in np.meshgrid(np.arange(units), np.arange(weeks), indexing="ij")
    )
    figure, size = panel.numerator.ravel(), panel.denominator.ravel()
    unit, week, figure, size = (part[np.isfinite(figure)] for part in (unit, week, figure, size))
    ages = range(len(COMPLETE)) if is_late and panel.kind != "mean" else (len(COMPLETE) - 1,)
    left, known, tables = figure.copy(), np.zeros_like(figure), []
    for age in ages:
        step = (COMPLETE[age] - (COMPLETE[age - 1] if age else 0.0)) / (
            1.0 - (COMPLETE[age - 1] if age else 0.0)
        )
        arrived = rng.binomial(left.astype(int), step).astype(float) if len(ages) > 1 else left
        known, left = known + arrived, left - arrived
        start = MONDAY + 7 * week
        tables.append(
            pd.DataFrame(
                {
                    "unit": np.char.add("unit_", unit.astype(str)),
                    "indicator": indicator,
                    "period_start": start,
                    "period_end": start + 6,
                    "as_of": start + 7 + (7 * age if len(ages) > 1 else 0),
                    "numerator": np.nan if panel.kind == "mean" else known.copy(),
                    "denominator": size,
                    "value": known.copy() if panel.kind == "mean" else np.nan,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def plant(
    panel: SeriesPanel, unit: int, week: int, log_effect: float, rng: np.random.Generator
) -> None:
    """Thin or thicken a unit's figures from a week on."""
    tail = slice(week, None)
    ratio = float(np.exp(log_effect))
    counts = panel.numerator[unit, tail]
    seen = np.isfinite(counts)
    if panel.kind == "mean":
        counts[seen] *= ratio
    elif ratio < 1:
        counts[seen] = rng.binomial(counts[seen].astype(int), ratio)
    else:
        extra = rng.poisson(np.maximum(counts[seen] * (ratio - 1), 0))
        room = (
            panel.denominator[unit, tail][seen] - counts[seen]
            if panel.kind == "proportion"
            else extra
        )
        counts[seen] += np.minimum(extra, room)


@dataclass(frozen=True)
class Planted:
    """One indicator's changes: on what, how many harm the balancing measure or meet another.

    Attributes:
        mix: Effects of the changes, each as likely as it is often named.
        beside_volume: Events of the balancing measure a week.
        worse_share: Share of changes with which it gets worse by 25%.
        overlap_share: Share of changes that meet another on the same unit, one that works.
        gaps: Weeks from the change to the other; below zero the other came first.
    """

    kind: SeriesKind
    volume: float
    mix: tuple[str, ...] = MIX
    beside_kind: SeriesKind = "rate"
    beside_volume: float = 30.0
    is_beside_late: bool = False
    worse_share: float = 0.15
    overlap_share: float = 0.1
    gaps: tuple[int, ...] = tuple(range(8, 20))


@dataclass(frozen=True)
class Question:
    """Three tables of the exchange format, and what was planted."""

    series: pd.DataFrame
    changes: pd.DataFrame
    indicators: pd.DataFrame
    truth: pd.DataFrame


def make_question(number: int, planted: Planted, seed: int) -> Question:
    """Series, changes and truth of one target indicator and its balancing measure."""
    rng = np.random.default_rng(seed)
    world = simulate(WorldSettings(kind=planted.kind, volume=planted.volume), [*planted.mix], seed)
    settings = WorldSettings(
        kind=planted.beside_kind, volume=planted.beside_volume, selection="random"
    )
    other = simulate(settings, ["no_effect"], seed + 1)
    rows = [
        row
        for index in range(len(world.effects))
        for row in _plant_change(number, (world, index), other.panel, planted, rng)
    ]
    tables = [
        versions(world.panel, f"T{number}", rng, True),
        versions(other.panel, f"B{number}", rng, planted.is_beside_late),
    ]
    indicators = {"indicator": [f"T{number}", f"B{number}"], "better": "lower"}
    indicators["kind"] = [planted.kind, planted.beside_kind]
    return Question(
        pd.concat(tables, ignore_index=True),
        pd.DataFrame([change for change, _ in rows]),
        pd.DataFrame(indicators),
        pd.DataFrame([truth for _, truth in rows]),
    )


def _plant_change(
    number: int,
    placed: tuple[World, int],
    beside: SeriesPanel,
    planted: Planted,
    rng: np.random.Generator,
) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
    """A change and its truth; behind it the other that it meets, if it does."""
    world, index = placed
    unit, start = int(world.changed_units[index]), int(world.starts[index])
    worse = bool(rng.random() < planted.worse_share)
    gap = int(rng.choice(planted.gaps)) if rng.random() < planted.overlap_share else None
    if worse:
        plant(beside, unit, start, np.log(1.25), rng)
    change = {
        "change_id": f"C{number:03d}_{index:02d}",
        "unit": f"unit_{unit}",
        "indicator": f"T{number}",
        "balancing_indicator": f"B{number}",
        "implemented_date": MONDAY + 7 * start,
        "evaluation_horizon_weeks": 52,
        "expected_lag_weeks": 0,
    }
    truth = {
        "change_id": change["change_id"],
        "effect": world.effects[index],
        "worse": worse,
        "is_other": False,
        "gap": gap,
        "mean": float(effect_path(world.effects[index], 52).mean()),
    }
    yield change, truth
    if gap is not None:
        plant(world.panel, unit, start + gap, np.log(0.8), rng)
        name = f"{change['change_id']}_other"
        moved = {"change_id": name, "implemented_date": MONDAY + 7 * (start + gap)}
        yield (
            {**change, **moved, "evaluation_horizon_weeks": min(52, 52 - gap)},
            {**truth, "change_id": name, "effect": "step20", "is_other": True, "mean": np.nan},
        )


def judge(question: Question, policy: EvaluationPolicy) -> tuple[pd.DataFrame, int, float]:
    """What was planted with what became of it; looks, and CPU-seconds."""
    clock = time.process_time()
    verdicts = evaluate_changes(question.series, question.changes, question.indicators, policy)
    spent = time.process_time() - clock
    return _add_outcomes(verdicts, question), len(verdicts), spent


def _add_outcomes(verdicts: pd.DataFrame, question: Question) -> pd.DataFrame:
    verdicts = verdicts.sort_values(["change_id", "look_date"])
    final = verdicts.groupby("change_id").tail(1).set_index("change_id")
    begun = question.changes.set_index("change_id")["implemented_date"]
    facts = question.truth.set_index("change_id")
    closed = verdicts[verdicts["verdict"] == "CLOSE"].groupby("change_id")["look_date"].min()
    sent = verdicts[verdicts["verdict"] == "ITERATE"].groupby("change_id")["look_date"].min()
    facts["closed"], facts["at_end"] = facts.index.isin(closed.index), final["verdict"].eq("CLOSE")
    facts["harm_seen"] = final["reason"].eq("balancing_measure_worse")
    facts["sent_week"] = (sent.reindex(facts.index) - begun).dt.days / 7
    facts["right"] = (final["ci_low"] <= facts["mean"]) & (facts["mean"] <= final["ci_high"])
    return facts


def summarise_mixed(facts: pd.DataFrame) -> dict[str, object]:
    """Everything at once: late, missing, overlapping, balancing harm."""
    solo = facts[facts["gap"].isna()]
    out: dict[str, object] = {"changes": len(facts)}
    for effect, part in solo[~solo["worse"]].groupby("effect"):
        out[str(effect)] = {
            "n": len(part),
            "closed": round(float(part["closed"].mean()), 3),
            "at_end": round(float(part["at_end"].mean()), 3),
            "sent_13": round(float((part["sent_week"] <= 13).mean()), 3),
            "sent": round(float(part["sent_week"].notna().mean()), 3),
            "coverage": round(float(part["right"].mean()), 3),
        }
    nothing, claims = solo[solo["effect"] == "no_effect"], solo[solo["closed"]]
    out["false_closure"] = [int(nothing["closed"].sum()), len(nothing)]
    false = claims["effect"].isin(["no_effect", "fade30", "harm20"])
    out["false_discoveries"] = [int(false.sum()), len(claims)]
    return out


def summarise_balancing(facts: pd.DataFrame) -> dict[str, object]:
    """Real falls with a balancing measure that got worse, or did not, by its volume and delay."""
    return {
        f"{kind}, {volume:.0f} a week, {'late' if late else 'on time'}": {
            "worse": int(part["worse"].sum()),
            "closed_despite_harm": int((part["worse"] & part["at_end"]).sum()),
            "harm_seen": int((part["worse"] & part["harm_seen"]).sum()),
            "harmless": int((~part["worse"]).sum()),
            "closed_harmless": int((~part["worse"] & part["closed"]).sum()),
            "harm_said_of_harmless": int((~part["worse"] & part["harm_seen"]).sum()),
        }
        for (kind, volume, late), part in facts.groupby(["kind", "volume", "late"])
    }


def summarise_overlap(facts: pd.DataFrame) -> dict[str, object]:
    """Changes that did nothing beside one that works, by the weeks between them."""
    inert = facts[~facts["is_other"]]
    return {
        str(int(gap)): {"n": len(part), "credited": int(part["closed"].sum())}
        for gap, part in inert.groupby("gap")
    }


def balancing_cells() -> list[Planted]:
    """Falls that would be closed, and balancing measures of several volumes, on time and late."""
    return [
        Planted(
            "rate", 60.0, ("step30",), beside_kind=kind, beside_volume=volume,
            is_beside_late=late, worse_share=0.6, overlap_share=0.0,
        )
        for kind, volumes in (("rate", (4.0, 15.0, 60.0)), ("proportion", (15.0, 60.0)))
        for volume in volumes
        for late in (False, True)
    ]  # fmt: skip


GAPS = (-60, -40, -20, -8, 0, 2, 4, 8, 12, 20, 28, 36, 44)
PARTS: dict[str, list[Planted]] = {
    "mixed": [Planted(kind, volume) for kind, volume in KINDS],
    "balancing": balancing_cells(),
    "overlap": [
        Planted(kind, volume, ("no_effect",), worse_share=0.0, overlap_share=1.0, gaps=GAPS)
        for kind, volume in KINDS
    ],
}


def run(part: str, worlds: int, seed: int, policy: EvaluationPolicy) -> dict[str, object]:
    """Judge so many worlds of every cell of a part."""
    found, looks, spent = [], 0, 0.0
    cells = PARTS[part]
    for number in range(worlds * len(cells)):
        planted = cells[number % len(cells)]
        facts, count, seconds = judge(make_question(number, planted, seed + 100 * number), policy)
        late = planted.is_beside_late
        found.append(
            facts.assign(kind=planted.beside_kind, volume=planted.beside_volume, late=late)
        )
        looks, spent = looks + count, spent + seconds
    summarise = {
        "mixed": summarise_mixed, "balancing": summarise_balancing, "overlap": summarise_overlap,
    }[part]  # fmt: skip
    cost = {"looks": looks, "milliseconds_per_look": round(1000 * spent / looks, 3)}
    return {**summarise(pd.concat(found)), **(cost if part == "mixed" else {})}


def main() -> None:
    """Simulate, evaluate, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=tuple(PARTS))
    parser.add_argument("--worlds", type=int, default=10, help="of each cell of the part")
    parser.add_argument("--seed", type=int, default=7_000_000)
    parser.add_argument("--portfolio-rate", type=float, default=1.0)
    parser.add_argument("--out", default="")
    wanted = parser.parse_args()
    policy = replace(REFERENCE_POLICY, portfolio_rate=wanted.portfolio_rate)
    written = json.dumps(run(wanted.part, wanted.worlds, wanted.seed, policy), indent=1)
    print(written)
    if wanted.out:
        Path(wanted.out).write_text(written)


if __name__ == "__main__":
    main()
