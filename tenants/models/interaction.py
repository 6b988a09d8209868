"""An interaction: one time a tenant and a customer spoke."""

from __future__ import annotations

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.models.tenant_model import OfTenant, TenantModel


class Interaction(TenantModel):
    customer_id = fields.UUIDField()
    external_id = fields.TextField(null=True)
    channel = fields.TextField()
    direction = fields.TextField(null=True)
    occurred_at = fields.DatetimeField()
    subject = fields.TextField(null=True)
    content = fields.BinaryField(null=True)
    follow_up = fields.TextField(null=True)
    flags = ArrayField("text")
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    version = fields.IntField(default=1)

    class Meta:
        table = "interaction"
        manager = OfTenant()
