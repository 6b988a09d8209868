"""Where somebody may sign in: the tenants of a person, by name; the identity providers of tenants, and whom they vouch for."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import EDITED, PERSON, drop, tenant_table

#: `client_secret` is sealed by the tenant's key. A tenant has one provider; `id` is the row its secret is bound to.
TABLES = tenant_table(
    "identity_provider",
    f"""
    id uuid NOT NULL,
    issuer text NOT NULL CHECK (length(issuer) <= 500),
    client_id text NOT NULL CHECK (length(client_id) BETWEEN 1 AND 500),
    client_secret bytea NOT NULL,
    email_domains text[] NOT NULL CHECK (cardinality(email_domains) BETWEEN 1 AND 20),
    default_role_ids uuid[] NOT NULL CHECK (cardinality(default_role_ids) <= 20),
    makes_members boolean NOT NULL,
    {EDITED},
    PRIMARY KEY (tenant_id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (id)
    """,
) + tenant_table(
    "external_identity",
    """
    issuer text NOT NULL,
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    member_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, issuer, subject),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
    """,
)

#: A member for whom the tenant's provider vouches need be no person of ours, who has a password and may be in other tenants.
MEMBER = "ALTER TABLE member DROP CONSTRAINT member_check;"
BACK = "ALTER TABLE member ADD CONSTRAINT member_check CHECK (status <> 'ACTIVE' OR person_id IS NOT NULL);"

#: Whoever has proved to be a person is told which tenants he may choose: the person acted as, and nobody else.
DOOR = f"""
GRANT SELECT (name) ON tenant TO kelu_door;
CREATE FUNCTION door_places() RETURNS TABLE (tenant_id uuid, member_id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.id, m.id, t.name FROM member m JOIN tenant t ON t.id = m.tenant_id
    WHERE m.person_id = {PERSON} AND m.status = 'ACTIVE' AND t.status = 'ACTIVE' ORDER BY t.name, t.id LIMIT 100
$$;
GRANT CREATE ON SCHEMA public TO kelu_door;
ALTER FUNCTION door_places() OWNER TO kelu_door;
REVOKE CREATE ON SCHEMA public FROM kelu_door;
REVOKE ALL ON FUNCTION door_places() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door_places() TO kelu_app;
"""
CLOSED = "DROP FUNCTION door_places(); REVOKE SELECT (name) ON tenant FROM kelu_door;"


class Migration(BaseMigration):
    dependencies = [("tenants", "0012_tenants_life")]
    operations = [RunSQL(TABLES + MEMBER + DOOR, CLOSED + BACK + drop("identity_provider", "external_identity"))]
