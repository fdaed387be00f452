"""The query of a pull, as each kind of database would get it; no server is asked."""

from dataclasses import replace
from datetime import datetime

import pytest
from small_inbox import source
from sqlalchemy.dialects import mssql, oracle, postgresql

from lhs_pipeline.catalogue.contract import Database
from lhs_pipeline.collection.databases import _query_of

ROTA = Database("rota", "dbo.Shifts", "changed_at", overlap_days=1)


@pytest.mark.parametrize("dialect", [mssql.dialect(), oracle.dialect(), postgresql.dialect()])
def test_a_pull_asks_for_the_declared_columns_in_the_order_of_the_watermark(dialect) -> None:
    contract = replace(source(), database=ROTA)
    asked = str(_query_of(ROTA, contract, datetime(2026, 6, 30)).compile(dialect=dialect))
    flat = " ".join(asked.replace("[", "").replace("]", "").replace('"', "").split())
    assert flat.startswith("SELECT dbo.Shifts.shift_id, dbo.Shifts.unit_id, dbo.Shifts.shift_on")
    assert "FROM dbo.Shifts WHERE dbo.Shifts.changed_at >=" in flat
    assert flat.endswith("ORDER BY dbo.Shifts.changed_at")
