"""API keys: how long they are good, from where and how fast they may be used, when they last were, and secrets that were rotated out."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import drop, tenant_table

#: `made_by_key` is the key that made this one. `rotated_at` is when its secret was last replaced.
COLUMNS = """
ALTER TABLE api_key
    ADD COLUMN made_by_key uuid,
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN networks cidr[] NOT NULL DEFAULT '{}' CHECK (cardinality(networks) <= 50),
    ADD COLUMN points_per_minute integer CHECK (points_per_minute > 0),
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN last_address text CHECK (length(last_address) <= 64),
    ADD COLUMN rotated_at timestamptz,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN version integer NOT NULL DEFAULT 1;
"""

#: The secret a key has now stays in `api_key.hash`, where the release before looks for it; those it had lie here until they end.
TABLE = (
    tenant_table(
        "former_secret",
        """
        id uuid NOT NULL,
        key_id uuid NOT NULL,
        hash bytea NOT NULL,
        ends_at timestamptz NOT NULL,
        last_used_at timestamptz,
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id, key_id) REFERENCES api_key (tenant_id, id)
        """,
    )
    + "CREATE INDEX former_secret_hash ON former_secret (hash);"
    + "CREATE INDEX former_secret_of_key ON former_secret (tenant_id, key_id);"
)

_DOOR = """
CREATE OR REPLACE FUNCTION door_api_key(wanted bytea) RETURNS TABLE (tenant_id uuid, id uuid, may_reveal boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.tenant_id, k.id, k.may_reveal FROM api_key k WHERE k.hash = wanted AND k.revoked_at IS NULL
"""
#: Whether a key has expired, and where from it may be used, its own tenant is asked; the door tells no more of it than before.
DOOR = f"""
GRANT SELECT (tenant_id, key_id, hash, ends_at) ON former_secret TO kelu_door;
CREATE POLICY door ON former_secret FOR SELECT TO kelu_door USING (true);
{_DOOR}
    UNION ALL
    SELECT k.tenant_id, k.id, k.may_reveal FROM former_secret s JOIN api_key k ON k.tenant_id = s.tenant_id AND k.id = s.key_id
    WHERE s.hash = wanted AND s.ends_at > now() AND k.revoked_at IS NULL
$$;
"""
BACK = f"""
{_DOOR}$$;
{drop("former_secret")}
ALTER TABLE api_key
    DROP COLUMN made_by_key, DROP COLUMN expires_at, DROP COLUMN networks, DROP COLUMN points_per_minute, DROP COLUMN last_used_at,
    DROP COLUMN last_address, DROP COLUMN rotated_at, DROP COLUMN updated_at, DROP COLUMN version;
"""


class Migration(BaseMigration):
    dependencies = [("tenants", "0010_sign_in_sessions")]
    operations = [RunSQL(COLUMNS + TABLE + DOOR, BACK)]
