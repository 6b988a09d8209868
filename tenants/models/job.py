"""A job: work to be done later. The row is the truth, Redis is a bell."""

from __future__ import annotations

from tortoise import fields

from tenants.models.tenant_model import OfTenant, TenantModel


class Job(TenantModel):
    """`due_at`: when to ring (again), or None while it is held back or over. `attempts` fences off a worker that lost its claim."""

    kind = fields.TextField()
    subject_id = fields.UUIDField()
    position = fields.IntField(default=0)
    state = fields.TextField(default="WAITING")
    attempts = fields.IntField(default=0)
    failures = fields.IntField(default=0)
    losses = fields.IntField(default=0)
    due_at = fields.DatetimeField(null=True)
    failure = fields.TextField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "job"
        manager = OfTenant()
