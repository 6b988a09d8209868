"""Folders that one user owns and nobody else enters, and writing into one of another user's without following links."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tenants.embedded.accounts import Account
from tenants.embedded.failures import HomeRefused


def own_folder(path: Path, account: Account) -> Path:
    """Make the folder with mode 0700 if it is missing, and see that it is the account's and nobody else's.

    Raises:
        HomeRefused: it is no folder, somebody else's, or open to others.
    """
    made = False
    if not os.path.lexists(path):
        path.mkdir(mode=0o700)
        made = True
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise HomeRefused(f"{path} is not a folder, and a folder is needed there. Move it away.")
    if not account.is_ours and found.st_uid == os.geteuid():
        give(path, account)
    elif found.st_uid != account.uid:
        raise HomeRefused(
            f"{path} belongs to user id {found.st_uid}, and should to {account.name}. "
            "Run kelu as the user who made it, or choose another KELU_HOME."
        )
    if not made and stat.S_IMODE(found.st_mode) & 0o077:
        raise HomeRefused(f"{path} is open to other users of this machine. Look what is in it, then remove it or chmod 700 it.")
    return path


def give(folder: Path, account: Account) -> None:
    """Make the account the owner of a folder of ours, whatever was put in its place meanwhile."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(fd, account.uid, account.gid)
    finally:
        os.close(fd)


def write_into(folder: Path, name: str, text: str, account: Account) -> None:
    """Replace a file in the account's folder as a whole, mode 0600, following no link its owner may have planted."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        draft = f"{name}.new"
        remove_from(folder, draft)
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=at)
        with open(fd, "w", encoding="utf-8") as file:
            os.fchown(fd, account.uid, account.gid)
            file.write(text)
        os.replace(draft, name, src_dir_fd=at, dst_dir_fd=at)
    finally:
        os.close(at)


def remove_from(folder: Path, *names: str) -> None:
    """Remove files (or the links in their place) from a folder; missing ones are fine."""
    for name in names:
        (folder / name).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames in the folder outlast a power failure."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
