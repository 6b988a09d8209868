"""Secrets of API keys: how they are made, told from typing errors, and hashed.

A secret is `kelu_` ‖ 43 characters ‖ `_` ‖ 6 characters: 32 random bytes and the CRC-32 (as in zlib) of everything before the last
underscore, both in base 62 (digits, capitals, small letters) with leading zeros. The prefix lets scanners find a leaked key; the
checksum lets a mistyped one be refused without asking the database.

What is stored is the SHA-256 of the secret. A slow hash (argon2) buys time where a secret can be guessed, as a person's password
can. Nobody guesses 256 random bits, so here it would buy nothing, and cost every request its 150 ms.
"""

from __future__ import annotations

import hashlib
import os
import re
import zlib

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_BYTES, _RANDOM_DIGITS, _CHECK_DIGITS = 32, 43, 6
_FORM = re.compile(rf"(kelu_[0-9A-Za-z]{{{_RANDOM_DIGITS}}})_([0-9A-Za-z]{{{_CHECK_DIGITS}}})")


def new_secret() -> str:
    body = f"kelu_{_base62(int.from_bytes(os.urandom(_RANDOM_BYTES), 'big'), _RANDOM_DIGITS)}"
    return f"{body}_{checksum(body)}"


def is_well_formed(secret: str) -> bool:
    found = _FORM.fullmatch(secret)
    return found is not None and checksum(found[1]) == found[2]


def checksum(body: str) -> str:
    """The last six characters of a secret, made of all before the underscore in front of them."""
    return _base62(zlib.crc32(body.encode()), _CHECK_DIGITS)


def hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def _base62(number: int, digits: int) -> str:
    written = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        written = _DIGITS[digit] + written
    return written
