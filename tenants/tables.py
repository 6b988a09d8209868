"""How a migration makes a table: a tenant's table arrives with its forced policy and grants in the same breath."""

from __future__ import annotations

#: The tenant of the transaction. After a `SET LOCAL` ends the setting is '', not NULL; both mean no tenant: no rows.
TENANT = "nullif(current_setting('app.tenant_id', true), '')::uuid"


def tenant_table(name: str, columns: str, *, grants: str = "SELECT, INSERT, UPDATE, DELETE", tenant_column: str = "tenant_id") -> str:
    """SQL that creates a tenant's table, forces row level security on it, and grants the app's role what it may do.

    Args:
        columns: column and constraint definitions behind `tenant_id`; the primary key is theirs to say.
        grants: privileges of `kelu_app`; append-only tables leave out UPDATE and DELETE.
        tenant_column: the column that holds the tenant; only `tenant` itself has another than `tenant_id`.
    """
    own = f"{tenant_column} uuid NOT NULL"
    return f"""
    CREATE TABLE {name} ({own}, {columns});
    ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {name} FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant_only ON {name} USING ({tenant_column} = {TENANT}) WITH CHECK ({tenant_column} = {TENANT});
    GRANT {grants} ON {name} TO kelu_app;
    """


def shared_table(name: str, columns: str, *, grants: str) -> str:
    """SQL that creates a table of the installation's own, which no tenant has a part in."""
    return f"CREATE TABLE {name} ({columns}); GRANT {grants} ON {name} TO kelu_app;"


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
