"""A tenant's life: its rules held while records are written, its own fields retired, and all of it erased when it is deleted."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

#: Who writes records shares a lock with others who do, and has it before the rules are read: each statement of a volatile function
#: sees what was committed when it began.
RULES = """
ALTER TABLE custom_field ADD COLUMN retired_at timestamptz, ADD COLUMN cleared_to uuid;
CREATE FUNCTION held_rules_version(wanted uuid) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('rules ' || wanted::text, 0));
    RETURN (SELECT t.version FROM tenant t WHERE t.id = wanted);
END $$;
CREATE FUNCTION tenant_rules(wanted uuid, is_held boolean)
RETURNS TABLE (country text, time_zone text, currency text, rules jsonb, version integer, custom_fields jsonb) LANGUAGE plpgsql AS $$
BEGIN
    IF is_held THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('rules ' || wanted::text, 0));
    END IF;
    RETURN QUERY SELECT t.country, t.time_zone, t.currency, t.rules, t.version,
        (SELECT coalesce(jsonb_agg(to_jsonb(f)), '[]') FROM custom_field f WHERE f.tenant_id = wanted)
    FROM tenant t WHERE t.id = wanted;
END $$;
"""

MADE = RULES
TAKEN_BACK = """
DROP FUNCTION tenant_rules(uuid, boolean); DROP FUNCTION held_rules_version(uuid);
ALTER TABLE custom_field DROP COLUMN retired_at, DROP COLUMN cleared_to;
"""


class Migration(BaseMigration):
    dependencies = [("tenants", "0006_idempotency")]
    operations = [RunSQL(MADE, TAKEN_BACK)]
