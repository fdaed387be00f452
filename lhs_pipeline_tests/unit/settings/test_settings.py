"""One folder is one site; a site.toml that cannot be used says what to do."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lhs_pipeline.settings import SettingsError, read_site


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LHS_SITE", raising=False)
    monkeypatch.delenv("LHS_TODAY", raising=False)


def written(folder: Path, text: str) -> Path:
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_site_keeps_everything_in_one_folder(tmp_path: Path) -> None:
    site = read_site(written(tmp_path, 'name = "Trust"\n'))
    assert (site.name, site.timezone, site.is_demo) == ("Trust", "Europe/London", False)
    for place in (site.inbox, site.registers, site.catalogue, site.published_file,
                  site.warehouse_file, site.rejected):  # fmt: skip
        assert place.is_relative_to(tmp_path)


def test_inbox_and_registers_may_stand_elsewhere(tmp_path: Path) -> None:
    site = read_site(written(tmp_path, 'name = "T"\ninbox = "../share/in"\nregisters = "/r"\n'))
    assert site.inbox == (tmp_path.parent / "share" / "in")
    assert site.registers == Path("/r")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "not valid TOML"),
        ('nmae = "T"', "unknown key 'nmae'; known: ["),
        ("", "key 'name' is missing"),
        ("name = 1", "key 'name' is missing"),
        ('name = "T"\ntimezone = "Mars/Base"', "timezone 'Mars/Base' is not known"),
        ('name = "T"\nfixed_today = "2026-07-01"', "fixed_today"),
        ('name = "T"\ninbox = 1', "inbox"),
    ],
)
def test_a_site_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_site(written(tmp_path, text))
    assert said in str(raised.value) and "site.toml" in str(raised.value)


def test_a_folder_without_a_site_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="lhs new-site"):
        read_site(tmp_path)


def test_the_environment_names_the_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LHS_SITE", str(written(tmp_path, 'name = "T"')))
    assert read_site().folder == tmp_path


@pytest.mark.parametrize(
    ("day", "utc"),
    [("2026-07-01", (2026, 7, 1, 2, 30)), ("2026-01-01", (2026, 1, 1, 3, 30))],
)
def test_a_fixed_day_is_half_past_three_local_time(
    tmp_path: Path, day: str, utc: tuple[int, int, int, int, int]
) -> None:
    site = read_site(written(tmp_path, f'name = "T"\nfixed_today = {day}\n'))
    assert site.now() == datetime(*utc, tzinfo=UTC)
    assert site.today() == date.fromisoformat(day)


def test_the_environment_overrides_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path, 'name = "T"\nfixed_today = 2026-07-01\n')
    monkeypatch.setenv("LHS_TODAY", "2026-06-30")
    assert read_site(folder).today() == date(2026, 6, 30)
    monkeypatch.setenv("LHS_TODAY", "yesterday")
    with pytest.raises(SettingsError, match="LHS_TODAY"):
        read_site(folder)


def test_without_a_fixed_day_it_is_today(tmp_path: Path) -> None:
    now = read_site(written(tmp_path, 'name = "T"\n')).now()
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60
