"""News reaches each group once: written, sent to a real mail server and a real web server."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from lhs_pipeline import definitions
from lhs_pipeline.board.alerts import choose_untold, deliver, tell_engineer
from lhs_pipeline.board.model import BoardTables
from lhs_pipeline.board.names import gather_names
from lhs_pipeline.board.news import News, find_news, write_messages
from lhs_pipeline.settings import AlertSettings, SettingsError, Site, read_site

from .conftest import AS_OF, HOSTILE, SITE

TO = {"ward_huddle": ("huddle@example.org",), "engineer": ("engineer@example.org",)}


class _Mail(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a client needs to hand over one letter."""

    def handle(self) -> None:
        self.wfile.write(b"220 localhost\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.letters.append(self._letter())  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return

    def _letter(self) -> str:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(lines).decode()


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.server.letters.append(json.loads(self.rfile.read(size)))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing among the results of the tests."""


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[socketserver.TCPServer]:
    server.letters = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def mail() -> Iterator[socketserver.TCPServer]:
    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail)) as server:
        yield server


@pytest.fixture
def hook() -> Iterator[socketserver.TCPServer]:
    with serving(HTTPServer(("127.0.0.1", 0), _Hook)) as server:
        yield server


def site_in(folder: Path, **alerts: object) -> Site:
    (folder / "site.toml").write_text(f'name = "{SITE}"\nfixed_today = {AS_OF}\n')
    settings = AlertSettings(recipients=TO, is_encrypted=False, **alerts)  # type: ignore[arg-type]
    return replace(read_site(folder), alerts=settings)


def tell(site: Site, tables: BoardTables, today: date = AS_OF) -> tuple[int, tuple[str, ...]]:
    """One night's alerts: how many messages, and what could not be sent."""
    news = choose_untold(site, find_news(tables, today))
    messages = write_messages(news, gather_names(tables), today, SITE)
    done = deliver(site, messages, [one.key for one in news])
    return done.written_count, done.failures


def letters(server: socketserver.TCPServer) -> list:  # type: ignore[type-arg]
    return server.letters  # type: ignore[attr-defined,no-any-return]


def test_every_kind_of_news_is_found_for_the_group_that_it_concerns(tables: BoardTables) -> None:
    news = find_news(tables, AS_OF)
    assert {one.kind for one in news} >= {"raised", "overdue", "verdict", "re_opened"}
    assert all(one.group_id for one in news if one.kind in ("raised", "overdue"))
    assert len({one.key for one in news}) == len(news)


def test_a_message_is_written_for_each_group_and_never_twice(
    tables: BoardTables, tmp_path: Path
) -> None:
    site = site_in(tmp_path)
    written, _ = tell(site, tables)
    files = sorted((site.published / "alerts").iterdir())
    assert written == len(files) > 1
    assert tell(site, tables) == (0, ())
    assert sorted((site.published / "alerts").iterdir()) == files


def test_what_is_new_on_the_next_night_alone_is_told_then(
    tables: BoardTables, tmp_path: Path
) -> None:
    site = site_in(tmp_path)
    ranked = tables.triage
    tell(site, replace(tables, triage=ranked[ranked["rank"] > 1]))
    before = set((site.published / "alerts").iterdir())
    assert tell(site, tables)[0] == 1
    (file,) = set((site.published / "alerts").iterdir()) - before
    assert file.read_text().count("New problem\n") == 1


def test_a_message_holds_no_text_of_patients_and_no_markup_that_acts(tables: BoardTables) -> None:
    hostile = tables.triage.assign(what_seems_wrong=HOSTILE + "\n.\nBcc: x@example.org\x00" * 400)
    news = find_news(replace(tables, triage=hostile), AS_OF)
    for message in write_messages(news, gather_names(tables), AS_OF, SITE):
        assert not set("\u202e\x00\r") & set(message.text + message.subject)
        assert "\n" not in message.subject and "\n." not in message.text
        assert max(map(len, message.text.splitlines())) <= 302
        for said in tables.insights["text"]:
            assert said == HOSTILE or said not in message.text


def test_mail_is_handed_to_a_real_server(
    tables: BoardTables, tmp_path: Path, mail: socketserver.TCPServer
) -> None:
    site = site_in(tmp_path, smtp_host="127.0.0.1", smtp_port=mail.server_address[1])
    assert tell(site, tables)[1] == ()
    (letter,) = letters(mail)
    assert "To: huddle@example.org" in letter and "Subject: " in letter
    assert tell(site, tables) == (0, ()) and len(letters(mail)) == 1
    assert list((tmp_path / "outbox").iterdir()) == []


def test_a_webhook_gets_each_message_as_json(
    tables: BoardTables, tmp_path: Path, hook: socketserver.TCPServer
) -> None:
    site = site_in(tmp_path, webhook=f"http://127.0.0.1:{hook.server_address[1]}/x")
    written, failures = tell(site, tables)
    assert failures == () and len(letters(hook)) == written
    assert set(letters(hook)[0]) == {"group", "subject", "text"}


def test_a_dead_server_breaks_nothing_is_told_and_is_tried_again(
    tables: BoardTables, tmp_path: Path, mail: socketserver.TCPServer
) -> None:
    dead = site_in(tmp_path, smtp_host="127.0.0.1", smtp_port=1)
    written, failures = tell(dead, tables)
    assert written > 1 and len(failures) == 1 and "ConnectionRefusedError" in failures[0]
    assert "example.org" not in failures[0]
    alive = replace(dead, alerts=replace(dead.alerts, smtp_port=mail.server_address[1]))
    assert tell(alive, tables) == (0, ()) and len(letters(mail)) == 1


def test_a_letter_whose_sending_was_cut_off_is_not_sent_twice(
    tmp_path: Path, mail: socketserver.TCPServer
) -> None:
    site = site_in(tmp_path, smtp_host="127.0.0.1", smtp_port=mail.server_address[1])
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "2026-06-30_ward_huddle.email.sending").write_text("{}")
    deliver(site, [], [])
    assert letters(mail) == []


