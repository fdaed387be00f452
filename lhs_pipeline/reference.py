"""docs/reference, made from the catalogue and the declared tables, so that it cannot drift."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lhs_pipeline.analysis.assets import TABLES as ANALYSIS_TABLES
from lhs_pipeline.analysis.authority import AUTHORITY_EXAMPLES, find_group
from lhs_pipeline.analysis.nature_of_change import (
    EXAMPLE_PROBLEM,
    NATURE_RULES,
    NatureRule,
    judge_nature,
)
from lhs_pipeline.board.assets import TABLES as BOARD_TABLES
from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.catalogue.reader import STARTER, read_catalogue
from lhs_pipeline.closure.assets import TABLES as CLOSURE_TABLES
from lhs_pipeline.collection.assets import ACCOUNTS
from lhs_pipeline.collection.contracts import faults_of
from lhs_pipeline.collection.versions import table_of
from lhs_pipeline.decision.assets import TABLES as DECISION_TABLES
from lhs_pipeline.implementation.assets import TABLES as IMPLEMENTATION_TABLES
from lhs_pipeline.vocabulary import NatureOfChange
from lhs_pipeline.warehouse.table import Table

_NOTE = "<!-- Made by `lhs docs` from the catalogue and the code. Do not edit. -->\n"


def render_reference() -> dict[str, str]:
    """Return the pages of docs/reference by file name."""
    catalogue = read_catalogue()
    collection = [*ACCOUNTS, *(table_of(s) for s in catalogue.sources.values())]
    pages = {
        "README.md": _contents(),
        "collection.md": _tables("collection", collection),
        "analysis.md": _tables("analysis", ANALYSIS_TABLES),
        "decision.md": _tables("decision", DECISION_TABLES),
        "implementation.md": _tables("implementation", IMPLEMENTATION_TABLES),
        "closure.md": _tables("closure", CLOSURE_TABLES),
        "board.md": _tables("board", BOARD_TABLES),
        "indicators.md": _indicators(catalogue),
        "sources.md": _sources(catalogue),
        "topics.md": _topics(catalogue),
        "authorities.md": _authorities(catalogue),
        "policy.md": _policy(),
        "nature-of-change.md": _nature(catalogue),
    }
    return {name: _NOTE + "\n" + text.rstrip() + "\n" for name, text in pages.items()}


def write_reference(folder: Path) -> list[Path]:
    """Write all pages and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, text in render_reference().items():
        (folder / name).write_text(text, encoding="utf-8")
        written.append(folder / name)
    return written


def _contents() -> str:
    return (
        "# Reference\n\n"
        "Tables by step: [collection](collection.md), [analysis](analysis.md), "
        "[decision](decision.md), [implementation](implementation.md), [closure](closure.md), "
        "and what the [board](board.md) keeps of them.\n\n"
        "What people own and sign: [indicators](indicators.md), [sources](sources.md), "
        "[topics](topics.md), [decision groups](authorities.md), [policy](policy.md).\n\n"
        "How it is decided: [fix, improve or change](nature-of-change.md)."
    )


def _tables(step: str, tables: Iterable[Table]) -> str:
    return "\n\n".join([f"# Tables of `{step}`", *(_table(table) for table in tables)])


def _table(table: Table) -> str:
    rows = _rows(
        ("column", "type", "meaning"), ((c.name, c.type, c.description) for c in table.columns)
    )
    return f"## `{table.name}`\n\n{table.description}\n\nGrain: {table.grain}.\n\n{rows}"


