"""Leaky buckets in Redis: how full each is, told exactly and changed by many processes at once.

All is counted in microseconds of leaking: a bucket's *size* is how long a full one takes to empty, a spending is how long its points
take to leak. Redis keeps one number a bucket, the moment by its own clock at which it will be empty; that is all it needs, and the
key expires at that moment. Between Redis and a process only durations travel, so the clocks of machines need not agree. Should
Redis' clock jump, by hand or when another server takes over, buckets are that much fuller or emptier; twice full is the most they are.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from redis.commands.core import AsyncScript

#: For each bucket it is given size, debt and cost: debts are added whatever it holds, costs only if all buckets have room for theirs.
#: It tells its time, whether they had, and each level. Numbers are written by format, because Lua itself writes 14 digits.
SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local levels, admitted = {}, 1
for i, key in ipairs(KEYS) do
    local size, debt, cost = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    local most = 2 * size
    local level = math.min(math.max((tonumber(redis.call('GET', key)) or 0) - now, 0) + debt, most)
    levels[i] = level
    if level + cost > size then admitted = 0 end
end
local told = {string.format('%.0f', now), admitted}
for i, key in ipairs(KEYS) do
    local level = levels[i] + admitted * tonumber(ARGV[3 * i])
    if level > 0 then redis.call('SET', key, string.format('%.0f', now + level), 'PX', math.ceil(level / 1000)) end
    told[i + 2] = string.format('%.0f', level)
end
return told
"""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a bucket holds and how fast it leaks."""

    points: int
    per_second: float

    @property
    def size(self) -> int:
        return self.duration(self.points)

    def duration(self, points: int) -> int:
        """How long points take to leak, in microseconds, rounded up."""
        return -int(-points * 1_000_000 // self.per_second)


class Bucket:
    """A bucket as this process sees it. Times are microseconds.

    `empty_at` is by this process' monotonic clock and has everything in it: what Redis told last and what was spent here since.
    `debt` is what was spent here and not sent; `sent` is on its way. `told_at` is when Redis last told, `told_by` its clock then.
    """

    __slots__ = ("debt", "empty_at", "key", "measure", "name", "sent", "size", "told_at", "told_by")

    def __init__(self, name: str, key: str, measure: Measure) -> None:
        self.name, self.key, self.measure, self.size = name, key, measure, measure.size
        self.empty_at = self.debt = self.sent = self.told_at = self.told_by = 0

    def hold(self, measure: Measure) -> None:
        """Hold so much from now on. What is in it takes as long to leak as it would have, if that is not more than it holds."""
        self.measure, self.size = measure, measure.size
        at = now()
        self.empty_at = min(self.empty_at, at + self.size)

    def level(self, now: int) -> int:
        return max(self.empty_at - now, 0)

    def remaining(self, now: int) -> int:
        """The points there is room for, rounded down."""
        room = self.size - max(self.empty_at - now, 0)
        return int(room * self.measure.per_second / 1_000_000) if room > 0 else 0

    def has_room(self, cost: int, now: int) -> bool:
        return self.level(now) + cost <= self.size

    def is_sure(self, cost: int, now: int) -> bool:
        """Whether there is room for it whatever other processes have done, but for the slack that is allowed.

        A bucket that Redis has not told of is taken for empty: what is spent of it by then is within the slack.
        """
        return 5 * (self.level(now) + cost) <= 4 * self.size and SLACK * (self.debt + self.sent + cost) <= self.size

    def is_full(self, cost: int, now: int) -> bool:
        """Whether there is no room for it, as Redis told a moment ago. What is on its way may be in what it told, too."""
        return now - self.told_at < JUST_TOLD and not self.sent and self.level(now) + cost > self.size

    def add(self, cost: int, now: int) -> None:
        self.empty_at = max(self.empty_at, now) + cost
        self.debt += cost

    def learn(self, level: int, sent: int, clock: int, now: int) -> None:
        """Take in what Redis told, at this time by its clock, of a question that brought `sent` along."""
        self.sent -= sent
        if clock >= self.told_by or now - self.told_at > BELIEVED:  # answers may overtake each other
            self.empty_at, self.told_at, self.told_by = now + level + self.debt + self.sent, now, clock


#: After so long, in microseconds, what Redis tells is taken in whatever its clock says; who asks for a standing has it asked again.
BELIEVED = 1_000_000
#: How long a bucket that was too full is too full still.
JUST_TOLD = 100_000
#: A process spends by itself at most one part in so many of a bucket before Redis hears of it.
SLACK = 20


def now() -> int:
    return time.monotonic_ns() // 1000


async def ask(script: AsyncScript, buckets: Sequence[Bucket], costs: Sequence[int], *, is_reunion: bool = False) -> bool:
    """Bring debts to Redis, and costs if all the buckets have room; learn how full they are. Whether they had.

    Args:
        script: `SCRIPT`.
        costs: for each bucket, microseconds.
        is_reunion: Redis was away; of a debt that grew since, what has leaked is not brought.

    Raises:
        RedisError, OSError: Redis does not answer; the debts stay. If it was only its answer that was lost, they are counted twice.
    """
    asked_at = now()
    debts = [min(each.debt, each.level(asked_at)) if is_reunion else each.debt for each in buckets]
    kept = [each.debt for each in buckets]
    for bucket, debt in zip(buckets, debts, strict=True):
        bucket.debt, bucket.sent = 0, bucket.sent + debt
    numbers = [number for row in zip([each.size for each in buckets], debts, costs, strict=True) for number in row]
    try:
        clock, admitted, *levels = await script(keys=[each.key for each in buckets], args=numbers)
    except BaseException:
        for bucket, debt, before in zip(buckets, debts, kept, strict=True):
            bucket.debt, bucket.sent = bucket.debt + before, bucket.sent - debt
        raise
    told_at = now()
    for bucket, debt, level in zip(buckets, debts, levels, strict=True):
        bucket.learn(int(level), debt, int(clock), told_at)
    return bool(admitted)
