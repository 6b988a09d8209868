"""A change-set: who changed what, when and why. Its changes are rows of `change`, written by `tenants.changes`."""

from __future__ import annotations

from tortoise import fields

from tenants.models.tenant_model import OfTenant, TenantModel


class ChangeSet(TenantModel):
    created_at = fields.DatetimeField()
    actor_kind = fields.TextField()
    actor_id = fields.UUIDField(null=True)
    source = fields.TextField()
    import_run_id = fields.UUIDField(null=True)
    reason = fields.TextField(null=True)
    changes = fields.IntField()

    class Meta:
        table = "change_set"
        manager = OfTenant()
