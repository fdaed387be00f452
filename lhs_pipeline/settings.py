"""Where a site keeps its things, and what day it is: the only reader of the environment.

Everything particular to an organisation lives in one folder, chosen by LHS_SITE.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SITE_FILE = "site.toml"
_KNOWN_KEYS = {
    "name", "timezone", "inbox", "registers", "fixed_today", "is_demo", "databases", "alerts",
}  # fmt: skip
_ASKED: ContextVar[set[str] | None] = ContextVar("asked", default=None)
_ALERT_KEYS = {"smtp_host", "smtp_port", "sender", "is_encrypted", "webhook", "recipients"}


class SettingsError(Exception):
    """A site folder or its site.toml is not usable; the message says what to do."""


@dataclass(frozen=True)
class AlertSettings:
    """Where alerts are sent; empty where they are only written.

    Attributes:
        smtp_host: mail server; '' sends no mail.
        smtp_port: its port.
        sender: address that mail comes from.
        is_encrypted: whether the server is spoken to by STARTTLS.
        webhook: address that takes a message as JSON; '' for none.
        recipients: addresses for each decision group, for `reader` (of danger signs) and for
            `engineer`.
        user: name for the mail server, from LHS_SMTP_USER.
        password: from LHS_SMTP_PASSWORD.
    """

    smtp_host: str = ""
    smtp_port: int = 25
    sender: str = "lhs@localhost"
    is_encrypted: bool = True
    webhook: str = ""
    recipients: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Site:
    """One organisation's folder and what its site.toml says."""

    folder: Path
    name: str
    timezone: str
    inbox: Path
    registers: Path
    fixed_today: date | None
    is_demo: bool
    databases: Mapping[str, str] = field(default_factory=dict)
    alerts: AlertSettings = field(default_factory=AlertSettings)

    @property
    def catalogue(self) -> Path:
        """Folder of the declarations that the site's people own and sign."""
        return self.folder / "catalogue"

    @property
    def warehouse_file(self) -> Path:
        """The live DuckDB file, written by the pipeline alone."""
        return self.folder / "warehouse" / "lhs.duckdb"

    @property
    def published(self) -> Path:
        """Folder of everything that people read."""
        return self.folder / "published"

    @property
    def published_file(self) -> Path:
        """The read-only copy of the warehouse for sensors and analysts."""
        return self.published / "lhs.duckdb"

    @property
    def ledger_file(self) -> Path:
        """The append-only ledger of everything that happened to every problem."""
        return self.registers / "ledger.jsonl"

    @property
    def evidence(self) -> Path:
        """Folder of the evidence as it stood at each decision, one file a hash."""
        return self.registers / "evidence"

    @property
    def rejected(self) -> Path:
        """Folder of the rows that could not be landed, one CSV per source."""
        return self.folder / "rejected"

    @property
    def to_read(self) -> Path:
        """Folder of what was written and must be read by a person; never published."""
        return self.folder / "to_read"

    @property
    def to_label(self) -> Path:
        """Folder of comments for people to say what they are about; never published."""
        return self.folder / "to_label"

    def database_url(self, connection: str) -> str:
        """Return the address of a database, from LHS_DATABASE_<NAME> or from site.toml.

        Raises:
            SettingsError: neither names it.
        """
        name = f"LHS_DATABASE_{connection.upper()}"
        url = os.environ.get(name) or self.databases.get(connection)
        if url is None:
            raise SettingsError(
                f"The database {connection!r} has no address: put it under [databases] in "
                f"{SITE_FILE}, or into the environment as {name}."
            )
        return url

    def now(self) -> datetime:
        """The instant of this night in UTC: 03:30 local where the site's day is fixed."""
        _note("instant")
        return self._instant()

    def today(self) -> date:
        """The local day on which the pipeline runs."""
        _note("day")
        return self._day()

    def week(self) -> date:
        """The Monday of this night's week: before it, every week is over."""
        _note("week")
        day = self._day()
        return day - timedelta(days=day.weekday())

    def month(self) -> date:
        """The first day of this night's month: before it, every month is over."""
        _note("month")
        return self._day().replace(day=1)

    def answer(self, asked: str) -> str:
        """What the clock says now to one of the questions of `watch_clock`."""
        ask = {"day": self.today, "week": self.week, "month": self.month, "instant": self.now}
        return ask[asked]().isoformat()

    def _day(self) -> date:
        return self._instant().astimezone(ZoneInfo(self.timezone)).date()

    def _instant(self) -> datetime:
        if self.fixed_today is None:
            return datetime.now(UTC)
        half_past_three = datetime(
            self.fixed_today.year,
            self.fixed_today.month,
            self.fixed_today.day,
            3,
            30,
            tzinfo=ZoneInfo(self.timezone),
        )
        return half_past_three.astimezone(UTC)


