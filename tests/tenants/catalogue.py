"""What the schema promises, as checks that read the catalogue: each returns what breaks its promise, and nothing if all is well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from tenants.tables import person_table, tenant_table

#: Tables that are no tenant's. `tortoise_migrations`: which migrations the schema has had; `trail_key`: what the trail is signed with.
#: `signing_key`: what access tokens are.
NO_TENANTS = {"tortoise_migrations", "trail_key", "signing_key"}

#: Where the tenant is in another column than `tenant_id`: a tenant's id is the tenant.
TENANT_COLUMNS = {"tenant": "id"}

#: Tables that are a person's, whichever tenants he is in, and the column that holds the person.
PERSONS = {"person": "id", "recovery_code": "person_id", "one_time_token": "person_id", "known_device": "person_id"}

#: Unique indexes of persons' tables in which the person does not come first: an e-mail is one person's among all.
UNIQUE_AMONG_ALL = {"person.person_email"}

#: What lets a role of ours see rows of every tenant: `table.policy`. kelu_door looks something up before a tenant is known; kelu_search
#: binds the transaction's tenant itself (tests/server/test_search.py), because a policy would keep it from its index.
DOOR_POLICIES = {
    "api_key.door": "kelu_door",
    "former_secret.door": "kelu_door",
    "customer.search": "kelu_search",
    "job.door": "kelu_door",
    "trail_entry.door": "kelu_door",
    "trail_block.door": "kelu_door",
    "tenant.door": "kelu_door",
    "sign_in_session.door": "kelu_door",
    "person.door": "kelu_door",
    "one_time_token.door": "kelu_door",
    "member.door": "kelu_door",
}
#: Policies that let somebody do less: that a tenant is to be deleted is not for the app's role to say, nor to take back.
NARROWER_POLICIES = {
    "tenant.deleting": "RESTRICTIVE UPDATE {kelu_app} USING (status <> 'DELETING'::text) CHECK (status <> 'DELETING'::text)"
}
#: The functions that run as these roles, and all that they may read.
DOOR_FUNCTIONS = {
    "door_api_key(bytea)": "kelu_door",
    "door_due_jobs(integer)": "kelu_door",
    "door_search(text[])": "kelu_search",
    "door_trails(uuid,integer)": "kelu_door",
    "door_unsealed(uuid,integer)": "kelu_door",
    "door_tenants(uuid,integer)": "kelu_door",
    "door_sign_in_session(bytea)": "kelu_door",
    "door_places()": "kelu_door",
    "door_person(text)": "kelu_door",
    "door_token(bytea)": "kelu_door",
    "door_memberships()": "kelu_door",
}
#: And the one that runs as the owner of the tables, whom row level security binds too: it removes rows of a tenant that is being deleted.
OWN_FUNCTIONS = {"door_erase(text,integer)": "kelu_owner"}
DOOR_COLUMNS = {
    "api_key kelu_door": {"tenant_id", "id", "hash", "may_reveal", "revoked_at"},
    "former_secret kelu_door": {"tenant_id", "key_id", "hash", "ends_at"},
    "customer kelu_search": {"tenant_id", "id", "name", "company"},
    "job kelu_door": {"tenant_id", "id", "kind", "attempts", "due_at"},
    "trail_entry kelu_door": {"tenant_id", "block"},
    "trail_block kelu_door": {"tenant_id"},
    "tenant kelu_door": {"id", "name", "status"},
    "member kelu_door": {"tenant_id", "id", "person_id", "status"},
    "person kelu_door": {"id", "email"},
    "sign_in_session kelu_door": {"tenant_id", "id", "locator_hash"},
    "one_time_token kelu_door": {"person_id", "hash", "purpose", "tenant_id", "member_id", "expires_at", "used_at"},
}

#: What the app's role may do to a table, where it is not all of SELECT, INSERT, UPDATE and DELETE.
FEWER_GRANTS = {
    "tenant": "SELECT INSERT UPDATE",
    "tenant_key": "SELECT INSERT",
    "api_key": "SELECT INSERT UPDATE",
    "member": "SELECT INSERT UPDATE",
    "team_member": "SELECT INSERT DELETE",
    "change_set": "SELECT INSERT",
    "change": "SELECT INSERT",
    "trail_entry": "SELECT INSERT",
    "trail_block": "SELECT INSERT",
    "trail_key": "SELECT INSERT",
    "erasure": "SELECT INSERT UPDATE",
    "tortoise_migrations": "SELECT",
    "person": "SELECT INSERT UPDATE",
}
#: What else it may do to single columns: an entry of the trail gets its place in a block, once.
COLUMN_GRANTS = {"trail_entry": {"block UPDATE", "position UPDATE"}}

#: Everything that is ours: not the system's, not an extension's, not a temporary table of some session.
OURS = """
    SELECT c.oid, c.relname AS name, c.relkind AS kind, c.relowner AS owner, c.relacl AS acl, c.relrowsecurity AS guarded,
        c.relforcerowsecurity AS forced, CASE c.relname WHEN 'tenant' THEN 'id' ELSE 'tenant_id' END AS tenant_column
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
GUARDED = f"SELECT * FROM ({OURS}) AS ours WHERE kind IN ('r', 'p') AND name <> ALL ('{{{','.join(NO_TENANTS)}}}')"
TABLES = f"SELECT * FROM ({GUARDED}) AS guarded WHERE name <> ALL ('{{{','.join(PERSONS)}}}')"
PERSON_TABLES = f"""
    SELECT *, CASE name WHEN 'person' THEN 'id' ELSE 'person_id' END AS person_column
    FROM ({GUARDED}) AS guarded WHERE name = ANY ('{{{",".join(PERSONS)}}}')
"""

