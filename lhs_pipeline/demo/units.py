"""The twenty units of the fictional trust and their ordinary levels, from wording/units.toml."""

from dataclasses import dataclass
from functools import cache

from lhs_pipeline.demo.wordings import read_wording


@dataclass(frozen=True)
class Unit:
    """A place where patients are seen; `levels` holds its ordinary level of each measure."""

    unit_id: str
    unit_name: str
    unit_type: str
    directorate_id: str
    directorate_name: str
    beds_count: int
    occupied_count: int
    stay_days: float
    elective_prop: float
    talk_weight: float
    levels: dict[str, float]

    def level(self, indicator_id: str) -> float:
        """The ordinary level of a measure here; 0 where it is not measured."""
        return self.levels.get(indicator_id, 0.0)


@cache
def list_units() -> tuple[Unit, ...]:
    """All units, in the order of the file."""
    table = read_wording("units")
    inpatient = {"occupied_count": 0, "stay_days": 0.0, "elective_prop": 0.0}
    return tuple(
        Unit(**(inpatient | row), directorate_name=table["directorates"][row["directorate_id"]])
        for row in table["units"]
    )


def units_with(indicator_id: str) -> tuple[Unit, ...]:
    """The units that a measure is taken on."""
    return tuple(unit for unit in list_units() if unit.level(indicator_id) > 0)


def bedded_units() -> tuple[Unit, ...]:
    """The units where patients stay overnight: twelve wards and intensive care."""
    return tuple(unit for unit in list_units() if unit.beds_count > 0)
