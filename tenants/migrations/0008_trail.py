"""The trail: what happened in a tenant, one row an act; the blocks that seal it, the key they are signed with, and the doors."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import drop, shared_table, tenant_table

#: `block` and `position` are NULL until the sealer has come by, and all that the app's role may ever update. `details` is text and not
#: jsonb: what is hashed is what is stored, to the byte.
ENTRY = (
    tenant_table(
        "trail_entry",
        """
        id uuid NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        event text NOT NULL CHECK (event ~ '^[A-Z][A-Z0-9_]{1,49}$'),
        actor_kind text NOT NULL,
        actor_id uuid,
        member_id uuid,
        subject_type text,
        subject_id uuid,
        change_set_id uuid,
        query text CHECK (length(query) <= 200),
        fields text[],
        records uuid[] CHECK (cardinality(records) <= 10000),
        record_count integer,
        purpose text CHECK (length(purpose) <= 500),
        address text CHECK (length(address) <= 64),
        details text CHECK (octet_length(details) <= 16384),
        digest bytea,
        block bigint CHECK (block > 0),
        position integer CHECK (position >= 0),
        PRIMARY KEY (tenant_id, id),
        CHECK ((block IS NULL) = (position IS NULL))
        """,
        grants="SELECT, INSERT, UPDATE (block, position)",
    )
    + """
    CREATE INDEX trail_entry_unsealed ON trail_entry (tenant_id, id) WHERE block IS NULL;
    CREATE INDEX trail_entry_reveals ON trail_entry (tenant_id, actor_id, at) WHERE event = 'REVEAL';
    CREATE UNIQUE INDEX trail_entry_sealed ON trail_entry (tenant_id, block, position) WHERE block IS NOT NULL;
    """
)

#: `entries` in this block, `total` in all blocks up to it; `hashes` are its entries', one after the other. tenants/trail/FORMAT.md.
BLOCK = tenant_table(
    "trail_block",
    """
    number bigint NOT NULL CHECK (number > 0),
    sealed_at timestamptz NOT NULL,
    entries integer NOT NULL CHECK (entries > 0),
    total bigint NOT NULL,
    previous bytea NOT NULL CHECK (octet_length(previous) = 32),
    entries_hash bytea NOT NULL CHECK (octet_length(entries_hash) = 32),
    hashes bytea NOT NULL CHECK (octet_length(hashes) = 32 * entries),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    key_id text NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    PRIMARY KEY (tenant_id, number)
    """,
    grants="SELECT, INSERT",
)

KEY = shared_table(
    "trail_key",
    """
    number integer NOT NULL CHECK (number > 0),
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    wrapped bytea NOT NULL,
    master text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (number)
    """,
    grants="SELECT, INSERT",
)


def _door(name: str, rows: str) -> str:
    """A door that shows whose such rows there are, each tenant found by one step in an index: tenants' ids, nothing else."""
    return f"""
    CREATE FUNCTION {name}(after uuid, most integer) RETURNS TABLE (tenant_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        WITH RECURSIVE found (tenant_id) AS (
            (SELECT r.tenant_id FROM {rows} AND r.tenant_id > after ORDER BY r.tenant_id LIMIT 1)
            UNION ALL
            SELECT (SELECT r.tenant_id FROM {rows} AND r.tenant_id > found.tenant_id ORDER BY r.tenant_id LIMIT 1)
            FROM found WHERE found.tenant_id IS NOT NULL
        )
        SELECT found.tenant_id FROM found WHERE found.tenant_id IS NOT NULL LIMIT least(most, 10000)
    $$;
    GRANT CREATE ON SCHEMA public TO kelu_door;
    ALTER FUNCTION {name}(uuid, integer) OWNER TO kelu_door;
    REVOKE CREATE ON SCHEMA public FROM kelu_door;
    REVOKE ALL ON FUNCTION {name}(uuid, integer) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION {name}(uuid, integer) TO kelu_app;
    """


#: Whose trail the sealer has to go to, and whose trails there are to be verified.
DOORS = (
    """
    GRANT SELECT (tenant_id, block) ON trail_entry TO kelu_door;
    GRANT SELECT (tenant_id) ON trail_block TO kelu_door;
    CREATE POLICY door ON trail_entry FOR SELECT TO kelu_door USING (true);
    CREATE POLICY door ON trail_block FOR SELECT TO kelu_door USING (true);
    """
    + _door("door_unsealed", "trail_entry r WHERE r.block IS NULL")
    + _door("door_trails", "trail_block r WHERE true")
)


class Migration(BaseMigration):
    dependencies = [("tenants", "0007_access")]
    operations = [
        RunSQL(
            ENTRY + BLOCK + KEY + DOORS,
            "DROP FUNCTION door_trails(uuid, integer), door_unsealed(uuid, integer);" + drop("trail_entry", "trail_block", "trail_key"),
        )
    ]
