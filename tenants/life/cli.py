"""The operator's commands about a tenant's life: suspended, resumed, what it uses, deleted, and the proof of that."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer
from tortoise import connections

from tenants import jobs
from tenants.cli import AsJson, operator_of, tenant
from tenants.ids import global_id, local_id
from tenants.installation import open_installation
from tenants.life import status
from tenants.life.erasing import erase_tenant
from tenants.life.marking import mark, owner_url, seal_the_end
from tenants.life.proof import Erasure, erasure_of
from tenants.life.status import TenantStatus, status_now
from tenants.life.tables import tables_of_tenants
from tenants.refusals import Invalid, NotFound
from tenants.session import Actor, ActorKind, acting_as
from tenants.terminal import counting, say_json, say_result, say_rows
from tenants.usage import usage

__all__ = ["tenant"]

Id = Annotated[str, typer.Argument(help="The tenant's id, ten_….")]
Reason = Annotated[str | None, typer.Option(help="Why; it stands in the trail.")]

_PAGE = 1_000
_LOOK_SECONDS = 0.2


@tenant.command("suspend")
def suspend_a_tenant(id: Id, reason: Reason = None, as_json: AsJson = False) -> None:
    """Let nobody into a tenant: members, API keys, sockets and jobs stop within a second.

    Everything stays as it is, imports under way too; `kelu tenant resume` lets it go on.

    Example: kelu tenant suspend ten_0198c0… --reason "unpaid since May"
    """
    is_new = asyncio.run(_changed(id, lambda actor: status.suspend(actor, reason)))
    say_result(as_json, {"id": id, "status": "SUSPENDED"}, id, "Suspended." if is_new else "It was suspended already.")


@tenant.command("resume")
def resume_a_tenant(id: Id, as_json: AsJson = False) -> None:
    """Let a suspended tenant go on: its members and keys get in again, its jobs are done.

    Example: kelu tenant resume ten_0198c0…
    """
    is_new = asyncio.run(_changed(id, status.resume))
    say_result(as_json, {"id": id, "status": "ACTIVE"}, id, "Resumed." if is_new else "It was active already.")


async def _changed(id: str, change: Callable[[Actor], Any]) -> bool:
    async with open_installation():
        return bool(await change(await operator_of(id)))


@tenant.command("use")
def use_of_tenants(
    of: Annotated[str | None, typer.Option("--tenant", help="One tenant, ten_…; all of them unless said.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List what each tenant uses: members, keys, records, files, jobs, and when it was last active.

    Records are counted up to a million of each kind; beyond that the number is the least there are.

    Example: kelu tenant use --json
    """
    found = asyncio.run(_uses(of))
    say_rows(as_json, found if as_json else [_shown(each) for each in found])


async def _uses(of: str | None) -> list[dict[str, Any]]:
    async with open_installation():
        actors = [await operator_of(of)] if of else [Actor(each, ActorKind.OPERATOR) for each in await _tenants()]
        with counting("Counting", "tenants", len(actors)) as told:
            found = []
            for actor in actors:
                found.append(await _use(actor))
                told(1)
        return [each for each in found if each]


async def _tenants() -> list[UUID]:
    """Every tenant there is, oldest first."""
    found: list[UUID] = []
    page = [UUID(int=0)]
    while page:
        async with connections.get("default").acquire_connection() as connection:
            rows = await connection.fetch("SELECT id FROM door_tenants($1, $2)", page[-1], _PAGE)
        page = [row["id"] for row in rows]
        found += page
    return found


async def _use(actor: Actor) -> dict[str, Any]:
    """What one tenant uses; nothing of one that was erased since it was listed."""
    async with acting_as(actor, read_only=True) as unit:
        own = await unit.connection.fetchrow("SELECT name, status FROM tenant WHERE id = $1", unit.tenant_id)
        if own is None:
            return {}
        used = await usage()
    plain = {name: getattr(used, name) for name in ("members", "api_keys", "upload_count", "upload_bytes", "import_runs", "jobs_waiting")}
    return {
        "id": global_id("TENANT", actor.tenant_id),
        "name": own["name"],
        "status": own["status"],
        **plain,
        "records": {each.name: each.count for each in used.rows},
        "counted_to_the_end": not any(each.is_at_least for each in used.rows),
        "last_active_at": used.last_active_at,
    }


def _shown(use: dict[str, Any]) -> dict[str, Any]:
    """A row of the table: the records that are not the customers' together."""
    records = dict(use["records"])
    names = ("id", "name", "status", "members", "api_keys")
    more = {"customers": records.pop("customers"), "other records": sum(records.values())}
    behind = ("upload_bytes", "jobs_waiting", "last_active_at")
    return {**{name: use[name] for name in names}, **more, **{name: use[name] for name in behind}}


