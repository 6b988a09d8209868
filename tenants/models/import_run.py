"""An import run: one file on its way into a tenant's records."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from tenants.models.tenant_model import OfTenant, TenantModel


class ImportRun(TenantModel):
    upload_id = fields.UUIDField()
    record_type = fields.TextField()
    status = fields.TextField(default="WAITING")
    is_dry_run = fields.BooleanField(default=False)
    started_by_kind = fields.TextField(default="OPERATOR")
    started_by = fields.UUIDField(null=True)
    options: Any = fields.JSONField(default=dict)
    source: Any = fields.JSONField(default=dict)
    mapping: Any = fields.JSONField(default=list)
    evidence: Any = fields.JSONField(default=dict)
    cursor: Any = fields.JSONField(null=True)
    is_staged = fields.BooleanField(default=False)
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
    records: Any = fields.JSONField(default=dict)
    failure_reason = fields.TextField(null=True)
    started_at = fields.DatetimeField(null=True)
    running_at = fields.DatetimeField(null=True)
    rows_before = fields.BigIntField(default=0)
    finished_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "import_run"
        manager = OfTenant()
