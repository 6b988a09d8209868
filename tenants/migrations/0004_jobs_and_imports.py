"""Jobs, uploads, import runs and their chunks, and the door through which the clock sees which jobs are due."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import drop, one_of, tenant_table

#: `due_at` is when a job should next be rung: set when it may start, moved on by each heartbeat, NULL when it need not (it is
#: held back behind others, or over). `attempts` counts claims and fences off a worker that lost its claim. `failures` counts
#: exceptions and `losses` workers that vanished, both since the job last got on.
JOB = (
    tenant_table(
        "job",
        f"""
        id uuid NOT NULL,
        kind text NOT NULL,
        subject_id uuid NOT NULL,
        position integer NOT NULL DEFAULT 0,
        state text NOT NULL DEFAULT 'WAITING' {one_of("state", "WAITING RUNNING DONE FAILED CANCELLED")},
        attempts integer NOT NULL DEFAULT 0,
        failures integer NOT NULL DEFAULT 0,
        losses integer NOT NULL DEFAULT 0,
        due_at timestamptz,
        failure text,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, subject_id, kind, position)
        """,
    )
    + "CREATE INDEX job_due ON job (due_at) WHERE due_at IS NOT NULL;"
)

UPLOAD = tenant_table(
    "upload",
    """
    id uuid NOT NULL,
    name text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
    """,
)

#: `cursor` is where reading goes on, NULL before the first row. `running_at` and `rows_before` are when rows were last begun to be
#: taken in and how many had been by then: what they say of the speed holds after a pause too.
IMPORT = tenant_table(
    "import_run",
    f"""
    id uuid NOT NULL,
    upload_id uuid NOT NULL,
    record_type text NOT NULL,
    status text NOT NULL DEFAULT 'WAITING' {one_of("status", "WAITING READING RUNNING PAUSED DONE FAILED CANCELLED")},
    is_dry_run boolean NOT NULL DEFAULT false,
    options jsonb NOT NULL DEFAULT '{{}}',
    source jsonb NOT NULL DEFAULT '{{}}',
    mapping jsonb NOT NULL DEFAULT '[]',
    evidence jsonb NOT NULL DEFAULT '{{}}',
    cursor jsonb,
    is_staged boolean NOT NULL DEFAULT false,
    rows_staged bigint NOT NULL DEFAULT 0,
    rows_blank bigint NOT NULL DEFAULT 0,
    chunks_staged integer NOT NULL DEFAULT 0,
    chunks_applied integer NOT NULL DEFAULT 0,
    rows_read bigint NOT NULL DEFAULT 0,
    rows_created bigint NOT NULL DEFAULT 0,
    rows_updated bigint NOT NULL DEFAULT 0,
    rows_unchanged bigint NOT NULL DEFAULT 0,
    rows_skipped bigint NOT NULL DEFAULT 0,
    rows_rejected bigint NOT NULL DEFAULT 0,
    warnings bigint NOT NULL DEFAULT 0,
    records jsonb NOT NULL DEFAULT '{{}}',
    failure_reason text,
    started_at timestamptz,
    running_at timestamptz,
    rows_before bigint NOT NULL DEFAULT 0,
    finished_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, upload_id) REFERENCES upload (tenant_id, id)
    """,
) + tenant_table(
    "import_chunk",
    """
    run_id uuid NOT NULL,
    position integer NOT NULL CHECK (position >= 0),
    first_row bigint NOT NULL,
    rows integer NOT NULL,
    problems integer NOT NULL DEFAULT 0,
    findings bytea,
    PRIMARY KEY (tenant_id, run_id, position),
    FOREIGN KEY (tenant_id, run_id) REFERENCES import_run (tenant_id, id) ON DELETE CASCADE
    """,
)

#: The clock rings jobs of every tenant; it sees ids and times, nothing else.
DOOR = """
GRANT SELECT (tenant_id, id, kind, attempts, due_at) ON job TO kelu_door;
CREATE POLICY door ON job FOR SELECT TO kelu_door USING (true);
CREATE FUNCTION door_due_jobs(most integer) RETURNS TABLE (tenant_id uuid, id uuid, kind text, attempts integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT j.tenant_id, j.id, j.kind, j.attempts FROM job j WHERE j.due_at <= now() ORDER BY j.due_at LIMIT least(most, 10000)
$$;
GRANT CREATE ON SCHEMA public TO kelu_door;
ALTER FUNCTION door_due_jobs(integer) OWNER TO kelu_door;
REVOKE CREATE ON SCHEMA public FROM kelu_door;
REVOKE ALL ON FUNCTION door_due_jobs(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door_due_jobs(integer) TO kelu_app;
"""


class Migration(BaseMigration):
    dependencies = [("tenants", "0003_changes")]
    operations = [
        RunSQL(
            JOB + UPLOAD + IMPORT + DOOR,
            "DROP FUNCTION door_due_jobs(integer);" + drop("job", "upload", "import_run", "import_chunk"),
        )
    ]
