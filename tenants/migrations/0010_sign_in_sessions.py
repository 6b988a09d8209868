"""Sign-in sessions of members, the keys that sign their access tokens, and the door by which a refresh token finds its session."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import door, drop, one_of, shared_table, tenant_table

#: Two hashes a session: of what all its refresh tokens have in common, and of what only the one that is good now has.
TABLES = (
    tenant_table(
        "sign_in_session",
        f"""
        id uuid NOT NULL,
        member_id uuid NOT NULL,
        person_id uuid,
        method text NOT NULL {one_of("method", "PASSWORD OIDC")},
        device text NOT NULL CHECK (length(device) <= 200),
        address text NOT NULL CHECK (length(address) <= 60),
        locator_hash bytea NOT NULL CHECK (length(locator_hash) = 32),
        secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
        created_at timestamptz NOT NULL DEFAULT now(),
        used_at timestamptz NOT NULL DEFAULT now(),
        idle_until timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        ended_at timestamptz,
        ended_reason text {one_of("ended_reason", "SIGNED_OUT ENDED REUSED CROWDED")},
        CHECK ((ended_at IS NULL) = (ended_reason IS NULL)),
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
        """,
    )
    + "CREATE INDEX sign_in_session_of_member ON sign_in_session (tenant_id, member_id, id);"
    + "CREATE INDEX sign_in_session_locator ON sign_in_session (locator_hash);"
    + shared_table(
        "signing_key",
        """
        id uuid NOT NULL PRIMARY KEY,
        wrapped bytea NOT NULL,
        master text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        retires_at timestamptz NOT NULL
        """,
        grants="SELECT, INSERT, UPDATE, DELETE",
    )
)

#: A refresh token says nothing of its tenant: by the hash of its locator it finds the session it is of, and nothing else of it.
DOORS = door(
    """
    CREATE FUNCTION door_sign_in_session(wanted bytea) RETURNS TABLE (tenant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT s.tenant_id, s.id FROM sign_in_session s WHERE s.locator_hash = wanted
    $$;
    """,
    "door_sign_in_session(bytea)",
    "tenant_id, id, locator_hash ON sign_in_session",
)


class Migration(BaseMigration):
    dependencies = [("tenants", "0009_people")]
    operations = [
        RunSQL(
            TABLES + DOORS,
            """
            DROP FUNCTION door_sign_in_session(bytea);
            """
            + drop("sign_in_session", "signing_key"),
        )
    ]
