"""The tables of a made-up national site, as the warehouse gives them to the board.

Only their size and shape are meant to be like a real site's: no number in them means anything.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from lhs_pipeline.board.model import BoardTables

AS_OF = date(2026, 7, 1)
_NATURES = ("fix", "improve", "change")
_DOMAINS = ("clinical", "operational", "staff_wellbeing")
_LENSES = ("routine", "comparison", "patient_voice", "staff_voice", "safety_reports", "audit")
_ANSWERS = ("agrees", "saw_nothing", "did_not_look", "contradicts")
_VERDICTS = ("close", "refine", "keep_watching", "re_open")


@dataclass(frozen=True)
class Size:
    """How large the site is; `topics` × 5 indicators are measured in each trust."""

    trusts: int = 200
    topics: int = 50
    problems: int = 2000
    months: int = 36
    comments: int = 100_000
    changes: int = 400
    groups: int = 12

    @property
    def series(self) -> int:
        """Series that are measured."""
        return self.trusts * self.topics * 5


def make_smaller(size: Size, share: int) -> Size:
    """Return a site of one so many of the trusts, problems, comments and changes."""
    return replace(
        size,
        trusts=size.trusts // share,
        problems=size.problems // share,
        comments=size.comments // share,
        changes=size.changes // share,
    )


def make_tables(size: Size, seed: int) -> BoardTables:
    """Return all tables that the board reads."""
    rng = np.random.default_rng(seed)
    problems = _problems(size)
    parts = [
        _places(size),
        _measures(size, rng),
        _voices(size, rng),
        {"problems": problems, "triage": _triage(problems, size, rng)},
        _beliefs(problems, rng),
        _decided(problems, size),
        _judged(problems, size, rng),
    ]
    frames: dict[str, Any] = {name: frame for part in parts for name, frame in part.items()}
    return BoardTables(**frames)


def _units(size: Size) -> list[str]:
    return [f"trust_{number:03d}" for number in range(size.trusts)]


def _topics(size: Size) -> list[str]:
    return [f"topic_{number:02d}" for number in range(size.topics)]


def _places(size: Size) -> dict[str, pd.DataFrame]:
    units = _units(size)
    groups = [f"group_{number:02d}" for number in range(size.groups)]
    sources = [f"source_{number:02d}" for number in range(30)]
    return {
        "units": pd.DataFrame(
            {"unit_id": units, "unit_name": [f"Hospitals of County {n}" for n in range(len(units))]}
        ),
        "authorities": pd.DataFrame(
            {"group_id": groups, "title": [f"National board {n}" for n in range(size.groups)]}
        ),
        "indicators": pd.DataFrame(
            {
                "indicator_id": _indicators(size),
                "name": [f"Measure {n} per 1,000 bed days" for n in range(size.topics * 5)],
                "unit_words": "per 1,000 bed days",
                "is_share": False,
                "direction": "lower",
                "why_it_matters": "It is associated with harm.",
            }
        ),
        "stream_health": pd.DataFrame(
            {
                "source_id": sources,
                "finding": "freshness",
                "is_concern": [n % 9 == 0 for n in range(30)],
                "sentence": "The newest row is of 30 June 2026.",
                "latest_on": AS_OF,
            }
        ),
    }


def _indicators(size: Size) -> list[str]:
    return [f"{topic}_measure_{number}" for topic in _topics(size) for number in range(5)]


def _measures(size: Size, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    grid = pd.MultiIndex.from_product(
        [_indicators(size), _units(size)], names=["indicator_id", "unit_id"]
    ).to_frame(index=False)
    months = pd.date_range(end="2026-06-01", periods=size.months, freq="MS")
    points = grid.loc[grid.index.repeat(size.months)].reset_index(drop=True)
    starts = np.tile(months.to_numpy(), len(grid))
    values = rng.gamma(9, 0.5, len(points)).round(3)
    flagged = points[values > 9].index
    common = {"centre": 4.5, "lower_limit": 0.4, "upper_limit": 9.0}
    limits = grid.assign(
        topic_id=grid["indicator_id"].str.split("_measure").str[0],
        points_count=size.months,
        chart="u",
        variation="common_cause",
        assurance="no_target",
        baseline_from=months[0],
        baseline_until=months[11],
        words="Nothing but usual variation.",
        **common,
    )
    return {
        "indicator_series": points.assign(
            period_start=starts,
            period_end=starts + np.timedelta64(27, "D"),
            numerator=(values * 20).round(),
            denominator=20_000.0,
            value=values,
            is_complete=True,
        ),
        "limits": limits,
        "point_limits": points.assign(period_start=starts, **common),
        "signals": points.loc[flagged].assign(
            topic_id=points["indicator_id"].loc[flagged].str.split("_measure").str[0],
            period_start=starts[flagged],
            period_end=starts[flagged] + np.timedelta64(27, "D"),
            value=values[flagged],
            centre=4.5,
            rule="outside_limits",
            side="high",
            meaning="concern",
        ),
    }


def _voices(size: Size, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    count = size.comments
    days = [AS_OF - timedelta(days=int(days)) for days in rng.integers(0, 365, count)]
    themes = pd.DataFrame(
        {
            "insight_id": [f"i{number}" for number in range(count)],
            "topic_id": rng.choice(_topics(size), count),
            "unit_id": rng.choice(_units(size), count),
            "received_on": pd.to_datetime(pd.Series(days)),
            "voice": rng.choice(["patient", "staff", "safety"], count),
            "is_negative": rng.random(count) < 0.6,
            "matched_terms": "bell; waiting; night",
        }
    )
    insights = themes[["insight_id", "unit_id", "voice", "received_on"]].assign(
        source_id="comments",
        text="We pressed the bell at night and waited a long time before somebody came to us.",
        source_file="comments_2026-06.csv",
        source_row=range(count),
    )
    evidence = pd.DataFrame(
        {
            "evidence_id": [f"e{number}" for number in range(size.topics * 20)],
            "topic_id": np.repeat(_topics(size), 20),
            "kind": "research",
            "title": "What was found elsewhere when the same was tried on forty wards",
            "published_on": date(2024, 3, 1),
            "design": "randomised_trial",
        }
    )
    return {"themes": themes, "insights": insights, "evidence": evidence}


def _problems(size: Size) -> pd.DataFrame:
    every = size.trusts * size.topics // size.problems
    places = [(topic, unit) for topic in _topics(size) for unit in _units(size)][::every]
    return pd.DataFrame(
        [
            {
                "problem_id": f"{topic}@{unit}",
                "cycle_number": 1,
                "topic_id": topic,
                "topic_title": f"Topic {topic[-2:]}",
                "unit_id": unit,
                "unit_name": f"Hospitals of County {int(unit[-3:])}",
                "level": "trust",
                "domain": _DOMAINS[number % 3],
                "raised_on": AS_OF - timedelta(days=number % 700),
                "state": "open",
                "lead_indicator_id": f"{topic}_measure_0",
                "excess_per_month": 4.0,
                "excess_unit": "events",
                **{lens: _ANSWERS[number % 4] for lens in _LENSES},
            }
            for number, (topic, unit) in enumerate(places[: size.problems])
        ]
    )


def _triage(problems: pd.DataFrame, size: Size, rng: np.random.Generator) -> pd.DataFrame:
    count = len(problems)
    numbers = np.arange(count)
    return problems.assign(
        rank=rng.permutation(count) + 1,
        nature_of_change=[_NATURES[n % 3] for n in numbers],
        nature_reason="a special cause in one place, in something that should simply work reliably",
        group_id=[f"group_{n % size.groups:02d}" for n in numbers],
        group_title=[f"National board {n % size.groups}" for n in numbers],
        group_reason="lowest group that may approve it",
        harm_per_month=rng.gamma(1, 0.4, count),
        harm_lower_per_month=0.1,
        harm_upper_per_month=2.0,
        real_prop=rng.random(count),
        first_prop=rng.random(count),
        rank_lower=1,
        rank_upper=count,
        severity_weight=0.15,
        lenses_agree_count=2,
        lenses_looked_count=4,
        what_seems_wrong="about 6 more events a month than is usual there, since last winter",
        how_we_know="Shown by routine figures and staff; not seen by patients; no data from"
        " comparison with units of its kind and audits. We are nine in ten sure that it is real.",
    )


def _beliefs(problems: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    ids = problems["problem_id"]
    lenses = pd.DataFrame(
        {
            "problem_id": np.repeat(ids, len(_LENSES)),
            "lens": np.tile(_LENSES, len(ids)),
            "answer": "agrees",
            "added_log_odds": rng.normal(0, 2, len(ids) * len(_LENSES)),
        }
    )
    sensitivity = pd.DataFrame(
        {
            "problem_id": ids,
            "tunable": "severity weight of its events",
            "rank": 10,
            "rank_if_halved": 30,
            "rank_if_doubled": 5,
        }
    )
    return {"lenses": lenses, "sensitivity": sensitivity}


def _decided(problems: pd.DataFrame, size: Size) -> dict[str, pd.DataFrame]:
    asked, taken = problems.iloc[size.changes :], problems.iloc[: size.changes]
    keys = ["problem_id", "cycle_number"]
    numbers = np.arange(len(taken))
    plan = {
        "expected_relative_change_prop": -0.2,
        "look_weeks": "8;16;28;40;52",
        "group_id": "group_01",
    }
    proposals = asked[keys].assign(
        proposal_id=[f"p{n}" for n in range(len(asked))],
        question="What shall be done about it?",
        options="implement now;testing cycle;further analysis;decline",
        meets_on=date(2026, 7, 9),
        respond_by_on=date(2026, 7, 14),
        measure_indicator_id=asked["lead_indicator_id"],
        acceptability_plan="Ask 20 patients and 20 staff 8 weeks after go-live",
        **{**plan, "group_id": [f"group_{n % size.groups:02d}" for n in range(len(asked))]},
    )
    decisions = taken[keys].assign(
        decision_id=[f"D{n}" for n in numbers],
        decided_on=date(2025, 3, 1),
        outcome="implement_now",
        is_valid=True,
        rationale="It was tried elsewhere, and it costs little",
        attending_professions="nursing;medical",
        **plan,
    )
    actions = taken[keys].assign(
        change_id=[f"A{n}" for n in numbers],
        decision_id=[f"D{n}" for n in numbers],
        description="A checklist at every handover, and a named person",
        first_live_on=date(2025, 5, 1),
        units_planned_count=1,
        units_live_count=1,
        adopted_prop=1.0,
        state="live",
    )
    return {"proposals": proposals, "decisions": decisions, "actions": actions}


def _judged(
    problems: pd.DataFrame, size: Size, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    taken = problems.iloc[: size.changes]
    numbers = np.arange(len(taken))
    looks = taken[["problem_id", "cycle_number", "unit_id"]].assign(
        change_id=[f"A{n}" for n in numbers],
        indicator_id=taken["lead_indicator_id"],
        verdict=[_VERDICTS[n % 4] for n in numbers],
        observed=3.6,
        expected=4.5,
        relative_change_prop=rng.normal(-0.2, 0.1, len(taken)),
        change_lower_prop=-0.4,
        change_upper_prop=0.05,
    )
    several = pd.concat(
        [looks.assign(look_number=n, look_on=date(2025, 6 + n, 1)) for n in range(1, 5)],
        ignore_index=True,
    )
    months = pd.date_range(end="2026-06-01", periods=size.months, freq="MS")
    points = looks.loc[looks.index.repeat(size.months)].reset_index(drop=True)
    expectations = points[["change_id", "unit_id", "indicator_id"]].assign(
        period_start=np.tile(months.to_numpy(), len(looks)),
        numerator=90.0,
        denominator=20_000.0,
        observed=rng.gamma(9, 0.5, len(points)),
        expected=4.5,
        expected_lower=3.0,
        expected_upper=6.0,
    )
    verdicts = looks[["change_id", "problem_id", "cycle_number", "verdict"]].assign(
        decided_on=date(2026, 6, 1),
        is_final=False,
        words="It cannot be told from chance yet. " * 12,
        next_look_on=date(2026, 8, 1),
    )
    return {"evaluations": several, "verdicts": verdicts, "expectations": expectations}
