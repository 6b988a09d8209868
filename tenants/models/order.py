"""An order of a customer, with its lines."""

from __future__ import annotations

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.models.tenant_model import OfTenant, TenantModel


class Order(TenantModel):
    customer_id = fields.UUIDField()
    external_id = fields.TextField(null=True)
    number = fields.TextField()
    ordered_at = fields.DatetimeField()
    amount = fields.DecimalField(max_digits=18, decimal_places=4)
    currency = fields.TextField()
    payment_method = fields.TextField(null=True)
    status = fields.TextField()
    flags = ArrayField("text")
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    version = fields.IntField(default=1)

    class Meta:
        table = "customer_order"
        manager = OfTenant()


class OrderLine(TenantModel):
    order_id = fields.UUIDField()
    position = fields.IntField()
    product = fields.TextField()
    quantity = fields.DecimalField(max_digits=18, decimal_places=4)
    unit_price = fields.DecimalField(max_digits=18, decimal_places=4)
    discount = fields.DecimalField(max_digits=9, decimal_places=4)
    amount = fields.DecimalField(max_digits=18, decimal_places=4)

    class Meta:
        table = "order_line"
        manager = OfTenant()
