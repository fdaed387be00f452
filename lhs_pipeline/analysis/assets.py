"""Wiring of step 2: series, signals, themes, evidence, problems, triage."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from lhs_pipeline.analysis.accepted_themes import accepted_topics
from lhs_pipeline.analysis.beliefs import (
    BELIEF_SENSITIVITY,
    BELIEFS,
    LENS_RELIABILITY,
    LENS_ROWS,
    LensFindings,
    find_beliefs,
    try_other_priors,
)
from lhs_pipeline.analysis.comparisons import COMPARISONS, find_comparisons
from lhs_pipeline.analysis.danger_signs import DANGER_SIGNS, make_danger_signs
from lhs_pipeline.analysis.emerging import EMERGING_THEMES, find_emerging
from lhs_pipeline.analysis.equity import EQUITY, find_equity
from lhs_pipeline.analysis.evidence import match_library
from lhs_pipeline.analysis.evidence_table import EVIDENCE, read_works, tabulate_evidence
from lhs_pipeline.analysis.group_counts import GROUP_COUNTS, make_group_counts
from lhs_pipeline.analysis.indicator_series import (
    COMPLETE_SERIES,
    SERIES_TABLES,
    write_indicator_series,
)
from lhs_pipeline.analysis.insights import INSIGHTS, make_insights
from lhs_pipeline.analysis.interdependencies import INTERDEPENDENCIES, find_interdependencies
from lhs_pipeline.analysis.problem_cycles import CYCLES
from lhs_pipeline.analysis.problem_evidence import PROBLEM_EVIDENCE, find_problem_evidence
from lhs_pipeline.analysis.problem_links import PROBLEM_LINKS, LinkFindings, find_links
from lhs_pipeline.analysis.problems import LISTING, PROBLEMS, Findings, find_problems
from lhs_pipeline.analysis.reading_store import read_what_is_new
from lhs_pipeline.analysis.readings import READINGS, THEME_MODELS
from lhs_pipeline.analysis.recent_levels import RECENT_LEVELS, find_recent_levels
from lhs_pipeline.analysis.repeats import REPEATS, count_once, find_repeats
from lhs_pipeline.analysis.signal_tables import TABLES as SIGNAL_TABLES
from lhs_pipeline.analysis.signal_warehouse import (
    BREAK_SOURCES,
    BREAK_TABLES,
    write_signals,
)
from lhs_pipeline.analysis.silence import VOICES_HEARD, Heard, declared_groups, find_silence
from lhs_pipeline.analysis.theme_series import THEME_SERIES, Spoken, make_theme_series
from lhs_pipeline.analysis.theme_table import THEMES
from lhs_pipeline.analysis.triage import TRIAGE, TriageFindings, rank_problems
from lhs_pipeline.analysis.triage_nights import TRIAGE_MOVES, TRIAGE_NIGHTS, latest_before
from lhs_pipeline.analysis.triage_ranks import SENSITIVITY
from lhs_pipeline.analysis.voice_signals import VOICE_SIGNALS, find_voice_signals
from lhs_pipeline.analysis.work_answers import WORK_ANSWERS, rank_answers
from lhs_pipeline.analysis.work_store import WORK_READINGS, open_library
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.warehouse.assets import (
    Results,
    SiteResource,
    Told,
    make_or_leave,
    making_of,
    named,
    query_asset,
    sample_of,
    specs_of,
    table_asset,
    tables_asset,
    tell_tables,
    with_told,
)
from lhs_pipeline.warehouse.changes import Made
from lhs_pipeline.warehouse.table import (
    Table,
    read_table,
    records_of,
    write_frame,
)

_LEARNED_HERE = "closure.learned_changes"
"""What was learned here, by the night before: the loop closes through time."""

_OUTSIDE = ("collection.references", "collection.safety_alerts", "collection.community_findings")


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
        _signals_asset(list(catalogue.sources)),
        comparisons,
        recent_levels,
        interdependencies,
        read_insights,
        danger_signs,
        repeats,
        voice_signals,
        emerging_themes,
        theme_series,
        voices_heard,
        match_works,
        weigh_all_lenses,
        find_cycles,
        problem_evidence,
        _groups_asset(sorted(measured)),
        equity,
        problem_links,
        rank_open_problems,
    ]


def _series_asset(source_ids: list[str]) -> dg.AssetsDefinition:
    tables, reads = SERIES_TABLES, _names_of(source_ids)

    @dg.multi_asset(name="indicator_series", specs=specs_of(*tables, reads=reads, kinds=("sql",)))
    def indicator_series(site: SiteResource) -> Iterator[dg.MaterializeResult[None]]:
        def work(before: Made | None) -> Results:
            since = before.basis.editions if before else None
            with site.warehouse().transaction() as con:
                done = write_indicator_series(con, site.catalogue(), site.site().today(), since)
                series, *parts = tell_tables(con, *tables)
            told = {
                "counted_tonight": "all" if done.is_whole else "what changed",
                "periods_counted_tonight": done.periods_count,
                "rows_counted_tonight": done.rows_count,
            }
            return [with_told(series, told), *parts]

        yield from make_or_leave(site, making_of(*tables, reads=reads), work)

    return indicator_series


def _insights_asset(source_ids: list[str]) -> dg.AssetsDefinition:
    return query_asset(
        INSIGHTS, lambda site: make_insights(site.catalogue()), _names_of(source_ids)
    )


def _groups_asset(source_ids: list[str]) -> dg.AssetsDefinition:
    return query_asset(
        GROUP_COUNTS,
        lambda site: make_group_counts(site.catalogue(), site.site().month()),
        [*_names_of(source_ids), "analysis.insights", "analysis.themes"],
    )


danger_signs = query_asset(
    DANGER_SIGNS,
    lambda site: make_danger_signs(site.site().today()),
    ("analysis.insights", "analysis.readings", "collection.theme_labels"),
)


def _names_of(source_ids: Iterable[str]) -> list[str]:
    return [f"collection.{source_id}" for source_id in source_ids]


def _signals_asset(source_ids: Sequence[str]) -> dg.AssetsDefinition:
    registers = _names_of(name for name in BREAK_SOURCES if name in source_ids)
    reads = [COMPLETE_SERIES.name, *registers]
    making = making_of(*SIGNAL_TABLES, reads=[COMPLETE_SERIES.name, *BREAK_TABLES])

    @dg.multi_asset(name="signals", specs=specs_of(*SIGNAL_TABLES, reads=reads, kinds=("scipy",)))
    def signals(site: SiteResource) -> Iterator[dg.MaterializeResult[None]]:
        """Special-cause variation per indicator and unit."""

        def work(_before: Made | None) -> Results:
            with site.warehouse().transaction() as con:
                write_signals(con, site.catalogue())
                return tell_tables(con, *SIGNAL_TABLES)

        yield from make_or_leave(site, making, work)

    return signals


@table_asset(
    COMPARISONS,
    "scipy",
    reads=named("collection.units", indicator_series=COMPLETE_SERIES.name),
)
def comparisons(
    site: SiteResource, indicator_series: pd.DataFrame, units: pd.DataFrame
) -> pd.DataFrame:
    """Units against the units of their kind."""
    return find_comparisons(indicator_series, units, site.catalogue())


@table_asset(RECENT_LEVELS, "pandas", reads=named(indicator_series=COMPLETE_SERIES.name))
def recent_levels(site: SiteResource, indicator_series: pd.DataFrame) -> pd.DataFrame:
    """What each series adds up to lately."""
    return find_recent_levels(indicator_series, site.catalogue())


@table_asset(
    INTERDEPENDENCIES,
    "scipy",
    reads=named("collection.units", indicator_series=COMPLETE_SERIES.name),
)
def interdependencies(
    site: SiteResource, indicator_series: pd.DataFrame, units: pd.DataFrame
) -> Told:
    """Measures that move together or lead one another."""
    catalogue = site.catalogue()
    found = find_interdependencies(indicator_series, units, catalogue)
    rate = catalogue.rules.interdependencies.false_discovery_prop
    return Told(
        found.table,
        metadata={
            "pairs_compared": int(found.looked_at["compared_count"].sum()),
            "ties_kept": len(found.table),
            "ties_expected_to_be_chance": round(rate * len(found.table), 1),
            "by_grid_and_scope": sample_of(found.looked_at),
            "strongest": sample_of(found.table[["words", "q_value"]], 12),
        },
    )


_READ = (READINGS, THEMES, THEME_MODELS)
_READ_FROM = ("analysis.insights", "collection.theme_labels", "collection.emerging_verdicts")


@dg.multi_asset(name="readings", specs=specs_of(*_READ, reads=_READ_FROM, kinds=("python",)))
def read_insights(site: SiteResource) -> Iterable[dg.MaterializeResult[None]]:
    """What each insight says, read once."""

    def work(_before: Made | None) -> Results:
        with site.warehouse().transaction() as con:
            counts = read_what_is_new(con, site.catalogue())
            readings, *others = tell_tables(con, *_READ, has_sample=False)
        return [with_told(readings, {"insights_read_tonight": counts.read}), *others]

    yield from make_or_leave(site, making_of(*_READ, reads=_READ_FROM), work)


@table_asset(REPEATS, "python", reads=named("analysis.insights"))
def repeats(site: SiteResource, insights: pd.DataFrame) -> pd.DataFrame:
    """Insights that say the same thing again."""
    return find_repeats(insights, site.catalogue().rules.themes)


@table_asset(
    VOICE_SIGNALS,
    "scipy",
    reads=named("analysis.insights", "analysis.themes", "analysis.repeats"),
)
def voice_signals(
    site: SiteResource, insights: pd.DataFrame, themes: pd.DataFrame, repeats: pd.DataFrame
) -> pd.DataFrame:
    """Topics that are spoken of more, or less, than before."""
    policy = site.catalogue().rules.voices
    # By a theme that is provisional nothing is ranked until a topic file declares it.
    themes = themes[themes["topic_id"].isin(list(site.catalogue().topics))]
    once = count_once(insights, repeats), count_once(themes, repeats)
    return find_voice_signals(*once, policy, site.site().week())


@table_asset(
    EMERGING_THEMES,
    "scipy",
    reads=named(
        "analysis.insights", "analysis.themes", "analysis.repeats", "collection.emerging_verdicts"
    ),
)
def emerging_themes(
    site: SiteResource,
    insights: pd.DataFrame,
    themes: pd.DataFrame,
    repeats: pd.DataFrame,
    emerging_verdicts: pd.DataFrame,
) -> pd.DataFrame:
    """Words that suddenly come up and that no topic declares."""
    policy, week = site.catalogue().rules.themes, site.site().week()
    return find_emerging(count_once(insights, repeats), themes, emerging_verdicts, policy, week)


@table_asset(
    THEME_SERIES,
    "scipy",
    reads=named(
        "analysis.insights", "analysis.themes", "analysis.repeats", "collection.emerging_verdicts"
    ),
)
def theme_series(
    site: SiteResource,
    insights: pd.DataFrame,
    themes: pd.DataFrame,
    repeats: pd.DataFrame,
    emerging_verdicts: pd.DataFrame,
) -> pd.DataFrame:
    """Shares of comments on each theme, charted."""
    said = Spoken(
        count_once(insights, repeats),
        count_once(themes, repeats),
        accepted_topics(records_of(emerging_verdicts)),
    )
    return make_theme_series(said, site.catalogue().rules.spc, site.site().month())


@table_asset(
    VOICES_HEARD,
    "scipy",
    reads=named("analysis.insights", "analysis.themes", "analysis.repeats", "collection.units"),
)
def voices_heard(
    site: SiteResource,
    insights: pd.DataFrame,
    themes: pd.DataFrame,
    repeats: pd.DataFrame,
    units: pd.DataFrame,
) -> pd.DataFrame:
    """Which units and staff groups are not heard."""
    catalogue = site.catalogue()
    rules, groups = catalogue.rules, declared_groups(catalogue)
    heard = Heard(count_once(insights, repeats), count_once(themes, repeats), units, groups)
    return find_silence(heard, rules.themes, rules.voices, site.site().week())


_MATCHED = (EVIDENCE, WORK_ANSWERS, WORK_READINGS)
_MATCHED_FROM = (*_OUTSIDE, "collection.appraisals")


@dg.multi_asset(name="evidence", specs=specs_of(*_MATCHED, reads=_MATCHED_FROM, kinds=("python",)))
def match_works(site: SiteResource) -> Iterable[dg.MaterializeResult[None]]:
    """What is known elsewhere about each topic; every work is read once."""

    def work(_before: Made | None) -> Results:
        catalogue = site.catalogue()
        with site.warehouse().transaction() as con:
            opened = open_library(con, _read_outside(con), catalogue.topics)
            graded = records_of(read_table(con, "collection.appraisals"))
            matches = match_library(opened.library, catalogue.topics, graded)
            write_frame(con, EVIDENCE, tabulate_evidence(matches))
            write_frame(con, WORK_ANSWERS, rank_answers(matches, opened.library, catalogue))
            matched, answers = tell_tables(con, EVIDENCE, WORK_ANSWERS)
            (kept,) = tell_tables(con, WORK_READINGS, has_sample=False)
        return [matched, answers, with_told(kept, {"works_read_tonight": opened.read_count})]

    yield from make_or_leave(site, making_of(*_MATCHED, reads=_MATCHED_FROM), work)


def _read_outside(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return read_works(*(read_table(con, name) for name in _OUTSIDE))


@tables_asset(
    "lenses",
    LENS_ROWS,
    BELIEFS,
    LENS_RELIABILITY,
    BELIEF_SENSITIVITY,
    reads=named(
        "analysis.limits",
        "analysis.episodes",
        "analysis.comparisons",
        "analysis.voice_signals",
        "analysis.evidence",
        "collection.units",
        "collection.audits",
        "collection.actions",
        "collection.decisions",
        RECENT_LEVELS.name,
    ),
    kinds=("scipy",),
)
def weigh_all_lenses(site: SiteResource, **tables: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What each lens says, and what that means together."""
    found = find_beliefs(LensFindings(**tables), site.catalogue(), site.site().week())
    return {
        "lenses": found.lenses,
        "beliefs": found.beliefs,
        "lens_reliability": found.lens_reliability,
        "belief_sensitivity": try_other_priors(found, site.catalogue().rules.triage),
    }


