"""An attacker reads every published file of the demo, adds up, subtracts, and gets nothing back."""

import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.sparse import lil_matrix

from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.warehouse.connection import open_published

from .running import Demo

POINT = ["indicator_id", "unit_id", "period_start"]
TABLE = ["indicator_id", "period_start"]


@pytest.fixture(scope="session")
def published(demo: Demo) -> dict[str, pd.DataFrame]:
    """Every table and view of the analysts' copy."""
    with open_published(demo.site.published_file) as con:
        names = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() union all "
            "select schema_name || '.' || view_name from duckdb_views() where not internal"
        ).fetchall()
        return {name: con.execute(f"from {name}").df() for (name,) in names}


@pytest.fixture(scope="session")
def cells(demo: Demo, published: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The series as published, each beside its true number, which no attack below may use."""
    truth = demo.query("select * from analysis.indicator_series")
    true = truth[[*POINT, "numerator"]].rename(columns={"numerator": "true"})
    shown = published["analysis.indicator_series"]
    return shown.merge(true, on=POINT, validate="one_to_one")


def counted() -> set[str]:
    return {each.id for each in read_catalogue().indicators.values() if not each.is_mean}


def test_no_small_count_is_published_and_many_are_withheld(cells: pd.DataFrame) -> None:
    mine = cells[cells["indicator_id"].isin(counted())]
    assert not mine["numerator"].between(1, 4).any()
    assert mine.loc[mine["true"].between(1, 4), "is_suppressed"].all()
    assert mine["true"].between(1, 4).sum() > 1000
    # Zero is shown, and what is missing is not called withheld.
    assert not cells.loc[cells["true"] == 0, "is_suppressed"].all()
    assert not cells.loc[cells["true"].isna(), "is_suppressed"].any()


def test_no_rate_stands_beside_its_base_for_a_withheld_count(
    cells: pd.DataFrame, published: dict[str, pd.DataFrame]
) -> None:
    hidden = cells[cells["is_suppressed"]]
    assert hidden[["numerator", "value"]].isna().all(axis=None)
    for name, frame in published.items():
        day = "latest_period_start" if "latest_value" in frame else "period_start"
        values = [each for each in ("value", "latest_value", "chance_prop") if each in frame]
        if day not in frame or not {"indicator_id", "unit_id"} <= set(frame) or not values:
            continue
        keyed = frame.merge(
            hidden[POINT].rename(columns={"period_start": day}), on=[*POINT[:2], day]
        )
        assert keyed[values].isna().all(axis=None), name


def test_totals_less_the_units_shown_leave_more_than_one_number(cells: pd.DataFrame) -> None:
    """Subtraction, with all that is known of each withheld number: from 1 to 4 or not."""
    parts = cells[cells["unit_id"] != "trust"]
    total = cells[cells["unit_id"] == "trust"].set_index(TABLE)["numerator"]
    small = parts["numerator_from"].notna()
    low = parts["numerator_from"].where(small, np.where(parts["is_suppressed"], 5.0, 0.0))
    high = parts["numerator_to"].where(small, np.where(parts["is_suppressed"], np.inf, 0.0))
    for key, rows in parts.assign(low=low, high=high, small=small).groupby(TABLE):
        left = total.get(key, np.nan) - rows["numerator"].sum()
        hidden = rows[rows["is_suppressed"] & rows["denominator"].notna()]
        if np.isnan(left) or not hidden["small"].any() or rows["denominator"].isna().any():
            continue
        for place, row in hidden[hidden["small"]].iterrows():
            others = hidden.drop(index=place)
            lowest = max(row["low"], left - others["high"].sum())
            highest = min(row["high"], left - others["low"].sum())
            is_whole = others["low"].sum() + row["low"] <= left <= hidden["high"].sum()
            assert not is_whole or highest - lowest >= 1, key


def test_looks_and_totals_together_leave_more_than_one_number(
    cells: pd.DataFrame, published: dict[str, pd.DataFrame]
) -> None:
    """Levels of looks times their bases are sums over months; linear programming on all sums."""
    scale = {each.id: each.multiplier for each in read_catalogue().indicators.values()}
    looks = published["closure.evaluations"].dropna(subset=["observed", "data_until"])
    looks = looks[looks["indicator_id"].isin(counted())]
    assert len(looks) > 10
    for _, told in looks.groupby(["indicator_id", "unit_id"]):
        sums = []
        for row in told.itertuples():
            units = str(row.unit_id).split(";")
            inside = cells[
                (cells["indicator_id"] == row.indicator_id) & cells["unit_id"].isin(units)
                & cells["period_start"].between(row.live_on, row.data_until)
            ]  # fmt: skip
            if inside["denominator"].isna().any():
                continue
            events = row.observed * inside["denominator"].sum() / scale[row.indicator_id]
            if abs(events - inside["true"].sum()) < 0.01:  # else it is no plain sum of these
                sums.append((inside, round(events) - inside["numerator"].sum()))
        _attack(sums)


def _attack(sums: list[tuple[pd.DataFrame, float]]) -> None:
    hidden = pd.concat([rows[rows["is_suppressed"]] for rows, _ in sums] or [pd.DataFrame()])
    places = list(dict.fromkeys(hidden.index))
    if not places:
        return
    matrix, right = lil_matrix((len(sums), len(places))), np.array([left for _, left in sums])
    for line, (rows, _) in enumerate(sums):
        for place in rows.index[rows["is_suppressed"]]:
            matrix[line, places.index(place)] = 1.0
    known = hidden[~hidden.index.duplicated()].loc[places]
    ends = [
        (5.0, None) if np.isnan(row.numerator_from) else (row.numerator_from, row.numerator_to)
        for row in known.itertuples()
    ]
    for column in np.flatnonzero(known["numerator_from"].notna()):
        goal = np.zeros(len(places))
        goal[column] = 1.0
        found = [
            linprog(sign * goal, A_eq=matrix.tocsr(), b_eq=right, bounds=ends, method="highs")
            for sign in (1, -1)
        ]
        if all(each.status == 0 for each in found):
            assert -found[1].fun - found[0].fun >= 1 - 1e-6


def test_averages_of_charts_do_not_lead_to_what_is_true(
    cells: pd.DataFrame, published: dict[str, pd.DataFrame]
) -> None:
    """Average times base, less the months that are shown, is the withheld sum by chance alone."""
    scale = {each.id: each.multiplier for each in read_catalogue().indicators.values()}
    limits = published["analysis.limits"]
    pooled = limits[limits["chart"].isin(["p", "u", "p_prime", "u_prime"])]
    tried = led_to_truth = 0
    for row in pooled.dropna(subset=["centre", "baseline_until"]).itertuples():
        base = cells[
            (cells["indicator_id"] == row.indicator_id) & (cells["unit_id"] == row.unit_id)
            & cells["is_complete"]
            & cells["period_start"].between(row.baseline_from, row.baseline_until)
        ]  # fmt: skip
        if base["is_suppressed"].sum() == 0 or base["denominator"].isna().any():
            continue
        factor = scale[row.indicator_id]
        left = row.centre * base["denominator"].sum() / factor - base["numerator"].sum()
        tried += 1
        led_to_truth += abs(left - base.loc[base["is_suppressed"], "true"].sum()) < 0.01
    assert tried > 20 and led_to_truth <= 0.05 * tried


def test_files_differ_in_no_count_that_they_share(demo: Demo) -> None:
    """A count withheld in one published table stands in no other."""
    csv = pd.read_csv(demo.site.published / "triage.csv", dtype=str, keep_default_na=False)
    parquet = pd.read_parquet(demo.site.published / "triage.parquet")
    for name in ("Patient comments", "Staff comments", "Incident reports"):
        hidden = csv[name].isin(["1–4", "*"])
        assert parquet.loc[hidden, name].isna().all()
        assert parquet.loc[hidden, f"{name}_is_suppressed"].all()
        shown = parquet.loc[~hidden, name].dropna()
        assert (shown % 5 == 0).all() and hidden.any()


# An estimate ("about 2 more falls a month") is a mean over months and counts nobody.
SMALL = re.compile(
    r"(?<!about )(?<![\d.,–/-])[1-4] (?:of \d+ |more )?(?:patients?|people|person|reports?|falls|"
    r"(?:staff |patient )?comments?|incident reports?|events|responses|answers)\b"
)


def test_no_sentence_of_any_page_tells_a_small_count(demo: Demo) -> None:
    read = 0
    for file in demo.published("*.html", "*.svg", "*.txt", "*.csv"):
        text = re.sub(r"<[^>]+>", " ", file.read_text(encoding="utf-8-sig"))
        found = SMALL.search(text)
        assert found is None, (file.name, text[found.start() - 60 : found.end() + 40])
        read += 1
    assert read > 20


def test_rows_listed_on_a_page_do_not_count_a_withheld_month(demo: Demo) -> None:
    """The rows of a line are told to those who ask, not on a page, where their number is few."""
    pages = [file.read_text(encoding="utf-8") for file in demo.published("board/problems/*.html")]
    assert any("Rows held back" in page for page in pages)


def test_names_of_files_say_nothing_of_anybody(demo: Demo) -> None:
    for file in demo.site.published.rglob("*"):
        assert re.fullmatch(r"[\w.-]+", file.name), file.name


def test_two_nights_in_a_row_differ_in_no_withheld_period(cells: pd.DataFrame) -> None:
    """What one night withholds of a complete period the next one cannot show: it reads it first."""
    from lhs_pipeline.board.disclosure import STANDARD_POLICY
    from lhs_pipeline.board.small_cells import counted_of, withhold_cells

    truth = cells.drop(columns=["is_suppressed", "numerator_from", "numerator_to", "drawn_value"])
    truth = truth.assign(numerator=truth["true"])
    grown = truth.assign(numerator=truth["true"] + truth["true"].between(1, 4) * 4)
    rules = counted_of(read_catalogue())
    nights = [withhold_cells(truth, rules, STANDARD_POLICY)]
    nights.append(withhold_cells(grown, rules, STANDARD_POLICY, before=nights[0]))
    for last, next_one in pairwise(nights):
        kept = last["is_suppressed"] & last["is_complete"]
        assert next_one.loc[kept, "is_suppressed"].all()
