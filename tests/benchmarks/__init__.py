"""How fast the road in is, measured on the real thing, beside a bare COPY of the same file in the same run.

What is compared
    *Import*: the file is uploaded sealed, read, normalised, validated, matched, sealed and written with its change-sets by as
    many `kelu work` processes as there are processors, in an embedded installation of its own.
    *Bare copy*: COPY of the same file into a temporary table with 14 text columns, then INSERT … SELECT into a table with the
    primary key (tenant_id, id) and forced row level security, on the same PostgreSQL. It checks nothing and seals nothing.
    *Ratio*: rows/s of the first over rows/s of the second. Rows/s alone say more about the machine than about us.

Bare copies run before and after the import and the median counts, so that a machine that gets slower is seen.
"""
