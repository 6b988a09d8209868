"""Access: members, teams and roles, whose customers are whose, and what a key may do."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import EDITED, drop, one_of, tenant_table

TABLES = (
    tenant_table(
        "role",
        f"""
        id uuid NOT NULL,
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        description text NOT NULL DEFAULT '' CHECK (length(description) <= 1000),
        grants jsonb NOT NULL,
        {EDITED},
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, name),
        FOREIGN KEY (tenant_id) REFERENCES tenant (id)
        """,
    )
    # `person_id` is who it is once the invitation is accepted; `role_ids` name roles of the tenant or built-in ones.
    + tenant_table(
        "member",
        f"""
        id uuid NOT NULL,
        person_id uuid,
        email text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        role_ids uuid[] NOT NULL DEFAULT '{{}}' CHECK (cardinality(role_ids) <= 20),
        status text NOT NULL DEFAULT 'INVITED' {one_of("status", "INVITED ACTIVE SUSPENDED REMOVED")},
        {EDITED},
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id) REFERENCES tenant (id),
        CHECK (status <> 'ACTIVE' OR person_id IS NOT NULL)
        """,
        grants="SELECT, INSERT, UPDATE",
    )
    + "CREATE UNIQUE INDEX member_email ON member (tenant_id, email) WHERE status <> 'REMOVED';"
    + "CREATE INDEX member_person ON member (person_id) WHERE person_id IS NOT NULL;"
    + tenant_table(
        "team",
        f"""
        id uuid NOT NULL,
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        {EDITED},
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, name),
        FOREIGN KEY (tenant_id) REFERENCES tenant (id)
        """,
    )
    + tenant_table(
        "team_member",
        """
        team_id uuid NOT NULL,
        member_id uuid NOT NULL,
        PRIMARY KEY (tenant_id, team_id, member_id),
        FOREIGN KEY (tenant_id, team_id) REFERENCES team (tenant_id, id) ON DELETE CASCADE,
        FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id) ON DELETE CASCADE
        """,
        grants="SELECT, INSERT, DELETE",
    )
    + "CREATE INDEX team_of_member ON team_member (tenant_id, member_id);"
)

#: Keys of before could do everything with records: they are partners' keys.
COLUMNS = f"""
ALTER TABLE api_key ADD COLUMN role_ids uuid[] NOT NULL DEFAULT '{{00000000-0000-0000-0000-000000000005}}'
    CHECK (cardinality(role_ids) <= 20);
ALTER TABLE api_key ADD COLUMN made_by uuid;
ALTER TABLE tenant ADD COLUMN status text NOT NULL DEFAULT 'ACTIVE' {one_of("status", "ACTIVE SUSPENDED DELETING")};
ALTER TABLE customer ADD COLUMN owner_id uuid;
CREATE INDEX customer_owner ON customer (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;
ALTER TABLE change_set DROP CONSTRAINT change_set_actor_kind_check;
ALTER TABLE change_set ADD CONSTRAINT change_set_actor_kind_check {one_of("actor_kind", "API_KEY MEMBER OPERATOR WORKER")};
"""
BACK = """
ALTER TABLE change_set DROP CONSTRAINT change_set_actor_kind_check;
ALTER TABLE change_set ADD CONSTRAINT change_set_actor_kind_check CHECK (actor_kind IN ('API_KEY', 'OPERATOR', 'WORKER'));
ALTER TABLE customer DROP COLUMN owner_id;
ALTER TABLE tenant DROP COLUMN status;
ALTER TABLE api_key DROP COLUMN made_by;
ALTER TABLE api_key DROP COLUMN role_ids;
"""


class Migration(BaseMigration):
    dependencies = [("tenants", "0006_idempotency")]
    operations = [RunSQL(TABLES + COLUMNS, BACK + drop("role", "member", "team", "team_member"))]
