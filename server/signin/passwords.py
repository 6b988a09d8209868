"""POST /auth/password/forgot, /reset and /change, and /auth/invitation/look and /accept: passwords that are set."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from server.signin import cookies
from server.signin.asking import Asked
from server.signin.entry import EMAIL_MOST, PASSWORD_MOST, TOKEN_MOST, given
from server.signin.sessions import own_person
from tenants.ids import global_id
from tenants.people import invitations, resets
from tenants.people.persons import person, remember_device
from tenants.signin import sessions, standing
from tenants.signin.entry import proved_now

NAME_MOST = 200


async def forgot(asked: Asked) -> Response:
    """A link for a new password, mailed to who has an account; the answer is the same, and as fast, for everybody else."""
    await resets.ask_for_new_password(asked.text("email", EMAIL_MOST), address=asked.client.address)
    return JSONResponse({})


async def reset(asked: Asked) -> Response:
    """A new password by a mailed link. All sessions are over; one signs in with the new password, and a code where that is on."""
    person_id = await resets.set_new_password(asked.text("token", TOKEN_MOST), asked.text("password", PASSWORD_MOST))
    standing.doubt(person_id=person_id)
    return JSONResponse({})


async def change(asked: Asked) -> Response:
    """A new password by the old one. All sessions are over, and who asks has a new one."""
    context = await asked.context()
    token, person_id = own_person(context)
    is_by_cookie, device = asked.is_by_cookie, device_of(asked)
    old, new = asked.text("password", PASSWORD_MOST), asked.text("newPassword", PASSWORD_MOST)
    await resets.change_password(person_id, old, new, device=device, address=asked.client.address)
    standing.doubt(person_id=person_id)
    tokens = await sessions.begin(token.tenant_id, token.member_id, await proved_now(person_id), asked.client)
    return given(asked, tokens, is_by_cookie=is_by_cookie, device=await remember_device(person_id, device))


async def look_at_invitation(asked: Asked) -> Response:
    """What a mailed link invites to, and whether one accepts it with a password one has already."""
    found = await invitations.look_at(asked.text("token", TOKEN_MOST))
    body = {"tenant": found.tenant_name, "email": found.email, "name": found.name, "hasPassword": found.has_password}
    return JSONResponse(body)


async def accept_invitation(asked: Asked) -> Response:
    """A member from now on: by a password, or as who one is signed in as. Who has no second factor is signed in, too."""
    token = asked.text("token", TOKEN_MOST)
    if asked.optional("password", PASSWORD_MOST) is None:
        _, person_id = own_person(await asked.context())
        joined = await invitations.accept_as(person_id, token)
        return JSONResponse({"tenant": global_id("TENANT", joined.tenant_id), "member": global_id("MEMBER", joined.member_id)})
    is_by_cookie, password = asked.is_by_cookie, asked.text("password", PASSWORD_MOST)
    joined = await invitations.accept(token, password, name=asked.optional("name", NAME_MOST), address=asked.client.address)
    if (await person(joined.person_id)).has_second_factor:
        return JSONResponse({"tenant": global_id("TENANT", joined.tenant_id), "member": global_id("MEMBER", joined.member_id)})
    tokens = await sessions.begin(joined.tenant_id, joined.member_id, await proved_now(joined.person_id), asked.client)
    return given(asked, tokens, is_by_cookie=is_by_cookie, device=await remember_device(joined.person_id, device_of(asked)))


def device_of(asked: Asked) -> str | None:
    """The secret of a known device, if the browser or program has one."""
    return asked.optional("device", 100) or asked.cookie(cookies.DEVICE)
