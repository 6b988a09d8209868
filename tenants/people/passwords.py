"""Passwords: which are good enough, and hashing them without letting a crowd eat the machine.

Hashing: argon2id with 19 MiB, two passes, one lane: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html.
Rules, of NIST SP 800-63B (5.1.1.2): 12 to 128 characters, any characters, none demanded; compared after NFKC; refused if easily guessed.
That is what zxcvbn says (https://github.com/dropbox/zxcvbn): it knows common passwords, words, names, dates, runs and repeats, and
is told the person's own name and e-mail. A list of forbidden passwords would know `password1234` and not `password12345`.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tenants.installation import installation
from tenants.refusals import Invalid, RateLimited

SHORTEST, LONGEST = 12, 128

#: A password has to stand this many guesses, as a power of ten: the third of zxcvbn's four steps, "safely unguessable".
GUESSES_LEAST = 8.0
#: Of the password zxcvbn is shown so many characters, which have to be good by themselves: it takes up to 0.3 s for 32 and 1.1 s for 72.
_LOOKED_AT = 32

#: Checks that may wait for their turn, for each one under way. One takes about 30 ms, so that is how long the last waits: 0.75 s.
WAITING_MOST = 25

hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)

T = TypeVar("T")


class Busy(RateLimited):
    """So many passwords are being checked that this one has to come again."""

    code = "BUSY"


class Place:
    """A place in the queue for hashing: whatever runs in it runs in a thread of the bench."""

    def __init__(self, threads: ThreadPoolExecutor, nobodys: str) -> None:
        self._threads, self._nobodys = threads, nobodys
        self.last: Future[object] | None = None

    async def verify(self, hash: str | None, password: str) -> bool:
        """Whether this is the password. Without a hash it is not, and that takes as long to say."""
        is_right = await self._run(_verify, hash or self._nobodys, normalised(password))
        return is_right and hash is not None

    async def hash(self, password: str) -> str:
        return await self._run(hasher.hash, normalised(password))

    async def checked_and_hashed(self, password: str, known: Sequence[str]) -> str:
        """The hash of a new password.

        Args:
            known: words that a guesser knows of the person: name and e-mail.

        Raises:
            Invalid: it is too short, too long or easily guessed.
        """
        password = _of_right_length(password)
        if await self._run(_guesses, password, known) < GUESSES_LEAST:
            raise Invalid(
                "This password is easily guessed: it is common, or made of few words, names, dates or runs. Add another word or two.",
                field=["password"],
            )
        return await self._run(hasher.hash, password)

    async def _run(self, act: Callable[..., T], *arguments: object) -> T:
        future = self._threads.submit(act, *arguments)
        self.last = future  # type: ignore[assignment]  # what it gives does not matter to who waits for its end
        return await asyncio.wrap_future(future)


class Bench:
    """So many threads that hash, and a bounded queue before them. Each thread takes 19 MiB while it does."""

    def __init__(self, at_once: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="password")
        self._places = BoundedSemaphore(at_once * (1 + WAITING_MOST))
        self._nobodys = hasher.hash(secrets.token_bytes(32))  # the hash of what no password is

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A place in the queue, held until we leave; if we are cancelled, until the thread is done.

        Raises:
            Busy: there is none.
        """
        if not self._places.acquire(blocking=False):
            raise Busy("Very many are signing in at this moment. Try again in a second.", retry_after_seconds=1)
        place = Place(self._threads, self._nobodys)
        try:
            yield place
        finally:
            if place.last is None:
                self._places.release()
            else:
                place.last.add_done_callback(lambda _: self._places.release())


def bench() -> Bench:
    """The bench of this process."""
    return _bench(installation().settings.password_checks_at_once)


@lru_cache(maxsize=1)
def _bench(at_once: int) -> Bench:
    return Bench(at_once)


def is_outdated(hash: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return hasher.check_needs_rehash(hash)


def normalised(password: str) -> str:
    """The password in the one form that is hashed, or what no password is if it is too long to be one."""
    if len(password) > LONGEST:
        return ""
    return unicodedata.normalize("NFKC", password)


def _of_right_length(password: str) -> str:
    """The password, normalised, if its length is right."""
    length = len(password) if len(password) > LONGEST else len(unicodedata.normalize("NFKC", password))
    if not SHORTEST <= length <= LONGEST:
        raise Invalid(f"A password has {SHORTEST} to {LONGEST} characters; this one has {length}.", field=["password"])
    return normalised(password)


def _guesses(password: str, known: Sequence[str]) -> float:
    """How many guesses zxcvbn gives it, as a power of ten."""
    from zxcvbn import zxcvbn  # its word lists take 20 ms and some MB that only a new password needs

    words = [word for text in known for word in (text, text.partition("@")[0], *text.replace("@", " ").replace(".", " ").split())]
    return float(zxcvbn(password[:_LOOKED_AT], user_inputs=[word[:_LOOKED_AT] for word in words[:20]])["guesses_log10"])


def _verify(hash: str, password: str) -> bool:
    try:
        return hasher.verify(hash, password)
    except (VerificationError, InvalidHashError):
        return False
