"""Embedded servers come with a master key of their own, made once and never replaced."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from tenants.encryption import MasterKeyError
from tenants.installation import master_key
from tenants.refusals import Invalid
from tenants.servers import embedded_key, servers
from tenants.settings import Settings


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("KELU_DATABASE_URL", "KELU_REDIS_URL", "KELU_MASTER_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    return Settings(home=tmp_path / "home")


def test_a_new_home_gets_a_key_that_only_its_owner_reads_and_keeps_it(fresh: Settings) -> None:
    with servers(fresh):
        first = embedded_key(fresh).read_bytes()
    with servers(fresh):
        second = embedded_key(fresh).read_bytes()

    assert first == second
    assert stat.S_IMODE(embedded_key(fresh).stat().st_mode) == 0o600


def test_a_home_that_lost_its_key_is_told_so_and_gets_no_other(fresh: Settings) -> None:
    with servers(fresh):
        embedded_key(fresh).unlink()

    with servers(fresh), pytest.raises(MasterKeyError):
        master_key(fresh)
    assert not embedded_key(fresh).exists()


def test_a_server_without_the_other_is_refused_and_there_is_no_default_key(fresh: Settings) -> None:
    half = fresh.model_copy(update={"database_url": SecretStr("postgresql://nobody@/nothing")})

    with pytest.raises(Invalid, match="KELU_REDIS_URL"), servers(half):
        pass
    with pytest.raises(Invalid, match="KELU_MASTER_KEY_FILE"):
        master_key(half)