@contextmanager
def watch_clock() -> Iterator[set[str]]:
    """Yield what is asked of a site's clock meanwhile, such as its `day` or its `week`."""
    asked: set[str] = set()
    token = _ASKED.set(asked)
    try:
        yield asked
    finally:
        _ASKED.reset(token)


def _note(question: str) -> None:
    asked = _ASKED.get()
    if asked is not None:
        asked.add(question)


def site_folder(folder: Path | None = None) -> Path:
    """Return `folder`, or the one that LHS_SITE names, or `data/` below the working folder."""
    return Path(folder or os.environ.get("LHS_SITE") or "data").resolve()


def read_site(folder: Path | None = None) -> Site:
    """Return the site in `folder`, or in LHS_SITE, or in `data/` below the working folder.

    Raises:
        SettingsError: no site.toml there, or a key in it that is not known.
    """
    place = site_folder(folder)
    file = place / SITE_FILE
    if not file.is_file():
        raise SettingsError(
            f"{place} is not a site: it has no {SITE_FILE}. "
            "Make the demo with `lhs demo`, a new site with `lhs new-site NAME`, "
            "or point LHS_SITE at an existing one."
        )
    return _site_from(place, file)


def _site_from(place: Path, file: Path) -> Site:
    try:
        said: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: not valid TOML: {error}") from error
    unknown = sorted(set(said) - _KNOWN_KEYS)
    if unknown:
        raise SettingsError(f"{file}: unknown key {unknown[0]!r}; known: {sorted(_KNOWN_KEYS)}")
    if not isinstance(said.get("name"), str):
        raise SettingsError(f"{file}: key 'name' is missing: the organisation's name")
    for key in ("timezone", "inbox", "registers"):
        if not isinstance(said.get(key, ""), str):
            raise SettingsError(f"{file}: key {key!r} must be text, not {said[key]!r}")
    timezone = said.get("timezone", "Europe/London")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        said_so = f"{file}: timezone {timezone!r} is not known; try 'Europe/London'"
        raise SettingsError(said_so) from error
    return Site(
        folder=place,
        name=said["name"],
        timezone=timezone,
        inbox=(place / said.get("inbox", "inbox")).resolve(),
        registers=(place / said.get("registers", "registers")).resolve(),
        fixed_today=_fixed_today(said, file),
        is_demo=bool(said.get("is_demo", False)),
        databases=_databases(said, file),
        alerts=_alerts(said, file),
    )


def _alerts(said: dict[str, Any], file: Path) -> AlertSettings:
    found = said.get("alerts", {})
    if not isinstance(found, dict) or (unknown := sorted(set(found) - _ALERT_KEYS)):
        what = f"unknown key {unknown[0]!r}" if isinstance(found, dict) else "no table"
        raise SettingsError(f"{file}: [alerts] has {what}; known: {sorted(_ALERT_KEYS)}")
    for key in _ALERT_KEYS - {"recipients"}:
        kind = {"smtp_port": int, "is_encrypted": bool}.get(key, str)
        if not isinstance(found.get(key, kind()), kind):
            expected = {int: "a number", bool: "true or false", str: "text in quotes"}[kind]
            raise SettingsError(f"{file}: [alerts] {key} must be {expected}")
    webhook = found.get("webhook", "")
    if webhook and not webhook.startswith(("https://", "http://")):
        raise SettingsError(f"{file}: [alerts] webhook must begin with https:// or http://")
    listed = found.get("recipients", {})
    if not isinstance(listed, dict) or not all(isinstance(to, list) for to in listed.values()):
        raise SettingsError(f"{file}: [alerts.recipients] has a list of addresses for each group")
    plain = {key: value for key, value in found.items() if key != "recipients"}
    return AlertSettings(
        **plain,
        recipients={str(group): tuple(map(str, to)) for group, to in listed.items()},
        user=os.environ.get("LHS_SMTP_USER", ""),
        password=os.environ.get("LHS_SMTP_PASSWORD", ""),
    )


def _databases(said: dict[str, Any], file: Path) -> dict[str, str]:
    found = said.get("databases", {})
    if not isinstance(found, dict) or not all(isinstance(url, str) for url in found.values()):
        raise SettingsError(f"{file}: [databases] names one address in quotes per connection")
    return dict(found)


def _fixed_today(said: dict[str, Any], file: Path) -> date | None:
    override = os.environ.get("LHS_TODAY")
    if override:
        try:
            return date.fromisoformat(override)
        except ValueError as error:
            raise SettingsError(f"LHS_TODAY: {override!r} is no day such as 2026-07-01") from error
    fixed = said.get("fixed_today")
    if fixed is None or isinstance(fixed, date):
        return fixed
    raise SettingsError(f"{file}: fixed_today must be a day without quotes, not {fixed!r}")
