"""The front door: HTTP, GraphQL, and the road out.

Words
    *Actor*: who asks, known by an API key; the key decides the tenant, nothing a client says does. *Place*: where a field's value
    lives, declared beside the field. *Selection*, *plan*, *statement*, *answer*: the four forms a query takes (`server.reads`).
    *Refusal*: a failure the caller can act on; everything else that fails is a *bug*.

How a request goes
    `asgi` lists the paths. `/graphql` is `transport`'s, from the bytes of a request to the bytes of its answer; `documents` keeps what is
    parsed and validated; `reads` answers queries, the payloads of mutations and the events of subscriptions, without a resolver per field.
    `/uploads` and `/imports/{id}/rejected.csv` stream, behind the guard (security headers; nothing leaves but codes and messages), the
    key, and the bound of the body.

What is promised
    - Without a good key there is a 401 for every path but /healthz and /readyz, in the same words whatever is wrong with it; a browser
      gets an empty page that asks for one. A revoked key ends within a second, and what it holds open within five.
    - Another tenant's record is "not found", in the words of one that never was: its row is never seen, so nothing can differ.
    - A sealed value leaves masked. In clear it leaves for a key that may reveal, and then an event says which field of how many records.
    - A refusal is told by code, message and field: as `userErrors` of a mutation, as an error with its path in a query, as {code, message}
      over plain HTTP. A bug is told as "internal error" with an id; the log has the id, the kinds of exceptions and where, and not
      their words, which may quote a record. No SQL, path, stack or class name goes out.
    - Every request is bounded, before the step that each limit guards (`limits`), and paid for (`tenants.budgets`).

What is not promised
    - TLS: that is the proxy's in front. That `totalCount` is free: it counts the list each time.
"""
