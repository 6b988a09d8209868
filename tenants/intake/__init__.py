"""The road in: normalise → validate → match → plan → apply. Every write of a tenant's records walks it."""
