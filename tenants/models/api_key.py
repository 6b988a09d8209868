"""An API key: who a partner's program is. Its secrets are not kept, only their hashes."""

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
    made_by_key = fields.UUIDField(null=True)
    networks: Any = ArrayField("cidr", default=list)
    points_per_minute = fields.IntField(null=True)
    expires_at = fields.DatetimeField(null=True)
    rotated_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    last_address = fields.TextField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now_add=True)
    version = fields.IntField(default=1)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_key"
        manager = OfTenant()
