"""POST /uploads: a file as the raw body of a request, streamed into the sealed file store."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from server.downloads import told_of
from server.reads.guarding import Guard
from tenants import uploads
from tenants.access.permissions import Permission
from tenants.ids import global_id
from tenants.refusals import Invalid
from tenants.trail import under

_NAME_LONGEST = 1_000


async def take_upload(request: Request) -> JSONResponse:
    """201 {"id", "name", "size", "sha256"}; `id` is what `startImport` takes.

    The file's name comes as `?name=` or in the header `X-File-Name`. A form (multipart) is refused: its parts would have to be taken
    apart, and a raw body needs no taking apart.
    """
    Guard(request.scope["actor"].rights).check(Permission.IMPORT_RUN)
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise Invalid("Send the file itself as the body (curl --data-binary @FILE), not a form.")
    name = request.query_params.get("name") or request.headers.get("x-file-name") or "upload"
    with under(told_of("POST /uploads", request)):
        stored = await uploads.receive(request.scope["actor"], name[:_NAME_LONGEST], request.stream())
    body = {"id": global_id("UPLOAD", stored.id), "name": stored.name, "size": stored.size, "sha256": stored.sha256.hex()}
    return JSONResponse(body, 201)
