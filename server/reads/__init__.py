"""The road out: any selection of the graph becomes one SQL statement, whatever is in it and however many records there are.

    document ─ selection ─→ neutral tree ─ planner ─→ plan ─ sql ─→ one statement ─ answer ─→ bytes

Words
    `places`: the kinds of where a field's value lives: a column, a sealed column, a related table, a parent, a list kept inside the record,
    a record by id, rows that are counted, a function of the domain. `declaring` puts one beside each field; the planner knows these and no
    type by name (`types` looks them up).
    `selection`: fragments opened, fields merged, @skip and @include decided, an interface's fields type by type.
    `lists`, `filters`: the arguments of a list, apart into a *shape* (which tests, which order, which way) and *values*. A plan is kept
    per document, operation, values of the variables that @skip and @include read, and shapes; all values are parameters (`parameters`).
    `planner`, `plan`: records, pages and parts, as plain data. `sql`, `where`: their statement; each root field, and each member of a root
    page, is a column of its one row, as JSON text. `binding`: the values for its parameters, cursors checked, sealed values digested.
    `answer`: a column in which nothing is sealed goes out as those very bytes; another is parsed, the sealed values of each level
    opened in one go, its cursors signed. `telling`: plain objects of the domain, cut to what was selected.
    `reading`: a selection planned, bound and run for one request. `cost`: what it may take at most. `acts`: mutations, each with the
    reading of its payload in one unit of work. `execute`: all of it for one request; graphql-core executes introspection.

Guarantees
    - Every relation of a statement binds `tenant_id = $1`, inner ones too, besides row level security. Nothing of a request is ever SQL
      text but response keys, which GraphQL's grammar keeps to letters, digits and underscores.
    - A field is asked of the database as often as it is selected, never once per record. The exceptions are `Told` fields (an import's
      problems lie sealed, chunk by chunk): one question per record, inside the same unit of work.
    - The response's fields stand in the order of the selection.
    - A page is keyset: by its order and then by id, so it is stable under writes. In its own order it is as fast at the end of a list as at
      its beginning. Its cursors are authenticated per tenant, list and order.
    - Any query over the graph has the answer that a plain, slow reference gives (tests/server/reference).
"""
