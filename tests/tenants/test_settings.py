"""Settings: each stands once, says what it means, and stops the start when it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from tenants.refusals import Invalid
from tenants.settings import Settings, settings


@pytest.fixture(autouse=True)
def _read_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings are read once a process; these tests read them again, from an environment without any."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"KELU_{name.upper()}", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_with_nothing_set_all_is_embedded_in_a_folder_here() -> None:
    chosen = settings()

    assert chosen.is_embedded
    assert chosen.home == Path(".kelu").absolute()


def test_a_database_of_ones_own_ends_the_embedded_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KELU_DATABASE_URL", "postgresql://kelu_app@db/kelu")

    assert not settings().is_embedded


@pytest.mark.parametrize(
    ("variable", "wrong"),
    [
        ("KELU_PORT", "eighty"),
        ("KELU_PORT", "65536"),
        ("KELU_POOL_SIZE", "0"),
        ("KELU_STATEMENT_TIMEOUT_SECONDS", "-1"),
        ("KELU_CHUNK_ROWS", "1000000"),
        ("KELU_LEASE_SECONDS", "0"),
        ("KELU_LOG_LEVEL", "LOUD"),
        ("KELU_UPLOAD_BYTES_MOST", "1GB"),
    ],
)
def test_a_wrong_one_stops_the_start_and_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, wrong: str) -> None:
    monkeypatch.setenv(variable, wrong)

    with pytest.raises(Invalid, match=variable):
        settings()


def test_all_that_are_wrong_are_named_at_once_and_none_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KELU_PORT", "hunter2")
    monkeypatch.setenv("KELU_POOL_SIZE", "hunter3")

    with pytest.raises(Invalid, match=r"KELU_PORT.*KELU_POOL_SIZE") as refusal:
        settings()

    assert "hunter" not in refusal.value.message


def test_a_secret_shows_in_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KELU_DATABASE_URL", "postgresql://kelu_app:hunter2@db/kelu")

    assert "hunter2" not in f"{settings()!r} {settings()} {settings().model_dump()}"


def test_a_url_that_may_hold_a_password_is_a_secret_and_has_no_default() -> None:
    urls = {name: field for name, field in Settings.model_fields.items() if name in ("database_url", "database_owner_url", "redis_url")}

    assert [name for name, field in urls.items() if field.annotation != SecretStr | None or field.default is not None] == []


def test_each_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if len(field.description or "") < 20] == []


def test_they_do_not_change_while_we_run() -> None:
    with pytest.raises(Exception, match="frozen"):
        setattr(settings(), "port", 1)  # noqa: B010  # mypy knows that it is frozen
