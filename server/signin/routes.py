"""The paths under /auth."""

from __future__ import annotations

from starlette.routing import Route

from server.signin import entry, sessions
from server.signin.asking import endpoint

ROUTES = (
    Route("/auth/sign-in", endpoint(entry.sign_in), methods=["POST"]),
    Route("/auth/refresh", endpoint(entry.refresh), methods=["POST"]),
    Route("/auth/sign-out", endpoint(entry.sign_out), methods=["POST"]),
    Route("/auth/sessions", endpoint(sessions.list_own), methods=["GET"]),
    Route("/auth/sessions/end", endpoint(sessions.end), methods=["POST"]),
)

#: Each says itself who may ask.
PATHS = frozenset(route.path for route in ROUTES)
