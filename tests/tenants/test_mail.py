"""Mail: what arrives at a real server, and what is not sent at all."""

from __future__ import annotations

import stat
from email import message_from_bytes
from email.errors import HeaderParseError
from email.policy import default
from pathlib import Path

import pytest
from pydantic import SecretStr

from tenants.installation import Installation
from tenants.mail import CannotSend, Letter, check_mail, link, send
from tenants.people.letters import invitation
from tenants.refusals import Conflict, Invalid
from tenants.settings import Settings
from tenants.settings import settings as read_settings
from tests.tenants.mailbox import certified, mail_server
from tests.workers.working import with_settings

LETTER = Letter("wang.wei@example.cn", "设置新密码 / A new password", "您好！\n\nGrüße from Köln\n")


def mail_by(opened: Installation, patch: pytest.MonkeyPatch, url: str, sender: str | None = "Kelu 客录 <kelu@example.org>") -> None:
    with_settings(opened, patch, mail_url=SecretStr(url), mail_from=sender)


async def test_a_mail_arrives_as_it_was_written(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    async with mail_server() as box:
        mail_by(opened, monkeypatch, f"smtp://kelu:p%40ss@127.0.0.1:{box.port}")
        await send(LETTER)

    mail = box.mails[0]
    assert box.envelopes == [("kelu@example.org", [LETTER.to])]
    assert (mail["To"], mail["Subject"], mail["From"]) == (LETTER.to, LETTER.subject, "Kelu 客录 <kelu@example.org>")
    assert mail.get_content().replace("\r\n", "\n") == LETTER.text
    assert mail.get_content_type() == "text/plain"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert box.logins == [("kelu", "p@ss")]


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
async def test_tls_is_used_and_the_servers_certificate_checked(
    opened: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str
) -> None:
    context = certified(tmp_path)
    monkeypatch.setattr("tenants.mail._Server.is_this_machine", False)  # so that STARTTLS has to be
    async with mail_server(tls=context) if scheme == "smtps" else mail_server(start_tls=context) as box:
        mail_by(opened, monkeypatch, f"{scheme}://localhost:{box.port}")
        with pytest.raises(CannotSend):
            await send(LETTER)
        assert box.mails == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        await send(LETTER)
        mail_by(opened, monkeypatch, f"{scheme}://127.0.0.1:{box.port}")  # the certificate is for another name
        with pytest.raises(CannotSend):
            await send(LETTER)

    assert [mail["To"] for mail in box.mails] == [LETTER.to]


async def test_to_another_machine_nothing_goes_in_clear(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.mail._Server.is_this_machine", False)
    async with mail_server() as box:
        mail_by(opened, monkeypatch, f"smtp://kelu:secret@127.0.0.1:{box.port}")
        with pytest.raises(CannotSend):
            await send(LETTER)

    assert (box.mails, box.logins) == ([], [])


async def test_a_server_that_refuses_or_is_not_there_is_said_without_naming_anybody(
    opened: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mail_server() as box:
        box.answer = f"550 no such user {LETTER.to}"
        mail_by(opened, monkeypatch, f"smtp://kelu:secret@127.0.0.1:{box.port}")
        with pytest.raises(CannotSend) as refused:
            await send(LETTER)
    with pytest.raises(CannotSend) as gone:
        await send(LETTER)

    for said in (str(refused.value), str(gone.value)):
        assert f"127.0.0.1:{box.port}" in said
        assert "wang" not in said
        assert "secret" not in said


async def test_nothing_that_is_written_becomes_a_header(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    async with mail_server() as box:
        mail_by(opened, monkeypatch, f"smtp://127.0.0.1:{box.port}")
        await send(invitation(LETTER.to, "Acme\r\nBcc: eve@example.org\n\n<b>hello", "token\r\nBcc: eve@example.org"))
        for to in ("wang@example.cn\nBcc: eve@example.org", "wang\r\nBcc: eve@example.org", "wang@example.cn\r\n"):
            with pytest.raises((ValueError, HeaderParseError)):
                await send(Letter(to, "x", "x"))

    assert [envelope[1] for envelope in box.envelopes] == [[LETTER.to]]
    assert "Bcc" not in box.mails[0]


async def test_without_a_server_the_embedded_mode_writes_mail_into_a_folder_of_its_home(
    opened: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_settings(opened, monkeypatch, home=tmp_path, database_url=None, mail_url=None)

    await send(LETTER)

    files = list((tmp_path / "mail").iterdir())
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "mail", *files)] == [0o700, 0o600]
    mail = message_from_bytes(files[0].read_bytes(), policy=default)
    assert (files[0].suffix, mail["To"], mail.get_content().replace("\r\n", "\n")) == (".eml", LETTER.to, LETTER.text)  # type: ignore[attr-defined]  # the policy's


async def test_servers_of_ones_own_without_a_mail_server_send_none() -> None:
    with pytest.raises(Conflict, match="KELU_MAIL_URL is not set") as caught:
        check_mail(Settings(database_url=SecretStr("postgresql://x")))

    assert caught.value.code == "NO_MAIL"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mail_url": "smtp://u:secret@host"}, "KELU_MAIL_FROM is not"),
        ({"mail_url": "smtp://u:secret@host", "mail_from": "nobody"}, "KELU_MAIL_FROM: "),
        ({"mail_url": "smtp://u:secret@host", "mail_from": "a@b.cn\nBcc: c@d.cn"}, "KELU_MAIL_FROM: "),
        ({"mail_url": "https://u:secret@host", "mail_from": "a@b.cn"}, "KELU_MAIL_URL: "),
        ({"mail_url": "smtp://", "mail_from": "a@b.cn"}, "KELU_MAIL_URL: "),
        ({"mail_url": "smtps://u:secret@host/path", "mail_from": "a@b.cn"}, "KELU_MAIL_URL: "),
        ({"mail_url": "smtps://u:secret@host:port", "mail_from": "a@b.cn"}, "KELU_MAIL_URL: "),
        ({"public_url": "crm.example.org"}, "KELU_PUBLIC_URL: "),
        ({"public_url": "https://crm.example.org/#x"}, "KELU_PUBLIC_URL: "),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_said_without_the_password(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], said: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"KELU_{name.upper()}", value)

    with pytest.raises(Invalid, match=said) as caught:
        read_settings.__wrapped__()

    assert "secret" not in str(caught.value)


async def test_a_link_begins_with_the_public_url_and_has_its_token_behind_the_hash(
    opened: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(opened, monkeypatch, public_url="https://crm.example.org/")

    assert link("invitation", "x1") == "https://crm.example.org/invitation#x1"
