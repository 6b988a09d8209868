"""Names of fields as the outside writes them, and as they are here."""

from __future__ import annotations

import re


def field_name(name: str) -> str:
    """`birth_date` → birthDate."""
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def target_name(field: str) -> str:
    """`birthDate` → birth_date."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", field)
