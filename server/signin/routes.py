"""The paths under /auth."""

from __future__ import annotations

from starlette.routing import Route

from server.signin import entry, oidc, passwords, second_factor, sessions
from server.signin.asking import endpoint

ROUTES = (
    Route("/auth/sign-in", endpoint(entry.sign_in), methods=["POST"]),
    Route("/auth/refresh", endpoint(entry.refresh), methods=["POST"]),
    Route("/auth/sign-out", endpoint(entry.sign_out), methods=["POST"]),
    Route("/auth/password/forgot", endpoint(passwords.forgot), methods=["POST"]),
    Route("/auth/password/reset", endpoint(passwords.reset), methods=["POST"]),
    Route("/auth/password/change", endpoint(passwords.change), methods=["POST"]),
    Route("/auth/invitation/look", endpoint(passwords.look_at_invitation), methods=["POST"]),
    Route("/auth/invitation/accept", endpoint(passwords.accept_invitation), methods=["POST"]),
    Route("/auth/totp/begin", endpoint(second_factor.begin), methods=["POST"]),
    Route("/auth/totp/confirm", endpoint(second_factor.confirm), methods=["POST"]),
    Route("/auth/totp/off", endpoint(second_factor.turn_off), methods=["POST"]),
    Route("/auth/totp/recovery-codes", endpoint(second_factor.renew), methods=["POST"]),
    Route("/auth/sessions", endpoint(sessions.list_own), methods=["GET"]),
    Route("/auth/sessions/end", endpoint(sessions.end), methods=["POST"]),
    Route("/auth/oidc/{tenant}/start", oidc.begin, methods=["GET"]),
    Route("/auth/oidc/{tenant}/callback", oidc.come_back, methods=["GET"]),
)

#: Each says itself who may ask; what is under OPEN_PREFIX is for who is on his way in.
PATHS = frozenset(route.path for route in ROUTES)
OPEN_PREFIX = "/auth/oidc/"
