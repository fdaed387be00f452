"""Outside knowledge: fictional references in three formats, safety alerts, other communities."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from lhs_pipeline.demo.extract import Extract, Row
from lhs_pipeline.demo.wordings import read_wording

FIRST_PMID = 90_000_101
PUBLICATION_TYPES = {
    "randomised": "Randomized Controlled Trial",
    "review": "Systematic Review",
    "before_after": "Evaluation Study",
    "time_series": "Observational Study",
    "qualitative": "Qualitative Research",
    "cohort": "Observational Study",
}
NBIB_WIDTH = 82


@dataclass(frozen=True)
class Reference:
    """One invented record; `doi` or `pmid` is empty where a database does not give it."""

    topic_id: str
    design: str
    year: str
    title: str
    abstract: str
    doi: str
    pmid: str

    @property
    def keywords(self) -> list[str]:
        """The topic in words, and the place."""
        return [self.topic_id.replace("_", " "), "hospital quality improvement"]

    @property
    def publication_type(self) -> str:
        """The study design as bibliographic databases name it."""
        return PUBLICATION_TYPES[self.design]


def list_references() -> list[Reference]:
    """Every invented record once, topic by topic."""
    words = read_wording("research")
    found: list[Reference] = []
    for topic_id, records in words["records"].items():
        for design, year, title, methods, results in records:
            number = len(found) + 1
            abstract = (
                f"BACKGROUND: {words['backgrounds'][topic_id]} "
                f"METHODS: {words['designs'][design]} {methods} RESULTS: {results} "
                "This record is fictional and was made for demonstration."
            )
            doi, pmid = f"10.5555/fenmarsh.{year}.{number:03d}", str(FIRST_PMID + number)
            found.append(Reference(topic_id, design, year, title, abstract, doi, pmid))
    return found


def blur(reference: Reference, recognised_by: str) -> Reference:
    """The same record as another database has it: recognisable by one thing only."""
    by_doi, by_pmid = recognised_by == "doi", recognised_by == "pmid"
    title = reference.title if recognised_by == "title" else f"{reference.title} [abridged]"
    return Reference(
        reference.topic_id,
        reference.design,
        reference.year,
        title.upper() if recognised_by == "title" else title,
        reference.abstract,
        reference.doi.upper() if by_doi else "",
        reference.pmid if by_pmid else "",
    )


def list_duplicates(references: list[Reference]) -> list[Reference]:
    """The records that come twice, blurred."""
    twice = []
    for topic_id, position, recognised_by in read_wording("research")["duplicates"]["records"]:
        same = [reference for reference in references if reference.topic_id == topic_id]
        twice.append(blur(same[int(position)], recognised_by))
    return twice


def ris_record(reference: Reference) -> str:
    """One record in RIS."""
    words = read_wording("research")
    lines = [
        ("TY", "JOUR"),
        ("AU", words["author"]),
        ("TI", reference.title),
        ("T2", words["journal"]),
        ("PY", reference.year),
        ("AB", reference.abstract),
        *(("KW", keyword) for keyword in (*reference.keywords, reference.publication_type)),
        ("DO", reference.doi),
        ("AN", reference.pmid),
        ("ER", ""),
    ]
    return "\n".join(f"{tag}  - {text}" for tag, text in lines if text or tag == "ER") + "\n"


def nbib_record(reference: Reference) -> str:
    """One record in PubMed's NBIB, long values continued on indented lines."""
    words = read_wording("research")
    lines = [
        ("PMID", reference.pmid),
        ("DP", reference.year),
        ("TI", reference.title),
        ("AB", reference.abstract),
        ("CN", words["author"]),
        ("LA", "eng"),
        ("PT", "Journal Article"),
        ("PT", reference.publication_type),
        ("JT", words["journal"]),
        *(("MH", keyword.capitalize()) for keyword in reference.keywords),
        ("AID", f"{reference.doi} [doi]" if reference.doi else ""),
    ]
    kept = [(tag, "\n      ".join(wrap(text, NBIB_WIDTH))) for tag, text in lines if text]
    return "\n".join(f"{tag:<4}- {text}" for tag, text in kept) + "\n"


def europe_pmc_result(reference: Reference) -> dict[str, Any]:
    """One record as Europe PMC returns it with resultType core."""
    words = read_wording("research")
    result: dict[str, Any] = {
        "id": reference.pmid or reference.doi or reference.title[:40],
        "source": "MED",
        "pmid": reference.pmid,
        "doi": reference.doi,
        "title": reference.title,
        "authorString": words["author"],
        "journalInfo": {"journal": {"title": words["journal"]}},
        "pubYear": reference.year,
        "abstractText": reference.abstract,
        "pubTypeList": {"pubType": [reference.publication_type, "Journal Article"]},
        "keywordList": {"keyword": reference.keywords},
        "firstPublicationDate": f"{reference.year}-06-15",
    }
    return {name: value for name, value in result.items() if value}


def europe_pmc_response(references: list[Reference]) -> str:
    """A whole search response of Europe PMC."""
    response = {
        "version": "6.9",
        "hitCount": len(references),
        "request": {"queryString": "fictional", "resultType": "core", "pageSize": 100},
        "resultList": {"result": [europe_pmc_result(reference) for reference in references]},
    }
    return json.dumps(response, indent=1, ensure_ascii=False) + "\n"


def join_records(record: Callable[[Reference], str], references: list[Reference]) -> str:
    """The records one after another, with an empty line between them."""
    return "\n".join(record(reference) for reference in references)


def write_references(inbox: Path) -> None:
    """Writes the three reference files; each holds two records that another file holds too."""
    references = list_references()
    twice = list_duplicates(references)
    sets = [references[at::3] + twice[at::3] for at in range(3)]
    texts = {
        "reference_set_1.ris": join_records(ris_record, sets[0]),
        "reference_set_2.nbib": join_records(nbib_record, sets[1]),
        "reference_set_3.json": europe_pmc_response(sets[2]),
    }
    folder = inbox / "references"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def make_external(source_id: str, filed_by: str) -> Extract:
    """The extract of a source whose rows stand in external.toml, filed by one of its dates."""
    records = read_wording("external")[source_id]
    ordered = sorted(records, key=lambda record: record[filed_by])
    rows = [Row(record[filed_by], tuple(map(str, record.values()))) for record in ordered]
    return Extract(source_id, tuple(records[0]), tuple(rows), is_every_month=False)


def make_research() -> list[Extract]:
    """Safety alerts and the findings of other communities."""
    return [
        make_external("safety_alerts", "issued_on"),
        make_external("community_findings", "found_on"),
    ]
