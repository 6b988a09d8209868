"""A tenant's wrapped data keys in the database, and their keyring, unwrapped once a minute and process."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from threading import Lock
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from tenants.encryption.format_1 import KEY_BYTES, VERSION_MOST, CannotOpen
from tenants.encryption.keyring import INDEX_VERSION, Keyring
from tenants.encryption.masters import MasterKey
from tenants.refusals import Conflict, NotFound

KEPT_SECONDS = 60.0
KEPT_MOST = 1000

#: A later version is sealed with only when it is older than any keyring kept without it can be; so no process of ours
#: ever meets a value under a version that it has not read yet, and a rotation needs no restart.
SETTLED_AFTER = timedelta(minutes=10)

_INSERT = """
INSERT INTO tenant_key (tenant_id, version, wrapped, master) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, version) DO NOTHING RETURNING version
"""

#: now() is when the transaction began and the default of created_at, so a key made in this very transaction is not older than it.
#: The second allows for clocks of several database nodes.
_SELECT = """
SELECT version, wrapped, master, created_at < now() - $2::interval AS is_settled, created_at < now() - interval '1 second' AS is_committed
FROM tenant_key WHERE tenant_id = $1 ORDER BY version
"""


class Connection(Protocol):
    """What is asked of an asyncpg connection that is in a transaction with the tenant set."""

    async def fetch(self, query: str, *args: Any) -> Sequence[Any]: ...

    async def fetchval(self, query: str, *args: Any) -> Any: ...


class _Kept(NamedTuple):
    keyring: Keyring
    master: str
    until: float


_kept: OrderedDict[UUID, _Kept] = OrderedDict()
_lock = Lock()


async def create_tenant_key(connection: Connection, master: MasterKey, tenant_id: UUID, version: int = 1) -> None:
    """Give a tenant a data key: version 1 with the tenant itself, the next one up to rotate.

    A later version is sealed with from ten minutes after it was made.

    Raises:
        Conflict: the tenant has this version already.
    """
    if not 1 <= version <= VERSION_MOST:
        raise ValueError(f"A key version is between 1 and {VERSION_MOST}.")
    wrapped = master.wrap(tenant_id, version, os.urandom(KEY_BYTES))
    if await connection.fetchval(_INSERT, tenant_id, version, wrapped, master.name) is None:
        raise Conflict(f"This tenant has a data key of version {version} already.")
    forget(tenant_id)


async def keyring_of(connection: Connection, master: MasterKey, tenant_id: UUID) -> Keyring:
    """The tenant's keyring: from this process, or unwrapped from the database.

    Raises:
        NotFound: there is no such tenant.
        CannotOpen: its keys were wrapped by another master key, or are damaged.
    """
    kept = recall(tenant_id, master.name)
    if kept is not None:
        return kept
    rows = await connection.fetch(_SELECT, tenant_id, SETTLED_AFTER)
    if not rows:
        raise NotFound("There is no such tenant.")
    keyring = _unwrapped(master, tenant_id, rows)
    # A key whose transaction may still be undone must not outlive it: what it seals could never be opened again.
    if all(row["is_committed"] for row in rows):
        _keep(tenant_id, _Kept(keyring, master.name, time.monotonic() + KEPT_SECONDS))
    return keyring


def forget(tenant_id: UUID) -> None:
    """Drop the tenant's keyring from this process: its keys have changed or are gone."""
    with _lock:
        _kept.pop(tenant_id, None)


def forget_all() -> None:
    """Drop every keyring from this process: some may be gone, and it was not told which."""
    with _lock:
        _kept.clear()


def _unwrapped(master: MasterKey, tenant_id: UUID, rows: Sequence[Any]) -> Keyring:
    for row in rows:
        if row["master"] != master.name:
            raise CannotOpen(f"Data key {row['version']} was wrapped by master key {row['master']}; {master.name} is configured.")
    data_keys = {row["version"]: master.unwrap(tenant_id, row["version"], row["wrapped"]) for row in rows}
    if INDEX_VERSION not in data_keys:
        raise CannotOpen(f"Data key {INDEX_VERSION} of the tenant is missing.")
    settled = [row["version"] for row in rows if row["is_settled"]]
    return Keyring(tenant_id, data_keys, max(settled, default=INDEX_VERSION))


def recall(tenant_id: UUID, master: str) -> Keyring | None:
    """The tenant's keyring as this process has kept it, under the master key of this name; None if it has not, or for too long."""
    with _lock:
        kept = _kept.get(tenant_id)
        if kept is not None and kept.until < time.monotonic():
            del _kept[tenant_id]
            return None
        if kept is None or kept.master != master:
            return None
        _kept.move_to_end(tenant_id)
        return kept.keyring


def _keep(tenant_id: UUID, kept: _Kept) -> None:
    with _lock:
        _kept[tenant_id] = kept
        _kept.move_to_end(tenant_id)
        if len(_kept) > KEPT_MOST:
            _kept.popitem(last=False)
