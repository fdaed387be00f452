"""A change on one unit of many, with the policy that ships."""

from datetime import date, timedelta
from typing import Any

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.closure.answers import Answer
from lhs_pipeline.closure.changes import Change, Site
from lhs_pipeline.closure.effects import Effect
from lhs_pipeline.closure.judgement import LookVerdict, Reason, Status
from lhs_pipeline.closure.ladder import Rung
from lhs_pipeline.closure.verdicts import Look
from lhs_pipeline.vocabulary import Acceptable, Effective, Reliable

CATALOGUE = read_catalogue()
POLICY = CATALOGUE.rules.evaluation
FIRST = date(2023, 1, 2)
LIVE = date(2025, 1, 6)


def change(**given: Any) -> Change:
    fields: dict[str, Any] = {
        "change_id": "A1", "problem_id": "vte_prevention@ward_01", "cycle_number": 1,
        "description": "A forcing function", "nature": "improve", "strength": "intermediate",
        "sites": (Site("ward_01", LIVE),), "overdue_units": (), "units_planned_count": 1,
        "trigger_on": LIVE - timedelta(weeks=12), "raised_on": LIVE - timedelta(weeks=5),
        "measure_id": "vte_assessed", "expected_relative_change": 0.3, "balancing_id": None,
        "planned_weeks": POLICY.default_look_weeks, "until_on": None, "ended_on": None,
        "closed_on": None,
    }  # fmt: skip
    return Change(**{**fields, **given})


def effect(word: Effective, reason: Reason = Reason.NOT_SHOWN_YET, **given: Any) -> Effect:
    fields: dict[str, Any] = {
        "word": word, "status": Status(LookVerdict.KEEP_WATCHING, reason), "periods_count": 28,
        "data_until": LIVE, "controls_count": 9, "size": None, "p_value": None, "e_value": None,
    }  # fmt: skip
    return Effect(**{**fields, **given})


def look(
    word: Effective = Effective.YES,
    reliable: Reliable = Reliable.YES,
    acceptable: Acceptable = Acceptable.YES,
    reason: Reason = Reason.NOT_SHOWN_YET,
    **given: Any,
) -> Look:
    fields: dict[str, Any] = {
        "rung": Rung.SYSTEMIC, "on": LIVE + timedelta(weeks=28), "effect": effect(word, reason),
        "reliable": Answer(reliable, "Audited."), "acceptable": Answer(acceptable, "Asked."),
        "is_closing": True, "is_over": False, "is_closed": False, "is_confounded": False,
        "review_on": None,
    }  # fmt: skip
    return Look(**{**fields, **given})
