"""A tenant's life: its rules held while records are written, its own fields retired, and all of it erased when it is deleted."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import drop, tenant_table

#: Who writes records shares a lock with others who do, and has it before the rules are read: each statement of a volatile function
#: sees what was committed when it began.
RULES = """
ALTER TABLE custom_field ADD COLUMN retired_at timestamptz, ADD COLUMN cleared_to uuid;
CREATE FUNCTION held_rules_version(wanted uuid) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('rules ' || wanted::text, 0));
    RETURN (SELECT t.version FROM tenant t WHERE t.id = wanted);
END $$;
CREATE FUNCTION held_rules(wanted uuid)
RETURNS TABLE (country text, time_zone text, currency text, rules jsonb, version integer, custom_fields jsonb) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('rules ' || wanted::text, 0));
    RETURN QUERY SELECT t.country, t.time_zone, t.currency, t.rules, t.version,
        (SELECT coalesce(jsonb_agg(to_jsonb(f)), '[]') FROM custom_field f WHERE f.tenant_id = wanted)
    FROM tenant t WHERE t.id = wanted;
END $$;
"""

#: What became of a tenant that was deleted; the one thing that stays of it, and nothing personal is in it. `keys`, `removed` and `files`
#: are what was destroyed; `checkpoint` is the last of its trail; `proof` says it all, signed.
ERASURE = tenant_table(
    "erasure",
    """
    job_id uuid NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    keys jsonb NOT NULL,
    removed jsonb NOT NULL DEFAULT '{}',
    files bigint NOT NULL DEFAULT 0,
    checkpoint text,
    finished_at timestamptz,
    proof text,
    key_id text,
    signature bytea,
    PRIMARY KEY (tenant_id)
    """,
    grants="SELECT, INSERT, UPDATE",
)

#: That a tenant is to be deleted only the owner of the tables can say, and nobody of the app's role can take it back.
DELETING = """
CREATE POLICY deleting ON tenant AS RESTRICTIVE FOR UPDATE TO kelu_app
    USING (status <> 'DELETING') WITH CHECK (status <> 'DELETING');
"""

#: Removes some rows of one table: those of the transaction's tenant, if it is being deleted, and no others. It runs as the owner of the
#: tables, so that a table of tomorrow is in its reach too; row level security, which is forced, holds for that role as for any.
ERASE = """
CREATE FUNCTION door_erase(wanted text, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    whose uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    own text := CASE wanted WHEN 'tenant' THEN 'id' ELSE 'tenant_id' END;
    gone integer;
BEGIN
    IF NOT EXISTS (SELECT FROM tenant t WHERE t.id = whose AND t.status = 'DELETING') THEN
        RAISE EXCEPTION 'this tenant is not being deleted' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF wanted = 'erasure' OR NOT EXISTS (
        SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = own
        WHERE c.relname = wanted AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relforcerowsecurity
    ) THEN
        RAISE EXCEPTION 'no table of tenants' USING ERRCODE = 'undefined_table';
    END IF;
    EXECUTE format('DELETE FROM public.%1$I WHERE ctid = ANY (ARRAY(SELECT ctid FROM public.%1$I WHERE %2$I = $1 LIMIT $2))', wanted, own)
        USING whose, most;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION door_erase(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door_erase(text, integer) TO kelu_app;
"""

#: Which tenants there are: ids, for the operator's list. And jobs of those that are not active are not due, but the one that erases.
DOORS = """
GRANT SELECT (id, status) ON tenant TO kelu_door;
CREATE POLICY door ON tenant FOR SELECT TO kelu_door USING (true);
CREATE FUNCTION door_tenants(after uuid, most integer) RETURNS TABLE (id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.id FROM tenant t WHERE t.id > after ORDER BY t.id LIMIT least(most, 10000)
$$;
GRANT CREATE ON SCHEMA public TO kelu_door;
ALTER FUNCTION door_tenants(uuid, integer) OWNER TO kelu_door;
REVOKE CREATE ON SCHEMA public FROM kelu_door;
REVOKE ALL ON FUNCTION door_tenants(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door_tenants(uuid, integer) TO kelu_app;
CREATE OR REPLACE FUNCTION door_due_jobs(most integer) RETURNS TABLE (tenant_id uuid, id uuid, kind text, attempts integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT j.tenant_id, j.id, j.kind, j.attempts FROM job j JOIN tenant t ON t.id = j.tenant_id
    WHERE j.due_at <= now() AND t.status = CASE j.kind WHEN 'tenant_erase' THEN 'DELETING' ELSE 'ACTIVE' END
    ORDER BY j.due_at LIMIT least(most, 10000)
$$;
"""
DOORS_BACK = """
CREATE OR REPLACE FUNCTION door_due_jobs(most integer) RETURNS TABLE (tenant_id uuid, id uuid, kind text, attempts integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT j.tenant_id, j.id, j.kind, j.attempts FROM job j WHERE j.due_at <= now() ORDER BY j.due_at LIMIT least(most, 10000)
$$;
DROP FUNCTION door_tenants(uuid, integer);
DROP POLICY door ON tenant;
REVOKE SELECT (id, status) ON tenant FROM kelu_door;
"""

TAKEN_BACK = """
DROP FUNCTION door_erase(text, integer);
DROP POLICY deleting ON tenant;
DROP FUNCTION held_rules(uuid); DROP FUNCTION held_rules_version(uuid);
ALTER TABLE custom_field DROP COLUMN retired_at, DROP COLUMN cleared_to;
"""


class Migration(BaseMigration):
    dependencies = [("tenants", "0011_api_keys")]
    operations = [RunSQL(RULES + ERASURE + DELETING + ERASE + DOORS, DOORS_BACK + TAKEN_BACK + drop("erasure"))]
