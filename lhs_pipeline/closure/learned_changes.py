"""The site's own effects as other sites may read them: an exchange file without people or places.

Every judged change counts, those that failed too; what is made of such files is `analysis`'s.
"""

import pandas as pd

from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.closure.changes import Change
from lhs_pipeline.closure.learned_effects import latest_estimates
from lhs_pipeline.warehouse.table import Record, declare, frame_of

LEARNED_CHANGES = declare(
    "closure.learned_changes",
    "What each change here has brought so far, in the columns that sites exchange: nothing of "
    "patients, staff or units.",
    "one row per change with an estimate",
    {
        "effect_id": "VARCHAR key of the effect: site and change",
        "site_code": "VARCHAR this site",
        "topic_id": "VARCHAR topic, in this site's catalogue",
        "topic_title": "VARCHAR title of that topic",
        "indicator_id": "VARCHAR measure, in this site's catalogue",
        "measure": "VARCHAR name of the measure",
        "better": "VARCHAR which way is better: lower or higher",
        "measure_unit": "VARCHAR unit of the measure: prop, per_… or its own",
        "nature_of_change": "VARCHAR fix, improve or change",
        "strength": "VARCHAR strength of the action",
        "what_was_changed": "VARCHAR the change in a sentence, without identifiers",
        "relative_change_prop": "DOUBLE relative change of the measure against the expected",
        "change_lower_prop": "DOUBLE lower bound, 95%",
        "change_upper_prop": "DOUBLE upper bound, 95%",
        "followed_weeks_count": "BIGINT weeks after the change that were looked at",
        "verdict": "VARCHAR verdict of the last look",
        "judged_on": "DATE day of the last look",
    },
)
EXCHANGED = tuple(LEARNED_CHANGES.column_names)
_DAYS_A_WEEK = 7


def list_learned_changes(
    evaluations: pd.DataFrame, changes: dict[str, Change], catalogue: Catalogue, site_code: str
) -> pd.DataFrame:
    """Return one row per change with an estimate, from its latest look.

    Args:
        evaluations: `closure.evaluations`.
        changes: changes by id.
        catalogue: topics and indicators.
        site_code: how the site is known to others.
    """
    rows = (
        _row(row, changes[row["change_id"]], catalogue, site_code)
        for row in latest_estimates(evaluations, changes)
        if _is_known(row, changes[row["change_id"]], catalogue)
    )
    return frame_of(LEARNED_CHANGES, sorted(rows, key=lambda row: str(row["effect_id"])))


def _is_known(row: Record, change: Change, catalogue: Catalogue) -> bool:
    """Whether both bounds stand, and topic and measure are still declared, with a better side."""
    has_bounds = row["change_lower_prop"] is not None and row["change_upper_prop"] is not None
    indicator = catalogue.indicators.get(str(row["indicator_id"]))
    is_sided = indicator is not None and str(indicator.direction) in ("lower", "higher")
    return has_bounds and is_sided and change.topic_id in catalogue.topics


def _row(row: Record, change: Change, catalogue: Catalogue, site_code: str) -> Record:
    indicator = catalogue.indicators[row["indicator_id"]]
    days = (pd.Timestamp(row["data_until"]) - pd.Timestamp(row["live_on"])).days + 1
    return {
        "effect_id": f"{site_code}:{change.change_id}",
        "site_code": site_code,
        "topic_id": change.topic_id,
        "topic_title": catalogue.topics[change.topic_id].title,
        "indicator_id": row["indicator_id"],
        "measure": indicator.name,
        "better": str(indicator.direction),
        "measure_unit": indicator.unit,
        "nature_of_change": change.nature,
        "strength": change.strength,
        "what_was_changed": change.description,
        "relative_change_prop": row["relative_change_prop"],
        "change_lower_prop": row["change_lower_prop"],
        "change_upper_prop": row["change_upper_prop"],
        "followed_weeks_count": max(days // _DAYS_A_WEEK, 0),
        "verdict": row["verdict"],
        "judged_on": row["look_on"],
    }
