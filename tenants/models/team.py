"""A team: members who see one another's customers, where a role reaches as far as the team."""

from __future__ import annotations

from tortoise import fields

from tenants.models.tenant_model import OfTenant, TenantModel


class Team(TenantModel):
    name = fields.TextField()
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "team"
        manager = OfTenant()
