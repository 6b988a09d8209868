"""Refresh tokens: `kelr_` ‖ 22 characters ‖ `.` ‖ 43 characters, in base64url: a locator of 128 random bits and a secret of 256.

All refresh tokens of a session have its locator in common; the secret is new each time. Both are stored as SHA-256, which is enough for
what nobody can guess (`tenants.api_keys` says why). Whoever shows the right locator with a secret that is not the latest has once
held a token of this session that has been replaced since; so a single row knows every token that was ever used up, however many.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Self

_FORM = re.compile(r"kelr_([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token in clear, which nothing of ours keeps."""

    locator: str
    secret: str

    @classmethod
    def new(cls) -> Self:
        return cls(secrets.token_urlsafe(16), secrets.token_urlsafe(32))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The token a text is; None where it has another form."""
        found = _FORM.fullmatch(text) if len(text) < 100 else None
        return cls(found[1], found[2]) if found else None

    def next(self) -> RefreshToken:
        """The one that replaces it: of the same session, with a secret of its own."""
        return RefreshToken(self.locator, secrets.token_urlsafe(32))

    @property
    def text(self) -> str:
        return f"kelr_{self.locator}.{self.secret}"

    @property
    def locator_hash(self) -> bytes:
        return hashlib.sha256(self.locator.encode()).digest()

    @property
    def secret_hash(self) -> bytes:
        return hashlib.sha256(f"{self.locator}.{self.secret}".encode()).digest()
