"""A tenant's life behind its beginning: suspended and resumed, what it uses, and its end.

Suspended (`status`): within a second nobody acts in the tenant, in any process (`access.actors`), and no job of its is claimed or can
commit (`jobs`). Its records, files and jobs stay as they are, and go on when it is resumed.

Deleted, in this order, each step safe to be killed in and begun again:
1. It is suspended; the trail is sealed up to the entry that says so, and its last checkpoint is read.
2. `marking`: the owner of the tables, in one transaction, marks it DELETING, destroys its wrapped data keys, ends its jobs, and leaves the
   job that erases it. From here nothing that was sealed can be opened, in any copy that lacks the keys; every process forgets those it has
   unwrapped when it hears of it (`forgetting`), and uses none of them for longer than a second. There is no way back.
3. `erasing`: the job removes its files, and its rows, table by table, some thousand at a time, through the function `door_erase`. Which
   tables there are the catalogue says, so that one of tomorrow is not forgotten.
4. When whoever was in the midst of something has ended, whatever was still written is removed too, and the last transaction counts that
   no row is left, removes the tenant and the job themselves, and signs the proof (`proof`) with the key of the trail.

What stays: one row of `erasure`, the proof: when, how many rows of which table and how many files were removed, the fingerprints of the
destroyed keys, and the last checkpoint of the trail. With it somebody who has an export of the trail can still verify it; the trail itself
is removed, since it names people. Budgets in Redis run out by themselves within the hour.

What is not promised: backups and the write-ahead log of the database hold the wrapped keys and the rows until they are thrown away.
"""
