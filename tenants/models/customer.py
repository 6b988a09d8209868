"""A customer: a person or a company a tenant does business with."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.models.tenant_model import OfTenant, TenantModel


class Customer(TenantModel):
    """The binary columns are sealed: `tenants.encryption` opens them, one key for each."""

    external_id = fields.TextField(null=True)
    kind = fields.TextField()
    name = fields.TextField()
    company = fields.TextField(null=True)
    gender = fields.TextField(null=True)
    birth_date = fields.BinaryField(null=True)
    occupation = fields.TextField(null=True)
    phone = fields.BinaryField(null=True)
    email = fields.BinaryField(null=True)
    address = fields.BinaryField(null=True)
    national_id = fields.BinaryField(null=True)
    postal_code = fields.TextField(null=True)
    country = fields.TextField(null=True)
    region = fields.TextField(null=True)
    city = fields.TextField(null=True)
    lifecycle = fields.TextField()
    source = fields.TextField(null=True)
    owner = fields.TextField(null=True)
    owner_id = fields.UUIDField(null=True)
    tags = ArrayField("text")
    custom: Any = fields.JSONField()
    custom_sealed = fields.BinaryField(null=True)
    flags = ArrayField("text")
    verified_at = fields.DatetimeField(null=True)
    verified_by = fields.UUIDField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    version = fields.IntField(default=1)

    class Meta:
        table = "customer"
        manager = OfTenant()
