"""Records to ask about: customers with all that belongs to them, with gaps, ties, Chinese and European text, made from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tenants.ids import new_id
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.session import Actor, acting_as
from tenants.words import RecordType

NAMES = [
    "张三丰",
    "张三",
    "李四",
    "王小明",
    "Jürgen Müller",
    "Ángela Ñúñez",
    "Łukasz Żółw",
    "Ada Lovelace",
    "ada lovelace",
    "100% Tee_Haus",
]
COMPANIES = [None, None, "Kontor Südwest", "杭州茶叶公司", "Analytical_Engines"]
CITIES = [None, "杭州", "Berlin", "berlin", "Zürich"]
REGIONS = [None, "浙江", "Bayern"]
PRODUCTS = ["Tea", "tea", "Grüner Tee", "绿茶", "Cup 50%"]
CURRENCIES = ["CNY", "EUR"]
#: As somebody might write it → as it is stored.
PHONES = {"138 1234 5670": "+8613812345670", "+86-13812345671": "+8613812345671", "１３８１２３４５６７２": "+8613812345672"}
EMAILS = {"Ada@Example.org": "Ada@example.org", "juergen@example.org": "juergen@example.org"}
NATIONAL_IDS = {"11010519491231002x": "11010519491231002X", "11010519491231002X": "11010519491231002X"}
#: The tenant's own fields: name, type, whether it is sealed.
CUSTOM_FIELDS = [("shoe_size", "NUMBER", False), ("member", "BOOLEAN", False), ("since", "DATE", False), ("nickname", "TEXT", False)]
CUSTOM_FIELDS += [("allergy", "TEXT", True), ("income", "NUMBER", True)]
SEARCHES = ["张三", "muller", "lovelace", "Südwest", "三丰", "angela nunez", "nobody"]


def _cut(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _day(chance: Random) -> str:
    """A moment half a day away from the turn of any count of days, so that a count is the same a minute later; some are the same."""
    return (datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=chance.randrange(1, 60), hours=12)).isoformat()


def _customers(chance: Random, count: int) -> list[dict[str, Any]]:
    pick = chance.choice
    return [
        _cut(
            {
                "name": pick(NAMES),
                "external_id": f"C{number}" if number % 4 else None,
                "kind": pick(["PERSON", "COMPANY"]),
                "company": pick(COMPANIES),
                "gender": pick([None, "FEMALE", "MALE"]),
                "birth_date": pick([None, "1990-03-05", "1985-12-31"]),
                "occupation": pick([None, "Poet", "诗人"]),
                "phone": pick([None, *PHONES, "12"]),
                "email": pick([None, *EMAILS]),
                "address": pick([None, "西湖路 1 号", "1 Main St"]),
                "national_id": pick([None, None, "11010519491231002x"]),
                "postal_code": pick([None, "310000"]),
                "country": pick([None, "CN"]),
                "region": pick(REGIONS),
                "city": pick(CITIES),
                "lifecycle": pick(["PROSPECT", "ACTIVE", "LAPSED"]),
                "source": pick([None, "fair", "网站"]),
                "owner": pick([None, "Lin"]),
                "tags": pick([None, "vip", "vip,旧", "old"]),
                "custom.shoe_size": pick([None, "43.5", "38"]),
                "custom.member": pick([None, "yes", "no"]),
                "custom.since": pick([None, "2024-02-29", "2020-01-01"]),
                "custom.nickname": pick([None, "小张", "Öhrchen"]),
                "custom.allergy": pick([None, "nuts"]),
                "custom.income": pick([None, "1000"]),
            }
        )
        for number in range(count)
    ]


def _orders(chance: Random, link: str, of: int) -> list[dict[str, Any]]:
    pick = chance.choice
    found = []
    for number in range(chance.randrange(5)):
        lines = [
            _cut({"product": pick(PRODUCTS), "quantity": pick(["1", "2", "0.5"]), "unit_price": pick(["3.50", "10", "0.3333"])})
            | ({"discount": "0.15"} if chance.random() < 0.3 else {})
            for _ in range(chance.randrange(1, 4))
        ]
        order = {"customer_id": link, "number": f"O{of}-{number}", "ordered_at": _day(chance), "currency": pick(CURRENCIES)}
        more = {"payment_method": pick([None, "ALIPAY", "CARD"]), "status": pick(["PAID", "OPEN", "CANCELLED", "REFUNDED"])}
        found.append(order | _cut(more) | {"lines": lines})
    return found


def _of_customers(chance: Random, ids: Sequence[str]) -> dict[RecordType, list[dict[str, Any]]]:
    """Drafts of what belongs to some of these customers."""
    made: dict[RecordType, list[dict[str, Any]]] = {
        each: [] for each in RecordType if each not in (RecordType.CUSTOMER, RecordType.ORDER_LINE)
    }
    pick = chance.choice
    for number, id in enumerate(ids):
        made[RecordType.ORDER] += _orders(chance, id, number)
        for place in range(chance.randrange(4)):
            own = {"customer_id": id, "external_id": f"X{number}-{place}"} if place else {"customer_id": id}
            contact = {"name": pick(NAMES), "job_title": pick([None, "Buyer"]), "phone": pick([None, "13912345678", "7"])}
            made[RecordType.CONTACT].append(
                own | _cut(contact | {"email": pick([None, "eve@example.org"]), "is_primary": pick([None, "yes"])})
            )
            spoken = {"channel": pick(["PHONE", "CHAT"]), "direction": pick([None, "INBOUND"]), "occurred_at": _day(chance)}
            said = {"subject": pick([None, "Tea", "茶"]), "content": pick([None, "Wants tea", "要茶"]), "follow_up": pick([None, "OPEN"])}
            made[RecordType.INTERACTION].append(own | _cut(spoken | said))
            need = {
                "what": pick(PRODUCTS),
                "product_interest": pick([None, "Tea"]),
                "expected_at": pick([None, "2030-01-01", "2031-05-05"]),
            }
            made[RecordType.NEED].append(own | _cut(need | {"status": pick(["OPEN", "MATCHED"])}))
            made[RecordType.PREFERENCE].append(own | {"kind": pick(["colour", "语言"]), "value": f"{pick(['green', '中文'])}{place}"})
    return made


async def fill(actor: Actor, customers: int, seed: int) -> None:
    """Give a tenant its records."""
    chance = Random(seed)
    async with acting_as(actor) as unit:
        for name, type_, is_sealed in CUSTOM_FIELDS:
            await unit.connection.execute(
                "INSERT INTO custom_field (tenant_id, id, name, label, type, is_sealed) VALUES ($1, $2, $3, $3, $4, $5)",
                *(actor.tenant_id, new_id(), name, type_, is_sealed),
            )
    drafts = _customers(chance, customers)
    ids: list[str] = []
    for some in (drafts[: customers // 2], drafts[customers // 2 :]):  # two acts, so that there are two times of creation
        async with acting_as(actor):
            outcome = await take_in(Batch.of(RecordType.CUSTOMER, some), IntakeRules())
            assert all(outcome.record_ids), outcome.problems
            ids += [f"cus_{id.hex}" for id in outcome.record_ids if id is not None]
    for noun, of_them in _of_customers(chance, ids).items():
        async with acting_as(actor):
            outcome = await take_in(Batch.of(noun, of_them), IntakeRules())
            assert all(outcome.record_ids), outcome.problems
    async with acting_as(actor) as unit:
        verified = "UPDATE customer SET verified_at = '2024-05-01 10:00:00.12+00' WHERE tenant_id = $1 AND city = 'Berlin'"
        await unit.connection.execute(verified, actor.tenant_id)