@tables_asset(
    "problems",
    PROBLEMS,
    CYCLES,
    LISTING,
    reads=named(
        "analysis.limits",
        "analysis.episodes",
        "analysis.comparisons",
        "analysis.voice_signals",
        "analysis.evidence",
        "analysis.lenses",
        "analysis.beliefs",
        "collection.units",
        "collection.decisions",
        "collection.reopened",
        "collection.closed",
        RECENT_LEVELS.name,
    ),
    remembers={"nights": TRIAGE_NIGHTS.name},
    kinds=("pandas",),
)
def find_cycles(
    site: SiteResource, nights: pd.DataFrame, **tables: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """What the lenses together say of one topic in one place."""
    today = site.site().today()
    listed = pd.DataFrame(latest_before(nights, today))
    found = find_problems(Findings(**tables, listed=listed), site.catalogue(), today)
    return {
        "problems": found.problems,
        "cycles": found.cycles,
        "listing_sensitivity": found.listing,
    }


@table_asset(
    EQUITY,
    "scipy",
    reads=named("analysis.group_counts", "analysis.problems", "collection.units"),
)
def equity(
    site: SiteResource, group_counts: pd.DataFrame, problems: pd.DataFrame, units: pd.DataFrame
) -> pd.DataFrame:
    """Whether a problem falls on one group of patients or staff."""
    return find_equity(group_counts, problems, units, site.catalogue())


@table_asset(
    PROBLEM_LINKS,
    "pandas",
    reads=named(
        "analysis.problems", "analysis.interdependencies", "analysis.themes", "collection.units"
    ),
)
def problem_links(site: SiteResource, **tables: pd.DataFrame) -> pd.DataFrame:
    """Open problems that hang together."""
    return find_links(LinkFindings(**tables), site.catalogue(), site.site().week())


@tables_asset(
    "triage",
    TRIAGE,
    TRIAGE_MOVES,
    SENSITIVITY,
    TRIAGE_NIGHTS,
    reads=named(
        "analysis.problems",
        "analysis.lenses",
        "analysis.lens_reliability",
        "analysis.belief_sensitivity",
        "analysis.listing_sensitivity",
        "analysis.evidence",
        "analysis.equity",
        "analysis.problem_links",
        "collection.triage_overrides",
    ),
    remembers={"nights": TRIAGE_NIGHTS.name, "learned_here": _LEARNED_HERE},
    kinds=("scipy",),
)
def rank_open_problems(site: SiteResource, **tables: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Open problems, most urgent first, and what changed since the night before."""
    ranked = rank_problems(TriageFindings(**tables), site.catalogue(), site.site().today())
    return {
        "triage": ranked.triage,
        "triage_moves": ranked.moves,
        "triage_sensitivity": ranked.sensitivity,
        "triage_nights": ranked.nights,
    }


@table_asset(
    PROBLEM_EVIDENCE,
    "scipy",
    reads=named(
        "analysis.problems",
        "analysis.evidence",
        "collection.learned_elsewhere",
        answers=WORK_ANSWERS.name,
    ),
    remembers={"learned_here": _LEARNED_HERE},
)
def problem_evidence(site: SiteResource, **tables: pd.DataFrame) -> pd.DataFrame:
    """What is known and what was learned about each problem."""
    here = ({**row, "is_own": True} for row in records_of(tables["learned_here"]))
    learned = [*records_of(tables["learned_elsewhere"]), *here]
    return find_problem_evidence(
        tables["problems"], tables["evidence"], tables["answers"], learned, site.catalogue()
    )


TABLES: tuple[Table, ...] = (
    *SERIES_TABLES,
    *SIGNAL_TABLES,
    COMPARISONS,
    RECENT_LEVELS,
    INTERDEPENDENCIES,
    INSIGHTS,
    READINGS,
    DANGER_SIGNS,
    THEMES,
    THEME_MODELS,
    REPEATS,
    VOICE_SIGNALS,
    EMERGING_THEMES,
    THEME_SERIES,
    VOICES_HEARD,
    EVIDENCE,
    WORK_ANSWERS,
    WORK_READINGS,
    LENS_ROWS,
    BELIEFS,
    LENS_RELIABILITY,
    BELIEF_SENSITIVITY,
    PROBLEMS,
    CYCLES,
    LISTING,
    PROBLEM_EVIDENCE,
    GROUP_COUNTS,
    EQUITY,
    PROBLEM_LINKS,
    TRIAGE,
    TRIAGE_MOVES,
    SENSITIVITY,
    TRIAGE_NIGHTS,
)
