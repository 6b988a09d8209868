"""Files on their way into a tenant's records: read, mapped, staged, taken in."""

from __future__ import annotations
