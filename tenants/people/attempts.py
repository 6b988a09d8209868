"""How often somebody may guess: wrong passwords and codes, counted in Redis, and a wait that doubles.

By OWASP's rules (Authentication Cheat Sheet, "Login Throttling"; "Slow Down Online Guessing Attacks with Device Cookies"): an account is
guessed at by everybody without a known device together; each known device has a count of its own, so who is locked out by a stranger's
guesses is not locked out at his own desk. An attempt is counted before it is checked, and taken back when it was right: a thousand
attempts at the same moment are a thousand. While one has to wait nothing is checked or counted.

After five the wait is 30 s, then doubles up to an hour: about thirty guesses a day. A count is forgotten a day after its last
attempt. An address may be wrong 60 times in ten minutes, whomever it guesses at; an IPv6 address is its /64.
Without Redis each process counts by itself, ten thousand accounts at most.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from tenants.installation import installation
from tenants.refusals import RateLimited

log = structlog.get_logger(__name__)

FREE = 5
FIRST_WAIT_MS, LONGEST_WAIT_MS = 30_000, 3_600_000
FORGOTTEN_MS = 86_400_000
ADDRESS_MOST, ADDRESS_MS = 60, 600_000

_PATIENCE_SECONDS = 0.5
_ALONE_MOST = 10_000

#: Given a count and perhaps an address: how many milliseconds to wait; or, counted and negative, the how many-eth attempt it is.
_COUNT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local free, first, longest, forgotten, most, window = unpack(ARGV)
local wait = (tonumber(redis.call('HGET', KEYS[1], 'until')) or 0) - now
if wait > 0 then return wait end
if KEYS[2] then
    if (tonumber(redis.call('GET', KEYS[2])) or 0) >= tonumber(most) then return math.max(redis.call('PTTL', KEYS[2]), 1) end
    if redis.call('INCR', KEYS[2]) == 1 then redis.call('PEXPIRE', KEYS[2], window) end
end
local count = redis.call('HINCRBY', KEYS[1], 'count', 1)
if count >= tonumber(free) then
    redis.call('HSET', KEYS[1], 'until', string.format('%.0f', now + math.min(first * 2 ^ (count - free), longest)))
end
redis.call('PEXPIRE', KEYS[1], forgotten)
return -count
"""

_FORGIVE = """
redis.call('DEL', KEYS[1])
if KEYS[2] and (tonumber(redis.call('GET', KEYS[2])) or 0) > 0 then redis.call('DECR', KEYS[2]) end
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that is counted, the `number`-th since one was right."""

    keys: tuple[str, ...]
    number: int = 0

    async def forgive(self) -> None:
        """It was right: the account's, or device's, count begins anew, and the address is as if it had not been."""
        _alone.forgive(self.keys)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await _script(_FORGIVE, self.keys)
        except (RedisError, OSError) as error:
            log.warning("attempts.alone", error=type(error).__name__)


async def forget(subject: str) -> None:
    """Begin the count of an account anew."""
    await Attempt((_key(subject),)).forgive()


async def count(subject: str, address: str | None) -> Attempt:
    """Count an attempt, which may then be checked.

    Args:
        subject: whom it is at, from `of_account`, `of_device` or `of_code`.
        address: where it comes from; None, or no IP address: from nowhere in particular.

    Raises:
        RateLimited: there were too many; it says for how many seconds to wait. It is not counted.
    """
    network = _network(address)
    keys = (_key(subject), *([f"kelu:attempts:address:{network}"] if network else []))
    limits = FREE, FIRST_WAIT_MS, LONGEST_WAIT_MS, FORGOTTEN_MS, ADDRESS_MOST, ADDRESS_MS
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            answer = await _script(_COUNT, keys, *limits)
    except (RedisError, OSError) as error:
        log.warning("attempts.alone", error=type(error).__name__)
        answer = _alone.count(keys, time.monotonic_ns() // 1_000_000)
    if answer > 0:
        seconds = max(-(-answer // 1000), 1)
        raise RateLimited(f"There were too many wrong attempts. Try again in {_said(seconds)}.", retry_after_seconds=seconds)
    return Attempt(keys, -answer)


def _key(subject: str) -> str:
    return f"kelu:attempts:{subject}"


async def _script(script: str, keys: tuple[str, ...], *limits: int) -> int:
    answer: Any = installation().bell.eval(script, len(keys), *keys, *map(str, limits))
    return int(await answer or 0)


def of_account(email: str) -> str:
    return f"account:{hashlib.sha256(email.encode(errors='replace')).hexdigest()[:32]}"


def of_reset(email: str) -> str:
    """Mails for a new password: who asks for many fills somebody's mailbox."""
    return f"reset:{of_account(email)}"


def of_device(hash: bytes) -> str:
    return f"device:{hash.hex()[:32]}"


def of_code(person_id: UUID, device: bytes | None) -> str:
    return f"code:{person_id.hex}:{device.hex()[:32] if device else ''}"


def _network(address: str | None) -> str | None:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)


def _said(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{-(-seconds // 60)} min"


class _Alone:
    """The counts of this process while Redis is away: the same rules, by its own clock."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[int, int, int]] = OrderedDict()  # how many, wait until, forgotten at

    def count(self, keys: tuple[str, ...], now: int) -> int:
        counts = [self._counts.get(key, (0, 0, 0)) for key in keys]
        counts = [each if each[2] > now else (0, 0, 0) for each in counts]
        wait = max(until - now for _, until, _ in counts)
        if wait > 0:
            return wait
        number = many = counts[0][0] + 1
        until = now + min(FIRST_WAIT_MS << min(many - FREE, 20), LONGEST_WAIT_MS) if many >= FREE else 0
        self._keep(keys[0], (many, until, now + FORGOTTEN_MS))
        if len(keys) == 2:
            many, ends = counts[1][0] + 1, counts[1][2] or now + ADDRESS_MS
            self._keep(keys[1], (many, ends if many >= ADDRESS_MOST else 0, ends))
        return -number

    def forgive(self, keys: tuple[str, ...]) -> None:
        self._counts.pop(keys[0], None)
        if len(keys) == 2 and keys[1] in self._counts:
            many, _, ends = self._counts[keys[1]]
            self._counts[keys[1]] = (max(many - 1, 0), 0, ends)

    def _keep(self, key: str, value: tuple[int, int, int]) -> None:
        self._counts[key] = value
        self._counts.move_to_end(key)
        if len(self._counts) > _ALONE_MOST:
            self._counts.popitem(last=False)


_alone = _Alone()
