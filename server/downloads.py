"""Downloads: the rows an import refused, ready to be corrected and sent again, and the tenant's trail, ready to be verified."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from tempfile import SpooledTemporaryFile

from starlette.requests import Request
from starlette.responses import StreamingResponse

from server.authentication import Context
from server.reads.guarding import Guard
from tenants.access.permissions import Permission
from tenants.ids import local_id
from tenants.imports.rejected import rejected_csv
from tenants.refusals import Invalid, NotFound
from tenants.session import Actor, acting_as
from tenants.trail import Circumstances, Event, exporting, note_alone, under

_IN_MEMORY_BYTES, _PIECE_BYTES = 4 << 20, 64 << 10


def told_of(query: str, request: Request) -> Circumstances:
    """What the trail says of a request that is no GraphQL."""
    context: Context = request.scope["context"]
    return Circumstances(query, None if context.address is None else str(context.address), context.purpose)


async def rejected_rows(request: Request) -> StreamingResponse:
    """The file in pieces; 404 where there is no such import of the caller's."""
    id = request.path_params["id"]
    run_id = local_id("IMPORT", id)
    if run_id is None:
        raise NotFound("There is no such import.")
    Guard(request.scope["actor"].rights).check(Permission.IMPORT_EXPORT)
    pieces = rejected_csv(request.scope["actor"], run_id)
    # The first piece tells whether there is such an import: only then may the answer begin.
    with under(told_of("GET /imports/{id}/rejected.csv", request)):
        first = await anext(pieces)
    headers = {"Content-Disposition": f'attachment; filename="{id}-rejected.csv"'}
    return StreamingResponse(_all(first, pieces), media_type="text/csv; charset=utf-8", headers=headers)


async def trail(request: Request) -> StreamingResponse:
    """The tenant's sealed trail from a block on, as JSON lines that anybody can verify (`tenants/trail/FORMAT.md`).

    It is read at one moment into a file of its own, so that no client who reads slowly holds a transaction open.
    """
    actor: Actor = request.scope["actor"]
    Guard(actor.rights).check(Permission.TRAIL_EXPORT)
    first = _block(request.query_params.get("from", "1"))
    with under(told_of("GET /trail.jsonl", request)):
        await note_alone(actor, Event.TRAIL_EXPORTED, details={"from": first})
    file = SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - it is closed where its last piece has been sent
    async with acting_as(actor, read_only=True) as unit:
        async for line in exporting.lines(unit.connection, actor.tenant_id, first):
            file.write(line + b"\n")
    file.seek(0)
    headers = {"Content-Disposition": 'attachment; filename="trail.jsonl"'}
    return StreamingResponse(_pieces(file), media_type="application/jsonl; charset=utf-8", headers=headers)


def _block(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:19]) < 1 << 62):
        raise Invalid("`from` is the number of the first block, from 1.", field=["from"])
    return int(text)


def _pieces(file: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
