"""An API key: who a partner's program is. The secret itself is not kept, only its hash."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.models.tenant_model import OfTenant, TenantModel


class ApiKey(TenantModel):
    name = fields.TextField()
    hash = fields.BinaryField()
    may_reveal = fields.BooleanField(default=False)
    role_ids: Any = ArrayField("uuid")
    made_by = fields.UUIDField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_key"
        manager = OfTenant()
