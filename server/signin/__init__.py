"""Signing in over HTTP: JSON under /auth, for browsers by cookies and for programs by bearer tokens.

Requests and answers
    A request is a POST of a JSON object of 16 KiB at most (`application/json`), but for GET /auth/sessions. A refusal is
    {"code", "message", "field"?}, with 401 for who is not (any more) signed in or gave something wrong, 403 for a page that may not ask or
    a member who may not do it, 400 for what is not well-formed, 409 for what does not fit, 429 with Retry-After for who has to wait.

    POST /auth/sign-in {"email", "password", "code"?, "tenant"?, "as"?, "device"?} → a session, or for who is in several tenants and
        names none {"choose": [{"tenant", "name"}], "ticket"}. 401 CODE_NEEDED: the password was right; send it again with the `code`.
    POST /auth/sign-in {"ticket", "tenant", "as"?, "device"?} → a session, within three minutes.
    POST /auth/refresh {"refreshToken"?} → a session: the same, with new tokens. The one that was sent is worth nothing any more; sent
        again, it ends the session.
    POST /auth/sign-out {"refreshToken"?} → {}: also when there was none.
    GET /auth/sessions → {"sessions": [{"session", "isCurrent", "method", "device", "address", "createdAt", "usedAt", "endsAt"}]}
    POST /auth/sessions/end {"session"} or {"others": true} or, for who manages members, {"member"} → {"ended": how many}

    POST /auth/password/forgot {"email"} → {}: the same, and as fast, whether there is such a person or not.
    POST /auth/password/reset {"token", "password"} → {}: by a mailed link. Ends all sessions; then one signs in.
    POST /auth/password/change {"password", "newPassword", "as"?, "device"?} → a session, the only one left.
    POST /auth/invitation/look {"token"} → {"tenant", "email", "name", "hasPassword"}
    POST /auth/invitation/accept {"token", "password", "name"?, "as"?, "device"?} → a session; {"tenant", "member"} where a second
        factor is on, and for {"token"} alone, which a person accepts who is signed in.
    POST /auth/totp/begin {"password"} → {"uri", "secret"}; /auth/totp/confirm {"code"} → {"recoveryCodes"};
        /auth/totp/off {"password"} → {}; /auth/totp/recovery-codes {"password"} → {"recoveryCodes"}
    GET /auth/oidc/{tenant}/start?back=/… → a redirect to the tenant's identity provider, which sends people back to
        GET /auth/oidc/{tenant}/callback → a session in cookies and a redirect to `back`, with ?signInFailed=CODE where that failed.

Browsers and programs
    `as` is "cookie" unless it is "bearer". By cookie a session is {"session", "tenant", "member", "endsAt", "expiresIn"} and the tokens are
    in cookies that no script can read (`cookies`); each request that brings or gets one carries X-Kelu-CSRF: 1. By bearer the same has
    "accessToken", "refreshToken", "tokenType" and "device" too, and no cookie is set; a program keeps them as it keeps a password.

What a page of another site can do
    Nothing with our cookies: they are SameSite=Strict, the header X-Kelu-CSRF needs a preflight that only origins of KELU_CORS_ORIGINS
    pass, an Origin that is neither ours nor one of those is refused, and a body has to be application/json. The same holds for signing in,
    so no page signs its visitor in as somebody else. A session begins with tokens of its own; none that a browser brings is taken over.
"""
