"""A custom field: one a tenant has added to its customers, with its rules."""

from __future__ import annotations

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.models.tenant_model import OfTenant, TenantModel


class CustomField(TenantModel):
    name = fields.TextField()
    label = fields.TextField()
    type = fields.TextField()
    is_required = fields.BooleanField(default=False)
    is_sealed = fields.BooleanField(default=False)
    choices = ArrayField("text")
    least = fields.DecimalField(max_digits=30, decimal_places=10, null=True)
    most = fields.DecimalField(max_digits=30, decimal_places=10, null=True)
    retired_at = fields.DatetimeField(null=True)
    cleared_to = fields.UUIDField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "custom_field"
        manager = OfTenant()