def _rows(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [" | ".join(heading), " | ".join("---" for _ in heading)]
    lines += [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _indicators(catalogue: Catalogue) -> str:
    rows = _rows(
        ("id", "name", "domain", "topic", "better", "unit", "period", "why it matters"),
        (
            (i.id, i.name, i.domain, i.topic, i.direction, i.unit, i.period, i.why_it_matters)
            for i in catalogue.indicators.values()
        ),
    )
    return f"# Indicators of the starter catalogue\n\n{rows}"


def _sources(catalogue: Catalogue) -> str:
    return "\n\n".join(
        ["# Source contracts of the starter catalogue"]
        + [_source(source) for source in catalogue.sources.values()]
    )


def _source(source: Source) -> str:
    place = "registers/" if source.is_register else f"inbox/{source.folder or source.id}/"
    files = ", ".join(f"`{place}{pattern}`" for pattern in source.file_patterns)
    faults = _rows(
        ("field", "a row is rejected for", "expected"),
        ((fault.field, fault.reason, fault.expected) for fault in faults_of(source)),
    )
    return (
        f"## `{source.id}`: {source.title}\n\n{source.description}.\n\n"
        f"Kind: {source.kind}. Files: {files}. "
        f"One row per {', '.join(source.grain)}.\n\n{faults}"
    )


def _topics(catalogue: Catalogue) -> str:
    rows = _rows(
        ("id", "title", "domain", "should simply work reliably", "description"),
        (
            (t.id, t.title, t.domain, "yes" if t.is_expected_reliable else "no", t.description)
            for t in catalogue.topics.values()
        ),
    )
    return f"# Topics of the starter catalogue\n\n{rows}"


def _authorities(catalogue: Catalogue) -> str:
    rows = _rows(
        ("id", "title", "may authorise", "up to", "spend limit", "quorum", "escalates to"),
        (
            (
                group.id,
                group.title,
                ", ".join(group.may_authorise),
                str(group.scope),
                f"£{group.spend_limit_gbp:,.0f}",
                ", ".join(group.quorum_professions),
                group.escalates_to or "",
            )
            for group in catalogue.authorities.values()
        ),
    )
    return f"# Decision groups of the starter catalogue\n\n{rows}"


def _nature(catalogue: Catalogue) -> str:
    """The rules for the kind of change and for the group, decided on examples as in the tests."""
    rules = _rows(
        ("order", "rule", "applies when", "says", "because"),
        (
            (str(order), rule.id, rule.when, rule.nature, _reason_of(rule))
            for order, rule in enumerate(NATURE_RULES, start=1)
        ),
    )
    examples = _rows(
        ("example: falls newly up on one ward, but", "kind of change", "rule", "decided by"),
        (_nature_example(rule, catalogue) for rule in NATURE_RULES),
    )
    return (
        "# Fix, improve or change, and who may approve it\n\n"
        "The first rule that applies decides. What a person wrote in the register "
        f"`triage_overrides` comes before all of them.\n\n{rules}\n\n"
        "Each example is decided here by the code itself, with the decision groups of the starter "
        f"catalogue; the tests check that each is decided by its own rule.\n\n{examples}\n\n"
        "## Who may approve it\n\n"
        "Of the groups whose delegation names the kind of change, the domain, the level and the "
        "directorate, the lowest: by scope, then a group that is there for this directorate, then "
        "the smaller limit of spending. The same examples are the tests.\n\n"
        f"{_authority(catalogue)}"
    )


def _authority(catalogue: Catalogue) -> str:
    return _rows(
        ("kind of change", "falls on one ward, but", "decided by", "shows"),
        (
            (
                str(one.nature),
                _differs(one.differs),
                find_group(one.nature, EXAMPLE_PROBLEM | one.differs, catalogue).reason,
                one.because,
            )
            for one in AUTHORITY_EXAMPLES
        ),
    )


def _differs(example: Mapping[str, object]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in example.items()) or "nothing else"


def _reason_of(rule: NatureRule) -> str:
    return rule.why.format(cycle=2, spread="in four units")


def _nature_example(rule: NatureRule, catalogue: Catalogue) -> tuple[str, ...]:
    problem = {**EXAMPLE_PROBLEM, **rule.example}
    judged = judge_nature(problem, None, catalogue)
    group = find_group(NatureOfChange(str(judged.word)), problem, catalogue)
    title = catalogue.authorities[group.word].title if group.word else group.reason
    return _differs(rule.example), str(judged.word), judged.rule, title


def _policy() -> str:
    text = (STARTER / "policy.toml").read_text(encoding="utf-8")
    return "# Policy of the starter catalogue\n\n" + "\n".join(_fenced(text))


def _fenced(text: str) -> Iterator[str]:
    yield "```toml"
    yield text.rstrip()
    yield "```"
