"""A tenant: a company that keeps its customers' records here, with the rules it has set."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model


class Tenant(Model):
    """Row level security shows a unit of work its own tenant only. `rules` are read by `tenants.intake.rules`."""

    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    country = fields.TextField()
    time_zone = fields.TextField()
    currency = fields.TextField()
    rules: Any = fields.JSONField()
    status = fields.TextField(default="ACTIVE")
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "tenant"
