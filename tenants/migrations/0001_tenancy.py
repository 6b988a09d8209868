"""Tenants, their wrapped keys, their API keys, and the one function that sets a transaction's tenant."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import EDITED, drop, tenant_table

#: Citus propagates SET LOCAL to its workers, and not set_config(); hence EXECUTE.
ACT_AS = """
CREATE FUNCTION act_as_tenant(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL app.tenant_id = %L', tenant);
END $$;
"""

TABLES = (
    tenant_table(
        "tenant",
        f"""
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        country text NOT NULL CHECK (country ~ '^[A-Z]{{2}}$'),
        time_zone text NOT NULL,
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{{3}}$'),
        rules jsonb NOT NULL DEFAULT '{{}}',
        {EDITED},
        PRIMARY KEY (id)
        """,
        grants="SELECT, INSERT, UPDATE",
        tenant_column="id",
    )
    + tenant_table(
        "tenant_key",
        """
        version integer NOT NULL CHECK (version > 0),
        wrapped bytea NOT NULL,
        master text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, version)
        """,
        grants="SELECT, INSERT",
    )
    + tenant_table(
        "api_key",
        """
        id uuid NOT NULL,
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        hash bytea NOT NULL,
        may_reveal boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        revoked_at timestamptz,
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id) REFERENCES tenant (id)
        """,
        grants="SELECT, INSERT, UPDATE",
    )
    + "CREATE INDEX api_key_hash ON api_key (hash);"
)

#: Before a tenant is known there is one look-up, by the key's hash. It runs as a role that sees these columns and no others.
DOOR = """
GRANT USAGE ON SCHEMA public TO kelu_app, kelu_door;
GRANT SELECT (tenant_id, id, hash, may_reveal, revoked_at) ON api_key TO kelu_door;
CREATE POLICY door ON api_key FOR SELECT TO kelu_door USING (true);
CREATE FUNCTION door_api_key(wanted bytea) RETURNS TABLE (tenant_id uuid, id uuid, may_reveal boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.tenant_id, k.id, k.may_reveal FROM api_key k WHERE k.hash = wanted AND k.revoked_at IS NULL
$$;
GRANT CREATE ON SCHEMA public TO kelu_door;
ALTER FUNCTION door_api_key(bytea) OWNER TO kelu_door;
REVOKE CREATE ON SCHEMA public FROM kelu_door;
REVOKE ALL ON FUNCTION door_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door_api_key(bytea) TO kelu_app;
"""


class Migration(BaseMigration):
    operations = [
        RunSQL(
            ACT_AS + TABLES + DOOR,
            "DROP FUNCTION door_api_key(bytea); DROP FUNCTION act_as_tenant(uuid);" + drop("tenant", "tenant_key", "api_key"),
        )
    ]
