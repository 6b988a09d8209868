"""GraphQL over HTTP, server-sent events and websockets.

Specifications
    GraphQL over HTTP (`endpoint`, `request`, `negotiation`): POST for all operations, GET for queries; answers as
    `application/graphql-response+json` with its status codes, or as `application/json`. Server-sent events (`events`): the
    "distinct connections mode" of the protocol GraphQL over Server-Sent Events. Websockets (`sockets`): graphql-transport-ws.
    A JSON array, a batch, is refused.

How a request goes
    Bytes → `GraphQLRequest` → its document (`persisted` where it comes by its hash) → `server.documents` → `server.reads.execute` →
    bytes, compressed where that is asked for. One look-up leads from a known text to its plans.

Who may call, from where
    The key or token in the Authorization header decides, or the cookie of a sign-in, which counts with the header X-Kelu-CSRF alone; that
    takes a preflight, so there is no request to forge (`server.authentication`). Besides, a POST has to be application/json, which no form
    can send; a GET runs queries only; and a request whose Origin is neither this server's nor one of KELU_CORS_ORIGINS is refused
    (`origins`), websockets too.

What a cache may keep
    Nothing: every answer says `no-store`, and names in Vary what it depends on.

Compression
    zstd or gzip from 1 KiB on. An answer that mixes what an attacker chose with a secret can leak by its length (BREACH); it takes
    an attacker who can have a victim's browser send requests with the victim's key, and a bearer key is sent by no browser by itself.

Persisted documents
    A document may come by its SHA-256 (`extensions.persistedQuery`) or by its id (`documentId`). Automatic ones are registered by whoever
    sends text and hash together, per tenant, for a day. With KELU_DOCUMENTS=trusted only those of KELU_TRUSTED_DOCUMENTS run.
"""