def test_a_failed_night_tells_the_engineer_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mail: socketserver.TCPServer
) -> None:
    """Through Dagster's own sensor, as the daemon would start it."""
    site = site_in(tmp_path, smtp_host="127.0.0.1", smtp_port=mail.server_address[1])
    monkeypatch.setattr(definitions, "read_site", lambda: site)

    @dg.op
    def breaks() -> None:
        raise ValueError("NHS number 999 000 0000")

    @dg.job
    def night() -> None:
        breaks()

    with dg.DagsterInstance.ephemeral() as instance:
        failed = night.execute_in_process(instance=instance, raise_on_error=False)
        event = failed.get_run_failure_event()
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_nights", dagster_event=event, dagster_instance=instance,
            dagster_run=failed.dagster_run,
        ).for_run_failure()  # fmt: skip
        definitions.failed_nights(context)
        definitions.failed_nights(context)
    (letter,) = letters(mail)
    assert "engineer@example.org" in letter and "failed at breaks" in letter
    assert "999 000" not in letter
    assert tell_engineer(site, failed.run_id, "breaks") is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('smtp = "x"', "unknown key 'smtp'"),
        ('smtp_port = "25"', "smtp_port must be a number"),
        ('webhook = "file:///etc/passwd"', "must begin with https://"),
        ("recipients = {engineer = 'a@example.org'}", "a list of addresses"),
    ],
)
def test_settings_that_cannot_be_used_are_named(tmp_path: Path, said: str, told: str) -> None:
    (tmp_path / "site.toml").write_text(f'name = "x"\n[alerts]\n{said}\n')
    with pytest.raises(SettingsError, match=told):
        read_site(tmp_path)


def test_news_of_an_overdue_answer_is_other_news_than_that_it_is_due(tables: BoardTables) -> None:
    proposals = tables.proposals.assign(respond_by_on=pd.Timestamp(AS_OF), is_overdue=False)
    due = {one.key for one in find_news(replace(tables, proposals=proposals), AS_OF)}
    late = {one.key for one in find_news(replace(tables, proposals=proposals), date(2026, 7, 2))}
    assert {key.split(":")[0] for key in due - late} == {"deadline"}
    assert {key.split(":")[0] for key in late - due} == {"overdue"}


def test_news_is_told_in_the_order_of_its_weight() -> None:
    kinds = ("verdict", "raised", "re_opened", "overdue")
    news = [News(f"{kind}:1", "ward_huddle", kind, "falls@ward_07", kind) for kind in kinds]
    (message,) = write_messages(news, gather_names(BoardTables()), AS_OF, SITE)
    places = [message.text.index(f"- {kind}") for kind in ("re_opened", "overdue", "raised")]
    assert places == sorted(places)