#: Checks that are one query: what it returns breaks the promise in its name.
QUERIES = {
    "row level security is enabled and forced": f"SELECT name FROM ({GUARDED}) AS t WHERE NOT (guarded AND forced)",
    "there are plain tables only: no view, materialized view or foreign table": (
        f"SELECT name FROM ({OURS}) AS t WHERE kind NOT IN ('r', 'p', 'i', 'I', 'S', 't', 'c')"
    ),
    "the tenant is a uuid that is never null": f"""
        SELECT name FROM ({TABLES}) AS t WHERE NOT EXISTS (
            SELECT FROM pg_attribute a
            WHERE a.attrelid = t.oid AND a.attname = t.tenant_column AND a.atttypid = 'uuid'::regtype AND a.attnotnull)
    """,
    "there is a primary key": f"""
        SELECT name FROM ({GUARDED}) AS t WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
    """,
    "the tenant comes first in every key and unique index": f"""
        SELECT t.name || '.' || i.indexrelid::regclass::text FROM ({TABLES}) AS t JOIN pg_index i ON i.indrelid = t.oid
        LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
        WHERE (i.indisunique OR i.indisexclusion) AND a.attname IS DISTINCT FROM t.tenant_column
    """,
    "the tenant comes first in every foreign key, on both sides": f"""
        SELECT t.name || '.' || k.conname FROM ({TABLES}) AS t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
        JOIN ({OURS}) AS other ON other.oid = k.confrelid
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
        JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
        WHERE a.attname <> t.tenant_column OR b.attname <> other.tenant_column
    """,
    "the person is a uuid that is never null": f"""
        SELECT name FROM ({PERSON_TABLES}) AS t WHERE NOT EXISTS (
            SELECT FROM pg_attribute a
            WHERE a.attrelid = t.oid AND a.attname = t.person_column AND a.atttypid = 'uuid'::regtype AND a.attnotnull)
    """,
    "the person comes first in every key and unique index": f"""
        SELECT t.name || '.' || i.indexrelid::regclass::text FROM ({PERSON_TABLES}) AS t JOIN pg_index i ON i.indrelid = t.oid
        LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
        WHERE (i.indisunique OR i.indisexclusion) AND a.attname IS DISTINCT FROM t.person_column
            AND t.name || '.' || i.indexrelid::regclass::text <> ALL ('{{{",".join(UNIQUE_AMONG_ALL)}}}')
    """,
    "a person's rows refer to that person's and no other": f"""
        SELECT t.name || '.' || k.conname FROM ({PERSON_TABLES}) AS t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
        LEFT JOIN ({PERSON_TABLES}) AS other ON other.oid = k.confrelid
        LEFT JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
        LEFT JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
        WHERE a.attname IS DISTINCT FROM t.person_column OR b.attname IS DISTINCT FROM other.person_column
    """,
    "no foreign key sets its columns on delete or update: the tenant is one of them": """
        SELECT conname FROM pg_constraint WHERE contype = 'f' AND (confdeltype IN ('n', 'd') OR confupdtype IN ('n', 'd'))
    """,
    "there are no triggers but those of foreign keys": f"""
        SELECT t.name || '.' || g.tgname FROM ({OURS}) AS t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
    """,
    "there are no rewrite rules": f"""
        SELECT t.name || '.' || r.rulename FROM ({OURS}) AS t JOIN pg_rewrite r ON r.ev_class = t.oid WHERE r.rulename <> '_RETURN'
    """,
    "the owner owns it all": f"""
        SELECT name FROM ({OURS}) AS t WHERE pg_get_userbyid(owner) <> 'kelu_owner'
    """,
    "only the doors run as somebody else": f"""
        SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prosecdef
            AND p.oid::regprocedure::text <> ALL ('{{"{'","'.join(sorted(DOOR_FUNCTIONS | OWN_FUNCTIONS))}"}}')
    """,
    "the app's role and the door's create nothing": """
        SELECT role || ' in ' || nspname FROM pg_namespace, unnest('{kelu_app,kelu_door,kelu_search}'::text[]) AS role
        WHERE nspname NOT LIKE 'pg\\_%' AND has_schema_privilege(role, oid, 'CREATE')
        UNION ALL
        SELECT role || ' in the database' FROM unnest('{kelu_app,kelu_door,kelu_search}'::text[]) AS role
        WHERE has_database_privilege(role, current_database(), 'CREATE')
    """,
}


