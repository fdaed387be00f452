"""Writes the whole demo: three years of a fictional trust, its registers and the truth."""

from pathlib import Path

from lhs_pipeline.demo.calendar import FIRST_DAY
from lhs_pipeline.demo.extract import Extract, write_extract, write_table
from lhs_pipeline.demo.flow import make_flow
from lhs_pipeline.demo.imperfections import make_amendments, write_amendment
from lhs_pipeline.demo.inpatients import make_inpatients
from lhs_pipeline.demo.registers import write_registers
from lhs_pipeline.demo.research import make_research, write_references
from lhs_pipeline.demo.safety import make_safety
from lhs_pipeline.demo.truth import write_truth
from lhs_pipeline.demo.units import list_units
from lhs_pipeline.demo.voices import make_voices
from lhs_pipeline.demo.workforce import make_workforce

UNIT_COLUMNS = (
    "unit_id",
    "unit_name",
    "unit_type",
    "directorate_id",
    "directorate_name",
    "beds_count",
    "valid_from",
    "valid_until",
    "successor_unit_id",
)


def make_extracts(seed: int) -> list[Extract]:
    """Every extract that is filed by month."""
    return [
        *make_inpatients(seed),
        *make_flow(seed),
        *make_safety(seed),
        *make_workforce(seed),
        *make_voices(seed),
        *make_research(),
    ]


def write_units(inbox: Path) -> None:
    """Writes the list of units; all are valid throughout."""
    rows = [
        (
            *(unit.unit_id, unit.unit_name, unit.unit_type),
            *(unit.directorate_id, unit.directorate_name, str(unit.beds_count)),
            *(FIRST_DAY.replace(month=4, day=1).isoformat(), "", ""),
        )
        for unit in list_units()
    ]
    write_table(inbox / "units" / "units.csv", UNIT_COLUMNS, rows)


def write_demo(folder: Path, seed: int = 20260701) -> None:
    """Writes inbox/, registers/ and truth/ under `folder`; the same seed gives the same bytes.

    Files that are already there are overwritten, and nothing is deleted.
    """
    inbox, extracts = folder / "inbox", make_extracts(seed)
    amendments = make_amendments(seed, {extract.source_id: extract for extract in extracts})
    write_units(inbox)
    write_references(inbox)
    for extract in extracts:
        write_extract(inbox, extract)
    for amendment in amendments:
        write_amendment(inbox, amendment)
    write_registers(folder / "registers", seed)
    noted = [note for extract in extracts for note in extract.imperfections]
    noted += [note for amendment in amendments for note in amendment.imperfections]
    write_truth(folder / "truth", [row for item in extracts for row in item.planted], noted)
