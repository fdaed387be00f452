"""Registers agree with the scenario and say nothing that lies after the end of the demo."""

import json
from datetime import date, timedelta

from lhs_pipeline.demo.research import list_references

from .reading import Demo

NAMES = ("decisions", "actions", "go_lives", "audits", "acceptability", "triage_overrides")


def test_everything_was_recorded_before_today(demo: Demo) -> None:
    for name in NAMES:
        rows = demo.table(f"registers/{name}.csv")
        assert rows
        assert all("2024-" <= row["recorded_at"] < "2026-07-01" for row in rows)


def test_what_the_pipeline_appends_to_starts_empty(demo: Demo) -> None:
    assert demo.table("registers/reopened.csv") == []
    assert demo.table("registers/closed.csv") == []


def test_keys_point_at_rows_that_are_there(demo: Demo) -> None:
    decision_ids = {row["decision_id"] for row in demo.table("registers/decisions.csv")}
    actions = demo.table("registers/actions.csv")
    action_ids = {row["action_id"] for row in actions}
    assert {row["decision_id"] for row in actions} <= decision_ids
    for name in ("go_lives", "audits", "acceptability"):
        assert {row["action_id"] for row in demo.table(f"registers/{name}.csv")} <= action_ids


def test_void_decisions_lack_authority_or_quorum(demo: Demo) -> None:
    decisions = {row["problem_id"]: row for row in demo.table("registers/decisions.csv")}
    refused = decisions["staffing_levels@emergency_department"]
    assert (refused["group_id"], refused["spend_gbp"]) == ("ward_huddle", "60000")
    assert decisions["theatre_flow@theatres_day"]["attending_professions"] == "nursing"


def test_action_without_a_quorum_never_went_live(demo: Demo) -> None:
    went_live = {
        row["unit_id"]: row["went_live_on"] for row in demo.table("registers/go_lives.csv")
    }
    assert went_live["theatres_day"] == ""
    assert went_live["ward_07"] == "2025-05-12"


def test_vte_has_two_cycles(demo: Demo) -> None:
    rows = demo.table("registers/decisions.csv")
    cycles = [row["cycle_number"] for row in rows if row["problem_id"] == "vte_prevention@ward_03"]
    assert cycles == ["1", "2"]


def test_audits_of_falls_are_compliant(demo: Demo) -> None:
    rows = [row for row in demo.table("registers/audits.csv") if row["unit_id"] == "ward_07"]
    checked = sum(int(row["records_checked_count"]) for row in rows)
    compliant = sum(int(row["records_compliant_count"]) for row in rows)
    assert len(rows) >= 25
    assert compliant / checked >= 0.95
    assert all(10 <= int(row["records_checked_count"]) <= 20 for row in rows)


def test_imperfections_are_in_the_amended_files(demo: Demo) -> None:
    noted = demo.table("truth/imperfections.csv")
    kinds = {row["kind"] for row in noted}
    assert {"late_reported", "revised", "bad_date", "unknown_unit", "negative_count"} <= kinds
    amended = demo.table("inbox/incidents/incidents_2026-05_amended.csv")
    first = {row["incident_id"]: row["harm_grade"] for row in demo.source("incidents")}
    revised = [row["row_id"] for row in noted if row["kind"] == "revised"]
    again = {row["incident_id"]: row["harm_grade"] for row in amended}
    assert len(revised) == 6
    assert all(again[row_id] != first[row_id] for row_id in revised)
    assert sum(row["unit_id"] == "ward_99" for row in amended) == 1


def test_an_equipment_alert_is_due_soon(demo: Demo) -> None:
    alerts = demo.source("safety_alerts")
    due = [row["deadline_on"] for row in alerts if "ladder scanner" in row["title"]]
    soon = date(2026, 7, 1) + timedelta(days=28)
    assert len(due) == 1
    assert "2026-07-01" < due[0] < soon.isoformat()


def test_references_are_fictional_and_cover_every_topic(demo: Demo) -> None:
    references = list_references()
    assert len({reference.topic_id for reference in references}) == 15
    assert all(reference.doi.startswith("10.5555/") for reference in references)
    assert all(int(reference.pmid) > 90_000_000 for reference in references)


def test_reference_files_hold_every_record_and_six_twice(demo: Demo) -> None:
    folder = demo.folder / "inbox" / "references"
    ris = (folder / "reference_set_1.ris").read_text(encoding="utf-8").count("TY  - ")
    nbib = (folder / "reference_set_2.nbib").read_text(encoding="utf-8").count("TI  - ")
    found = json.loads((folder / "reference_set_3.json").read_text(encoding="utf-8"))
    results = found["resultList"]["result"]
    assert found["hitCount"] == len(results)
    assert ris + nbib + len(results) == len(list_references()) + 6
