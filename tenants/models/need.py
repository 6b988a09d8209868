"""A need: what a customer looks for."""

from __future__ import annotations

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.models.tenant_model import OfTenant, TenantModel


class Need(TenantModel):
    customer_id = fields.UUIDField()
    external_id = fields.TextField(null=True)
    what = fields.TextField()
    product_interest = fields.TextField(null=True)
    expected_at = fields.DateField(null=True)
    status = fields.TextField()
    flags = ArrayField("text")
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    version = fields.IntField(default=1)

    class Meta:
        table = "need"
        manager = OfTenant()
