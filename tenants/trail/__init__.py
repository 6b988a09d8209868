"""The trail: what happened in a tenant, one entry an act, written with the act or not at all; and what makes that hard to deny.

Words
    *Entry*: who did what to what, when, from where and what for: words, ids and counts, nothing that is sealed elsewhere. `note` writes it
    in the unit of work we are in, so it is undone with the act; `note_alone` in one of its own, for what was refused. A change-set is
    the entry of a mutation or of a batch of an import, in the same statement, with a digest over its changes.
    *Block*: up to 2,000 entries of a tenant in their order, each with its hash, bound to the block before and signed (Ed25519). `sealing`
    closes them once a minute; `FORMAT.md` says to the byte what is hashed.
    *Checkpoint*: the newest block's header and signature, kept in the file store, where the database's superuser is not.
    *Verifier*: `verifier.py`, which needs the public key, an export, a checkpoint, and nothing else of ours.

What is promised, against somebody who may do everything in the database and has neither the master key nor the file store:
    - a sealed entry that is changed, deleted, inserted, reordered or moved is found, and which one it is;
    - a block that is changed, dropped, repeated, taken from another tenant or signed with another key is found;
    - an end that is cut off is found by any checkpoint of what was cut off;
    - changes of records that are altered or deleted behind the back of their entry are found (`kelu trail verify`).
    The app's role may insert entries and give them a place in a block, and nothing else: not change, not delete.

What is not promised:
    - An entry is its author's word until it is sealed, a minute or so; what is done to it before then is not found.
    - Who has the master key has the signing key.
    - The file store shows its newest checkpoint only; who can take that back a day and cut the database to it is found by a
      checkpoint that was kept elsewhere.

What leaks to who reads the database: everything in an entry. A purpose is what somebody wrote, an address is a client's; the rest are ids.
"""

from __future__ import annotations

from tenants.trail.circumstances import Circumstances, under
from tenants.trail.event import Event
from tenants.trail.writing import note, note_alone

__all__ = ["Circumstances", "Event", "note", "note_alone", "under"]
