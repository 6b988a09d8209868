"""The operating system users involved: who runs kelu, and whom PostgreSQL runs as."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import TypedDict

from tenants.embedded.failures import HomeRefused


class Privileges(TypedDict, total=False):
    """What `subprocess.Popen` needs to give up root; empty for one's own account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """One operating system user."""

    name: str
    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """Whether this process runs as it."""
        return self.uid == os.geteuid()

    def privileges(self) -> Privileges:
        return {} if self.is_ours else {"user": self.uid, "group": self.gid, "extra_groups": []}


def our_account() -> Account:
    """The user that runs kelu.

    Raises:
        HomeRefused: the user id has no name, as in some containers; peer authentication compares names.
    """
    uid = os.geteuid()
    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, os.getegid())
    except KeyError:
        raise HomeRefused(
            f"User id {uid} has no name on this machine, and the embedded PostgreSQL knows its users by name. "
            "Add it to /etc/passwd, or set KELU_DATABASE_URL and KELU_REDIS_URL to use servers of your own."
        ) from None


def postgres_account() -> Account:
    """The user PostgreSQL runs as: ours, but nobody when we are root.

    Raises:
        HomeRefused: we are root on a system without a user nobody or without /proc.
    """
    ours = our_account()
    if ours.uid != 0:
        return ours
    if not os.path.exists("/proc/self/cwd"):
        raise HomeRefused("As root, the embedded PostgreSQL needs a mounted /proc. Run kelu as a normal user instead.")
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise HomeRefused("PostgreSQL refuses to run as root, and there is no user `nobody` instead. Run kelu as a normal user.") from None
    return Account(nobody.pw_name, nobody.pw_uid, nobody.pw_gid)
