"""The written form of entries and blocks: what is hashed, signed and exported. `FORMAT.md` beside this says it for others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

#: Columns as they are written: a time to the microsecond in UTC, ids as text, bytes as hex digits. Whatever somebody puts
#: into a column has a written form of its own, also an endless time.
_TIME = "(to_json({0} AT TIME ZONE 'UTC') #>> '{{}}') || 'Z' AS {0}"
_HEX = "encode({0}, 'hex') AS {0}"
_FORMS = {
    "at": _TIME,
    "digest": _HEX,
    "kind": "'entry' AS kind",
    "records": "{0}::text[]",
    **dict.fromkeys(("id", "tenant_id", "actor_id", "member_id", "subject_id", "change_set_id"), "{0}::text"),
}
_ENTRY = (
    *("actor_id", "actor_kind", "address", "at", "block", "change_set_id", "details", "digest", "event", "fields", "id", "kind"),
    *("member_id", "position", "purpose", "query", "record_count", "records", "subject_id", "subject_type", "tenant_id"),
)
_HEADER = ("block", "entries", "entries_hash", "key_id", "kind", "previous", "sealed_at", "tenant_id", "total")

#: What is selected of an entry to be written, in the order of its names.
ENTRY_COLUMNS = ", ".join(_FORMS.get(name, "{0}").format(name) for name in _ENTRY)

#: And of a block, without and with its entries' hashes.
CHECKPOINT_COLUMNS = ", ".join(
    [
        "number AS block, entries, key_id, total, tenant_id::text",
        _TIME.format("sealed_at"),
        *(_HEX.format(name) for name in ("entries_hash", "hash", "previous", "signature")),
    ]
)
BLOCK_COLUMNS = f"{CHECKPOINT_COLUMNS}, {_HEX.format('hashes')}"

FIRST_PREVIOUS = "0" * 64


def entry_line(row: Mapping[str, Any], block: int | None = None, position: int | None = None) -> bytes:
    """An entry as canonical JSON (RFC 8785), without a line feed; at another place than the row's own, if one is said."""
    written = dict(row)
    if block is not None:
        written |= {"block": block, "position": position}
    return _canonical(written)


def header_line(block: Mapping[str, Any]) -> bytes:
    """What of a block is hashed and signed, as canonical JSON."""
    return _canonical(_header(block))


def checkpoint_line(block: Mapping[str, Any]) -> bytes:
    """A block's header with its hash and signature: what is kept outside of the database."""
    return _canonical({**_header(block), "kind": "checkpoint", "hash": block["hash"], "signature": block["signature"]})


def block_line(block: Mapping[str, Any]) -> bytes:
    """A block as it is exported, behind its entries."""
    more = {name: block[name] for name in ("hash", "hashes", "signature")}
    return _canonical({**_header(block), **more})


def sha256(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


def _header(block: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "block" if name == "kind" else block[name] for name in _HEADER}


def _canonical(written: dict[str, Any]) -> bytes:
    """Names are ASCII and numbers are integers, so names in code point order and no white space are all that RFC 8785 asks."""
    return orjson.dumps(written, option=orjson.OPT_SORT_KEYS)
