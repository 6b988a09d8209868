"""Refusals as the trail has them: what somebody asked for and may not have."""

from __future__ import annotations

from collections.abc import Iterable

from tenants.refusals import NotAllowed
from tenants.session import Actor
from tenants.trail import Event, note_alone

#: What is refused because of who asks; all else is wrong whoever does.
_CODES = frozenset({NotAllowed.code, "PURPOSE_REQUIRED"})


async def note_refusal(actor: Actor, codes: Iterable[str]) -> None:
    """Write that a request was refused, if it was because of who asks; the query is in the circumstances. Whatever it did is undone."""
    found = sorted(_CODES & set(codes))
    if found:
        await note_alone(actor, Event.REFUSAL, details={"codes": found})
