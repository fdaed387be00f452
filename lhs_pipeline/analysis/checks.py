"""What analysis promises of the registers it reads: it warns, and nothing stops."""

from collections.abc import Sequence

import dagster as dg

from lhs_pipeline.analysis.accepted_themes import tell_lost_merges, with_accepted
from lhs_pipeline.analysis.evidence import tell_unused_appraisals
from lhs_pipeline.analysis.label_names import TopicNames, tell_unused_labels
from lhs_pipeline.warehouse.assets import SiteResource
from lhs_pipeline.warehouse.table import read_table, records_of

_SHOWN = 5


@dg.asset_check(
    asset=dg.AssetKey(["analysis", "theme_models"]),
    name="labels_used",
    description="Labels of coders that lead nowhere: somebody should correct them.",
)
def labels_used(site: SiteResource) -> dg.AssetCheckResult:
    """Tell labels of unknown comments and of topics that are not declared."""
    with site.warehouse().transaction() as con:
        labels = con.execute(
            "select insight_id, topic_id, count(*) from collection.theme_labels group by all"
        ).fetchall()
        known = con.execute(
            "select distinct insight_id from collection.theme_labels "
            "semi join analysis.insights using (insight_id)"
        ).fetchall()
        verdicts = records_of(read_table(con, "collection.emerging_verdicts"))
    names = TopicNames(with_accepted(site.catalogue(), verdicts).topics)
    counted = {(insight_id, topic_id): count for insight_id, topic_id, count in labels}
    told = tell_unused_labels(counted, {insight_id for (insight_id,) in known}, names)
    return _warn(
        told, "every label is of a comment that has landed and of a topic that is declared"
    )


@dg.asset_check(
    asset=dg.AssetKey(["analysis", "evidence"]),
    name="appraisals_used",
    description="Appraisals that grade no known work: somebody should correct them.",
)
def appraisals_used(site: SiteResource) -> dg.AssetCheckResult:
    """Tell appraisals of works that are not known on their topic."""
    with site.warehouse().transaction() as con:
        appraisals = records_of(read_table(con, "collection.appraisals"))
        evidence = records_of(read_table(con, "analysis.evidence")) if appraisals else []
    told = tell_unused_appraisals(appraisals, evidence)
    return _warn(told, "every appraisal grades a work that is known")


@dg.asset_check(
    asset=dg.AssetKey(["analysis", "emerging_themes"]),
    name="merges_known",
    description="Themes merged into a topic that nobody knows: somebody should correct them.",
)
def merges_known(site: SiteResource) -> dg.AssetCheckResult:
    """Tell themes that were merged into no topic."""
    with site.warehouse().transaction() as con:
        verdicts = records_of(read_table(con, "collection.emerging_verdicts"))
    told = tell_lost_merges(site.catalogue(), verdicts)
    return _warn(told, "every theme was merged into a topic that is known")


def _warn(told: Sequence[str], all_well: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not told,
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join(told[:_SHOWN]) or all_well,
    )


ANALYSIS_CHECKS = [labels_used, appraisals_used, merges_known]
