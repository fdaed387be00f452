"""Findings with one planted thing each, and problems as the triage table reads them."""

from dataclasses import fields
from datetime import date
from typing import Any

import pandas as pd
from small_series import CATALOGUE, weeks

from lhs_pipeline.analysis.beliefs import LensFindings, find_beliefs
from lhs_pipeline.analysis.lenses import LENSES
from lhs_pipeline.analysis.problems import Findings, ProblemTables, find_problems
from lhs_pipeline.analysis.recent_levels import find_recent_levels
from lhs_pipeline.analysis.signals import find_signals
from lhs_pipeline.vocabulary import LensAnswer

TODAY = date(2026, 7, 1)
UNITS = pd.DataFrame(
    {
        "unit_id": [f"ward_{i:02d}" for i in range(1, 13)],
        "unit_name": [f"Ward {i}" for i in range(1, 13)],
        "directorate_id": "surgery",
    }
)
COLUMNS = {
    "voice_signals": "topic_id unit_id voice answer recent_count earlier_count recent_heard_count"
    " earlier_heard_count expected_count first_on raised_on last_on",
    "evidence": "topic_id deadline_on kind standing title published_on",
    "decisions": "decision_id problem_id cycle_number decided_on outcome",
    "reopened": "problem_id cycle_number reopened_on",
    "closed": "problem_id cycle_number",
    "listed": "problem_id raised_on",
    "audits": "audit_id action_id unit_id audited_on records_checked_count records_compliant_count",
    "actions": "action_id decision_id",
}
NO_SERIES = weeks("ward_01", []).astype({"is_complete": bool})


def findings(series: pd.DataFrame = NO_SERIES, today: date = TODAY, **given: Any) -> Findings:
    """All that analysis knows: the series, and rows of the named tables."""
    tables = find_signals(series, CATALOGUE)
    known = {
        name: pd.DataFrame(given.get(name, []), columns=pd.Index(columns.split()))
        for name, columns in COLUMNS.items()
    }
    known |= {
        "limits": tables.limits, "episodes": tables.episodes,
        "recent_levels": find_recent_levels(series, CATALOGUE), "units": given.get("units", UNITS),
    }  # fmt: skip
    known |= weighed(known, today)
    return Findings(**{f.name: known.get(f.name, pd.DataFrame()) for f in fields(Findings)})


def weighed(known: dict[str, pd.DataFrame], today: date) -> dict[str, pd.DataFrame]:
    """The lenses on these findings and what they mean together."""
    seen = LensFindings(**{f.name: known.get(f.name, pd.DataFrame()) for f in fields(LensFindings)})
    tables = find_beliefs(seen, CATALOGUE, today)
    return {"lenses": tables.lenses, "beliefs": tables.beliefs}


def found(series: pd.DataFrame = NO_SERIES, today: date = TODAY, **given: Any) -> ProblemTables:
    return find_problems(findings(series, today, **given), CATALOGUE, today)


def problems(*given: Any, **named: Any) -> dict[str, dict[str, Any]]:
    rows = found(*given, **named).problems.to_dict("records")
    return {row["problem_id"]: row for row in rows}


def voice(unit_id: str = "ward_01", **given: Any) -> dict[str, Any]:
    """A voice that speaks of equipment more than before."""
    return {
        "topic_id": "equipment", "unit_id": unit_id, "voice": "staff", "answer": "agrees",
        "recent_count": 9, "earlier_count": 6, "recent_heard_count": 50,
        "earlier_heard_count": 200, "expected_count": 1.5, "first_on": date(2026, 5, 4),
        "raised_on": date(2026, 5, 18),
        "last_on": date(2026, 6, 28), **given,
    }  # fmt: skip


def quiet() -> list[dict[str, Any]]:
    """What staff of twelve wards say of nine other topics: as much as before, give or take."""
    topics = sorted(set(CATALOGUE.topics) - {"equipment"})[:9]
    return [
        voice(f"ward_{unit:02d}", topic_id=topic, answer="saw_nothing", earlier_count=24,
              expected_count=6.0, recent_count=(4, 6, 7, 5, 8, 6, 9, 3)[(unit * 5 + place) % 8])
        for unit in range(1, 13)
        for place, topic in enumerate(topics)
    ]  # fmt: skip


def problem(**given: Any) -> dict[str, Any]:
    """A problem as the triage table finds it: a new special cause in falls on one ward."""
    made: dict[str, Any] = {
        "problem_id": "falls@ward_01", "cycle_number": 1, "topic_id": "falls",
        "topic_title": "Falls", "unit_id": "ward_01", "unit_name": "Ward 1",
        "directorate_id": "surgery", "level": "ward", "domain": "clinical",
        "raised_on": date(2026, 6, 1), "trigger_on": date(2026, 5, 1),
        "last_signal_on": date(2026, 6, 28), "is_active": True, "is_closed": False,
        "lead_indicator_id": "falls_per_1000_bed_days", "pattern": "special_cause",
        "real_prop": 0.9, "measured_excess_per_month": 4.4, "relative_excess_prop": 0.4,
        "excess_per_month": 4.0, "excess_spread_per_month": 1.0, "unit_ids_joined": "",
        "excess_unit": "falls", "severity_weight": 0.15,
        "repeats_count": 0, "units_affected_count": 1, "deadline_on": None,
        "alert_issued_on": None,
        **{lens: str(LensAnswer.SAW_NOTHING) for lens in LENSES}, "routine": "agrees",
    }  # fmt: skip
    return {**made, **given}
