"""GET /imports/{id}/rejected.csv: the rows an import refused, as they were, with what is wrong, ready to be corrected and sent again."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import StreamingResponse

from server.authentication import Context
from server.reads.guarding import Guard
from tenants.access.permissions import Permission
from tenants.ids import local_id
from tenants.imports.rejected import rejected_csv
from tenants.refusals import NotFound
from tenants.trail import Circumstances, under


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


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
