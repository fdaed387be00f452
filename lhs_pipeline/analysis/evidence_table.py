"""What is known elsewhere as a table: research, alerts and findings, one row per topic."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import pandas as pd

from lhs_pipeline.analysis.evidence import Evidence, record_of_alert, record_of_finding
from lhs_pipeline.warehouse.table import declare, frame_of, records_of

EVIDENCE = declare(
    "analysis.evidence",
    "Research, safety alerts and other communities' findings, matched to topics.",
    "one row per work and topic that it speaks of; works are de-duplicated",
    {
        "evidence_id": "VARCHAR key of the work",
        "topic_id": "VARCHAR topic of the catalogue",
        "kind": "VARCHAR research, safety_alert or community_finding",
        "title": "VARCHAR title",
        "published_on": "DATE day of publication",
        "design": "VARCHAR study design, from the type and the words of the work",
        "provisional_certainty": "VARCHAR GRADE's starting point for that design; provisional",
        "certainty_words": "VARCHAR the same, said as provisional",
        "certainty": "VARCHAR a person's appraisal, else the provisional certainty",
        "is_appraised": "BOOLEAN whether a person has appraised it",
        "effect_direction": "VARCHAR benefit, no_difference, harm, mixed or not_stated",
        "effect_sentence": "VARCHAR the sentence of the abstract that states the effect",
        "standing": "VARCHAR current, retracted, withdrawn, in_doubt or superseded",
        "standing_reason": "VARCHAR why it no longer stands",
        "relevance_rank": "BIGINT 1 answers the topic best; what no longer stands comes last",
        "relevance_score": "DOUBLE orders works within one topic and night; no probability",
        "doi": "VARCHAR digital object identifier",
        "pmid": "VARCHAR PubMed identifier",
        "url": "VARCHAR link",
        "deadline_on": "DATE mandated deadline of an alert",
        "required_action": "VARCHAR what an alert demands",
        "matched_terms": "VARCHAR words that led to the topic",
        "matched_in": "VARCHAR title or abstract",
        "source_file": "VARCHAR file of the fullest record",
        "source_row": "BIGINT row in it",
        "also_in": "VARCHAR where else the same work stood",
    },
)


def read_works(
    references: pd.DataFrame, alerts: pd.DataFrame, findings: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return references, alerts and findings as records to match."""
    return [
        *records_of(references),
        *(record_of_alert(row) for row in records_of(alerts)),
        *(record_of_finding(row) for row in records_of(findings)),
    ]


def tabulate_evidence(evidence: Iterable[Evidence]) -> pd.DataFrame:
    """Return evidence as the declared table."""
    return frame_of(EVIDENCE, (asdict(work) for work in evidence))
