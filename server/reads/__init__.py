"""The road out: any selection of the graph becomes one SQL statement, whatever is in it and however many records there are.

    document ─ selection ─→ neutral tree ─ plan ─→ what lies where ─ sql ─→ one statement ─ answer ─→ bytes

Words
    `places`: what a type says of its fields: a column, a sealed column, a related table, a list kept inside the record, a record by id,
    or a function of the domain. The planner knows these and no type by name.
    `selection`: fragments opened, fields merged, @skip and @include decided. Only the variables these two read change the shape of a
    document; a plan is kept per document, operation and their values, and all other variables are parameters.
    `plan`: records, pages and parts, as plain data. `sql`: their statement; each root field, and each member of a root page, is a column
    of its one row, as JSON text. `answer`: a column in which nothing is sealed goes out as that very text; another is parsed, the sealed
    values of each level opened in one go, its cursors signed, its text written again.
    `reading`: a plan run for one request: pages checked, parameters bound, one read-only unit of work.
    `execute`: hooks all this in front of graphql-core's executor, which is left with introspection.

Guarantees
    - Every relation of a statement binds `tenant_id = $1`, laterals too, besides row level security. Nothing of a request is ever SQL text
      but response keys, which GraphQL's grammar keeps to letters, digits and underscores.
    - A field is asked of the database as often as it is selected, never once per record. The exceptions are `Told` fields (an import's
      problems lie sealed, chunk by chunk): one question per record, inside the same unit of work.
    - The response's fields stand in the order of the selection.
    - A page is keyset: by its order and then by id, so it is stable under writes, and as fast at the end of a list as at its
      beginning. Its cursors are authenticated per tenant and list.

A nested page has an `OFFSET 0` between its link and its order. Without it PostgreSQL may walk the whole tenant once per parent, in the hope
of meeting ten of its records soon; a test counts the rows that are read in vain.
"""
