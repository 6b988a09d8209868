"""How a migration makes a table: a tenant's or a person's table arrives with its forced policy and grants in the same breath."""

from __future__ import annotations

#: The tenant of the transaction. After a `SET LOCAL` ends the setting is '', not NULL; both mean no tenant: no rows.
TENANT = "nullif(current_setting('app.tenant_id', true), '')::uuid"

#: The person of the transaction, in the same way.
PERSON = "nullif(current_setting('app.person_id', true), '')::uuid"


def tenant_table(name: str, columns: str, *, grants: str = "SELECT, INSERT, UPDATE, DELETE", tenant_column: str = "tenant_id") -> str:
    """SQL that creates a tenant's table, forces row level security on it, and grants the app's role what it may do.

    Args:
        columns: column and constraint definitions behind `tenant_id`; the primary key is theirs to say.
        grants: privileges of `kelu_app`; append-only tables leave out UPDATE and DELETE.
        tenant_column: the column that holds the tenant; only `tenant` itself has another than `tenant_id`.
    """
    return _guarded_table(name, tenant_column, columns, "tenant_only", TENANT, grants)


def person_table(name: str, columns: str, *, grants: str = "SELECT, INSERT, UPDATE, DELETE", person_column: str = "person_id") -> str:
    """As `tenant_table`, for what belongs to one person whichever tenants he is in.

    Args:
        columns: column and constraint definitions behind `person_id`; the primary key is theirs to say.
        person_column: the column that holds the person; only `person` itself has another than `person_id`.
    """
    return _guarded_table(name, person_column, columns, "person_only", PERSON, grants)


def _guarded_table(name: str, owner_column: str, columns: str, policy: str, owner: str, grants: str) -> str:
    return f"""
    CREATE TABLE {name} ({owner_column} uuid NOT NULL, {columns});
    ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {name} FORCE ROW LEVEL SECURITY;
    CREATE POLICY {policy} ON {name} USING ({owner_column} = {owner}) WITH CHECK ({owner_column} = {owner});
    GRANT {grants} ON {name} TO kelu_app;
    """


def shared_table(name: str, columns: str, *, grants: str) -> str:
    """SQL that creates a table of the installation's own, which no tenant has a part in."""
    return f"CREATE TABLE {name} ({columns}); GRANT {grants} ON {name} TO kelu_app;"


def door(function: str, signature: str, columns: str) -> str:
    """SQL that makes a door: a function that runs as `kelu_door`, which reads the columns it is granted, and the app's role alone may call.

    Args:
        function: the statement that creates it, SECURITY DEFINER and with a search path.
        signature: name and argument types: `door_api_key(bytea)`.
        columns: what the role may read for it: `id, email ON person`; one to a line.
    """
    grants = "".join(_door_grant(line.strip()) for line in columns.strip().splitlines())
    return f"""
    {grants}
    {function}
    GRANT CREATE ON SCHEMA public TO kelu_door;
    ALTER FUNCTION {signature} OWNER TO kelu_door;
    REVOKE CREATE ON SCHEMA public FROM kelu_door;
    REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION {signature} TO kelu_app;
    """


def _door_grant(line: str) -> str:
    columns, _, table = line.partition(" ON ")
    return f"GRANT SELECT ({columns}) ON {table} TO kelu_door; CREATE POLICY door ON {table} FOR SELECT TO kelu_door USING (true);\n"


def drop(*names: str) -> str:
    """SQL that takes tables away again, last made first."""
    return "".join(f"DROP TABLE IF EXISTS {name};" for name in reversed(names))


def one_of(column: str, words: str) -> str:
    """A CHECK that a text column holds one of the space-separated words, or nothing."""
    return f"CHECK ({column} IN ({', '.join(repr(word) for word in words.split())}))"


#: Columns of every record that can be edited.
EDITED = """
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1
"""
