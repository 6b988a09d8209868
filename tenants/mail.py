"""Mail: handed to an SMTP server, or in embedded mode written into a folder.

`KELU_MAIL_URL` is smtps://user:password@host:465 (TLS from the start) or smtp://user:password@host:587 (STARTTLS, or nothing is sent).
The server's certificate is checked. Only to this machine itself mail may go in clear.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib

from tenants.ids import new_id
from tenants.installation import installation
from tenants.refusals import Conflict
from tenants.settings import Settings

#: For a connection, and for each answer of the server.
TIMEOUT_SECONDS = 15

_PORTS = {"smtps": 465, "smtp": 587}


class CannotSend(Exception):
    """The mail server does not take it now; it says why, and names nobody."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail of plain text to one address."""

    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class _Server:
    host: str
    port: int
    user: str | None
    password: str | None
    is_tls_from_start: bool

    @property
    def is_this_machine(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def is_mail_sent(chosen: Settings) -> bool:
    """Whether mail leaves this installation by a server of its own; else it is written to a folder, or there is none."""
    return chosen.mail_url is not None


def check_mail(chosen: Settings) -> None:
    """See that mail can be written at all.

    Raises:
        Conflict: there is no mail server, and no home to write it to.
    """
    if chosen.mail_url is None and not chosen.is_embedded:
        raise Conflict(
            "This installation sends no mail: KELU_MAIL_URL is not set. Its operator can invite with `kelu member invite`.", code="NO_MAIL"
        )


async def send(letter: Letter) -> None:
    """Hand a letter over: when this returns, the server has it, or it is in the folder.

    Raises:
        Conflict: as `check_mail`.
        CannotSend: the server does not take it.
    """
    chosen = installation().settings
    check_mail(chosen)
    message = _message(letter, chosen.mail_from or "Kelu <kelu@localhost>")
    if chosen.mail_url is None:
        await asyncio.to_thread(_write, chosen.home / "mail", message)
        return
    server = _server_of(chosen.mail_url.get_secret_value())
    try:
        # A context of the library's own: certificates are checked, and the host's name.
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.is_tls_from_start,
            start_tls=False if server.is_tls_from_start else None if server.is_this_machine else True,
            timeout=TIMEOUT_SECONDS,
        )
    except (aiosmtplib.SMTPException, OSError) as error:
        raise CannotSend(f"The mail server {server.host}:{server.port} did not take a mail: {type(error).__name__}.") from None


def link(page: str, token: str) -> str:
    """A link into the frontend. The token is behind the #: browsers send that to no server, and no log has it."""
    chosen = installation().settings
    base = (chosen.public_url or f"http://{chosen.host}:{chosen.port}").rstrip("/")
    return f"{base}/{page}#{token}"


def _message(letter: Letter, sender: str) -> EmailMessage:
    """The mail as bytes will be. `EmailMessage` refuses line breaks in headers, and writes whatever else is in them encoded."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    local, _, domain = letter.to.rpartition("@")
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = make_msgid(domain="kelu.invalid")
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office note comes back
    message.set_content(letter.text)
    return message


def _server_of(url: str) -> _Server:
    """The server that the setting names, which has been found right."""
    parts = urlsplit(url)
    user, password = (unquote(each) if each else None for each in (parts.username, parts.password))
    return _Server(parts.hostname or "", parts.port or _PORTS[parts.scheme], user, password, parts.scheme == "smtps")


def _write(folder: Path, message: EmailMessage) -> None:
    """Into a file that is whole when it has its name, and that only we can read: there may be a token in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{new_id().hex}"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(message.as_bytes())
    draft.rename(folder / f"{draft.name[1:]}.eml")
