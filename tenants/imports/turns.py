"""Turns: of one tenant's imports only a few run at a time, the others wait in the order they were started.

A run holds few places in the queue (`runs.lookahead`), but a tenant could start a hundred runs; so whenever one is started or leaves
off, as many are let in as there is room.
"""

from __future__ import annotations

from tenants import jobs
from tenants.jobs import JobKind
from tenants.session import session

MOST_AT_ONCE = 3


async def let_in() -> None:
    """Let waiting runs begin, the oldest first, until there are three under way. A resumed run does not wait again."""
    connection, tenant_id = session().connection, session().tenant_id
    # One at a time in a tenant: who starts a run while another ends must not both think that the other will let it in.
    await connection.execute("SELECT 1 FROM tenant WHERE id = $1 FOR NO KEY UPDATE", tenant_id)
    found = await connection.fetch(_NEXT, tenant_id, JobKind.IMPORT_READ.value, MOST_AT_ONCE)
    for run in found:
        await jobs.release(run["subject_id"], JobKind.IMPORT_READ)


#: A job that somebody holds a lock on belongs to a run that is just being paused or cancelled.
_NEXT = """
SELECT j.subject_id FROM job j JOIN import_run r ON r.tenant_id = $1 AND r.id = j.subject_id
WHERE j.tenant_id = $1 AND j.kind = $2 AND j.state = 'WAITING' AND j.due_at IS NULL AND r.status = 'WAITING'
ORDER BY r.id
LIMIT greatest(0, $3 - (
    SELECT count(*) FROM import_run u WHERE u.tenant_id = $1 AND (
        u.status IN ('READING', 'RUNNING')
        OR u.status = 'WAITING' AND EXISTS (
            SELECT FROM job k WHERE k.tenant_id = $1 AND k.subject_id = u.id AND k.kind = $2 AND k.due_at IS NOT NULL
        )
    )
))
FOR UPDATE OF j SKIP LOCKED
"""
