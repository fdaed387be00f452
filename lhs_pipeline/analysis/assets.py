"""Wiring of step 2: series, signals, themes, evidence, problems, triage."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from lhs_pipeline.analysis.beliefs import (
    BELIEFS,
    LENS_RELIABILITY,
    LENS_ROWS,
    LensFindings,
    find_beliefs,
)
from lhs_pipeline.analysis.comparisons import COMPARISONS, find_comparisons
from lhs_pipeline.analysis.evidence import match_evidence
from lhs_pipeline.analysis.evidence_table import EVIDENCE, read_works, tabulate_evidence
from lhs_pipeline.analysis.indicator_series import INDICATOR_SERIES, make_indicator_series
from lhs_pipeline.analysis.insights import INSIGHTS, make_insights
from lhs_pipeline.analysis.problem_cycles import CYCLES
from lhs_pipeline.analysis.problems import PROBLEMS, Findings, find_problems
from lhs_pipeline.analysis.signals import EPISODES, LIMITS, SIGNALS, find_signals
from lhs_pipeline.analysis.theme_table import THEMES, tabulate_themes
from lhs_pipeline.analysis.themes import find_themes
from lhs_pipeline.analysis.triage import TRIAGE, TriageFindings, rank_problems
from lhs_pipeline.analysis.triage_nights import TRIAGE_MOVES, TRIAGE_NIGHTS, latest_before
from lhs_pipeline.analysis.triage_ranks import SENSITIVITY
from lhs_pipeline.analysis.voice_signals import VOICE_SIGNALS, find_voice_signals
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.warehouse.assets import (
    SiteResource,
    asset_of,
    inputs_of,
    out_of,
    sample_of,
)
from lhs_pipeline.warehouse.table import (
    Table,
    read_table,
    records_of,
    write_query,
)


def analysis_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    """Return the assets of the step for the sources that a catalogue declares."""
    voices = [source.id for source in catalogue.sources.values() if source.voices is not None]
    measured = {indicator.source for indicator in catalogue.indicators.values()} | {
        indicator.denominator_source
        for indicator in catalogue.indicators.values()
        if indicator.denominator_source is not None
    }
    return [
        _series_asset(sorted(measured)),
        _insights_asset(sorted(voices)),
        find_limits,
        comparisons,
        themes,
        voice_signals,
        evidence,
        weigh_all_lenses,
        find_cycles,
        rank_open_problems,
    ]


def _series_asset(source_ids: list[str]) -> dg.AssetsDefinition:
    @dg.asset(**asset_of(INDICATOR_SERIES, "sql"), deps=_landed(source_ids))
    def indicator_series(site: SiteResource) -> dg.MaterializeResult[None]:
        made = make_indicator_series(site.catalogue(), site.site().today())
        with site.warehouse().transaction() as con:
            rows = write_query(con, made)
            head = con.execute(f"select * from {made.table.name} limit 8").df()
        return dg.MaterializeResult(metadata={"dagster/row_count": rows, "sample": sample_of(head)})

    return indicator_series


def _insights_asset(source_ids: list[str]) -> dg.AssetsDefinition:
    @dg.asset(**asset_of(INSIGHTS, "sql"), deps=_landed(source_ids))
    def insights(site: SiteResource) -> dg.MaterializeResult[None]:
        with site.warehouse().transaction() as con:
            rows = write_query(con, make_insights(site.catalogue()))
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return insights


def _landed(source_ids: Iterable[str]) -> list[dg.AssetKey]:
    return [dg.AssetKey(["collection", source_id]) for source_id in source_ids]


@dg.multi_asset(
    name="signals",
    outs=out_of(LIMITS, SIGNALS, EPISODES, kinds=("scipy",)),
    ins=inputs_of("analysis.indicator_series"),
    group_name="2_analysis",
)
def find_limits(
    site: SiteResource, indicator_series: pd.DataFrame
) -> tuple[dg.Output[pd.DataFrame], dg.Output[pd.DataFrame], dg.Output[pd.DataFrame]]:
    """Special-cause variation per indicator and unit."""
    found = find_signals(indicator_series, site.catalogue())
    return (
        dg.Output(found.limits, output_name="limits"),
        dg.Output(found.signals, output_name="signals"),
        dg.Output(found.episodes, output_name="episodes"),
    )


@dg.asset(
    **asset_of(COMPARISONS, "scipy"),
    ins=inputs_of("analysis.indicator_series", "collection.units"),
)
def comparisons(
    site: SiteResource, indicator_series: pd.DataFrame, units: pd.DataFrame
) -> pd.DataFrame:
    """Units against the units of their kind."""
    return find_comparisons(indicator_series, units, site.catalogue())


@dg.asset(**asset_of(THEMES, "python"), ins=inputs_of("analysis.insights"))
def themes(site: SiteResource, insights: pd.DataFrame) -> pd.DataFrame:
    """Topics that each insight speaks of."""
    found = find_themes(records_of(insights), site.catalogue().topics)
    return tabulate_themes(found, insights)


@dg.asset(**asset_of(VOICE_SIGNALS, "scipy"), ins=inputs_of("analysis.insights", "analysis.themes"))
def voice_signals(site: SiteResource, insights: pd.DataFrame, themes: pd.DataFrame) -> pd.DataFrame:
    """Topics that are spoken of more, or less, than before."""
    policy = site.catalogue().rules.voices
    return find_voice_signals(insights, themes, policy, site.site().today())


@dg.asset(
    **asset_of(EVIDENCE, "python"),
    ins=inputs_of(
        "collection.references", "collection.safety_alerts", "collection.community_findings"
    ),
)
def evidence(
    site: SiteResource,
    references: pd.DataFrame,
    safety_alerts: pd.DataFrame,
    community_findings: pd.DataFrame,
) -> pd.DataFrame:
    """What is known elsewhere about each topic."""
    works = read_works(references, safety_alerts, community_findings)
    return tabulate_evidence(match_evidence(works, site.catalogue().topics))


@dg.multi_asset(
    name="lenses",
    outs=out_of(LENS_ROWS, BELIEFS, LENS_RELIABILITY, kinds=("scipy",)),
    ins=inputs_of(
        "analysis.limits",
        "analysis.episodes",
        "analysis.comparisons",
        "analysis.indicator_series",
        "analysis.voice_signals",
        "analysis.evidence",
        "collection.units",
        "collection.audits",
        "collection.actions",
        "collection.decisions",
    ),
    group_name="2_analysis",
)
def weigh_all_lenses(
    site: SiteResource, **tables: pd.DataFrame
) -> tuple[dg.Output[pd.DataFrame], dg.Output[pd.DataFrame], dg.Output[pd.DataFrame]]:
    """What each lens says, and what that means together."""
    found = find_beliefs(LensFindings(**tables), site.catalogue(), site.site().today())
    return (
        dg.Output(found.lenses, output_name="lenses"),
        dg.Output(found.beliefs, output_name="beliefs"),
        dg.Output(found.lens_reliability, output_name="lens_reliability"),
    )


@dg.multi_asset(
    name="problems",
    outs=out_of(PROBLEMS, CYCLES, kinds=("pandas",)),
    ins=inputs_of(
        "analysis.limits",
        "analysis.episodes",
        "analysis.comparisons",
        "analysis.indicator_series",
        "analysis.voice_signals",
        "analysis.evidence",
        "analysis.lenses",
        "analysis.beliefs",
        "collection.units",
        "collection.decisions",
        "collection.reopened",
        "collection.closed",
    ),
    group_name="2_analysis",
)
def find_cycles(
    site: SiteResource, **tables: pd.DataFrame
) -> tuple[dg.Output[pd.DataFrame], dg.Output[pd.DataFrame]]:
    """What the lenses together say of one topic in one place."""
    today = site.site().today()
    listed = pd.DataFrame(latest_before(_earlier_nights(site), today))
    found = find_problems(Findings(**tables, listed=listed), site.catalogue(), today)
    return (
        dg.Output(found.problems, output_name="problems"),
        dg.Output(found.cycles, output_name="cycles"),
    )


def _earlier_nights(site: SiteResource) -> pd.DataFrame:
    # The list of earlier nights is read past the graph, which has no place for yesterday.
    with site.warehouse().transaction() as con:
        return read_table(con, TRIAGE_NIGHTS.name)


@dg.multi_asset(
    name="triage",
    outs=out_of(TRIAGE, TRIAGE_MOVES, SENSITIVITY, TRIAGE_NIGHTS, kinds=("scipy",)),
    ins=inputs_of(
        "analysis.problems",
        "analysis.lenses",
        "analysis.evidence",
        "collection.triage_overrides",
    ),
    group_name="2_analysis",
)
def rank_open_problems(
    site: SiteResource, **tables: pd.DataFrame
) -> tuple[
    dg.Output[pd.DataFrame],
    dg.Output[pd.DataFrame],
    dg.Output[pd.DataFrame],
    dg.Output[pd.DataFrame],
]:
    """Open problems, most urgent first, and what changed since the night before."""
    findings = TriageFindings(**tables, nights=_earlier_nights(site))
    ranked = rank_problems(findings, site.catalogue(), site.site().today())
    return (
        dg.Output(ranked.triage, output_name="triage"),
        dg.Output(ranked.moves, output_name="triage_moves"),
        dg.Output(ranked.sensitivity, output_name="triage_sensitivity"),
        dg.Output(ranked.nights, output_name="triage_nights"),
    )


TABLES: tuple[Table, ...] = (
    INDICATOR_SERIES,
    LIMITS,
    SIGNALS,
    EPISODES,
    COMPARISONS,
    INSIGHTS,
    THEMES,
    VOICE_SIGNALS,
    EVIDENCE,
    LENS_ROWS,
    BELIEFS,
    LENS_RELIABILITY,
    PROBLEMS,
    CYCLES,
    TRIAGE,
    TRIAGE_MOVES,
    SENSITIVITY,
    TRIAGE_NIGHTS,
)