@tenant.command("delete")
def delete_a_tenant(
    id: Id,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the tenant's name.")] = False,
    reason: Reason = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Destroy the keys, and leave the rest to a `kelu work` elsewhere.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a tenant with everything that is its own, for good, and print the proof.

    Its keys are destroyed first: from then on nothing that was encrypted can be read, and there is no way back. Then its files and its rows
    go. It may be interrupted at any time: run it again, or let `kelu work` finish it. Runs as the owner of the tables too
    (KELU_DATABASE_OWNER_URL). Backups that were made before hold the tenant until they are thrown away.

    Example: kelu tenant delete ten_0198c0… --reason "contract ended"
    """
    found = asyncio.run(_delete(id, yes, reason, no_wait))
    _say_proof(as_json, id, found, may_be_unfinished=no_wait)


async def _delete(id: str, yes: bool, reason: str | None, no_wait: bool) -> Erasure:
    async with open_installation():
        actor = await _to_delete(id)
        if actor is not None:
            await _mark(actor, id, yes, reason)
            if not no_wait:
                await _erased(actor)
        return await erasure_of(_tenant_id(id))


async def _to_delete(id: str) -> Actor | None:
    """The operator in the tenant; None if it is deleted already.

    Raises:
        NotFound: there never was such a tenant.
    """
    try:
        return await operator_of(id)
    except NotFound:
        tenant_id = local_id("TENANT", id)
        if tenant_id is None:
            raise
        try:
            await erasure_of(tenant_id)
        except NotFound:
            raise NotFound("There is no such tenant.") from None
        return None


async def _mark(actor: Actor, id: str, yes: bool, reason: str | None) -> None:
    async with acting_as(actor, read_only=True) as unit:
        before = await status_now()
        name = await unit.connection.fetchval("SELECT name FROM tenant WHERE id = $1", unit.tenant_id)
    if before is TenantStatus.DELETING:
        return
    owner_url()
    if not yes:
        _confirm(id, name)
    await status.suspend(actor, reason)
    await mark(actor.tenant_id, await seal_the_end(actor, reason))


def _confirm(id: str, name: str) -> None:
    """Have the tenant's name typed.

    Raises:
        Invalid: it was another, or there is nobody to type it.
    """
    if not sys.stdin.isatty():
        raise Invalid("Deleting asks for the tenant's name to be typed. Without a terminal say --yes.")
    typer.echo(f"This deletes {id} for good: its keys, records, files and trail.", err=True)
    if typer.prompt(f"Type its name to go on ({name})", err=True).strip() != name:
        raise Invalid("That is not its name; nothing was deleted.")


async def _erased(actor: Actor) -> None:
    """Do the job that erases the tenant, or watch whoever does it, until it is over."""
    known = (await erasure_of(actor.tenant_id)).removed
    with counting("Deleting", "rows and files", await _rows(actor) + sum(known.values())) as told:
        told(sum(known.values()))
        while (erasure := await erasure_of(actor.tenant_id)).finished_at is None:
            worker, claim = await _claimed(actor)
            if claim is None:
                await asyncio.sleep(_LOOK_SECONDS)
                told(sum(erasure.removed.values()) - sum(known.values()))
            else:
                await erase_tenant(worker, claim, told)
            known = (await erasure_of(actor.tenant_id)).removed


async def _claimed(actor: Actor) -> tuple[Actor, jobs.Claim | None]:
    async with acting_as(actor) as unit:
        job_id = await unit.connection.fetchval("SELECT job_id FROM erasure WHERE tenant_id = $1", unit.tenant_id)
        return Actor(actor.tenant_id, ActorKind.WORKER, job_id), await jobs.claim(job_id)


async def _rows(actor: Actor) -> int:
    async with acting_as(actor, read_only=True) as unit:
        tables = await tables_of_tenants(unit.connection)
        counts = (f"(SELECT count(*) FROM {name} WHERE {'id' if name == 'tenant' else 'tenant_id'} = $1)" for name in tables)
        return int(await unit.connection.fetchval(f"SELECT {' + '.join(counts)}", unit.tenant_id))


@tenant.command("proof")
def print_proof(id: Id, as_json: AsJson = False) -> None:
    """Print the proof that a tenant was deleted: rows removed and left by table, files, destroyed keys, signed.

    The first line is the JSON that is signed, the second the key's id and the signature in hex digits. Ends with 1 while it is under way.

    Example: kelu tenant proof ten_0198c0…
    """
    _say_proof(as_json, id, asyncio.run(_proof(id)))


async def _proof(id: str) -> Erasure:
    async with open_installation():
        return await erasure_of(_tenant_id(id))


def _tenant_id(id: str) -> UUID:
    tenant_id = local_id("TENANT", id)
    if tenant_id is None:
        raise NotFound("No such tenant has been deleted here.")
    return tenant_id


def _say_proof(as_json: bool, id: str, erasure: Erasure, *, may_be_unfinished: bool = False) -> None:
    if erasure.proof is None or erasure.signature is None:
        gone = sum(erasure.removed.values())
        note = f"The keys are destroyed; {gone:,} rows are removed so far. `kelu work`, or this command once more, goes on."
        say_result(as_json, {"id": id, "finished": False, "removed": dict(erasure.removed)}, "", note)
        raise typer.Exit(0 if may_be_unfinished else 1)
    if as_json:
        said = {"id": id, "finished": True, "proof": orjson.loads(erasure.proof), "signed": erasure.proof}
        say_json(said | {"keyId": erasure.key_id, "signature": erasure.signature.hex()})
        return
    note = f"Deleted: {sum(erasure.removed.values()):,} rows and {erasure.files:,} files. Nothing is left but this proof."
    say_result(False, {}, f"{erasure.proof}\n{erasure.key_id} {erasure.signature.hex()}", note)