async def wrong_policies(connection: Any) -> list[str]:
    """Policies that are not the one every tenant's or person's table is made with, nor a written exception; tables that lack theirs."""
    of_tenant = await _policy_of_a_new_table(connection, tenant_table("a_new_table", "PRIMARY KEY (tenant_id)"))
    of_person = await _policy_of_a_new_table(connection, person_table("a_new_table", "PRIMARY KEY (person_id)"))
    columns = {row["name"]: row["tenant_column"] for row in await connection.fetch(TABLES)}
    wanted = {f"{table}.tenant_only": of_tenant.replace("(tenant_id =", f"({column} =") for table, column in columns.items()}
    wanted |= {f"{table}.person_only": of_person.replace("(person_id =", f"({column} =") for table, column in PERSONS.items()}
    wanted |= NARROWER_POLICIES
    wanted |= {name: f"PERMISSIVE SELECT {{{role}}} USING true CHECK none" for name, role in DOOR_POLICIES.items()}
    found = {row["name"]: row["said"] for row in await connection.fetch(_POLICIES)}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


_POLICIES = """
    SELECT tablename || '.' || policyname AS name,
        concat(permissive, ' ', cmd, ' ', roles, ' USING ', coalesce(qual, 'none'), ' CHECK ', coalesce(with_check, 'none')) AS said
    FROM pg_policies
"""


