"""Import runs: one file on its way into a tenant's records, and what became of each of its rows.

Words
    *Upload*: the file as it was sent, sealed. *Run*: one import of it. *Chunk*: some thousand neighbouring rows.
    *Staged*: read from the file and laid sealed into the file store, chunk by chunk. *Taken in*: gone through the intake.
    *Finding*: a row with problems. *Rejected*: a row that was not taken in because of them.

How a run goes
    WAITING → READING: one job reads the file, maps its columns and stages its rows, looking at whole columns for what no single
    cell tells (is 03/04 in March or in April?). → RUNNING: each chunk is a job; chunks are prepared side by side and taken in one
    after the other, so the last row about somebody wins, as in the file. → DONE. At any time CANCELLED or PAUSED; FAILED when the
    file cannot be used or by a fault of ours. `runs.MOVES` lists every move there is.

Guarantees
    - Rows, findings, counts and "this chunk is done" are one commit: a worker may be killed anywhere, and a chunk is taken in once.
    - Created + updated + unchanged + skipped + rejected = rows taken in; when a run is DONE that is every row of the file that is
      not blank.
    - A refused file (unreadable, no usable column) leaves nothing behind but the reason.
    - Cancelling keeps what was taken in before. Pausing stops between two chunks.
    - Cells are sealed wherever they lie: chunks and findings under the tenant's keys. Reasons, mappings and counts are in clear;
      of the file they hold the column names only.
    - A run holds few places in the queue however long its file is (`runs.lookahead`), and a tenant has few runs at a time (`turns`):
      tenants take turns.
"""
