"""People, who may be members of several tenants: passwords, second factors, known devices and one-time tokens, each person's own."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import PERSON as PERSON_OF_THE_TRANSACTION
from tenants.tables import door, drop, one_of, person_table

ACT_AS = """
CREATE FUNCTION act_as_person(person uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL app.person_id = %L', person);
END $$;
"""

#: `totp_seed` is wrapped by the installation's master key `totp_master`; it counts from `totp_since` on, when a code confirmed it.
#: `totp_step` is the time step of the last code taken, which is not taken again. Sign-ins from before `signed_out_at` are over.
PERSON = (
    person_table(
        "person",
        """
        email text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
        name text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
        password_hash text,
        password_changed_at timestamptz,
        totp_seed bytea,
        totp_master text,
        totp_since timestamptz,
        totp_step bigint,
        signed_out_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (id)
        """,
        grants="SELECT, INSERT, UPDATE",
        person_column="id",
    )
    + "CREATE UNIQUE INDEX person_email ON person (email);"
)

RECOVERY_CODE = person_table(
    "recovery_code",
    """
    hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz,
    PRIMARY KEY (person_id, hash),
    FOREIGN KEY (person_id) REFERENCES person (id)
    """,
)

#: An invitation names the tenant and the member it is for; a password reset neither.
ONE_TIME_TOKEN = (
    person_table(
        "one_time_token",
        f"""
        hash bytea NOT NULL CHECK (length(hash) = 32),
        purpose text NOT NULL {one_of("purpose", "INVITATION PASSWORD_RESET")},
        tenant_id uuid,
        member_id uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        PRIMARY KEY (person_id, hash),
        FOREIGN KEY (person_id) REFERENCES person (id),
        CHECK ((purpose = 'INVITATION') = (tenant_id IS NOT NULL AND member_id IS NOT NULL))
        """,
    )
    + "CREATE INDEX one_time_token_hash ON one_time_token (hash);"
)

KNOWN_DEVICE = person_table(
    "known_device",
    """
    hash bytea NOT NULL CHECK (length(hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, hash),
    FOREIGN KEY (person_id) REFERENCES person (id)
    """,
)

#: Before a person is known there are two look-ups: by e-mail, and by the hash of a token that is still good. Before a tenant is chosen
#: there is one: where the person of the transaction is a member.
DOORS = (
    door(
        """
    CREATE FUNCTION door_person(wanted text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT p.id FROM person p WHERE p.email = wanted
    $$;
    """,
        "door_person(text)",
        "id, email ON person",
    )
    + door(
        """
    CREATE FUNCTION door_token(wanted bytea) RETURNS TABLE (person_id uuid, purpose text, tenant_id uuid, member_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT t.person_id, t.purpose, t.tenant_id, t.member_id FROM one_time_token t
        WHERE t.hash = wanted AND t.used_at IS NULL AND t.expires_at > now()
    $$;
    """,
        "door_token(bytea)",
        "person_id, hash, purpose, tenant_id, member_id, expires_at, used_at ON one_time_token",
    )
    + door(
        f"""
    CREATE FUNCTION door_memberships() RETURNS TABLE (tenant_id uuid, member_id uuid, is_active boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT m.tenant_id, m.id, m.status = 'ACTIVE' FROM member m
        WHERE m.person_id = {PERSON_OF_THE_TRANSACTION} AND m.status IN ('ACTIVE', 'SUSPENDED')
    $$;
    """,
        "door_memberships()",
        "tenant_id, id, person_id, status ON member",
    )
)


class Migration(BaseMigration):
    dependencies = [("tenants", "0008_trail")]
    operations = [
        RunSQL(
            ACT_AS + PERSON + RECOVERY_CODE + ONE_TIME_TOKEN + KNOWN_DEVICE + DOORS,
            "DROP FUNCTION door_person(text); DROP FUNCTION door_token(bytea); DROP FUNCTION door_memberships();"
            "REVOKE SELECT (tenant_id, id, person_id, status) ON member FROM kelu_door; DROP POLICY door ON member;"
            "DROP FUNCTION act_as_person(uuid);" + drop("person", "recovery_code", "one_time_token", "known_device"),
        )
    ]
