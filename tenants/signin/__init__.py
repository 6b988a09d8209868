"""Signing in: sessions of members, the tokens they are known by, and identity providers of tenants.

Words
    *Session*: what a sign-in begins, of one member in one tenant; a row that all its tokens stand on (`sessions`).
    *Access token*: a JWT of ten minutes that says which session asks (`tokens`). *Refresh token*: 256 random bits, good once, for the next
    two (`secrets`). *Signing key*: what access tokens are signed with (`signing_keys`).
    *Standing*: whether a session is still good and what its member may do, as the database says (`standing`).

What is promised
    - A token that is not one of ours, or says another thing than we had it say, is refused: the algorithm is Ed25519 and no other, keys are
      ours and nobody else's, whatever its header names. What it says has to agree with the session's row besides.
    - Ending a session, all of them, a new password, another role, suspending or removing a member, suspending a tenant: each is felt by the
      next request at once in the process that did it and within a second in all others, by a websocket or an event stream within five.
      (`tests/stories/test_endings.py` measures it; `python -m tests.benchmarks --only endings` prints it.)
    - Of fifty who show one refresh token at the same moment one gets new tokens. A refresh token that comes back ends its session for all.
    - Nothing is stored by which somebody could sign in: of refresh tokens there are hashes, signing keys are wrapped by the master key.
    - A session is of one tenant. Who is in several signs in to each; an identity provider of a tenant opens that tenant alone (`oidc`).

What leaks
    - An access token is no secret from who holds it: ids of tenant, member, person and session, and when it was made.
    - A session's row has the address and the browser it was used from last, in clear: its member and his admins are shown them. It is
      removed thirty days after the session.

What is not promised
    - Whoever copies an access token has it for as long as its session stands and ten minutes at most; it is bound to no machine.
    - Against a thief who refreshes in place of a victim that never comes back: he has the session until it ends, thirty days at most.
"""
