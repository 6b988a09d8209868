"""Idempotency keys: an act that is sent twice is done once, and answered the same.

The rules are those of draft-ietf-httpapi-idempotency-key-header: the same key with the same payload gets the first answer again, with
another payload it is refused, and so is one that comes while the first is still at work. A key is known for 24 hours, to its tenant.

The act, its answer and the key are one transaction: `begin` before the act, `finish` after it, in the unit of work of the act. Whatever
undoes the act undoes the key, so a key is known if and only if the act was done. A lock of the transaction keeps a second call out. Under
Citus that lock is its coordinator's; where there are several, two calls may be at work, and then the primary key has the last word: the
second to finish is undone as a whole.

What is stored: the first half of the key's SHA-256 as the row's id, and sealed under it `how (1 byte) ‖ fingerprint (32) ‖ answer`,
the answer compressed. The fingerprint is sealed too: a small payload could be guessed from it. What leaks is when, how many and how long.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any
from uuid import UUID

import orjson
import zstandard

from tenants.refusals import Conflict, Invalid
from tenants.session import session

KEY_LONGEST = 255
KEPT_HOURS = 24
#: A longer answer is not kept: its act is known to be done, and what it answered is not.
ANSWER_BYTES_MOST = 4 << 20

_FORGOTTEN_AT_ONCE = 100
_LEVEL = 3
_FINGERPRINT_BYTES = 32
_KEPT, _TOO_LONG = b"\x00", b"\x01"

_VISIBLE = re.compile(rf"[\x21-\x7e]{{1,{KEY_LONGEST}}}")
#: A string of RFC 8941, section 3.3.3; a quote and a backslash in it stand behind a backslash.
_QUOTED = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_ESCAPED = re.compile(r"\\(.)")

_LOCK = "SELECT pg_try_advisory_xact_lock($1)"
_FIND = f"SELECT answer FROM idempotency_key WHERE tenant_id = $1 AND id = $2 AND created_at > now() - interval '{KEPT_HOURS} hours'"
#: The old ones are found once, whatever PostgreSQL believes of the table: inside an IN it may look for them again, and find the next.
_STORE = f"""
    WITH old AS MATERIALIZED (
        SELECT id FROM idempotency_key
        WHERE tenant_id = $1 AND created_at <= now() - interval '{KEPT_HOURS} hours' AND id <> $2
        ORDER BY created_at LIMIT {_FORGOTTEN_AT_ONCE} FOR UPDATE SKIP LOCKED
    ), forgotten AS (
        DELETE FROM idempotency_key k USING old WHERE k.tenant_id = $1 AND k.id = old.id
    )
    INSERT INTO idempotency_key (tenant_id, id, answer) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, id) DO UPDATE SET answer = excluded.answer, created_at = now()
        WHERE idempotency_key.created_at <= now() - interval '{KEPT_HOURS} hours'
    RETURNING true
"""


def parsed(given: str) -> str:
    """The key in a header or an argument: as it is, or as a string of RFC 8941, in quotes.

    Raises:
        Invalid: it is not 1 to 255 visible ASCII characters.
    """
    quoted = _QUOTED.fullmatch(given)
    key = _ESCAPED.sub(r"\1", quoted[1]) if quoted else given
    if not _VISIBLE.fullmatch(key) or (given.startswith('"') and not quoted):
        raise Invalid(
            f"An idempotency key is 1 to {KEY_LONGEST} visible ASCII characters, bare or in double quotes; best a new UUID for each act.",
            field=["idempotencyKey"],
        )
    return key


def fingerprint(**parts: Any) -> bytes:
    """SHA-256 of what was asked, 32 bytes, whatever the order of its fields. Name all that decides about the answer."""
    return hashlib.sha256(orjson.dumps(parts, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)).digest()


async def begin(key: str, fingerprint: bytes) -> bytes | None:
    """Take a key for the act of this unit of work: None if the act is to be done now, else the answer it had.

    Raises:
        Conflict: another call with this key is at work (IDEMPOTENCY_IN_PROGRESS), or the act was done and its answer was too
            long to keep (IDEMPOTENCY_DONE).
        Invalid: the key was used for something else (IDEMPOTENCY_MISMATCH).
    """
    current, id = session(), _id(key)
    if not await current.connection.fetchval(_LOCK, _lock(current.tenant_id, id)):
        raise _in_progress()
    # A statement of its own: one that began before the lock was had would not see what its last holder committed.
    sealed = await current.connection.fetchval(_FIND, current.tenant_id, id)
    if sealed is None:
        return None
    keyring = await current.keyring()
    body = keyring.column("idempotency_key", "answer").open_bytes(id, sealed)
    how, asked, answer = body[:1], body[1 : 1 + _FINGERPRINT_BYTES], body[1 + _FINGERPRINT_BYTES :]
    if asked != fingerprint:
        raise Invalid(
            f"This idempotency key was used for another request within {KEPT_HOURS} hours. Use a new key for each act.",
            code="IDEMPOTENCY_MISMATCH",
        )
    if how == _TOO_LONG:
        raise Conflict("This was done already; its answer was too long to keep. Read the records to see them.", code="IDEMPOTENCY_DONE")
    return zstandard.ZstdDecompressor().decompress(answer, max_output_size=ANSWER_BYTES_MOST)


async def finish(key: str, fingerprint: bytes, answer: bytes) -> None:
    """Keep the act's answer under the key that `begin` took in this unit of work; some that are too old are forgotten.

    Raises:
        Conflict: another call, which the lock did not keep out, has finished since; this one is to be undone (IDEMPOTENCY_IN_PROGRESS).
    """
    current, id = session(), _id(key)
    body = _TOO_LONG + fingerprint
    if len(answer) <= ANSWER_BYTES_MOST:
        body = _KEPT + fingerprint + zstandard.ZstdCompressor(level=_LEVEL).compress(answer)
    keyring = await current.keyring()
    sealed = keyring.column("idempotency_key", "answer").seal_bytes(id, body)
    if not await current.connection.fetchval(_STORE, current.tenant_id, id, sealed):
        raise _in_progress()


def _in_progress() -> Conflict:
    return Conflict(
        "A call with this idempotency key is still at work. Send it again in a moment to get its answer.", code="IDEMPOTENCY_IN_PROGRESS"
    )


def _id(key: str) -> UUID:
    return UUID(bytes=hashlib.sha256(key.encode("ascii")).digest()[:16])


def _lock(tenant_id: UUID, id: UUID) -> int:
    """What an advisory lock is named by: 64 bits; two keys that share them only wait for each other."""
    return int.from_bytes(hashlib.sha256(b"idempotency key" + tenant_id.bytes + id.bytes).digest()[:8], "big", signed=True)
