"""A mail server on loopback that keeps what it is given, with or without TLS."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Mailbox:
    """The server's end: mails in the order they came, who logged in, and what it answers instead of taking one."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.logins: list[tuple[str, str]] = []
        self.answer: str | None = None
        self.port = 0

    def to(self, email: str) -> list[EmailMessage]:
        """The mails to one address: a worker may have jobs of other tests' tenants, too."""
        return [mail for mail in self.mails if mail["To"] == email]

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:
        if self.answer:
            return self.answer
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]  # the policy makes it one
        return "250 taken"

    def authenticate(self, *arguments: Any) -> AuthResult:
        login = arguments[-1]
        self.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=True)


@asynccontextmanager
async def mail_server(*, tls: ssl.SSLContext | None = None, start_tls: ssl.SSLContext | None = None) -> AsyncIterator[Mailbox]:
    """A server on a free port of 127.0.0.1: TLS from the start, STARTTLS, or in clear."""
    box = Mailbox()
    options: dict[str, Any] = {"authenticator": box.authenticate, "auth_require_tls": False}
    if start_tls:
        options |= {"tls_context": start_tls, "require_starttls": True}
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box, **options), "127.0.0.1", 0, ssl=tls)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


def certified(folder: Path, host: str = "localhost") -> ssl.SSLContext:
    """A server's side of TLS with a certificate for a host that it signed itself: `folder/certificate.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
