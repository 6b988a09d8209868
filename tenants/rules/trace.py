"""What the trail says of a change of the settings: which fields, never their values."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from tenants.session import session

log = structlog.get_logger(__name__)


async def noted(fields: Sequence[str]) -> None:
    """Note in this unit of work that these settings were changed."""
    log.info("settings.changed", tenant=str(session().tenant_id), fields=list(fields))