async def _policy_of_a_new_table(connection: Any, table: str) -> str:
    trial = connection.transaction()
    await trial.start()
    try:
        await connection.execute(table)
        said: str = await connection.fetchval(f"SELECT said FROM ({_POLICIES}) AS p WHERE name LIKE 'a_new_table.%'")
        return said
    finally:
        await trial.rollback()


async def wrong_grants(connection: Any) -> list[str]:
    """What somebody but the owner may do to a table, a column or a sequence, beyond or short of what is written here."""
    wanted = {
        f"{row['name']} kelu_app {privilege}"
        for row in await connection.fetch(f"SELECT name FROM ({OURS}) AS t WHERE kind IN ('r', 'p')")
        for privilege in FEWER_GRANTS.get(row["name"], "SELECT INSERT UPDATE DELETE").split()
    } | {f"{table}.{column} {role} SELECT" for (table, role), columns in _door_columns() for column in columns}
    for table, columns in COLUMN_GRANTS.items():
        wanted |= {f"{table}.{column} kelu_app {privilege}" for column, privilege in map(str.split, columns)}
    found = {row["said"] for row in await connection.fetch(_GRANTS)}
    return sorted(wanted ^ found)


def _door_columns() -> Iterator[tuple[list[str], set[str]]]:
    return ((name.split(), columns) for name, columns in DOOR_COLUMNS.items())


_GRANTS = f"""
    SELECT concat(name, ' ', coalesce(pg_get_userbyid(nullif(grantee, 0)), 'public'), ' ', privilege_type) AS said
    FROM ({OURS}) AS t, aclexplode(acl) WHERE grantee <> owner
    UNION ALL
    SELECT concat(name, '.', attname, ' ', coalesce(pg_get_userbyid(nullif(grantee, 0)), 'public'), ' ', privilege_type)
    FROM ({OURS}) AS t JOIN pg_attribute a ON a.attrelid = t.oid, aclexplode(attacl) WHERE grantee <> owner
"""


async def wrong_doors(connection: Any) -> list[str]:
    """Doors that are missing, are not their role's, can be led astray by a search path, or are open to others than the app's role."""
    found = await connection.fetch(
        """
        SELECT p.oid::regprocedure::text, pg_get_userbyid(p.proowner) AS role FROM pg_proc p
        WHERE p.prosecdef AND p.proconfig = '{"search_path=public, pg_temp"}'
            AND has_function_privilege('kelu_app', p.oid, 'EXECUTE') AND NOT has_function_privilege('public', p.oid, 'EXECUTE')
        """
    )
    return sorted({name for name, _ in (DOOR_FUNCTIONS | OWN_FUNCTIONS).items() ^ {row["oid"]: row["role"] for row in found}.items()})


async def powers(connection: Any, roles: set[str]) -> list[str]:
    """What these roles could use to step around row level security: attributes, and other roles they are in."""
    found = await connection.fetch(
        """
        SELECT rolname || ' ' || power AS said FROM pg_roles, unnest(
            array['superuser', 'bypassrls', 'createrole', 'createdb', 'replication'],
            array[rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication]) AS has (power, is_so)
        WHERE rolname = ANY ($1) AND is_so
        UNION ALL
        SELECT m.rolname || ' in ' || r.rolname FROM pg_auth_members JOIN pg_roles m ON m.oid = member JOIN pg_roles r ON r.oid = roleid
        WHERE m.rolname = ANY ($1)
        """,
        list(roles),
    )
    return sorted(row["said"] for row in found)


def _asked(query: str) -> Callable[[Any], Awaitable[list[str]]]:
    async def ask(connection: Any) -> list[str]:
        return sorted(row[0] for row in await connection.fetch(query))

    return ask


CHECKS: dict[str, Callable[[Any], Awaitable[list[str]]]] = {
    **{promise: _asked(query) for promise, query in QUERIES.items()},
    "every table has the policy it was made with, and no other": wrong_policies,
    "everybody may do what is written, and no more": wrong_grants,
    "the doors are narrow": wrong_doors,
}
