"""Budgets: how many points an API key, and all keys of its tenant together, may spend.

Each is a leaky bucket (`buckets`): spending fills it, it leaks at a steady rate, and what does not fit is refused with the time after
which it would. It is on every request's way, and a question to Redis costs about 0.2 ms; so a process decides by what it knows.

- It asks, both buckets in one step, where it might be wrong: the bucket would be over 80 % full by what it knows, or would hold over 5 %
  that Redis has not heard of from this process. Otherwise it decides alone, and tells and is told within 0.1 s.
  What Redis has just told is too full is refused without asking again: who hammers costs ten questions a second.
- Eight requests of a process ask at a time, and the others see what those learn: a crowd that all asked at once would wait for its
  answers for longer than an answer may take, and be taken for an outage.
- So the limit is exact where one process serves a key. Where n do, each may spend up to 5 % of the bucket over it before it is told that
  it is full; and so may a process that has just started.
- What a process that ends has not told is lost: 5 % of a bucket at most.

Without Redis each process goes on alone by what it knows: a key that n processes serve may spend n times its budget. One request waits
0.1 s to find out, then none does: Redis is tried in the background each second, and told what has not leaked meanwhile.
A process knows of 10,000 buckets, the last used ones; a bucket that is dropped is asked for again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from tenants.buckets import BELIEVED, SCRIPT, Bucket, Measure, ask, now
from tenants.installation import Installation, installation
from tenants.refusals import RateLimited, TooLarge
from tenants.session import Actor

log = structlog.get_logger(__name__)

BUCKETS_MOST = 10_000
SETTLED_SECONDS = 0.1
PATIENCE_SECONDS = 0.1
TRIED_SECONDS = 1.0

#: Requests that ask at the same time, each on a connection of its own.
_ASKING_AT_ONCE = 8

#: Nobody waits for a settling, and a busy event loop is no outage: it has so many times the patience of a request.
_SETTLING_PATIENCE = 10

#: Buckets of one question: a script holds up everybody else who asks Redis.
_SETTLED_AT_ONCE = 100


class Standing(NamedTuple):
    """What was asked for and what is left, in points, of the budget that has the least left; when that will be whole again."""

    requested: int
    limit: int
    remaining: int
    reset_at: datetime


async def spend(actor: Actor, points: int) -> Standing:
    """Spend points of an actor's key and tenant.

    Raises:
        RateLimited: they are not there now; it says in how many seconds they are.
        TooLarge: they never are.
    """
    return await budgets().spend(actor, points)


async def standing(actor: Actor) -> Standing:
    """What an actor has left, without spending."""
    return await budgets().standing(actor)


class Budgets:
    """What this process knows of buckets. One belongs to an installation and its event loop, and waits so long for Redis."""

    def __init__(self, opened: Installation, *, patience_seconds: float) -> None:
        chosen = opened.settings
        self._opened, self._loop = opened, asyncio.get_running_loop()
        self._patience = patience_seconds
        self._of_key = Measure(chosen.budget_key_points, chosen.budget_key_per_second)
        self._of_tenant = Measure(chosen.budget_tenant_points, chosen.budget_tenant_per_second)
        self._own_measures: dict[int, Measure] = {}
        self._script = opened.bell.register_script(SCRIPT)
        self._known: OrderedDict[int, Bucket] = OrderedDict()  # an int is hashed and compared much faster than a UUID
        self._untold: dict[str, Bucket] = {}
        self._is_alone = False
        self._asking = asyncio.Semaphore(_ASKING_AT_ONCE)
        self._next: asyncio.TimerHandle | None = None
        self._settling: asyncio.Task[None] | None = None

    def is_of(self, opened: Installation) -> bool:
        return self._opened is opened and self._loop is asyncio.get_running_loop()

    async def spend(self, actor: Actor, points: int) -> Standing:
        buckets = self._buckets(actor)
        for bucket in buckets:
            if points > bucket.measure.points:
                limit = f"the budget of {bucket.name} is {bucket.measure.points:,}"
                raise TooLarge(f"This costs {points:,} points; {limit}. Ask for smaller pages.")
        costs = [bucket.measure.duration(points) for bucket in buckets]
        at = now()
        if self._knows(buckets, costs, at):
            is_admitted = self._decide(buckets, costs, at)
        else:
            is_admitted = await self._asked_in_turn(buckets, costs)
            at = now()
        if not is_admitted:
            raise _refusal(buckets, costs, at)
        return _standing(buckets, points, at)

    async def standing(self, actor: Actor) -> Standing:
        return await self._standing(self._buckets(actor))

    async def standing_of_tenant(self, tenant_id: UUID) -> Standing:
        """What all of a tenant's keys together have left."""
        return await self._standing((self._bucket_of_tenant(tenant_id),))

    async def _standing(self, buckets: Sequence[Bucket]) -> Standing:
        async with self._asking:
            if not self._is_alone and any(now() - bucket.told_at >= BELIEVED for bucket in buckets):
                await self._asked(buckets, [0] * len(buckets))
        return _standing(buckets, 0, now())

    async def settle(self) -> None:
        """Tell Redis what was spent here, and learn what was spent elsewhere. Without it nothing is done but to try again later."""
        untold, self._untold = list(self._untold.values()), {}
        batches = [untold[at : at + _SETTLED_AT_ONCE] for at in range(0, len(untold), _SETTLED_AT_ONCE)] or [[]]
        for number, batch in enumerate(batches):
            try:
                async with asyncio.timeout(_SETTLING_PATIENCE * self._patience):
                    await ask(self._script, batch, [0] * len(batch), is_reunion=self._is_alone)
            except (RedisError, OSError) as error:  # TimeoutError is an OSError
                self._untold = {bucket.key: bucket for rest in batches[number:] for bucket in rest} | self._untold
                return self._go_alone(error)
        if self._is_alone:
            self._is_alone = False
            log.info("budgets.together")

    def _knows(self, buckets: Sequence[Bucket], costs: Sequence[int], at: int) -> bool:
        """Whether Redis need not be asked: it is away, or there is room for certain, or certainly none."""
        pairs = list(zip(buckets, costs, strict=True))
        return self._is_alone or all(bucket.is_sure(cost, at) for bucket, cost in pairs) or any(b.is_full(cost, at) for b, cost in pairs)

    async def _asked_in_turn(self, buckets: Sequence[Bucket], costs: Sequence[int]) -> bool:
        async with self._asking:
            at = now()
            if self._knows(buckets, costs, at):  # from those whose turn was before
                return self._decide(buckets, costs, at)
            return await self._asked(buckets, costs)

    async def _asked(self, buckets: Sequence[Bucket], costs: Sequence[int]) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                return await ask(self._script, buckets, costs)
        except (RedisError, OSError) as error:
            self._go_alone(error)
            self._tell_later(buckets)
            return self._decide(buckets, costs, now())

    def _decide(self, buckets: Sequence[Bucket], costs: Sequence[int], at: int) -> bool:
        if not all(bucket.has_room(cost, at) for bucket, cost in zip(buckets, costs, strict=True)):
            return False
        for bucket, cost in zip(buckets, costs, strict=True):
            bucket.add(cost, at)
        self._tell_later(buckets)
        return True

    def _buckets(self, actor: Actor) -> tuple[Bucket, ...]:
        """The buckets an actor spends from: the tenant's, and an API key's own."""
        tenant = self._bucket_of_tenant(actor.tenant_id)
        if actor.id is None:
            return (tenant,)
        key = self._known.get(actor.id.int)
        measure = self._of_key if actor.points_per_minute is None else self._own(actor.points_per_minute)
        if key is None:
            key = self._new(actor.id, Bucket("this API key", f"kelu:budget:{actor.tenant_id}:{actor.id}", measure))
        else:
            self._known.move_to_end(actor.id.int)
            if key.measure is not measure:
                key.hold(measure)
        return key, tenant

    def _own(self, points_per_minute: int) -> Measure:
        """What a key holds that has a budget of its own: what leaks in a minute, and no more than other keys do."""
        measure = self._own_measures.get(points_per_minute)
        if measure is None:
            if len(self._own_measures) >= BUCKETS_MOST:
                self._own_measures.clear()
            measure = Measure(min(points_per_minute, self._of_key.points), points_per_minute / 60)
            self._own_measures[points_per_minute] = measure
        return measure

    def _bucket_of_tenant(self, tenant_id: UUID) -> Bucket:
        tenant = self._known.get(tenant_id.int)
        if tenant is None:
            return self._new(tenant_id, Bucket("this tenant", f"kelu:budget:{tenant_id}", self._of_tenant))
        self._known.move_to_end(tenant_id.int)
        return tenant

    def _new(self, id: UUID, bucket: Bucket) -> Bucket:
        if len(self._known) >= BUCKETS_MOST:
            _, dropped = self._known.popitem(last=False)
            self._untold.pop(dropped.key, None)
        self._known[id.int] = bucket
        return bucket

    def _tell_later(self, buckets: Sequence[Bucket] = ()) -> None:
        for bucket in buckets:
            self._untold[bucket.key] = bucket
        if self._next is None and self._settling is None and (self._untold or self._is_alone):
            # A timer, not a task that sleeps: whoever closes the loop need not know of it.
            self._next = self._loop.call_later(TRIED_SECONDS if self._is_alone else SETTLED_SECONDS, self._start, context=Context())

    def _start(self) -> None:
        self._next = None
        if self._is_open():
            self._settling = self._loop.create_task(self._settle_in_time())

    async def _settle_in_time(self) -> None:
        try:
            await self.settle()
        finally:
            self._settling = None
        self._tell_later()

    def _go_alone(self, error: Exception) -> None:
        if not self._is_alone and self._is_open():
            self._is_alone = True
            log.warning("budgets.alone", error=type(error).__name__)
            self._tell_later()

    def _is_open(self) -> bool:
        with suppress(RuntimeError):
            return installation() is self._opened
        return False


_budgets: Budgets | None = None


def budgets() -> Budgets:
    """The budgets of this process."""
    global _budgets
    opened = installation()
    if _budgets is None or not _budgets.is_of(opened):
        _budgets = Budgets(opened, patience_seconds=PATIENCE_SECONDS)
    return _budgets


def _standing(buckets: Sequence[Bucket], points: int, at: int) -> Standing:
    tightest, least = buckets[0], buckets[0].remaining(at)
    for bucket in buckets[1:]:
        if (remaining := bucket.remaining(at)) < least:
            tightest, least = bucket, remaining
    return Standing(points, tightest.measure.points, least, datetime.now(UTC) + timedelta(microseconds=tightest.level(at)))


def _refusal(buckets: Sequence[Bucket], costs: Sequence[int], at: int) -> RateLimited:
    wait, name = max((bucket.level(at) + cost - bucket.size, bucket.name) for bucket, cost in zip(buckets, costs, strict=True))
    seconds = max(-(-wait // 1_000_000), 1)
    return RateLimited(f"The budget of {name} is spent. Try again in {seconds} s, or ask for less.", retry_after_seconds=seconds)
