"""Change-sets: who changed what, when and why, with each record as it was and as it became. Append-only for the app's role."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import drop, one_of, tenant_table

TABLES = (
    tenant_table(
        "change_set",
        f"""
        id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        actor_kind text NOT NULL {one_of("actor_kind", "API_KEY OPERATOR WORKER")},
        actor_id uuid,
        source text NOT NULL {one_of("source", "API IMPORT")},
        import_run_id uuid,
        reason text,
        changes integer NOT NULL,
        PRIMARY KEY (tenant_id, id)
        """,
        grants="SELECT, INSERT",
    )
    + "CREATE INDEX change_set_of_import ON change_set (tenant_id, import_run_id) WHERE import_run_id IS NOT NULL;"
    # `body` is sealed JSON {"before": {…}, "after": {…}}; before is empty for a CREATE, after for a DELETE.
    + tenant_table(
        "change",
        f"""
        change_set_id uuid NOT NULL,
        position integer NOT NULL,
        record_type text NOT NULL,
        record_id uuid NOT NULL,
        action text NOT NULL {one_of("action", "CREATE UPDATE DELETE")},
        version integer NOT NULL,
        body bytea NOT NULL,
        PRIMARY KEY (tenant_id, change_set_id, position)
        """,
        grants="SELECT, INSERT",
    )
    + "CREATE INDEX change_of_record ON change (tenant_id, record_id);"
)


class Migration(BaseMigration):
    dependencies = [("tenants", "0002_customer_graph")]
    operations = [RunSQL(TABLES, drop("change_set", "change"))]
