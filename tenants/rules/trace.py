"""What the trail says of a change of the settings: which fields, never their values."""

from __future__ import annotations

from collections.abc import Sequence

from tenants.session import session
from tenants.trail import Event, note


async def noted(fields: Sequence[str]) -> None:
    """Note in this unit of work that these settings were changed."""
    await note(Event.SETTINGS_CHANGED, subject_type="TENANT", subject_id=session().tenant_id, fields=list(fields))
