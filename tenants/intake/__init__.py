"""The road in: normalise → validate → match → plan → apply. Every write of a tenant's records walks it.

- `intake.take_in`: a batch of drafts, each row with a fate of its own. `nested.take_in_nested`: a customer with what belongs to it, all or
  nothing. `delete.delete`: records with what goes with them, all or none. Each is one change-set, and a statement a step.
- In a draft a field is given, left out (it stays), or cleared (`clearing`: it is emptied, its flag and its key go with it). A file clears
  nothing: an empty cell leaves what is stored.
- A draft may say from which version it was made. If the record has been changed since, it is refused, and `conflicts` tells for each of
  its fields what is wanted, what is stored and what both began with, rolled back from the change-sets.
"""
