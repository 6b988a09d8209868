"""File locks that the kernel gives back when their holders end, and waiting with a deadline."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

_log = logging.getLogger(__name__)
_SAID_AFTER_SECONDS = 3.0


class Lock:
    """One open file with an flock. It belongs to the open file: children that inherit it hold it too.

    It is given back by closing, never by unlocking, which would take it from those children as well.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def take(self, *, shared: bool = False) -> bool:
        """Take the lock if it can be had at once; False if it cannot. OSError if the file system has no locks."""
        try:
            fcntl.flock(self.fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def note(self, text: str) -> None:
        """Leave a word for who waits."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, text.encode(), 0)

    def noted(self) -> str:
        return os.pread(self.fd, 200, 0).decode(errors="replace")

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock now."""
    with Lock(path) as lock:
        return lock.take()


def wait_until(ready: Callable[[], bool], seconds: float, what: str) -> bool:
    """Ask until it is so, and say what we wait for when it takes long. False when the time is up; asks at least once."""
    started = time.monotonic()
    pause, said = 0.005, False
    while not ready():
        waited = time.monotonic() - started
        if waited >= seconds:
            return False
        if waited > _SAID_AFTER_SECONDS and not said:
            _log.warning("Waiting up to %.0f s for %s.", seconds, what)
            said = True
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True
