"""Idempotency keys: which acts were done, and what they answered."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import drop, tenant_table

IDEMPOTENCY_KEY = (
    tenant_table(
        "idempotency_key",
        """
        id uuid NOT NULL,
        answer bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id)
        """,
    )
    + "CREATE INDEX idempotency_key_by_time ON idempotency_key (tenant_id, created_at);"
)


class Migration(BaseMigration):
    dependencies = [("tenants", "0005_reading")]
    operations = [RunSQL(IDEMPOTENCY_KEY, drop("idempotency_key"))]
