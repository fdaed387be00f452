"""Alerts on their way: written into the published folder, sent where the site says so, once each.

A message is put into the outbox before it is sent and taken out when it was. One that could not
be sent waits there for the next night; one whose sending was cut off is not sent again.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from email.message import EmailMessage
from pathlib import Path

from lhs_pipeline.board.danger_signs import READER
from lhs_pipeline.board.news import Message, News
from lhs_pipeline.settings import AlertSettings, Site
from lhs_pipeline.warehouse.publication import replace_if_changed

ENGINEER = "engineer"
_SECONDS = 20
_TOLD = "alerted.txt"


@dataclass(frozen=True)
class Delivery:
    """What became of the alerts of a night.

    Attributes:
        written_count: messages written for people to open.
        sent_count: sendings that went out, by e-mail or webhook.
        failures: what could not be sent and why, without addresses or content.
    """

    written_count: int
    sent_count: int
    failures: tuple[str, ...]


def choose_untold(site: Site, news: Sequence[News]) -> list[News]:
    """Return the news that nobody was told yet."""
    untold = find_untold(site, (one.key for one in news))
    return [one for one in news if one.key in untold]


def find_untold(site: Site, keys: Iterable[str]) -> set[str]:
    """Return those keys under which nothing was told yet."""
    return set(keys) - _read_told(site)


def deliver(site: Site, messages: Sequence[Message], keys: Sequence[str]) -> Delivery:
    """Write the messages, remember their news as told, and send what waits in the outbox.

    Nothing here raises for a message that cannot be sent: the night goes on, and it is told.
    """
    for message in messages:
        _write(site, message)
    _remember(site, keys)
    sent, failures = 0, []
    for waiting in sorted(_outbox(site).glob("*.json")):
        reason = _send_file(site.alerts, waiting)
        sent += not reason
        failures += [f"{waiting.stem}: {reason}"] if reason else []
    return Delivery(len(messages), sent, tuple(failures))


def tell_engineer(site: Site, run_id: str, step: str) -> Delivery | None:
    """Tell the engineer that a run has failed, once; None where that was told already."""
    key = f"failed:{run_id}"
    if key in _read_told(site):
        return None
    text = (
        f"The night of {site.name} failed at {step or 'its start'} (run {run_id[:8]}).\n"
        "What was published before stands as it was. The whole story: `lhs ui`, Runs.\n"
    )
    message = Message(ENGINEER, site.today(), f"{site.name}: the night failed", text)
    return deliver(site, [message], [key])


def _outbox(site: Site) -> Path:
    return site.folder / "outbox"


def _read_told(site: Site) -> set[str]:
    file = site.registers / _TOLD
    return set(file.read_text(encoding="utf-8").splitlines()) if file.is_file() else set()


def _remember(site: Site, keys: Sequence[str]) -> None:
    fresh = [key for key in dict.fromkeys(keys) if key not in _read_told(site)]
    if fresh:
        site.registers.mkdir(parents=True, exist_ok=True)
        with (site.registers / _TOLD).open("a", encoding="utf-8") as file:
            file.writelines(f"{key}\n" for key in fresh)


def _write(site: Site, message: Message) -> None:
    """Put a message where people open it, and one copy for each way it is to be sent."""
    name = _free_name(site.published / "alerts", message.on, message.group_id or "no_group")
    replace_if_changed(site.published / "alerts" / name, message.text.encode())
    stem = Path(name).stem
    for way in _ways(site.alerts, message.group_id):
        letter = {**asdict(message), "on": message.on.isoformat(), "way": way}
        body = json.dumps(letter, ensure_ascii=False).encode()
        replace_if_changed(_outbox(site) / f"{stem}.{way}.json", body)


def _free_name(folder: Path, on: date, group: str) -> str:
    names = (f"{on.isoformat()}_{group}{'' if n == 1 else f'_{n}'}.txt" for n in range(1, 10_000))
    return next(name for name in names if not (folder / name).exists())


def _ways(alerts: AlertSettings, group: str) -> Iterator[str]:
    if alerts.smtp_host and _recipients(alerts, group):
        yield "email"
    if alerts.webhook:
        yield "webhook"


def _recipients(alerts: AlertSettings, group: str) -> tuple[str, ...]:
    """Who is written to; danger signs reach the engineer where no reader is named."""
    named = alerts.recipients.get(group, ())
    return named if named or group != READER else alerts.recipients.get(ENGINEER, ())


def _send_file(alerts: AlertSettings, waiting: Path) -> str:
    """Send one letter and take it out of the outbox; why not, where it could not be sent."""
    letter = json.loads(waiting.read_text(encoding="utf-8"))
    # Out of the way first: were the night cut off while sending, it would be sent twice.
    sending = waiting.rename(waiting.with_suffix(".sending"))
    try:
        _SENDERS[letter["way"]](alerts, letter)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        sending.rename(waiting)
        return f"{letter['way']} failed ({type(error).__name__})"
    sending.unlink()
    return ""


def _send_email(alerts: AlertSettings, letter: dict[str, str]) -> None:
    email = EmailMessage()
    email["From"] = alerts.sender
    email["To"] = ", ".join(_recipients(alerts, letter["group_id"]))
    email["Subject"] = letter["subject"]
    email.set_content(letter["text"])
    with smtplib.SMTP(alerts.smtp_host, alerts.smtp_port, timeout=_SECONDS) as server:
        if alerts.is_encrypted:
            server.starttls(context=ssl.create_default_context())
        if alerts.user:
            server.login(alerts.user, alerts.password)
        server.send_message(email)


def _send_webhook(alerts: AlertSettings, letter: dict[str, str]) -> None:
    said = {"group": letter["group_id"], "subject": letter["subject"], "text": letter["text"]}
    request = urllib.request.Request(
        alerts.webhook,
        data=json.dumps(said).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_SECONDS):
        pass


_SENDERS = {"email": _send_email, "webhook": _send_webhook}
