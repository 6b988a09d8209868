"""One statement that writes records, and how it tells that somebody else was faster."""

from __future__ import annotations

from typing import Any

from asyncpg.exceptions import ForeignKeyViolationError, UniqueViolationError

from tenants.session import Session


class Raced(Exception):
    """Somebody else wrote one of these records since we looked; look again."""


async def write(current: Session, statement: str, *arguments: Any) -> None:
    """Write; the tenant is the statement's `$1`.

    Raises:
        Raced: a unique value was taken, or a customer deleted, meanwhile; told by its SQLSTATE, whatever the constraint.
    """
    try:
        await current.connection.execute(statement, current.tenant_id, *arguments)
    except (UniqueViolationError, ForeignKeyViolationError):
        raise Raced from None
