"""An upload: a file a tenant has sent, sealed in the file store under its id."""

from __future__ import annotations

from tortoise import fields

from tenants.models.tenant_model import OfTenant, TenantModel


class Upload(TenantModel):
    name = fields.TextField()
    size = fields.BigIntField()
    sha256 = fields.BinaryField()
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "upload"
        manager = OfTenant()
