"""`kelu member`: how a tenant gets its first admin."""

from __future__ import annotations

import asyncio
import subprocess

import orjson
import pytest

from tenants.ids import global_id, new_id
from tenants.people.invitations import accept
from tenants.people.members import member
from tenants.servers import Servers
from tenants.session import Actor, acting_as
from tenants.settings import Settings
from tests.stories.home import environment_of
from tests.tenants.people.conftest import PASSWORD, Join
from tests.test_command import run


@pytest.fixture
def tenant(acme: Actor) -> str:
    return global_id("TENANT", acme.tenant_id)


async def kelu(installed: Settings, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(run, arguments, environment_of(installed) | {"KELU_PUBLIC_URL": "https://crm.example.org"} | more)


async def test_the_link_that_is_printed_makes_an_admin(installed: Settings, migrated: Servers, acme: Actor, tenant: str) -> None:
    email = f"wang.{new_id().hex}@example.cn"

    done = await kelu(installed, "member", "invite", "--tenant", tenant, "--email", email, "--name", "王伟", "--role", "admin")
    address, _, token = done.stdout.strip().partition("#")
    accepted = await accept(token, PASSWORD, name="Wang Wei")

    assert (done.returncode, address) == (0, "https://crm.example.org/invitation")
    async with acting_as(acme):
        assert (await member(accepted.member_id)).email == email
    listed = orjson.loads((await kelu(installed, "member", "list", "--tenant", tenant, "--json")).stdout)
    assert [(row["name"], row["email"], row["status"]) for row in listed] == [("王伟", email, "ACTIVE")]


async def test_where_mail_is_sent_no_link_is_printed(installed: Settings, migrated: Servers, tenant: str) -> None:
    wanted = ("member", "invite", "--tenant", tenant, "--email", "wang@example.cn", "--role", "ADMIN", "--json")
    done = await kelu(installed, *wanted, KELU_MAIL_URL="smtp://127.0.0.1:1", KELU_MAIL_FROM="kelu@example.org")

    assert orjson.loads(done.stdout)["link"] is None
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("role", "said"), [("BOSS", "There is no role BOSS. There are: ADMIN, "), (f"rol_{new_id().hex}", "There is no role rol_")]
)
async def test_a_role_there_is_not_is_refused(installed: Settings, migrated: Servers, tenant: str, role: str, said: str) -> None:
    done = await kelu(installed, "member", "invite", "--tenant", tenant, "--email", "wang@example.cn", "--role", role)

    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


async def test_who_is_a_member_is_not_invited_again(installed: Settings, migrated: Servers, tenant: str, join: Join) -> None:
    wang = await join()

    done = await kelu(installed, "member", "invite", "--tenant", tenant, "--email", wang.email, "--role", "ADMIN")

    assert (done.returncode, done.stdout) == (1, "")
    assert "is a member already" in done.stderr
