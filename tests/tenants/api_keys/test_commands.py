"""`kelu apikey` as an operator types it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenants.access.built_in import SALES
from tenants.api_keys import authenticate, uses
from tenants.api_keys.cli import until
from tenants.ids import global_id
from tenants.installation import Installation
from tenants.networks import address_of
from tenants.refusals import Invalid
from tenants.session import Actor
from tests.stories.home import environment_of
from tests.tenants.api_keys.conftest import Run

Kelu = Callable[..., Any]


@pytest.fixture
def kelu(opened: Installation, acme: Actor) -> Kelu:
    """Runs `kelu apikey …` for a tenant; what it printed as JSON, or its exit code and what it said.

    This process stands still meanwhile, so it must not be about to write that a key was used.
    """

    def run(*words: str, fails: bool = False) -> Any:
        environment = environment_of(opened.settings, {"KELU_TENANT": global_id("TENANT", acme.tenant_id)})
        command = [sys.executable, "-m", "kelu", "apikey", *words, *([] if fails else ["--json"])]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
        if fails:
            return done.returncode, done.stderr
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


async def test_a_key_is_made_changed_rotated_cut_and_revoked(kelu: Kelu, acme: Actor, run: Run) -> None:
    limits = ["--role", "service", "--network", "203.0.113.0/24", "--network", "2001:db8::7", "--rate", "600", "--expires", "90d"]
    made = kelu("add", "Lieferant", *limits)
    id, there = made["id"], address_of("203.0.113.7")
    assert (await authenticate(made["secret"], there)).points_per_minute == 600
    await uses.settled()

    (listed,) = kelu("list")
    assert listed | {"id": id, "roles": "SERVICE", "networks": "203.0.113.0/24 2001:db8::7/128", "pointsPerMinute": 600} == listed
    assert timedelta(days=89) < datetime.fromisoformat(listed["expiresAt"]) - datetime.now(UTC) < timedelta(days=91)

    await run(acme, "INSERT INTO role (tenant_id, id, name, grants) VALUES ($1, gen_random_uuid(), '华东销售', '{}')")
    kelu("change", id, "--expires", "never", "--network", "any", "--rate", "0", "--role", "华东销售", "--role", global_id("ROLE", SALES.id))
    (changed,) = kelu("list")
    assert [changed[each] for each in ("roles", "networks", "pointsPerMinute", "expiresAt")] == ["华东销售 SALES", "", None, None]

    rotated = kelu("rotate", id, "--overlap-hours", "1")
    assert await authenticate(rotated["secret"])
    assert await authenticate(made["secret"])
    await uses.settled()
    kelu("cut", id)
    kelu("revoke", id)
    assert kelu("list")[0]["revokedAt"]
    ended = await run(acme, "SELECT event FROM trail_entry WHERE tenant_id = $1 AND event LIKE 'KEY_%' AND actor_kind = 'OPERATOR'")
    assert sorted(row["event"] for row in ended) == ["KEY_CHANGED", "KEY_CHANGED", "KEY_MADE", "KEY_REVOKED", "KEY_ROTATED"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "Shop", "--role", "KING"], "There is no role 'KING'"),
        (["add", "Shop", "--network", "10.0.0.1/8"], "say 10.0.0.0/8"),
        (["add", "Shop", "--expires", "soon"], "90d for so many days"),
        (["add", "Shop", "--expires", "2020-01-01"], "in the future"),
        (["rotate", "key_" + "0" * 32], "no such API key"),
        (["change", "nonsense", "--rate", "1"], "no such API key"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(kelu: Kelu, words: list[str], said: str) -> None:
    code, told = kelu(*words, fails=True)

    assert (code, told.count("\n")) == (1, 1)
    assert said in told


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2030-12-31", datetime(2030, 12, 31, tzinfo=UTC)),
        ("2030-12-31T18:00Z", datetime(2030, 12, 31, 18, tzinfo=UTC)),
        ("2030-12-31T18:00+08:00", datetime(2030, 12, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_date_or_a_time(text: str, moment: datetime) -> None:
    assert until(text) == moment


@pytest.mark.parametrize("text", ["", "d", "tomorrow", "99999999999d", "2030-13-01", "-1"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no moment"):
        until(text)
