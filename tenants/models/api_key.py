"""An API key: who a partner's program is. The secret itself is not kept, only its hash."""

from __future__ import annotations

from tortoise import fields

from tenants.models.tenant_model import OfTenant, TenantModel


class ApiKey(TenantModel):
    name = fields.TextField()
    hash = fields.BinaryField()
    may_reveal = fields.BooleanField(default=False)
    created_at = fields.DatetimeField(auto_now_add=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_key"
        manager = OfTenant()
