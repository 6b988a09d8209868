"""Persisted documents: sent by their hash or id instead of their text."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import orjson
import structlog
from redis.exceptions import RedisError

from server.documents import Documents
from server.transport.request import GraphQLRequest
from tenants.installation import installation
from tenants.refusals import Invalid, NotAllowed, Refusal

log = structlog.get_logger(__name__)

KEPT_SECONDS = 24 * 3600
#: Documents of a tenant. Each is within the limits of a document, so a tenant takes some megabytes of Redis at most.
KEPT_MOST = 500
_PATIENCE_SECONDS = 0.1
_HASH_PREFIX = "sha256:"
_SHA256 = re.compile("[0-9a-f]{64}")


class NotPersisted(Refusal):
    """The server does not have the document of this hash or id; whoever has its text sends it along."""

    code = "PERSISTED_QUERY_NOT_FOUND"


async def text_of(request: GraphQLRequest, tenant_id: UUID, documents: Documents) -> str:
    """The text of the document that is to run.

    Raises:
        Invalid: text and hash do not belong together.
        NotAllowed: it is none of the trusted ones, and no others run.
        NotPersisted: there is none of this hash.
    """
    chosen = installation().settings
    digest = request.sha256
    trusted = _trusted(chosen.trusted_documents)
    name = request.document_id or digest
    if request.query is None and name is not None and (found := trusted.get(name.removeprefix(_HASH_PREFIX))):
        return found
    if chosen.documents == "trusted":
        if request.query is not None and _digest(request.query) in trusted:
            return request.query
        raise NotAllowed("Only documents that the operator trusts run here, and this is none of them.", code="DOCUMENT_NOT_TRUSTED")
    if request.query is None:
        text = await _recall(tenant_id, (name or "").removeprefix(_HASH_PREFIX))
        if text is None:
            raise NotPersisted("PersistedQueryNotFound")
        return text
    if digest is not None:
        await _register(tenant_id, digest, request.query, documents)
    return request.query


async def _register(tenant_id: UUID, digest: str, text: str, documents: Documents) -> None:
    """Keep a document for those who send its hash; only one that may run."""
    if digest != _digest(text):
        raise Invalid("The document does not have this hash.")
    documents.checked(text)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await _keep(tenant_id, digest, text)
    except (RedisError, OSError, TimeoutError) as error:  # whoever asks for it sends the text again
        log.warning("documents.not_kept", reason=type(error).__name__)


async def _keep(tenant_id: UUID, digest: str, text: str) -> None:
    """Store a document; a tenant's oldest go when it has too many."""
    bell, registered = installation().bell, _registered(tenant_id)
    async with bell.pipeline(transaction=True) as steps:
        steps.set(_key(tenant_id, digest), text, ex=KEPT_SECONDS)
        steps.zadd(registered, {digest: time.time()})
        steps.expire(registered, KEPT_SECONDS)
        steps.zcard(registered)
        *_, count = await steps.execute()
    if count > KEPT_MOST:
        dropped = await bell.zpopmin(registered, count - KEPT_MOST)
        await bell.delete(*(_key(tenant_id, each.decode()) for each, _ in dropped))


async def _recall(tenant_id: UUID, digest: str) -> str | None:
    if not _SHA256.fullmatch(digest):
        return None
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            found = await installation().bell.get(_key(tenant_id, digest))
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("documents.not_found", reason=type(error).__name__)
        return None
    text = found.decode() if found is not None else None
    return text if text is not None and _digest(text) == digest else None


def _key(tenant_id: UUID, digest: str) -> str:
    return f"kelu:document:{tenant_id.hex}:{digest}"


def _registered(tenant_id: UUID) -> str:
    """The hashes of a tenant's documents, by when each was registered last."""
    return f"kelu:documents:{tenant_id.hex}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=4)
def _trusted(path: Path | None) -> dict[str, str]:
    """The trusted documents by their ids and by their hashes.

    Raises:
        Invalid: the file or folder is not there, or a file is not of its form.
    """
    if path is None:
        return {}
    found: dict[str, str] = {}
    try:
        for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            content = orjson.loads(file.read_bytes())
            if not isinstance(content, dict) or not all(isinstance(text, str) for text in content.values()):
                raise Invalid(f'KELU_TRUSTED_DOCUMENTS: {file.name} has to be {{"id": "document", …}}.')
            found |= {name.removeprefix(_HASH_PREFIX): text for name, text in content.items()}
    except (OSError, orjson.JSONDecodeError) as error:
        raise Invalid(f"KELU_TRUSTED_DOCUMENTS cannot be read: {type(error).__name__}.") from None
    return found | {_digest(text): text for text in found.values()}


def check_trusted_documents() -> None:
    """See at the start that the trusted documents can be read.

    Raises:
        Invalid: they cannot, or none are named where only they run.
    """
    chosen = installation().settings
    _trusted(chosen.trusted_documents)
    if chosen.documents == "trusted" and chosen.trusted_documents is None:
        raise Invalid("KELU_DOCUMENTS=trusted runs only trusted documents: name their file by KELU_TRUSTED_DOCUMENTS.")
