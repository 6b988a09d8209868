"""A preference: what a customer likes, as kind and value."""

from __future__ import annotations

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.models.tenant_model import OfTenant, TenantModel


class Preference(TenantModel):
    customer_id = fields.UUIDField()
    external_id = fields.TextField(null=True)
    kind = fields.TextField()
    value = fields.TextField()
    flags = ArrayField("text")
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    version = fields.IntField(default=1)

    class Meta:
        table = "preference"
        manager = OfTenant()
