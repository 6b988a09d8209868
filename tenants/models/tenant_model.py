"""What every model of a tenant's table shares: its statements bind the tenant, on top of row level security."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet


class OfTenant(Manager):
    """Adds the tenant of the unit of work to every query of a model: one shard is asked, and RLS has a second lock.

    Each model needs one of its own in its Meta: Tortoise writes the model into it. And a Meta must not inherit from this
    file's, or the model is abstract, too.
    """

    def get_queryset(self) -> QuerySet[Any]:
        from tenants.session import session  # the session needs the models' connection, so it is imported late

        return super().get_queryset().filter(tenant_id=session().tenant_id)


class TenantModel(Model):
    """A row of one tenant. The table's key is (tenant_id, id); Tortoise knows single keys only and is told `id`.

    Change rows with `Model.filter(id=…).update(…)`, which binds the tenant; `save()` of a stored row would not.
    """

    id = fields.UUIDField(primary_key=True)
    tenant_id = fields.UUIDField()

    class Meta:
        abstract = True
