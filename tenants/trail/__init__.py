"""The trail: what happened in a tenant, one entry an act, written with the act or not at all.

An *entry* says who did what to what, when, from where and why: words, ids and counts, nothing that is sealed elsewhere. `note` writes it in
the unit of work we are in, so it is undone with the act; `note_alone` writes it in one of its own, for what was refused. A written
change-set is the entry of every mutation and of every batch of an import, in the same statement, with a digest over its changes.
"""

from __future__ import annotations

from tenants.trail.circumstances import Circumstances, under
from tenants.trail.event import Event
from tenants.trail.writing import note, note_alone

__all__ = ["Circumstances", "Event", "note", "note_alone", "under"]
