"""A unit of work: one actor, one tenant, one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import connections
from tortoise.connection import get_connections
from tortoise.transactions import in_transaction

from tenants.access.built_in import EVERYTHING
from tenants.access.holding import Asker
from tenants.access.rights import NOTHING_GRANTED, Rights
from tenants.encryption import Keyring
from tenants.encryption.tenant_keys import keyring_of, recall
from tenants.installation import installation


class ActorKind(StrEnum):
    """Who acts: a partner's key, a member of the tenant, the operator at a terminal, or a job."""

    API_KEY = "API_KEY"
    MEMBER = "MEMBER"
    OPERATOR = "OPERATOR"
    WORKER = "WORKER"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts in one tenant, and what he may do there.

    Attributes:
        id: the API key, the member or the job; None for an operator.
        rights: what may be done. An operator and a job may do everything unless said otherwise, others nothing.
        member_id: whose customers are the own ones: the member, or who made the key.
        teammates: the members of the own teams.
        points_per_minute: what an API key may spend, where it has a budget of its own.
    """

    tenant_id: UUID
    kind: ActorKind
    id: UUID | None = None
    rights: Rights = None  # type: ignore[assignment]  # set below, where it is not given
    member_id: UUID | None = None
    teammates: tuple[UUID, ...] = field(default=(), compare=False)
    points_per_minute: int | None = field(default=None, compare=False)

    @property
    def asker(self) -> Asker:
        """Who asks, as far as scopes depend on it."""
        return Asker(self.member_id, self.teammates)

    def __post_init__(self) -> None:
        if self.rights is None:
            may_all = self.kind in (ActorKind.OPERATOR, ActorKind.WORKER)
            object.__setattr__(self, "rights", EVERYTHING if may_all else NOTHING_GRANTED)


@dataclass(slots=True)
class Session:
    """What a unit of work holds. `connection` is asyncpg's, in a transaction with the tenant set."""

    actor: Actor
    connection: Any
    _keyring: Keyring | None = None
    _after_commit: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    @property
    def tenant_id(self) -> UUID:
        return self.actor.tenant_id

    async def keyring(self) -> Keyring:
        """The tenant's keys, unwrapped once a process."""
        if self._keyring is None:
            self._keyring = await keyring_of(self.connection, installation().master, self.tenant_id)
        return self._keyring


#: All statements of a unit that only reads see the same moment.
_READING = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"

#: What a single statement that reads is selected FROM, with the tenant as $1: it sets its own tenant, and needs no transaction around it.
#: PostgreSQL has the FROM's row before it evaluates what is selected; should it ever not, there is no tenant, and so no row.
ACTING = "(SELECT act_as_tenant($1) OFFSET 0) AS acting"

#: A plan kept from when a table was small is ruinous once it is large (60 µs a row became 400 within ten batches), and an import
#: makes a small table large on one connection; planning anew costs a write some tenths of a millisecond.
_WRITING = "SET LOCAL plan_cache_mode = force_custom_plan"

_session: ContextVar[Session | None] = ContextVar("session", default=None)


def session() -> Session:
    """The unit of work we are in; a RuntimeError outside of one is a bug of ours."""
    current = _session.get()
    if current is None:
        raise RuntimeError("No unit of work: wrap this in `async with acting_as(actor)`.")
    return current


def after_commit(act: Callable[[], Awaitable[object]]) -> None:
    """Do something once this unit of work is committed, and not at all if it is not: ring a bell, publish."""
    session()._after_commit.append(act)


@asynccontextmanager
async def acting_as(actor: Actor, *, read_only: bool = False) -> AsyncIterator[Session]:
    """One actor, one tenant, one transaction: committed at the end, undone as a whole by any exception.

    Nobody else opens a transaction, commits, or sets a tenant. Don't `gather` inside it: it is one connection. Inside
    another it is a bug of ours: it would be a savepoint, leave the outer one in the wrong tenant, and ring before a commit.
    """
    if _session.get() is not None:
        raise RuntimeError("A unit of work inside another: end the outer one first.")
    async with _transaction() as transaction:
        async with transaction.acquire_connection() as connection:
            prelude = _READING if read_only else _WRITING
            await connection.execute(f"{prelude}; SELECT act_as_tenant('{actor.tenant_id}')")
        current = Session(actor, connection)
        token = _session.set(current)
        try:
            yield current
        finally:
            _session.reset(token)
    for act in current._after_commit:
        await act()


