"""End to end on the exchange format: late, missing, concurrent, balancing harm, three kinds.

python benchmarks/closure_tables.py --worlds 10
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from closure_world import World, WorldSettings, effect_path, simulate

from lhs_pipeline.closure.engine import evaluate_changes
from lhs_pipeline.closure.policy import REFERENCE_POLICY
from lhs_pipeline.statistics.control_path import SeriesPanel

MONDAY = np.datetime64("2022-01-03")
COMPLETE = (0.70, 0.88, 0.96, 1.0)
MIX = (
    ["no_effect"] * 6 + ["step20"] * 3 + ["step30"] * 2 + ["ramp30", "delay30", "fade30", "harm20"]
)
KINDS = (("rate", 4.0), ("rate", 15.0), ("rate", 60.0), ("proportion", 15.0), ("mean", 15.0))


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


def concurrent_rows(world: World, rng: np.random.Generator, share: float) -> dict[int, int]:
    """Which changes meet a second, real one on the same unit, and how many weeks later."""
    return {
        row: int(rng.integers(8, 20)) for row in range(len(world.effects)) if rng.random() < share
    }


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


def make_indicator(
    number: int, seed: int
) -> tuple[list[pd.DataFrame], list[dict[str, object]], list[dict[str, object]]]:
    """Series, changes and truth of one target indicator and its balancing measure."""
    rng = np.random.default_rng(seed)
    kind, volume = KINDS[number % len(KINDS)]
    world = simulate(WorldSettings(kind=kind, volume=volume), MIX, seed)  # type: ignore[arg-type]
    other = simulate(WorldSettings(volume=30.0, selection="random"), ["no_effect"], seed + 1)
    second = concurrent_rows(world, rng, 0.1)
    changes, truth = [], []
    for row, (unit, start) in enumerate(zip(world.changed_units, world.starts, strict=True)):
        worse = bool(rng.random() < 0.15)
        if worse:
            plant(other.panel, int(unit), int(start), np.log(1.25), rng)
        base = {
            "unit": f"unit_{unit}",
            "indicator": f"T{number}",
            "balancing_indicator": f"B{number}",
            "evaluation_horizon_weeks": 52,
            "expected_lag_weeks": 0,
        }
        name = f"C{number:03d}_{row:02d}"
        changes.append({**base, "change_id": name, "implemented_date": MONDAY + 7 * int(start)})
        truth.append(
            {
                "change_id": name,
                "effect": world.effects[row],
                "worse": worse,
                "is_second": False,
                "concurrent": row in second,
                "mean": float(effect_path(world.effects[row], 52).mean()),
            }
        )
        if row in second:
            later = int(start) + second[row]
            plant(world.panel, int(unit), later, np.log(0.8), rng)
            changes.append(
                {
                    **base,
                    "change_id": name + "s",
                    "implemented_date": MONDAY + 7 * later,
                    "evaluation_horizon_weeks": 52 - second[row],
                }
            )
            truth.append(
                {
                    "change_id": name + "s",
                    "effect": "step20",
                    "worse": worse,
                    "is_second": True,
                    "concurrent": True,
                    "mean": np.nan,
                }
            )
    tables = [
        versions(world.panel, f"T{number}", rng, True),
        versions(other.panel, f"B{number}", rng, False),
    ]
    return tables, changes, truth


def batches(
    worlds: int, seed: int
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]]:
    """Tables of five indicators at a time."""
    for first in range(0, worlds * 5, 5):
        made = [make_indicator(number, seed + 100 * number) for number in range(first, first + 5)]
        series = pd.concat([table for tables, _, _ in made for table in tables], ignore_index=True)
        changes = pd.DataFrame([row for _, rows, _ in made for row in rows])
        truth = pd.DataFrame([row for _, _, rows in made for row in rows])
        kinds = [
            {"indicator": f"T{n}", "kind": KINDS[n % 5][0], "better": "lower"}
            for n in range(first, first + 5)
        ]
        kinds += [
            {"indicator": f"B{n}", "kind": "rate", "better": "lower"}
            for n in range(first, first + 5)
        ]
        yield series, changes, pd.DataFrame(kinds), truth


def summarise(
    verdicts: pd.DataFrame, changes: pd.DataFrame, truth: pd.DataFrame
) -> dict[str, object]:
    """The goals' figures."""
    verdicts = verdicts.sort_values(["change_id", "look_date"])
    final = verdicts.groupby("change_id").tail(1).set_index("change_id")
    facts = truth.set_index("change_id").join(changes.set_index("change_id")[["implemented_date"]])
    closed = verdicts[verdicts["verdict"] == "CLOSE"].groupby("change_id")["look_date"].min()
    sent = verdicts[verdicts["verdict"] == "ITERATE"].groupby("change_id")["look_date"].min()
    facts["closed"], facts["at_end"] = facts.index.isin(closed.index), final["verdict"].eq("CLOSE")
    facts["sent_week"] = (sent.reindex(facts.index) - facts["implemented_date"]).dt.days / 7
    facts["right"] = (final["ci_low"] <= facts["mean"]) & (facts["mean"] <= final["ci_high"])
    solo = facts[~facts["concurrent"]]
    good = solo[solo["effect"].isin(["step20", "step30", "ramp30", "delay30"])]
    out: dict[str, object] = {"changes": len(facts), "looks": len(verdicts)}
    for effect, part in solo[~solo["worse"]].groupby("effect"):
        out[str(effect)] = {
            "n": len(part),
            "closed": round(float(part["closed"].mean()), 3),
            "at_end": round(float(part["at_end"].mean()), 3),
            "sent_13": round(float((part["sent_week"] <= 13).mean()), 3),
            "sent": round(float(part["sent_week"].notna().mean()), 3),
            "coverage": round(float(part["right"].mean()), 3),
        }
    nothing = solo[solo["effect"] == "no_effect"]
    out["false_closure"] = [int(nothing["closed"].sum()), len(nothing)]
    out["closed_despite_balancing_harm"] = [
        int(good[good["worse"]]["at_end"].sum()),
        int(good["worse"].sum()),
    ]
    credited = facts[facts["concurrent"] & (facts["effect"] == "no_effect") & ~facts["is_second"]]
    out["credited_with_another's_effect"] = [int(credited["closed"].sum()), len(credited)]
    claims = solo[solo["closed"]]
    out["false_discoveries"] = [
        int(claims["effect"].isin(["no_effect", "fade30", "harm20"]).sum()),
        len(claims),
    ]
    return out


def main() -> None:
    """Simulate, evaluate, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7_000_000)
    parser.add_argument("--portfolio-rate", type=float, default=1.0)
    wanted = parser.parse_args()
    policy = replace(REFERENCE_POLICY, portfolio_rate=wanted.portfolio_rate)
    found, began = [], 0.0
    for series, changes, indicators, truth in batches(wanted.worlds, wanted.seed):
        clock = time.process_time()
        found.append((evaluate_changes(series, changes, indicators, policy), changes, truth))
        began += time.process_time() - clock
    verdicts, changes, truth = (
        pd.concat(parts, ignore_index=True) for parts in zip(*found, strict=True)
    )
    summary = summarise(verdicts, changes, truth)
    summary["milliseconds_per_look"] = round(1000 * began / len(verdicts), 3)
    print(json.dumps(summary, indent=1))


if __name__ == "__main__":
    main()
