"""What people call the things that the tables name by id: problems, units, measures, groups."""

from __future__ import annotations

from dataclasses import dataclass, field

from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.rows import Row, flag_of, text_of
from lhs_pipeline.board.words import Measure, humanise, name_measure

TRUST = "trust"
_WHOLE = "the whole trust"


@dataclass(frozen=True)
class Names:
    """Lookups from id to the name that people use; an unknown id is shown in words."""

    problems: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def problem(self, problem_id: str) -> str:
        """The name of a problem: 'Falls on Ward 7' reads better than its id."""
        if problem_id in self.problems:
            return self.problems[problem_id]
        topic, _, unit = problem_id.partition("@")
        return f"{humanise(topic)}, {self.unit(unit)}" if unit else humanise(topic)

    def topic(self, topic_id: str) -> str:
        """The title of a topic."""
        return self.topics.get(topic_id) or humanise(topic_id)

    def source(self, source_id: str) -> str:
        """The title of a source."""
        return self.sources.get(source_id) or humanise(source_id)

    def unit(self, unit_id: str) -> str:
        """The name of a unit."""
        return self.units.get(unit_id) or (_WHOLE if unit_id == TRUST else humanise(unit_id))

    def group(self, group_id: str) -> str:
        """The title of a decision group."""
        return self.groups.get(group_id) or humanise(group_id)

    def measure(self, indicator_id: str) -> Measure:
        """The measure of an indicator."""
        return self.measures.get(indicator_id) or name_measure(indicator_id, "", "", False)


def gather_names(tables: BoardTables) -> Names:
    """The lookups that the tables hold, gathered once."""
    return tables.remember("names", lambda: _gather(tables))


def _gather(tables: BoardTables) -> Names:
    units = tables.rows_where("units")
    directorates = {
        text_of(row, "directorate_id"): text_of(row, "directorate_name") for row in units
    }
    named = {text_of(row, "unit_id"): text_of(row, "unit_name") for row in units}
    measures = tables.rows_where("indicators")
    return Names(
        problems=_name_problems(tables),
        units=directorates | named | {TRUST: _name_whole(tables)},
        groups=_name_groups(tables),
        topics={
            text_of(row, "topic_id"): text_of(row, title)
            for table, title in (("problems", "topic_title"), ("topics", "title"))
            for row in tables.rows_where(table)
        },
        sources={
            text_of(row, "source_id"): text_of(row, "title") for row in tables.rows_where("sources")
        },
        measures={text_of(row, "indicator_id"): _measure_of(row) for row in measures},
    )


def _name_whole(tables: BoardTables) -> str:
    """The whole organisation in words; a system where the units are trusts."""
    levels = {text_of(row, "level") for row in tables.rows_where("problems", unit_id=TRUST)}
    return "the whole system" if "system" in levels else _WHOLE


def _name_problems(tables: BoardTables) -> dict[str, str]:
    named = {}
    whole = _name_whole(tables)
    for row in tables.rows_where("triage") + tables.rows_where("problems"):
        topic = text_of(row, "topic_title") or humanise(text_of(row, "topic_id"))
        unit_id = text_of(row, "unit_id")
        unit = whole if unit_id == TRUST else text_of(row, "unit_name")
        named[text_of(row, "problem_id")] = f"{topic}, {unit or humanise(unit_id)}"
    return named


def _name_groups(tables: BoardTables) -> dict[str, str]:
    said = [*tables.rows_where("triage"), *tables.rows_where("proposals")]
    named = {text_of(row, "group_id"): text_of(row, "group_title") for row in said}
    signed = {
        text_of(row, "group_id"): text_of(row, "title") for row in tables.rows_where("authorities")
    }
    return {group: title for group, title in {**named, **signed}.items() if group and title}


def _measure_of(row: Row) -> Measure:
    return name_measure(
        text_of(row, "indicator_id"),
        text_of(row, "name"),
        text_of(row, "unit_words"),
        flag_of(row, "is_share") is True,
        text_of(row, "why_it_matters"),
    )
