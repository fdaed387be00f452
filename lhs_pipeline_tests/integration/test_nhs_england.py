"""A night on real, public NHS figures: every row accounted for, and a list that holds up.

The expected figures stand in the files themselves: the total at the foot of each A&E file, and
the rate that each sickness file publishes.
"""

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "nhs_england"
DATA = EXAMPLE.parents[2] / "shared" / "data"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        not (DATA / "nhse_monthly_2024").is_dir(),
        reason="the public data are not beside the project",
    ),
]


def _lay_out(folder: Path) -> Path:
    """The example as a site of its own, reading the same files."""
    shutil.copytree(EXAMPLE / "catalogue", folder / "catalogue")
    said = (EXAMPLE / "site.toml").read_text(encoding="utf-8")
    placed = re.sub(r"^inbox = .*$", f'inbox = "{DATA.resolve().as_posix()}"', said, flags=re.M)
    (folder / "site.toml").write_text(placed, encoding="utf-8")
    return folder


def _run(folder: Path) -> bool:
    from lhs_pipeline.catalogue.reader import read_catalogue
    from lhs_pipeline.definitions import build_definitions
    from lhs_pipeline.night import run_night
    from lhs_pipeline.settings import read_site

    site = read_site(folder)
    return run_night(site, build_definitions(read_catalogue(site.catalogue)), str).is_success


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The site after its first night."""
    folder = _lay_out(tmp_path_factory.mktemp("nhs_england"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LHS_SITE", str(folder))
        patch.setenv("DAGSTER_HOME", str(folder / "dagster_home"))
        patch.delenv("LHS_TODAY", raising=False)
        assert _run(folder)
        yield folder


@pytest.fixture
def night(site: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Its warehouse, to read."""
    with duckdb.connect(str(site / "warehouse" / "lhs.duckdb"), read_only=True) as con:
        yield con


def _files(con: duckdb.DuckDBPyConnection, source_id: str) -> dict[str, tuple[int, ...]]:
    rows = con.execute(
        "select source_file, rows_read, landed, rejected, unchanged from collection.files "
        "where source_id = ? order by source_file",
        [source_id],
    ).fetchall()
    return {str(row[0]): tuple(row[1:]) for row in rows}


def _rows_in(path: Path) -> int:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return sum(1 for row in csv.reader(lines) if row) - 1


@pytest.mark.parametrize(
    ("source_id", "folder", "files_count"),
    [
        ("ae_activity", "nhse_monthly_2024/service_activity", 6),
        ("sickness_absence", "nhse_monthly_2024/absence", 6),
        ("units", "nhse_monthly_2024/absence", 6),
        ("staff_survey", "staff_survey", 1),
        ("fft_comments", "fft_comments", 1),
    ],
)
def test_every_row_is_landed_rejected_or_unchanged(
    night: duckdb.DuckDBPyConnection, source_id: str, folder: str, files_count: int
) -> None:
    files = _files(night, source_id)
    assert len(files) == files_count
    for name, (rows_read, landed, rejected, unchanged) in files.items():
        assert rows_read == _rows_in(DATA / folder / name), name
        assert rows_read == landed + rejected + unchanged, name


def test_only_the_total_of_each_a_and_e_file_is_refused_and_says_why(
    night: duckdb.DuckDBPyConnection,
) -> None:
    files = _files(night, "ae_activity")
    assert [rejected for _, _, rejected, _ in files.values()] == [1] * 6
    reasons = night.execute(
        "select distinct reason from collection.rejected_rows where source_id = 'ae_activity'"
    ).fetchall()
    assert reasons == [("The total at the foot of the file is no provider.",)]


def test_the_september_file_has_more_columns_and_its_message_says_so(
    night: duckdb.DuckDBPyConnection,
) -> None:
    said = dict(
        night.execute(
            "select source_file, message from collection.files where source_id = 'ae_activity'"
        ).fetchall()
    )
    assert "28 columns, 6 not in the contract" in said["ae_activity_2024-09.csv"]
    assert "not in the contract" not in said["ae_activity_2024-08.csv"]
    # Of the 45 without a known unit the total at the foot is refused; 44 land.
    assert "44 rows whose unit_id is not known" in said["ae_activity_2024-09.csv"]


