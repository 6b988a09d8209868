"""POST /auth/totp/begin, /confirm, /off and /recovery-codes: codes of an authenticator app as a second factor."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from server.signin.asking import Asked
from server.signin.entry import CODE_MOST, PASSWORD_MOST
from server.signin.passwords import device_of
from server.signin.sessions import own_person
from tenants.people import checks, resets, second_factor


async def begin(asked: Asked) -> Response:
    """A new secret for an app, after the password. It counts for nothing until a code confirms it."""
    _, person_id = own_person(await asked.context())
    password = asked.text("password", PASSWORD_MOST)
    await checks.confirm_password(person_id, password, device=device_of(asked), address=asked.client.address)
    found = await second_factor.begin(person_id)
    return JSONResponse({"uri": found.uri, "secret": found.secret})


async def confirm(asked: Asked) -> Response:
    """The second factor is on from now on; ten recovery codes, this once."""
    _, person_id = own_person(await asked.context())
    return JSONResponse({"recoveryCodes": await second_factor.confirm(person_id, asked.text("code", CODE_MOST))})


async def turn_off(asked: Asked) -> Response:
    """No second factor any more; that needs the password."""
    _, person_id = own_person(await asked.context())
    password = asked.text("password", PASSWORD_MOST)
    await resets.turn_off_second_factor(person_id, password, device=device_of(asked), address=asked.client.address)
    return JSONResponse({})


async def renew(asked: Asked) -> Response:
    """Ten new recovery codes in place of those there are; that needs the password."""
    _, person_id = own_person(await asked.context())
    password = asked.text("password", PASSWORD_MOST)
    codes = await resets.renew_recovery_codes(person_id, password, device=device_of(asked), address=asked.client.address)
    return JSONResponse({"recoveryCodes": codes})
