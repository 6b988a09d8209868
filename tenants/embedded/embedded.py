"""Start or join the embedded servers on the way in, stop them on the way out if nobody else uses them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tenants.embedded.failures import HomeRefused
from tenants.embedded.home import Home
from tenants.embedded.locks import Lock
from tenants.embedded.postgres import PostgreSQL
from tenants.embedded.roles import APP, OWNER
from tenants.embedded.valkey import Valkey
from tenants.refusals import Refusal

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the servers are: PostgreSQL as the owner of the tables and as the app's unprivileged role, and Valkey."""

    owner: str
    app: str
    redis: str


class Embedded:
    """Both servers in one home, for as long as the block lasts: `with Embedded(home) as urls`.

    Blocks the calling thread: about a second on a first start, a tenth later. Not for `asyncio.gather` with itself.
    """

    def __init__(self, home: Path, *, patience_seconds: float = 60) -> None:
        self._path = home
        self._patience = patience_seconds
        self._user: Lock | None = None
        self._entered_by = 0

    def __enter__(self) -> Urls:
        """Have the servers running and be counted as their user.

        Raises:
            HomeRefused: the folder or something in it is in the way.
            EmbeddedFailed: a server does not start.
        """
        if self._user is not None:
            raise RuntimeError("This Embedded is entered already; make another one.")
        with _faults_as_refusals(self._path):
            self._home = Home.claim(self._path)
            self._postgres = PostgreSQL(self._home, self._patience)
            self._valkey = Valkey(self._home, self._patience)
            with self._home.starting(self._patience):
                self._user = self._home.join(self._patience)
                self._entered_by = os.getpid()
                try:
                    self._postgres.run()
                    self._valkey.run()
                except BaseException:
                    self._leave()
                    raise
        return Urls(self._postgres.url(OWNER), self._postgres.url(APP), self._valkey.url())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Be counted out. Servers that cannot be stopped now run on, and the next user finds them."""
        if os.getpid() != self._entered_by or self._user is None:
            return
        try:
            with self._home.starting(self._patience):
                self._leave()
        except (Refusal, OSError) as fault:
            _log.warning("The embedded servers in %s are left running: %s", self._path, fault)
        finally:
            if self._user is not None:
                self._user.close()
                self._user = None

    def _leave(self) -> None:
        """Stop the servers if we are the last user. A child that we forked and that lives on is a user, too."""
        if self._user is not None:
            self._user.close()
            self._user = None
        if self._home.is_unused():
            try:
                self._valkey.stop()
            finally:
                self._postgres.stop()


@contextmanager
def _faults_as_refusals(path: Path) -> Iterator[None]:
    """What the file system has against us is not a bug of ours: no space, no locks on this file system, no permission."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename or path}: {error.strerror or error}"
        raise HomeRefused(f"KELU_HOME is {path}, which does not work: {what}. Choose another KELU_HOME.") from error
