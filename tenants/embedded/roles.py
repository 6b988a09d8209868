"""The roles and the database, as SQL a superuser runs once: by us on the embedded server, by an operator on another.

`kelu_owner` owns the tables and migrates them; `kelu_app` serves requests, owns nothing and cannot step around row level
security; `kelu_door` owns the few functions that look something up before a tenant is known, `kelu_search` the one that
searches names. None is a superuser or BYPASSRLS. An operator pipes `operator_script()` to `psql` once, gives `kelu_owner`
and `kelu_app` passwords or another way to log in, and sets KELU_DATABASE_OWNER_URL and KELU_DATABASE_URL. All of it may be run again.
"""

from __future__ import annotations

import hashlib

SUPERUSER = "postgres"
OWNER = "kelu_owner"
APP = "kelu_app"
DOOR = "kelu_door"
SEARCH = "kelu_search"
DATABASE = "kelu"

#: LOGIN on all: Citus connects to its workers as the role that runs the statement.
#: The owner is a member of the door's role, or it could not hand a function to it or take its grants back.
#: Of the search's role it takes on nothing by itself: a policy of that role lets the names of all tenants pass.
CLUSTER_SQL = f"""
DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['{OWNER}', '{APP}', '{DOOR}', '{SEARCH}'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', wanted);
        END IF;
    END LOOP;
END $$;
GRANT {DOOR} TO {OWNER};
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        GRANT {SEARCH} TO {OWNER} WITH INHERIT FALSE, SET TRUE;
    ELSE
        GRANT {SEARCH} TO {OWNER};
    END IF;
END $$;
"""

#: The character type is said aloud: under C, pg_trgm finds no letters in Chinese names.
CREATE_DATABASE_SQL = f"CREATE DATABASE {DATABASE} OWNER {OWNER} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"

#: Run inside the database. The extensions are those that the search for names needs.
DATABASE_SQL = f"""
REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;
GRANT CONNECT ON DATABASE {DATABASE} TO {APP};
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS btree_gin;
"""

#: On a server that is ours alone, its other databases are closed too.
EMBEDDED_SQL = "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;"

#: Written as the database's comment when all of it was run; another text means some of it was not.
MARK = "kelu roles " + hashlib.sha256((CLUSTER_SQL + CREATE_DATABASE_SQL + DATABASE_SQL + EMBEDDED_SQL).encode()).hexdigest()[:12]


def operator_script() -> str:
    """The whole as a script for `psql`, run as a superuser on any database of the server."""
    create = CREATE_DATABASE_SQL.replace("'", "''")
    return (
        f"\\set ON_ERROR_STOP on\n{CLUSTER_SQL}"
        f"SELECT '{create}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec\n"
        f"\\connect {DATABASE}\n{DATABASE_SQL}"
    )
