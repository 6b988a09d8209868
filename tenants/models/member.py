"""A member: a person in one tenant, with the roles it has there."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.models.tenant_model import OfTenant, TenantModel


class Member(TenantModel):
    """`person_id` is None until an invitation is accepted."""

    person_id = fields.UUIDField(null=True)
    email = fields.TextField()
    name = fields.TextField()
    role_ids: Any = ArrayField("uuid")
    status = fields.TextField(default="INVITED")
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "member"
        manager = OfTenant()
