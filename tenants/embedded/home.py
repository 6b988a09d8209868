"""The folder that holds everything of the embedded mode: made, checked, and counted in and out of."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tenants.embedded.accounts import our_account
from tenants.embedded.failures import HomeRefused
from tenants.embedded.folders import own_folder
from tenants.embedded.locks import Lock, is_free, wait_until

_USERS = "users.lock"
_START = "start.lock"


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that passed the checks of `claim`; `path` is absolute and free of links."""

    path: Path

    @classmethod
    def claim(cls, path: Path) -> Home:
        """Make the folder if it is missing, and see that it is ours alone.

        Raises:
            HomeRefused: it is a file, somebody else's, not writable, or open to others with things in it that are not ours.
        """
        path = Path(os.path.realpath(path.expanduser()))
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise HomeRefused(f"KELU_HOME is {path}, and there is a file in its way. Choose a folder, or move the file away.") from None
        except OSError as error:
            raise HomeRefused(f"KELU_HOME is {path}, which cannot be made: {error.strerror}. Choose a folder you may write to.") from None
        home = cls(path)
        home._check_owner()
        home._close_to_others()
        own_folder(path / "logs", our_account())
        return home

    def _check_owner(self) -> None:
        found = self.path.stat()
        if found.st_uid != os.geteuid():
            raise HomeRefused(
                f"KELU_HOME is {self.path}, which belongs to {_name_of(found.st_uid)}, and kelu runs as {_name_of(os.geteuid())}. "
                f"Run kelu as {_name_of(found.st_uid)}, or choose another KELU_HOME."
            )
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            raise HomeRefused(f"KELU_HOME is {self.path}, which is not writable. chmod 700 it, or choose another KELU_HOME.")

    def _close_to_others(self) -> None:
        """An empty folder, or one we used before, is closed; one with other things in it may be open for a reason."""
        if not stat.S_IMODE(self.path.stat().st_mode) & 0o077:
            return
        names = os.listdir(self.path)
        if names and _USERS not in names:
            raise HomeRefused(
                f"KELU_HOME is {self.path}, which is open to other users and holds things that are not kelu's. "
                "Choose a folder for kelu alone; it is made if it is missing."
            )
        self.path.chmod(0o700)

    def log(self, server: str) -> Path:
        return self.path / "logs" / f"{server}.log"

    @contextmanager
    def starting(self, seconds: float) -> Iterator[None]:
        """Alone start or stop servers here.

        Raises:
            HomeRefused: another process did not let go of the lock in time.
        """
        with Lock(self.path / _START) as lock:
            if not wait_until(lock.take, seconds, f"another process that starts or stops the servers in {self.path}"):
                holder = lock.noted().strip()
                who = f"Process {holder} of kelu" if holder else "A process that is not kelu"
                raise HomeRefused(
                    f"{who} holds {lock.path} for over {seconds:.0f} s. If it is stuck, end it (`fuser -v {lock.path}` names it); "
                    "a large recovery may also just take its time."
                )
            lock.note(f"{os.getpid()}\n")
            try:
                yield
            finally:
                lock.note("")

    def join(self, seconds: float) -> Lock:
        """Become one of the users; close the lock to leave.

        Raises:
            HomeRefused: a process that is not kelu holds the lock exclusively.
        """
        lock = Lock(self.path / _USERS)
        if not wait_until(lambda: lock.take(shared=True), seconds, f"a process that locks {lock.path}"):
            lock.close()
            raise HomeRefused(f"A process that is not kelu holds {lock.path}. `fuser -v {lock.path}` names it; end it.")
        return lock

    def is_unused(self) -> bool:
        """Whether no user is left, to be asked while `starting` after closing one's own lock."""
        return is_free(self.path / _USERS)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"
