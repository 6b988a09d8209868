"""The schema's history, one numbered file a step; never edit a landed one.

What keeps the schema able to run on Citus, and is checked by a test that reads the catalogue: every primary key, unique
constraint and foreign key begins with `tenant_id`; no triggers; no ON DELETE SET NULL; no views; the SECURITY DEFINER functions
that the test lists are the only doors around row level security.
"""
