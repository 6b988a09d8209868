"""The records that are read: customers with two contacts and five orders each, the same in every run, made inside PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from tenants.api_keys import add_api_key
from tenants.database import connected
from tenants.encryption import Keyring
from tenants.registry import add_tenant
from tenants.session import Actor, ActorKind, acting_as

CONTACTS_EACH, ORDERS_EACH = 2, 5

_TABLES = ("customer", "contact", "customer_order")
_KINDS = {"customer": 1, "contact": 2, "customer_order": 3}
_EPOCH_MS = 1_760_000_000_000
_AT_ONCE = 20_000

#: The id of the record numbered n: version 7 in form, ascending with n.
_ID = f"(lpad(to_hex({_EPOCH_MS} + {{n}}), 12, '0') || '7' || lpad('{{kind}}', 3, '0') || '8' || lpad(to_hex($2::bigint), 15, '0'))::uuid"

_FAMILIES = [
    "张",
    "王",
    "李",
    "赵",
    "欧阳",
    "García",
    "Müller",
    "Østergård",
    "Dvořák",
    "O’Brien",
    "Łukasiewicz",
    "Petit",
    "Rossi",
    "Ångström",
    "Nowak",
    "Kovács",
]
_GIVEN = [
    "伟",
    "秀英",
    "三丰",
    "娜",
    "小明",
    "Zoë",
    "François",
    "Jürgen",
    "Björn",
    "Siân",
    "Ana",
    "María",
    "Luca",
    "Agnieszka",
    "Þóra",
    "Eszter",
]
_CITIES = ["上海", "北京", "深圳", "成都", "杭州", "Berlin", "Málaga", "København", "Praha", "Kraków", "Lyon", "Torino", "Malmö"]
_TITLES = ["采购经理", "Einkäuferin", "Directrice générale", "财务主管", "Kierownik sprzedaży"]


def _picked(words: Sequence[str], n: str) -> str:
    """SQL that takes one of some words by a number."""
    texts = ", ".join(f"'{word}'" for word in words)
    return f"(ARRAY[{texts}])[1 + ({n})::bigint * 7919 % {len(words)}]"


def _name(n: str) -> str:
    return f"{_picked(_GIVEN, f'{n} / 16')} || ' ' || {_picked(_FAMILIES, n)}"


def _id(noun: str, n: str) -> str:
    return _ID.replace("{n}", n).replace("{kind}", str(_KINDS[noun]))


#: $1 tenant, $2 its number, $3 the first record's number, $4 and $5 sealed phones and e-mails, in the order of the numbers.
_CUSTOMERS = f"""
INSERT INTO customer (tenant_id, id, kind, name, company, occupation, phone, email, country, city, lifecycle, source, owner, tags,
    created_at, updated_at)
SELECT $1, {_id("customer", "n")}, CASE WHEN n % 4 = 0 THEN 'COMPANY' ELSE 'PERSON' END, {_name("n")},
    CASE WHEN n % 3 = 0 THEN {_name("n / 3")} || ' GmbH' END, {_picked(_TITLES, "n")}, phone, email,
    {_picked(["CN", "DE", "ES", "FR"], "n")}, {_picked(_CITIES, "n")}, {_picked(["ACTIVE", "PROSPECT", "ACTIVE", "LAPSED"], "n")},
    {_picked(["展会", "Website", "Empfehlung"], "n")}, {_picked(_GIVEN, "n / 100")}, ARRAY['vip', {_picked(_CITIES, "n / 2")}],
    to_timestamp(({_EPOCH_MS} + n) / 1000.0), to_timestamp(({_EPOCH_MS} + n) / 1000.0)
FROM unnest($4::bytea[], $5::bytea[]) WITH ORDINALITY AS s (phone, email, place), LATERAL (SELECT $3::bigint + place - 1 AS n) numbered
"""
_CONTACTS = f"""
INSERT INTO contact (tenant_id, id, customer_id, name, job_title, phone, email, is_primary, created_at, updated_at)
SELECT $1, {_id("contact", "n")}, {_id("customer", f"n / {CONTACTS_EACH}")}, {_name("n * 3")}, {_picked(_TITLES, "n * 2")},
    phone, email, n % {CONTACTS_EACH} = 0, to_timestamp(({_EPOCH_MS} + n) / 1000.0), to_timestamp(({_EPOCH_MS} + n) / 1000.0)
