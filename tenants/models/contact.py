"""A contact: a person to speak to at a customer."""

from __future__ import annotations

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.models.tenant_model import OfTenant, TenantModel


class Contact(TenantModel):
    customer_id = fields.UUIDField()
    external_id = fields.TextField(null=True)
    name = fields.TextField()
    job_title = fields.TextField(null=True)
    phone = fields.BinaryField(null=True)
    email = fields.BinaryField(null=True)
    is_primary = fields.BooleanField(default=False)
    flags = ArrayField("text")
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    version = fields.IntField(default=1)

    class Meta:
        table = "contact"
        manager = OfTenant()
