"""A role that a tenant has made: `grants` is read by `tenants.access.grants`."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from tenants.models.tenant_model import OfTenant, TenantModel


class Role(TenantModel):
    name = fields.TextField()
    description = fields.TextField(default="")
    grants: Any = fields.JSONField()
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "role"
        manager = OfTenant()
