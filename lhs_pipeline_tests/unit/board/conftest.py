"""A small trust for the board: eight problems, one of them hostile, over three years."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lhs_pipeline.board.disclosure import STANDARD_POLICY
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.pages import write_board
from lhs_pipeline.board.small_cells import withhold_cells

AS_OF = date(2026, 7, 1)
SITE = "North Vale Hospitals NHS Trust"

HOSTILE = "<script>alert('x')</script>=HYPERLINK(\"http://x\")\u202e&amp;$\\frac{1}{2}$"
HOSTILE_ID = "../../<b>evil</b>@ward_09"


@pytest.fixture(scope="session")
def tables() -> BoardTables:
    """The whole sample."""
    return make_tables()


@pytest.fixture(scope="session")
def board(tables: BoardTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The written site."""
    folder = tmp_path_factory.mktemp("board")
    write_board(folder, tables, AS_OF, SITE)
    return folder


def make_tables() -> BoardTables:
    """Tables as the warehouse gives them, dates partly as dates and partly as datetime64."""
    parts = (_measures(), _voices(), _problems(), _decided(), _closed(), _collected())
    frames: dict[str, Any] = {name: frame for part in parts for name, frame in part.items()}
    # No total of the units stands in this sample, so that a point is withheld for itself alone.
    frames["indicator_series"] = withhold_cells(frames["indicator_series"], {}, STANDARD_POLICY)
    return BoardTables(**frames)


def _wave(index: int, size: float) -> float:
    """A repeatable ripple that looks like chance."""
    return size * (math.sin(index * 2.3) + math.sin(index * 0.71 + 1) + math.sin(index * 5.1)) / 2


