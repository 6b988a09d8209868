"""An import run: one file on its way into a tenant's records."""

from __future__ import annotations

from tortoise import fields

from tenants.models.tenant_model import TenantModel


class ImportRun(TenantModel):
    upload_id = fields.UUIDField()
    record_type = fields.TextField()
    status = fields.TextField(default="WAITING")
    is_dry_run = fields.BooleanField(default=False)
    options = fields.JSONField(default=dict)
    source = fields.JSONField(default=dict)
    mapping = fields.JSONField(default=list)
    evidence = fields.JSONField(default=dict)
    cursor = fields.JSONField(null=True)
    rows_staged = fields.BigIntField(default=0)
    rows_blank = fields.BigIntField(default=0)
    chunks_staged = fields.IntField(default=0)
    chunks_applied = fields.IntField(default=0)
    rows_read = fields.BigIntField(default=0)
    rows_created = fields.BigIntField(default=0)
    rows_updated = fields.BigIntField(default=0)
    rows_unchanged = fields.BigIntField(default=0)
    rows_skipped = fields.BigIntField(default=0)
    rows_rejected = fields.BigIntField(default=0)
    warnings = fields.BigIntField(default=0)
    records = fields.JSONField(default=dict)
    failure_reason = fields.TextField(null=True)
    started_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)
    version = fields.IntField(default=1)

    class Meta(TenantModel.Meta):
        table = "import_run"
