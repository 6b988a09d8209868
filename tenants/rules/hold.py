"""Holding the rules: shared by those who write records by them, alone by who changes them. The lock ends with the transaction."""

from __future__ import annotations

import asyncpg

from tenants.refusals import Conflict, NotFound
from tenants.session import session

#: How long a change of the rules waits for the writes that are under way.
PATIENCE_SECONDS = 10

_SHARE = "SELECT held_rules_version($1)"
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('rules ' || $1::uuid::text, 0))"


class RulesChanged(Exception):
    """The rules a batch was prepared by were changed since: it has to be prepared anew."""


async def hold(version: int) -> None:
    """Keep the rules of this version as they are until the transaction is over.

    Raises:
        RulesChanged: they are not of this version any more.
    """
    if await session().connection.fetchval(_SHARE, session().tenant_id) != version:
        raise RulesChanged


async def hold_alone(version: int | None) -> int:
    """Keep everybody else from writing by the rules, in order to change them; their version.

    Args:
        version: the one that was read; None: whichever there is.

    Raises:
        Conflict: they are of another version (VERSION_CONFLICT), or writes under way did not end in time.
    """
    current = session()
    # Inside a savepoint of its own: a lock that was not had leaves the rest of the unit of work as it was.
    try:
        async with current.connection.transaction():
            await current.connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'")
            await current.connection.execute(_ALONE, current.tenant_id)
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        raise Conflict("Records are being written by these rules just now. Try again in a moment.") from None
    # A statement of its own: it sees what the last holder committed.
    found = await current.connection.fetchval("SELECT version FROM tenant WHERE id = $1 FOR UPDATE", current.tenant_id)
    if found is None:
        raise NotFound("There is no such tenant.")
    if version is not None and found != version:
        raise Conflict(
            "The settings have been changed since you read them. Read them again, then make your change.",
            field=["version"],
            code="VERSION_CONFLICT",
        )
    return int(found)