def _months() -> list[date]:
    return [date(2023 + (6 + n) // 12, (6 + n) % 12 + 1, 1) for n in range(36)]


def _measures() -> dict[str, pd.DataFrame]:
    months = _months()
    weeks = [date(2023, 7, 3) + timedelta(days=7 * n) for n in range(157)]
    falls = [4.6 + _wave(n, 0.7) + (2.2 if 19 <= n <= 27 else -1.0 if n > 28 else 0)
             for n in range(36)]  # fmt: skip
    late = [0.22 + _wave(n, 0.02) + (0.06 if n > 110 else 0) for n in range(157)]
    medicine = [3.1 + _wave(n + 7, 0.5) for n in range(36)]
    series = [
        *_points("falls_per_1000_bed_days", "ward_07", months, falls),
        *_points("ae_over_4h", "emergency_department", weeks, late),
        *_points("medication_incidents_per_1000_bed_days", "ward_03", months, medicine),
    ]
    limits = [
        _limit("falls_per_1000_bed_days", "ward_07", "falls", (2.6, 4.6, 6.6), falls[-1],
               variation="improvement_low",
               words="Falls have been lower than usual for seven months in a row."),
        _limit("ae_over_4h", "emergency_department", "emergency_flow", (0.17, 0.22, 0.27), late[-1],
               variation="concern_high", assurance="consistently_fails", target=0.15,
               words="More people than usual have waited over four hours since August 2025."),
        _limit("medication_incidents_per_1000_bed_days", "ward_03", "medication_safety",
               (1.4, 3.1, 4.8), medicine[-1], words="Nothing but usual variation."),
    ]  # fmt: skip
    signals = [
        *_flags("falls_per_1000_bed_days", "ward_07", "falls", months, falls,
                lambda n: "concern" if 19 <= n <= 27 else "improvement" if n > 28 else ""),
        *_flags("ae_over_4h", "emergency_department", "emergency_flow", weeks, late,
                lambda n: "concern" if n > 110 else ""),
    ]  # fmt: skip
    return {
        "indicator_series": pd.DataFrame(series),
        "limits": pd.DataFrame(limits),
        "signals": pd.DataFrame(signals),
        "indicators": pd.DataFrame(
            [
                ("falls_per_1000_bed_days", "Falls per 1,000 bed days", "per 1,000 bed days",
                 False, "lower", "Falls injure, frighten and lengthen stays."),
                ("ae_over_4h", "A&E stays over four hours", "per cent", True, "lower",
                 "Long stays are associated with harm and with staff strain."),
            ],
            columns=["indicator_id", "name", "unit_words", "is_share", "direction",
                     "why_it_matters"],
        ),
    }  # fmt: skip


def _points(
    indicator: str, unit: str, days: list[date], values: list[float]
) -> list[dict[str, Any]]:
    ends = [*days[1:], days[-1] + (days[-1] - days[-2])]
    return [
        {
            "indicator_id": indicator, "unit_id": unit, "period_start": pd.Timestamp(day),
            "period_end": end - timedelta(days=1), "numerator": float(3 + n % 9),
            "denominator": 800.0, "value": value, "is_complete": n < len(days) - 1,
        }
        for n, (day, end, value) in enumerate(zip(days, ends, values, strict=True))
    ]  # fmt: skip


def _limit(
    indicator: str, unit: str, topic: str, lines: tuple[float, float, float], latest: float,
    *, variation: str = "common_cause", assurance: str = "no_target", words: str = "",
    target: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "indicator_id": indicator, "unit_id": unit, "topic_id": topic, "points_count": 36,
        "baseline_from": date(2023, 7, 1), "baseline_until": date(2024, 6, 30),
        "lower_limit": lines[0], "centre": lines[1], "upper_limit": lines[2],
        "latest_period_start": date(2026, 6, 1), "latest_value": latest, "variation": variation,
        "assurance": assurance, "target": target, "words": words,
    }  # fmt: skip


def _flags(
    indicator: str, unit: str, topic: str, days: list[date], values: list[float],
    meaning_of: Callable[[int], str],
) -> list[dict[str, Any]]:  # fmt: skip
    return [
        {
            "indicator_id": indicator, "unit_id": unit, "topic_id": topic, "period_start": day,
            "period_end": day + timedelta(days=6), "value": value, "centre": 4.6,
            "rule": "outside_limits" if n % 3 else "shift", "side": "high",
            "meaning": meaning_of(n),
        }
        for n, (day, value) in enumerate(zip(days, values, strict=True))
        if meaning_of(n)
    ]  # fmt: skip


_SAID = (
    ("patient", "friends_and_family", "I pressed the bell three times before somebody helped me to"
     " the bathroom, and I nearly fell."),
    ("patient", "friends_and_family", "The floor by the sink was wet all morning and I slipped."),
    ("staff", "staff_insights", "We have one sensor mat for two bays, so we choose who gets it."),
    ("staff", "staff_insights", "At the night handover nobody says who is at risk of falling."),
    ("safety", "incidents", "Found on floor beside bed at 03:10, no injury seen."),
)  # fmt: skip


def _voices() -> dict[str, pd.DataFrame]:
    insights: list[dict[str, Any]] = []
    themes: list[dict[str, Any]] = []
    for n in range(38):
        voice, source, said = _SAID[n % 5]
        topic, unit = ("falls", "ward_07") if n < 30 else ("equipment", "ward_02")
        on = date(2025, 8, 4) + timedelta(days=8 * n)
        text = HOSTILE if n == 2 else said + (" It happened again." if n % 2 else "")
        insights.append(
            {"insight_id": f"i{n}", "source_id": source, "voice": voice, "unit_id": unit,
             "received_on": on, "rating": None, "text": text,
             "source_file": f"{source}_{on:%Y-%m}.csv", "source_row": 12 + 3 * n}
        )  # fmt: skip
        themes.append(
            {"insight_id": f"i{n}", "topic_id": topic, "unit_id": unit, "received_on": on,
             "voice": voice, "is_negative": n % 4 != 1, "matched_terms": "fell; bell; wet floor"}
        )  # fmt: skip
    evidence = [
        ("e1", "falls", "research", "Sensor mats and falls in hospital: a randomised trial",
         date(2024, 3, 1), "randomised_trial", "high", "10.5555/falls.1", "90000001",
         "https://doi.org/10.5555/falls.1", None),
        ("e2", "falls", "safety_alert", "Bed rails: assess each patient anew", date(2026, 2, 1),
         None, None, None, None, "javascript:alert(1)", date(2026, 6, 15)),
        ("e3", "falls", "community_finding", "A neighbouring trust saw fewer falls after a night"
         " safety round", date(2026, 1, 9), None, "low", None, None, None, None),
    ]  # fmt: skip
    columns = ["evidence_id", "topic_id", "kind", "title", "published_on", "design",
               "provisional_certainty", "doi", "pmid", "url", "deadline_on"]  # fmt: skip
    frame = pd.DataFrame(evidence, columns=columns)
    return {
        "insights": pd.DataFrame(insights),
        "themes": pd.DataFrame(themes),
        "evidence": frame.assign(source_file="reference_set_1.ris", source_row=[4, 9, 2]),
        "problem_evidence": pd.DataFrame(
            [
                {
                    "problem_id": "falls@ward_07",
                    "rank": 1,
                    "kind": "learned_change",
                    "evidence_id": "S:A1",
                    "title": "A huddle a day",
                    "why": "same measure",
                    "effect_direction": "benefit",
                    "effect_sentence": "Falls: -30%",
                    "is_own": True,
                    "site_code": "Sample",
                    "alike_count": 1,
                    "expected_relative_change_prop": -0.3,
                    "expected_lower_prop": -0.4,
                    "expected_upper_prop": -0.2,
                }
            ]
        ),
    }


_PROBLEMS = (
    # topic, title, unit, unit name, domain, state, nature, group, group title, rank
    ("emergency_flow", "Emergency flow", "emergency_department", "Emergency Department",
     "operational", "open", "change", "clinical_forum", "Clinical Forum", 1,
     "28% of people now stay over four hours in A&E; 22% is usual here.",
     "Routine figures: above the limits in 12 of the last 13 weeks. Staff: 31 comments on beds"
     " that are not ready. Patients: twice as many comments on waiting."),
    ("equipment", "Equipment", "ward_02", "Ward 2", "operational", "open", "fix", "ward_huddle",
     "Ward safety huddle", 2,
     "Bladder scanners cannot be found when they are needed.",
     "Staff: 6 comments in 13 weeks, none in the year before. No routine measure covers it."),
    ("medication_safety", "Medication safety", "ward_03", "Ward 3", "clinical", "open", "improve",
     "directorate_quality_board", "Directorate quality board", 3,
     "Insulin doses are given late after admission in the evening.",
     "Incident reports agree with staff. Routine figures looked and saw nothing unusual."),
    ("staffing_levels", "Staffing levels", "trust", None, "staff_wellbeing", "decided", "change",
     "executive_committee", "Executive committee", 4,
     "Night shifts are short of one nurse in ten on eight of twelve wards.",
     "Routine figures on eight wards; staff say the same. Patients did not mention it."),
    ("falls", "Falls", "ward_07", "Ward 7", "clinical", "live", "improve",
     "directorate_quality_board", "Directorate quality board", 5,
     "Falls on Ward 7 rose from 4.6 to 6.9 per 1,000 bed days in spring 2025.",
     "Routine figures, patients, staff and incident reports agree; a trial elsewhere supports it."),
    ("discharge", "Discharge", "ward_05", "Ward 5", "operational", "closed", "improve",
     "directorate_quality_board", "Directorate quality board", None,
     "Few patients left before noon.", "Routine figures and patients agreed."),
)  # fmt: skip


def _problems() -> dict[str, pd.DataFrame]:
    problems: list[dict[str, Any]] = []
    triage: list[dict[str, Any]] = []
    for topic, title, unit, unit_name, domain, state, nature, group, group_title, rank, wrong, how \
            in _PROBLEMS:  # fmt: skip
        base: dict[str, Any] = {
                "problem_id": f"{topic}@{unit}", "cycle_number": 1, "topic_id": topic,
                "unit_id": unit, "unit_name": unit_name, "domain": domain, "level": "unit",
                "raised_on": date(2025, 3, 2), "state": state}  # fmt: skip
        problems.append(base | _lenses(topic, title))
        if rank:
            triage.append(base | {
                "rank": rank, "nature_of_change": nature,
                "nature_reason": "care that is already given should be given better",
                "group_id": group, "group_title": group_title,
                "group_reason": "it lies inside one directorate and costs under £10,000",
                "harm_per_month": 4.25 / rank, "lenses_agree_count": 5 - rank // 2,
                "lenses_looked_count": 5, "real_prop": 0.97, "first_prop": 0.9, "rank_lower": 1,
                "rank_upper": 4, "harm_lower_per_month": 0.4, "harm_upper_per_month": 9.0,
                "excess_per_month": 2.4, "severity_weight": 0.15, "excess_unit": "events",
                "deadline_on": date(2026, 6, 15) if rank == 2 else None,
                "what_seems_wrong": wrong, "how_we_know": how})  # fmt: skip
    second = problems[4] | {"cycle_number": 2, "raised_on": date(2026, 1, 12)}
    evil = base | {"problem_id": HOSTILE_ID, "topic_id": "evil", "unit_id": "ward_09",
                   "unit_name": HOSTILE, "state": HOSTILE}  # fmt: skip
    triage[4] |= {"cycle_number": 2, "raised_on": date(2026, 1, 12)}
    triage.append(triage[0] | evil | {
        "rank": 6, "group_title": HOSTILE, "what_seems_wrong": HOSTILE, "how_we_know": HOSTILE,
        "nature_reason": HOSTILE, "nature_of_change": HOSTILE})  # fmt: skip
    problems += [second, evil | _lenses("evil", HOSTILE)]
    return {"problems": pd.DataFrame(problems), "triage": pd.DataFrame(triage), **_ranked()}


def _ranked() -> dict[str, pd.DataFrame]:
    """What triage says of its ranks, of two problems only."""
    falls, flow = "falls@ward_07", "emergency_flow@emergency_department"
    return {
        "lenses": pd.DataFrame(
            [(flow, "routine", "agrees", 6.2), (flow, "patient_voice", "agrees", 1.4),
             (flow, "staff_voice", "saw_nothing", -0.4), (flow, "audit", "did_not_look", None),
             (falls, "safety_reports", "contradicts", -3.5)],
            columns=["problem_id", "lens", "answer", "added_log_odds"],
        ),
        "moves": pd.DataFrame(
            [(falls, "up", date(2026, 6, 30), 7, 5, "Staff now show it"),
             (flow, "same", date(2026, 6, 30), 1, 1, "Nothing has changed")],
            columns=["problem_id", "move", "night_before_on", "rank_before", "rank", "reason"],
        ),
        "sensitivity": pd.DataFrame(
            [(flow, "severity weight of its events", 1, 4, 1),
             (falls, "severity weight of its events", 5, 5, 5)],
            columns=["problem_id", "tunable", "rank", "rank_if_halved", "rank_if_doubled"],
        ),
        "stream_health": pd.DataFrame(
            [("incidents", "freshness", None, False, "the newest row is of 30 June 2026",
              date(2026, 6, 30)),
             ("bed_days", "silent_unit", "ward_02", True, "Ward 2 has sent nothing for 40 days",
              date(2026, 6, 28))],
            columns=["source_id", "finding", "unit_id", "is_concern", "sentence", "latest_on"],
        ),
        "learned_effects": pd.DataFrame(
            [("discharge", "discharged_before_noon", None, 1, 1, 1, 0.12, -0.08, 0.4),
             ("discharge", "discharged_before_noon", "stronger", 1, 1, 1, 0.12, -0.08, 0.4)],
            columns=["topic_id", "indicator_id", "strength", "changes_count", "closed_count",
                     "ended_count", "expected_relative_change_prop", "expected_lower_prop",
                     "expected_upper_prop"],
        ),
        "spread": pd.DataFrame(
            [("A-05", "falls@ward_07", "ward_07", "Expect less here, +12%")],
            columns=["change_id", "problem_id", "unit_id", "words"],
        ),
    }  # fmt: skip


def _lenses(topic: str, title: str) -> dict[str, Any]:
    return {
        "topic_title": title, "last_signal_on": date(2026, 6, 28),
        "lead_indicator_id": {"falls": "falls_per_1000_bed_days", "emergency_flow": "ae_over_4h"}
        .get(topic), "excess_per_month": 2.4, "excess_unit": "falls" if topic == "falls" else None,
        "routine": "did_not_look" if topic == "equipment" else "agrees", "patient_voice": "agrees",
        "staff_voice": "agrees", "safety_reports": "saw_nothing",
        "external_evidence": "contradicts" if topic == "discharge" else "agrees",
        "repeats_count": 7,
    }  # fmt: skip


def _decided() -> dict[str, pd.DataFrame]:
    falls: dict[str, Any] = {
             "problem_id": "falls@ward_07", "cycle_number": 1, "measure_indicator_id":
             "falls_per_1000_bed_days", "expected_relative_change_prop": -0.2}  # fmt: skip
    proposals = [
        falls | {"proposal_id": "p1", "problem_id": "emergency_flow@emergency_department",
                 "group_id": "clinical_forum", "group_title": "Clinical Forum",
                 "meets_on": date(2026, 7, 3), "respond_by_on": date(2026, 7, 3),
                 "is_overdue": False, "measure_indicator_id": "ae_over_4h",
                 "question": "Which change should bring four-hour stays in A&E back to 22%?",
                 "options": "Put a change in place now; Test it on a small scale; Set up a"
                 " task-and-finish group; Analyse further", "look_weeks": "8;16;28;40;52",
                 "balancing_indicator_id": "readmissions_30_days",
                 "acceptability_plan": "Ask 20 patients and the A&E nurses after week 8"},
        falls | {"proposal_id": "p2", "problem_id": "equipment@ward_02", "group_id": "ward_huddle",
                 "group_title": "Ward safety huddle", "meets_on": date(2026, 6, 30),
                 "respond_by_on": date(2026, 6, 26), "is_overdue": True,
                 "measure_indicator_id": None, "expected_relative_change_prop": None,
                 "question": "Where should the two bladder scanners be kept?", "options": None},
    ]  # fmt: skip
    decision = falls | {
        "group_id": "directorate_quality_board", "outcome": "implement_now", "conflicts": None,
        "nature_of_change": "improve", "chair_role": "clinical_director", "spend_gbp": 4200,
        "attending_professions": "nursing;medical;operations", "source_id": "decisions",
        "source_file": "decisions.csv", "dissent": None, "is_valid": True,
        "void_reasons": None}  # fmt: skip
    decisions = [
        decision | {"decision_id": "D-01", "decided_on": date(2025, 6, 10), "source_row": 3,
                    "group_id": "ward_huddle", "is_valid": False, "spend_gbp": 900,
                    "attending_professions": "nursing", "rationale": "Buy sensor mats at once",
                    "void_reasons": "the ward huddle may spend £500, this costs £900;"
                    "nobody from medicine was present"},
        decision | {"decision_id": "D-02", "decided_on": date(2025, 6, 24), "source_row": 4,
                    "rationale": "Four sensor mats, and a night safety round",
                    "dissent": "One therapist would have tested on one bay first"},
        decision | {"decision_id": "D-03", "decided_on": date(2026, 1, 26), "source_row": 9,
                    "cycle_number": 2, "rationale": "Build the safety round into the handover"},
    ]  # fmt: skip
    return {
        "proposals": pd.DataFrame(proposals),
        "decisions": pd.DataFrame(decisions),
        "actions": _actions(),
        "adoption": pd.DataFrame(
            [("A-02", "ward_07", date(2025, 7, 14), date(2025, 7, 21), True, 7),
             ("A-03", "ward_07", date(2026, 2, 16), date(2026, 2, 16), True, 0),
             ("A-03", "ward_08", date(2026, 2, 23), None, False, None),
             ("A-05", "ward_05", date(2025, 3, 3), date(2025, 3, 3), True, 0)],
            columns=["change_id", "unit_id", "planned_on", "went_live_on", "is_live", "days_late"],
        ),
        "audits": pd.DataFrame(
            [("AU-1", "A-02", "ward_07", date(2025, 9, 1), "matron", 20, 11),
             ("AU-2", "A-03", "ward_07", date(2026, 4, 1), "matron", 20, 19)],
            columns=["audit_id", "action_id", "unit_id", "audited_on", "auditor_role",
                     "records_checked_count", "records_compliant_count"],
        ),
        "acceptability": pd.DataFrame(
            [("AC-1", "A-03", date(2026, 4, 10), "patients", "interview", 3, 3, "They liked it"),
             ("AC-2", "A-03", date(2026, 4, 10), "staff", "survey", 22, 19, HOSTILE)],
            columns=["check_id", "action_id", "checked_on", "asked_group", "method",
                     "responses_count", "acceptable_count", "note"],
        ),
    }  # fmt: skip


def _actions() -> pd.DataFrame:
    rows = [
        ("A-02", "D-02", "falls@ward_07", 1, "Four sensor mats and a night safety round",
         "intermediate", "ward_manager", date(2025, 7, 14), 1, 1, 1.0, "live"),
        ("A-03", "D-03", "falls@ward_07", 2, "The safety round is a fixed part of the night"
         " handover", "stronger", "matron", date(2026, 2, 16), 2, 1, 0.5, "partly_live"),
        ("A-05", "D-05", "discharge@ward_05", 1, "Criteria-led discharge on weekdays", "stronger",
         "ward_manager", date(2025, 3, 3), 1, 1, 1.0, "live"),
        ("A-09", "D-09", "unknown@ward_99", 1, "A change of a problem nobody knows", "weaker",
         None, None, 1, 1, 1.0, "live"),
    ]  # fmt: skip
    columns = ["change_id", "decision_id", "problem_id", "cycle_number", "description", "strength",
               "owner_role", "planned_live_on", "units_planned_count", "units_live_count",
               "adopted_prop", "state"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _closed() -> dict[str, pd.DataFrame]:
    look: dict[str, Any] = {
        "problem_id": "falls@ward_07", "cycle_number": 1, "indicator_id": "falls_per_1000_bed_days",
        "unit_id": "ward_07", "live_on": date(2025, 7, 21),
        "data_version": "9f31c2d07b1e44"}  # fmt: skip
    looks = [
        look | {"change_id": "A-02", "look_number": 1, "look_on": date(2025, 9, 15),
                "observed": 6.4, "expected": 5.9, "relative_change_prop": 0.085,
                "change_lower_prop": -0.16, "change_upper_prop": 0.39, "reliable": "no",
                "reliable_reason": "done in 11 of 20 records; 80% is the standard",
                "effective": "no", "effective_reason": "no better than expected without it",
                "acceptable": "not_known_yet", "acceptable_reason": "nobody was asked",
                "verdict": "refine", "verdict_reason": "The safety round was done in about half"
                " of the nights, and falls were no fewer than expected"},
        look | {"change_id": "A-03", "cycle_number": 2, "look_number": 1,
                "look_on": date(2026, 4, 13), "live_on": date(2026, 2, 16), "observed": 3.6,
                "expected": 4.7, "relative_change_prop": -0.234, "change_lower_prop": -0.38,
                "change_upper_prop": -0.06, "reliable": "yes", "reliable_reason":
                "done in 19 of 20 records", "effective": "partly", "effective_reason":
                "fewer than expected, seen at one look only", "acceptable": "not_known_yet",
                "acceptable_reason": "too few patients were asked", "verdict": "keep_watching",
                "verdict_reason": "Promising; a second look has to show the same"},
        look | {"change_id": "A-05", "problem_id": "discharge@ward_05", "look_number": 5,
                "indicator_id": "discharged_before_noon", "look_on": date(2026, 3, 2),
                "observed": 0.37, "expected": 0.29, "relative_change_prop": 0.276,
                "change_lower_prop": 0.17, "change_upper_prop": 0.39, "reliable": "yes",
                "effective": "yes", "acceptable": "yes", "verdict": "close",
                "verdict_reason": "More patients left before noon than expected, at three looks"},
    ]  # fmt: skip
    verdicts = [
        ("A-02", "falls@ward_07", 1, "refine", date(2025, 12, 29), True, "The round was done on"
         " half of the nights, and falls were no fewer than expected", None),
        ("A-03", "falls@ward_07", 2, "keep_watching", date(2026, 4, 13), False, "Promising; a"
         " second look has to show the same", date(2026, 8, 10)),
        ("A-05", "discharge@ward_05", 1, "close", date(2026, 3, 2), True, "Done, better than"
         " expected at three looks, and acceptable to patients and staff", None),
    ]  # fmt: skip
    return {
        "evaluations": pd.DataFrame(looks),
        "verdicts": pd.DataFrame(
            verdicts,
            columns=["change_id", "problem_id", "cycle_number", "verdict", "decided_on",
                     "is_final", "words", "next_look_on"],
        ),
        "reopened": pd.DataFrame(
            [("falls@ward_07", 1, date(2026, 1, 5), "A-02", "Falls were no fewer than expected",
              "reopened", "reopened.csv", 1)],
            columns=["problem_id", "cycle_number", "reopened_on", "change_id", "reason",
                     "source_id", "source_file", "source_row"],
        ),
        "tempo": pd.DataFrame(
            [("falls@ward_07", 2, "clinical", 12.0, 21.0, None, "the second look on 10 Aug 2026"),
             ("equipment@ward_02", 1, "operational", None, None, None, "the ward safety huddle")],
            columns=["problem_id", "cycle_number", "domain", "signal_to_decision_days",
                     "decision_to_live_days", "live_to_verdict_days", "waiting_for"],
        ),
        "waits": pd.DataFrame(
            [("triage_to_decision", "all", "all", 14.0, 40.0, 3, 1, 52.0),
             ("triage_to_decision", "domain", "clinical", None, None, 1, 2, 52.0),
             ("decision_to_live", "all", "all", 21.0, 30.0, 3, 0, None)],
            columns=["step", "grouped_by", "value", "median_days", "ninth_decile_days",
                     "done_count", "waiting_count", "longest_wait_days"],
        ),
    }  # fmt: skip


def _collected() -> dict[str, pd.DataFrame]:
    units = [(f"ward_{n:02d}", f"Ward {n}", "ward", "medicine", "Medicine") for n in range(1, 13)]
    units.append(("emergency_department", "Emergency Department", "emergency_department",
                  "urgent_care", "Urgent care"))  # fmt: skip
    return {
        "units": pd.DataFrame(
            units,
            columns=["unit_id", "unit_name", "unit_type", "directorate_id", "directorate_name"],
        ),
        "files": pd.DataFrame(
            [("incidents", "incidents_2026-06.csv", 412, 409, 3, 0, "partly_rejected",
              "3 rows name a unit that does not exist"),
             ("bed_days", "bed_days_2026-06.csv", 390, 390, 0, 0, "landed", None),
             ("staff_insights", HOSTILE + ".csv", 12, 0, 12, 0, "rejected", "no header row")],
            columns=["source_id", "source_file", "rows_read", "landed", "rejected", "unchanged",
                     "status", "message"],
        ),
        "rejected_rows": pd.DataFrame(
            [("incidents", "incidents_2026-06.csv", n, "unit_id", "unknown unit",
              "a unit of inbox/units/units.csv", HOSTILE) for n in (4, 8, 20)],
            columns=["source_id", "source_file", "source_row", "field", "reason", "expected",
                     "raw_text"],
        ),
    }  # fmt: skip
