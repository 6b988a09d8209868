"""Change-sets: who changed what, when and why, in the same transaction as the change itself.

A change-set is one act (a mutation, a chunk of an import); its changes are one row a record, in the order they were decided.
Each change's body is sealed JSON, `{"before": {…}, "after": {…}}`: for a CREATE `after` is the whole record, for an UPDATE both
hold the fields that differ, for a DELETE `before` is the whole record. So a record's history can be rolled back to any point
from its row as it stands: that is what undo reads, and the base of a conflict. Rows are append-only: the app's role may not update or
delete them.

Once a change-set is committed, `feed` tells of it over Redis to whoever is `listening`: which records, whose, what became of them and which
fields, and no value. A message may be lost (then a listener is told that some were), so a listener reads again what it shows.

Promised: no change of a record is committed without its change row, and none is written twice (tests kill the
importer to see). Leaks: record ids, times, actors, actions and the size of a body.
"""
