"""Keys that spend, and views of their budgets as other processes would have them."""

from __future__ import annotations

import pytest

from tenants import budgets as module
from tenants.budgets import Budgets
from tenants.ids import new_id
from tenants.installation import Installation, installation
from tenants.refusals import RateLimited
from tenants.session import Actor, ActorKind
from tests.workers.working import with_settings

#: Longer than any answer of Valkey takes on a busy machine.
PATIENT = 10.0


def set_measures(opened: Installation, patch: pytest.MonkeyPatch, key: int = 1000, tenant: int = 5000, per_second: float = 1) -> None:
    changed = {"budget_key_points": key, "budget_tenant_points": tenant}
    with_settings(opened, patch, **changed, budget_key_per_second=per_second, budget_tenant_per_second=per_second)
    patch.setattr(module, "_budgets", None)
    patch.setattr(module, "PATIENCE_SECONDS", PATIENT)


def a_key(of: Actor | None = None) -> Actor:
    return Actor(of.tenant_id if of else new_id(), ActorKind.API_KEY, new_id())


def a_view() -> Budgets:
    """What another process would know."""
    return Budgets(installation(), patience_seconds=PATIENT)


async def spent_by(view: Budgets, actor: Actor, points: int) -> int:
    """Spend so many points again and again until it is refused; how many were had."""
    had = 0
    while True:
        try:
            await view.spend(actor, points)
        except RateLimited:
            return had
        had += points
