"""Wiring of step 3: decisions checked, proposals on agendas."""

import pandas as pd

from lhs_pipeline.decision.decisions import DECISIONS, check_decisions
from lhs_pipeline.decision.proposals import PROPOSALS, Agenda, propose
from lhs_pipeline.warehouse.assets import SiteResource, named, table_asset
from lhs_pipeline.warehouse.table import records_of


@table_asset(
    DECISIONS,
    "pandas",
    reads=named("analysis.problems", recorded="collection.decisions"),
)
def decisions(site: SiteResource, recorded: pd.DataFrame, problems: pd.DataFrame) -> pd.DataFrame:
    """Decisions, checked against the scheme of delegation and the quorum."""
    return check_decisions(recorded, problems, site.catalogue())


@table_asset(
    PROPOSALS,
    "pandas",
    reads=named(
        "analysis.triage",
        "decision.decisions",
        "collection.files",
        "collection.reopened",
        "implementation.watched",
    ),
)
def proposals(
    site: SiteResource, triage: pd.DataFrame, decisions: pd.DataFrame, **known: pd.DataFrame
) -> pd.DataFrame:
    """What goes on each group's next agenda."""
    today = site.site().today()
    loads = (row["loaded_at"].date() for row in records_of(known["files"]))
    agenda = Agenda(
        today,
        min(loads, default=today),
        tuple(records_of(known["watched"])),
        tuple(records_of(known["reopened"])),
    )
    return propose(triage, decisions, site.catalogue(), agenda)


ASSETS = [decisions, proposals]
TABLES = (DECISIONS, PROPOSALS)