@asynccontextmanager
async def reading_as(actor: Actor) -> AsyncIterator[Session]:
    """A unit of work that only reads: the one we are in, so that it shows what has just been written, or one of its own.

    One of its own begins with one message to the database and needs no model; what it reads it reads by `connection`.
    """
    current = _session.get()
    if current is not None:
        if current.actor.tenant_id != actor.tenant_id:
            raise RuntimeError("A unit of work of one tenant read by another's actor.")
        yield current
        return
    async with connections.get("default").acquire_connection() as connection:
        await connection.execute(f"BEGIN READ ONLY; SELECT act_as_tenant('{actor.tenant_id}')")
        token = _session.set(Session(actor, connection))
        try:
            yield session()
        except BaseException:
            await connection.execute("ROLLBACK")
            raise
        else:
            await connection.execute("COMMIT")
        finally:
            _session.reset(token)


def known_keyring(tenant_id: UUID) -> Keyring | None:
    """The tenant's keys, if this process has unwrapped them lately."""
    return recall(tenant_id, installation().master.name)


def current_session() -> Session | None:
    """The unit of work we are in, or None."""
    return _session.get()


async def fetch_as(actor: Actor, statement: str, *values: object, is_planned_once: bool) -> Any:
    """The one row of a statement that reads FROM `ACTING`, by itself: one message to the database instead of three.

    Args:
        is_planned_once: one plan serves all values; else the statement is planned for these.
    """
    if is_planned_once:
        async with installation().readers.acquire() as connection:
            return await connection.fetchrow(statement, actor.tenant_id, *values)
    async with connections.get("default").acquire_connection() as connection:
        return await connection.fetchrow(statement, actor.tenant_id, *values)


@asynccontextmanager
async def _transaction() -> AsyncIterator[Any]:
    """Tortoise's transaction, whenever we are cancelled: a request whose client hangs up, a job whose worker is told to stop.

    By itself, cancelled while it begins, it keeps its connection for good, and ten of those are the whole pool; cancelled while it
    ends, it leaves the task in a transaction that is over.
    """
    context, has_begun = in_transaction(), False
    try:
        async with context as transaction:
            has_begun = True
            yield transaction
    finally:
        with suppress(ValueError):  # it has been reset, as it should have been
            get_connections().reset(getattr(context, "token", None))
        held = context.client._connection
        if not has_begun and held is not None:
            held.terminate()  # nobody knows how far it got
            await asyncio.shield(context.client._parent._pool.release(held))


@asynccontextmanager
async def acting_as_person(person_id: UUID) -> AsyncIterator[Any]:
    """One person, whichever tenants he is in, in one transaction of his own tables. Gives asyncpg's connection; there is no tenant."""
    if _session.get() is not None:
        raise RuntimeError("A person's unit of work inside a tenant's: say `also_as_person` there.")
    async with _transaction() as transaction, transaction.acquire_connection() as connection:
        await connection.execute(f"{_WRITING}; SELECT act_as_person('{person_id}')")
        yield connection


async def also_as_person(person_id: UUID) -> None:
    """From here on the unit of work we are in is this person's, too: what changes of both is one commit."""
    await session().connection.execute("SELECT act_as_person($1)", person_id)


@asynccontextmanager
async def also_in_tenant(connection: Any, actor: Actor) -> AsyncIterator[Session]:
    """In a person's unit of work, act in a tenant for a moment: what changes of both is one commit. Nothing can wait for it here."""
    if _session.get() is not None:
        raise RuntimeError("A tenant's unit of work inside another.")
    await connection.execute("SELECT act_as_tenant($1)", actor.tenant_id)
    current = Session(actor, connection)
    token = _session.set(current)
    try:
        yield current
    finally:
        _session.reset(token)
    await connection.execute("SET LOCAL app.tenant_id = ''")
    if current._after_commit:
        raise RuntimeError("What waits for a commit would wait for ever here.")
