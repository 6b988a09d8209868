"""Retention: what is older than a tenant wants to keep."""

from __future__ import annotations

from tenants.rules.decided import Kept

#: What this version deletes by itself.
APPLIED: frozenset[Kept] = frozenset()