def test_the_sum_of_all_providers_is_the_published_total(
    night: duckdb.DuckDBPyConnection,
) -> None:
    for month in range(4, 10):
        path = DATA / "nhse_monthly_2024" / "service_activity" / f"ae_activity_2024-{month:02}.csv"
        with path.open(encoding="utf-8") as lines:
            foot = [
                row for row in csv.DictReader(lines) if row["Period"].strip().upper() == "TOTAL"
            ]
        ours = night.execute(
            "select numerator, denominator from analysis.indicator_series "
            "where indicator_id = 'ae_type_1_over_4h' and unit_id = 'trust' "
            "and month(period_start) = ?",
            [month],
        ).fetchone()
        assert ours == (
            float(foot[0]["Attendances over 4hrs Type 1"]),
            float(foot[0]["A&E attendances Type 1"]),
        )


def test_the_last_day_of_a_month_stands_for_the_month_and_gives_the_published_rate(
    night: duckdb.DuckDBPyConnection,
) -> None:
    found = night.execute(
        """
        select count(*), max(abs(100 * series.value - rows.sickness_absence_percent)),
            min(series.period_start), max(series.period_end), bool_and(series.is_complete)
        from analysis.indicator_series series
        join collection.sickness_absence rows on rows.unit_id = series.unit_id
            and rows.month_ends_on = series.period_end
        where series.indicator_id = 'sickness_absence'
        """
    ).fetchone()
    assert found is not None
    count, difference, first, last, is_complete = found
    assert (count, str(first), str(last), is_complete) == (1710, "2024-04-01", "2024-09-30", True)
    assert difference <= 0.0051


def test_a_day_written_month_first_is_refused_and_no_answer_is_no_text(
    night: duckdb.DuckDBPyConnection,
) -> None:
    refused = night.execute(
        "select count(*), min(field) from collection.rejected_rows where source_id = 'fft_comments'"
    ).fetchone()
    assert refused == (289, "received_on")
    said = night.execute(
        "select count(*) from collection.fft_comments where comment = 'Did not answer'"
    ).fetchone()
    assert said == (0,)


def test_comments_of_two_years_ago_do_not_speak_today(night: duckdb.DuckDBPyConnection) -> None:
    assert night.execute("select count(*) from analysis.themes").fetchone() != (0,)
    assert night.execute("select count(*) from analysis.voice_signals").fetchone() == (0,)
    voices = night.execute("select distinct patient_voice from analysis.problems").fetchall()
    assert voices == [("did_not_look",)]


def test_six_months_draw_no_limits_and_raise_no_signal(night: duckdb.DuckDBPyConnection) -> None:
    limits = night.execute("select distinct variation, upper_limit from analysis.limits").fetchall()
    assert limits == [("too_few_points", None)]
    assert night.execute("select count(*) from analysis.signals").fetchone() == (0,)
    assert night.execute("select count(*) from analysis.episodes").fetchone() == (0,)


def test_the_list_is_one_problem_of_the_system_and_the_trusts_that_stand_out(
    night: duckdb.DuckDBPyConnection,
) -> None:
    rows = night.execute(
        "select problem_id, level, pattern, routine, comparison from analysis.triage "
        "join analysis.problems using (problem_id, cycle_number, level) order by rank"
    ).fetchall()
    assert rows[0] == ("emergency_flow@trust", "system", "never_met_target", "agrees",
                       "did_not_look")  # fmt: skip
    assert {row[1:3] for row in rows[1:]} == {("trust", "stands_out")}
    assert {row[4] for row in rows[1:]} == {"agrees"}
    # United Lincolnshire: two thirds of major-department stays over four hours, the most of all.
    assert rows[1][0] == "emergency_flow@RWD"
    assert len(rows) < 15


def test_only_a_few_of_many_comparisons_stand_out(night: duckdb.DuckDBPyConnection) -> None:
    counts = dict(
        night.execute(
            "select answer, count(*) from analysis.comparisons group by answer"
        ).fetchall()
    )
    judged = sum(count for answer, count in counts.items() if answer != "did_not_look")
    assert judged > 1000
    assert 0 < counts["agrees"] < 0.01 * judged


def test_every_page_calls_trusts_by_name(site: Path) -> None:
    board = (site / "published" / "board" / "triage.html").read_text(encoding="utf-8")
    assert "Emergency flow, United Lincolnshire Hospitals NHS Trust" in board
    assert "Emergency flow, the whole system" in board


def test_a_second_night_takes_nothing_in_twice(site: Path) -> None:
    query = "select count(*), sum(landed) from collection.files"
    listed = "select rank, problem_id, raised_on, what_seems_wrong from analysis.triage order by 1"
    warehouse = str(site / "warehouse" / "lhs.duckdb")
    with duckdb.connect(warehouse) as con:
        before = con.execute(query).fetchall(), con.execute(listed).fetchall()
    assert _run(site)
    with duckdb.connect(warehouse) as con:
        assert (con.execute(query).fetchall(), con.execute(listed).fetchall()) == before
