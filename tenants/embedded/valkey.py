"""The embedded Valkey: the bell of the job queue, on a unix socket, with an append-only file."""

from __future__ import annotations

import signal
import socket

from tenants.embedded.accounts import our_account
from tenants.embedded.binaries import valkey_program
from tenants.embedded.folders import own_folder, remove_from
from tenants.embedded.home import Home
from tenants.embedded.locks import Lock
from tenants.embedded.processes import Child, Daemon
from tenants.embedded.sockets import drop_socket_folder, make_socket_folder, socket_folder

_SOCKET = "valkey.sock"
#: While it reads its file it answers LOADING.
_LOADING_SECONDS = 120
_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "dir": ".",
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
}


class Valkey:
    """The server in `home/valkey`. Only to be used while `Home.starting`."""

    def __init__(self, home: Home, patience_seconds: float) -> None:
        self._folder = home.path / "valkey"
        self._patience = patience_seconds
        self._account = our_account()
        self._sockets = socket_folder(self._folder, _SOCKET)
        self._daemon = Daemon(
            name="Valkey",
            account=self._account,
            lock=home.path / "valkey.lock",
            log=home.log("valkey"),
            socket=self._sockets / _SOCKET,
            stopping=((signal.SIGTERM, 20), (signal.SIGKILL, 5)),
            advice=f"If its file is broken, move {self._folder} away: jobs are kept in PostgreSQL and are rung again.",
        )

    def url(self) -> str:
        """The address for redis-py and arq."""
        return f"unix://{self._sockets / _SOCKET}?db=0"

    def run(self) -> None:
        """Have it running.

        Raises:
            HomeRefused: something is in its way; EmbeddedFailed: it does not start.
        """
        own_folder(self._folder, self._account)
        if self._sockets != self._folder:
            make_socket_folder(self._sockets, self._account)
        self._daemon.bring_up(self._start, self._answers, self._patience, _LOADING_SECONDS)

    def stop(self) -> None:
        self._daemon.stop()
        if self._sockets != self._folder:
            drop_socket_folder(self._sockets, self._account, _SOCKET)

    def _start(self, lock: Lock) -> Child:
        with lock:
            remove_from(self._sockets, _SOCKET)
            # A relative name needs no quoting, whatever the path of the home holds.
            path = _SOCKET if self._sockets == self._folder else str(self._sockets / _SOCKET)
            options = [part for name, value in (_SETTINGS | {"unixsocket": path}).items() for part in (f"--{name}", value)]
            return self._daemon.run(lock, [str(valkey_program()), *options], self._folder)

    def _answers(self) -> bool:
        """Whether it serves; while it reads its file it answers LOADING, on its way out it hangs up."""
        if self._daemon.pid() is None:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(5)
            try:
                client.connect(str(self._sockets / _SOCKET))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
            except (ConnectionError, FileNotFoundError, TimeoutError):
                return False
