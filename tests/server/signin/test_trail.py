"""What the trail says of signing in."""

from __future__ import annotations

import httpx

from tenants.people.background import settled
from tenants.session import Actor, acting_as
from tests.server.signin.conftest import bearer, sign_in
from tests.tenants.signin.members import MakeMember


async def told(actor: Actor) -> list[tuple[str, str | None, str | None, str | None]]:
    """Event, subject, query and address of each entry of a tenant, in their order."""
    await settled()
    async with acting_as(actor, read_only=True) as unit:
        rows = await unit.connection.fetch("SELECT * FROM trail_entry WHERE tenant_id = $1 ORDER BY id", actor.tenant_id)
    return [(row["event"], f"{row['subject_type']} {row['subject_id'].hex}", row["query"], row["address"]) for row in rows]


async def test_each_step_of_a_session_is_one_entry(browser: httpx.AsyncClient, acme: Actor, make_member: MakeMember) -> None:
    member = await make_member(acme)
    one, two, three, four = [await sign_in(browser, member, **{"as": "bearer"}) for _ in range(4)]
    browser.cookies.clear()

    await browser.post("/auth/sessions/end", json={"session": two["session"]}, headers=bearer(one["accessToken"]))
    await browser.post("/auth/refresh", json={"refreshToken": three["refreshToken"]})
    await browser.post("/auth/refresh", json={"refreshToken": three["refreshToken"]})
    await browser.post("/auth/sign-out", json={"refreshToken": four["refreshToken"]})

    subjects = [f"SESSION {each['session'].removeprefix('ses_')}" for each in (one, two, three, four)]
    assert await told(acme) == [
        *(("SIGN_IN", subject, "/auth/sign-in", "192.0.2.7") for subject in subjects),
        ("SESSION_ENDED", subjects[1], "/auth/sessions/end", "192.0.2.7"),
        ("TOKEN_REUSED", subjects[2], "/auth/refresh", "192.0.2.7"),
        ("SIGN_OUT", subjects[3], "/auth/sign-out", "192.0.2.7"),
    ]


async def test_a_sign_in_that_failed_is_told_to_the_tenants_it_was_tried_at(
    browser: httpx.AsyncClient, acme: Actor, globex: Actor, make_member: MakeMember
) -> None:
    here = await make_member(acme)
    there = await make_member(globex, here)

    for email in (here.email, "nobody.of.ours@example.org"):
        await browser.post("/auth/sign-in", json={"email": email, "password": "not the password", "as": "bearer"})

    assert [each[:2] for each in await told(acme)] == [("SIGN_IN_FAILED", f"MEMBER {here.id.hex}")]
    assert [each[:2] for each in await told(globex)] == [("SIGN_IN_FAILED", f"MEMBER {there.id.hex}")]
