"""Peak memory and processor time of each process of an installation while something runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

_EVERY_SECONDS = 0.2


@dataclass(slots=True)
class Peak:
    """The most a process ever had, in bytes: `resident` as the kernel counts it, `own` without what it shares with others.

    `seconds` of processor time were used while we looked, `before` had been already.
    """

    role: str
    pid: int
    resident: int = 0
    own: int = 0
    before: float = 0.0
    seconds: float = 0.0


#: Role → the process whose children, at any depth, play it as well.
Roots = dict[str, psutil.Process]


@contextmanager
def watched(roots: Roots) -> Iterator[Callable[[], list[Peak]]]:
    """Watch processes and their children for as long as the block lasts; what is given returns a peak for each process seen."""
    peaks: dict[tuple[int, float], Peak] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY_SECONDS):
            _look(roots, peaks)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield lambda: sorted(peaks.values(), key=lambda peak: (peak.role, -peak.resident))
    finally:
        over.set()
        watcher.join()


def _look(roots: Roots, peaks: dict[tuple[int, float], Peak]) -> None:
    for role, root in roots.items():
        try:
            family = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for process in family:
            with _gone_is_fine():
                key = (process.pid, process.create_time())
                used = sum(process.cpu_times()[:2])
                peak = peaks.setdefault(key, Peak(role if process is root else f"{role}: child", process.pid, before=used))
                peak.seconds = used - peak.before
                resident, own = _memory(process)
                peak.resident, peak.own = max(peak.resident, resident), max(peak.own, own)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return


def _memory(process: psutil.Process) -> tuple[int, int]:
    """Resident bytes (on Linux their high-water mark, so nothing is missed between two looks) and those not shared."""
    if not psutil.LINUX:
        resident: int = process.memory_info().rss
        return resident, resident
    with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as status:
        lines = dict(line.split(":", 1) for line in status)
    kilobytes = {name: int(lines[name].split()[0]) for name in ("VmHWM", "RssAnon") if name in lines}
    return kilobytes.get("VmHWM", 0) * 1024, kilobytes.get("RssAnon", 0) * 1024
