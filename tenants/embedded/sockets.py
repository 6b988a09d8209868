"""Where a server's unix socket lies, and who listens on it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from tenants.embedded.accounts import Account
from tenants.embedded.failures import HomeRefused
from tenants.embedded.folders import own_folder, remove_from

#: sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL included.
LONGEST_BYTES = 103
#: What stands in a URL as it is, for every client: arq does not unquote a path, asyncpg splits hosts at commas.
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
#: Not TMPDIR: all kelu processes must find the same folder, whatever environment they were started from.
_SHORT = Path("/tmp")


def socket_folder(folder: Path, name: str) -> Path:
    """Where a socket of this name is put: the server's folder, or a short one under /tmp if that cannot be addressed."""
    if len(os.fsencode(folder / name)) <= LONGEST_BYTES and _PLAIN.fullmatch(str(folder)):
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return _SHORT / f"kelu-{os.geteuid()}-{digest}"


def make_socket_folder(folder: Path, account: Account) -> None:
    """See that the folder is there and the account's alone.

    Raises:
        HomeRefused: something else is in its place, or it cannot be made.
    """
    try:
        own_folder(folder, account)
    except OSError as error:
        raise HomeRefused(
            f"The path of KELU_HOME is too long (or too odd) for a socket in it, and {folder} cannot be made instead: "
            f"{error.strerror}. Choose a KELU_HOME with a shorter path of plain letters."
        ) from None


def drop_socket_folder(folder: Path, account: Account, *names: str) -> None:
    """Remove a short folder with these files in it, if it is the account's alone; anything unexpected stays."""
    with contextlib.suppress(OSError, HomeRefused):
        remove_from(own_folder(folder, account), *names)
        folder.rmdir()


@dataclass(frozen=True, slots=True)
class Listener:
    """The process that listens on a socket, as the kernel names it."""

    pid: int
    uid: int


def listener(path: Path) -> Listener | None:
    """Who listens on the socket; None if nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        try:
            client.connect(str(path))
            return _peer(client)
        except OSError as error:
            # ENOTCONN: the server went away between the two calls.
            if error.errno in (errno.ENOENT, errno.ECONNREFUSED, errno.ENOTCONN, errno.ECONNRESET):
                return None
            raise


def _peer(client: socket.socket) -> Listener:
    if sys.platform == "darwin":
        # SOL_LOCAL, LOCAL_PEERPID and LOCAL_PEERCRED of sys/un.h; the second word of struct xucred is the user id.
        pid = client.getsockopt(0, 0x002)
        uid = struct.unpack_from("II", client.getsockopt(0, 0x001, 76))[1]
        return Listener(pid, uid)
    pid, uid, _gid = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return Listener(pid, uid)