FROM unnest($4::bytea[], $5::bytea[]) WITH ORDINALITY AS s (phone, email, place), LATERAL (SELECT $3::bigint + place - 1 AS n) numbered
"""
#: $4 the last number, $5 how many customers there are. A customer's orders came one by one and lie apart.
_ORDERS = f"""
INSERT INTO customer_order (tenant_id, id, customer_id, number, ordered_at, amount, currency, payment_method, status)
SELECT $1, {_id("customer_order", "n")}, {_id("customer", "n % $5::bigint")}, 'SO-' || lpad(n::text, 8, '0'),
    to_timestamp({_EPOCH_MS} / 1000 - (n * 7919 % 31536000)), (n * 37 % 1000000) / 100.0, {_picked(["CNY", "EUR"], "n")},
    {_picked(["ALIPAY", "CARD", "BANK_TRANSFER", "WECHAT_PAY"], "n")}, {_picked(["PAID", "SHIPPED", "COMPLETED", "OPEN"], "n")}
FROM generate_series($3::bigint, $4::bigint) n
"""

_WRITTEN = ((_CUSTOMERS, "customer", 1), (_CONTACTS, "contact", CONTACTS_EACH), (_ORDERS, "customer_order", ORDERS_EACH))


@dataclass(frozen=True, slots=True)
class Reader:
    """A tenant whose records are read: its number counts from 1, `secret` is of an API key that may reveal."""

    number: int
    actor: Actor
    secret: str
    customers: int

    @property
    def tenant_id(self) -> UUID:
        return self.actor.tenant_id

    def customer_id(self, n: int) -> UUID:
        return _uuid("customer", n, self.number)


def _uuid(noun: str, n: int, tenant: int) -> UUID:
    """As `_ID` makes it."""
    return UUID(hex=f"{_EPOCH_MS + n:012x}7{_KINDS[noun]:03d}8{tenant:015x}")


async def make_readers(owner_url: str, sizes: Sequence[int], *, are_sealed: bool) -> list[Reader]:
    """A tenant of each size, with its records and a key; statistics are gathered at the end.

    Args:
        sizes: customers of each tenant.
        are_sealed: phones and e-mails are sealed with the tenant's keyring; else noise of their length, which does not open.
    """
    made = []
    async with connected(owner_url) as owner:
        await owner.execute("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'")
        indexes = await _drop_indexes(owner)
        for number, customers in enumerate(sizes, 1):
            tenant = await add_tenant(f"Tenant {number} of the benchmark", country="CN")
            actor = Actor(tenant.id, ActorKind.OPERATOR)
            async with acting_as(actor) as unit:
                keyring = await unit.keyring() if are_sealed else None
                _, secret = await add_api_key("benchmark", may_reveal=True)
            made.append(Reader(number, actor, secret, customers))
            await _fill(owner, made[-1], keyring)
        for index in indexes:
            await owner.execute(index)
        await owner.execute("VACUUM ANALYZE " + ", ".join(_TABLES))
    return made


async def _drop_indexes(owner: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """Drop the indexes that guard nothing, to be made again once all rows are there: in a fraction of the time. How to make each."""
    found = await owner.fetch(
        """
        SELECT i.indexrelid::regclass AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
        WHERE i.indrelid = any($1::text[]::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
        """,
        _TABLES,
    )
    for index in found:
        await owner.execute(f"DROP INDEX {index['name']}")
    return [index["definition"] for index in found]


async def _fill(owner: asyncpg.Connection[asyncpg.Record], reader: Reader, keyring: Keyring | None) -> None:
    """In transactions of some ten thousand rows; forced row level security binds the owner too."""
    for statement, noun, each in _WRITTEN:
        for first, last in _spans(reader.customers * each):
            async with owner.transaction():
                await owner.execute("SELECT act_as_tenant($1)", reader.tenant_id)
                tail = [last, reader.customers] if statement is _ORDERS else _sealed(noun, reader.number, first, last, keyring)
                await owner.execute(statement, reader.tenant_id, reader.number, first, *tail)


def _spans(count: int) -> Iterator[tuple[int, int]]:
    """First and last numbers of what is written at once."""
    for first in range(0, count, _AT_ONCE):
        yield first, min(first + _AT_ONCE, count) - 1


def _sealed(noun: str, tenant: int, first: int, last: int, keyring: Keyring | None) -> tuple[list[bytes | None], list[bytes | None]]:
    numbers = range(first, last + 1)
    if keyring is None:
        return [n.to_bytes(45, "big") for n in numbers], [n.to_bytes(51, "big") for n in numbers]
    ids = [_uuid(noun, n, tenant) for n in numbers]
    phones = keyring.column(noun, "phone").seal_all(ids, [f"+86138{n:08d}" for n in numbers])
    return phones, keyring.column(noun, "email").seal_all(ids, [f"n{n}.{noun}@beispiel.example" for n in numbers])
