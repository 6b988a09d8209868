"""Who started an import: its rows are taken in with the rights that they have then."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

from tenants.tables import one_of

#: Of before nothing is known: those runs go on as the operator's.
STARTER = f"""
ALTER TABLE import_run ADD COLUMN started_by_kind text NOT NULL DEFAULT 'OPERATOR'
    {one_of("started_by_kind", "API_KEY MEMBER OPERATOR WORKER")};
ALTER TABLE import_run ADD COLUMN started_by uuid;
"""
BACK = """
ALTER TABLE import_run DROP COLUMN started_by;
ALTER TABLE import_run DROP COLUMN started_by_kind;
"""


class Migration(BaseMigration):
    dependencies = [("tenants", "0013_oidc")]
    operations = [RunSQL(STARTER, BACK)]
