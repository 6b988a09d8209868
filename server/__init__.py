"""The front door: ASGI, GraphQL, and the road out.

Words
    *Actor*: who asks, known by an API key; the key decides the tenant, nothing a client says does. *Place*: where a field's value
    lives, declared beside the field. *Selection*, *plan*, *statement*, *answer*: the four forms a query takes (`server.reads`).
    *Refusal*: a failure the caller can act on; everything else that fails is a *bug*.

How a request goes
    `asgi` lists the paths and what each request passes: the guard (security headers; nothing leaves but codes and messages), the key, the
    bound of the body. `/graphql` is Strawberry's for parsing, validation and introspection; `reads` answers queries, the payloads of
    mutations and the events of subscriptions, without a resolver per field. `/uploads` and `/imports/{id}/rejected.csv` stream.

What is promised
    - Without a good key there is a 401 for every path but /healthz and /readyz, in the same words whatever is wrong with it. A revoked
      key ends within a second; over a websocket with the next operation or event.
    - Another tenant's record is "not found", in the words of one that never was: its row is never seen, so nothing can differ.
    - A sealed value leaves masked. In clear it leaves for a key that may reveal, and then an event says which field of how many records.
    - A refusal is told by code, message and field: as `userErrors` of a mutation, as an error with its path in a query, as {code, message}
      over plain HTTP. A bug is told as "internal error" with an id; the log has the id, the kinds of exceptions and where, and not
      their words, which may quote a record. No SQL, path, stack or class name goes out.
    - Every request is bounded: body (KELU_BODY_BYTES_MOST, KELU_UPLOAD_BYTES_MOST), document (`limits`: length, tokens, depth, aliases,
      root fields), records of an answer (20,000, told before anything is read), time of a statement (KELU_STATEMENT_TIMEOUT_SECONDS).

What is not promised
    - Fair shares: nothing counts a key's requests yet. TLS: that is the proxy's in front.
    - That `totalCount` is free: it counts the list each time.
"""
