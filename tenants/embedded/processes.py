"""One server as operating system processes: started detached, found again, stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tenants.embedded.accounts import Account
from tenants.embedded.failures import EmbeddedFailed, HomeRefused
from tenants.embedded.locks import Lock, is_free, wait_until
from tenants.embedded.sockets import listener

#: Nothing of the caller's environment: a PGDATA, LC_ALL or LD_PRELOAD of theirs must not reach a server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "TZ": "UTC"}
_LOG_BYTES_MOST = 10 << 20
_LOG_TAIL_BYTES = 4096
_LOG_TAIL_LINES = 12

_ATTEMPTS = 5
_STOPPING = "stopping\n"

Child = subprocess.Popen[bytes]

#: Servers this process started, by their lock: one that does not listen yet can be stopped, and a finished one be reaped.
_children: dict[Path, Child] = {}


@dataclass(frozen=True, slots=True)
class Daemon:
    """A server's processes.

    `stopping`: signals to stop it, the next one sent when the last did not help in its seconds. `advice`: what to do when
    it does not start.
    """

    name: str
    account: Account
    lock: Path
    log: Path
    socket: Path
    stopping: Sequence[tuple[signal.Signals, float]]
    advice: str

    def bring_up(self, start: Callable[[Lock], Child], answers: Callable[[], bool], settle_seconds: float, answer_seconds: float) -> None:
        """Find the server or start it, and wait until it answers.

        A server that is found may be on its way out, told to stop by somebody else: then it is started.

        Raises:
            HomeRefused: something is in its way; EmbeddedFailed: it ends, or does not answer in time.
        """
        if self._is_stopping():
            self.stop()
        for _ in range(_ATTEMPTS):
            lock = self.claim(settle_seconds)
            child = start(lock) if lock else None
            settled = partial(self._is_settled, child, answers)
            if not wait_until(settled, answer_seconds, f"{self.name} to be ready"):
                raise self.failed(f"does not answer after {answer_seconds:.0f} s")
            if not self._has_ended(child):
                return
            if child is not None:
                raise self.failed("ended while starting")
        raise self.failed("keeps ending")

    def _is_settled(self, child: Child | None, answers: Callable[[], bool]) -> bool:
        return answers() or self._has_ended(child)

    def _has_ended(self, child: Child | None) -> bool:
        """A child of ours lives though it does not listen yet; a server that was found is gone when it no longer listens."""
        return child.poll() is not None if child is not None else self.pid() is None

    def pid(self) -> int | None:
        """The process that listens, None if none does.

        Raises:
            HomeRefused: it is a stranger, or in another container.
        """
        found = listener(self.socket)
        if found is None:
            return None
        if found.uid != self.account.uid:
            raise HomeRefused(f"A process of user id {found.uid} listens on {self.socket}. End it, or choose another KELU_HOME.")
        if found.pid <= 0:
            raise HomeRefused(f"{self.name} in this folder runs in another container. Give each container a KELU_HOME of its own.")
        return found.pid

    def claim(self, seconds: float) -> Lock | None:
        """The server's lock, once nothing of an earlier server is left; None if a server of ours listens.

        Raises:
            HomeRefused: a server that is not ours listens, or something holds on to the lock.
        """
        lock = Lock(self.lock)
        taken = False

        def settled() -> bool:
            nonlocal taken
            taken = lock.take()
            return taken or self.pid() is not None

        try:
            settled_in_time = wait_until(settled, seconds, f"what is left of an earlier {self.name} to end")
            if taken and (pid := self.pid()) is not None:
                raise HomeRefused(f"{self.name} (process {pid}) was started in this folder by somebody else than kelu. Stop it first.")
            if not settled_in_time:
                raise HomeRefused(
                    f"Something holds {self.lock}, and {self.name} does not answer. `fuser -v {self.lock}` names the processes; "
                    "end them, or wait until they end."
                )
        except BaseException:
            lock.close()
            raise
        if taken:
            lock.note("")
            return lock
        lock.close()
        return None

    def run(self, lock: Lock, command: Sequence[str], folder: Path) -> Child:
        """Start a command as the server's user inside its folder, out of reach of the terminal, holding the server's lock.

        Raises:
            EmbeddedFailed: the system does not let us.
        """
        self._turn_log()
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as log:
            try:
                child = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=ENVIRONMENT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    umask=0o077,
                    pass_fds=(lock.fd,),
                    **self.account.privileges(),
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise EmbeddedFailed(
                    f"{self.name} cannot be started as user {self.account.name}: {error}. "
                    "Run kelu as a normal user, or set KELU_DATABASE_URL and KELU_REDIS_URL."
                ) from error
        _children[self.lock] = child
        return child

    def stop(self) -> None:
        """Stop the server and wait for its last process. One that ignores every signal is left to itself.

        The last user may be killed here: the note tells the next one to go through with it, rather than to join a server
        that has a signal waiting.
        """
        with Lock(self.lock) as lock:
            lock.note(_STOPPING)
        for number, seconds in self.stopping:
            found = {pid for pid in (self.pid(), self._child()) if pid is not None}
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if not found or wait_until(self._is_gone, seconds, f"{self.name} to stop"):
                return

    def failed(self, why: str) -> EmbeddedFailed:
        """The failure to raise, with the end of the log."""
        return EmbeddedFailed(f"{self.name} {why}. {self.advice} The end of {self.log}:\n{self._log_tail()}")

    def _child(self) -> int | None:
        """The server this process started, while it lives; it may not listen yet."""
        child = _children.get(self.lock)
        if child is None or child.poll() is None:
            return child.pid if child else None
        del _children[self.lock]
        return None

    def _is_stopping(self) -> bool:
        with Lock(self.lock) as lock:
            return lock.noted() == _STOPPING

    def _is_gone(self) -> bool:
        return self._child() is None and is_free(self.lock)

    def _turn_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES_MOST:
            self.log.replace(self.log.with_suffix(".old.log"))

    def _log_tail(self) -> str:
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - _LOG_TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
            return "\n".join(f"    {line}" for line in lines)
        return "    (empty)"
