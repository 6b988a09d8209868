"""Roles made by chance, as JSON: scopes, levels of fields and of the tenant's own, conditions about values that records have."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.server.access.chance.model import ALWAYS, NAMES, WHOLE
from tests.server.reference.records import CUSTOM_FIELDS

FIELDS = {
    "CUSTOMER": "external_id kind name company gender birth_date occupation phone email address national_id postal_code country region "
    "city lifecycle source owner tags verified_at",
    "CONTACT": "external_id name job_title phone email is_primary",
    "ORDER": "external_id number ordered_at amount currency payment_method status lines",
    "INTERACTION": "external_id channel direction occurred_at subject content follow_up",
    "NEED": "external_id what product_interest expected_at status",
    "PREFERENCE": "external_id kind value",
}
CUSTOM = [f"custom.{name}" for name, _, _ in CUSTOM_FIELDS]
TESTED: dict[str, dict[str, list[str]]] = {
    "CUSTOMER": {
        **{"kind": ["PERSON", "COMPANY"], "gender": ["FEMALE", "MALE"], "country": ["CN", "DE"], "region": ["浙江", "Bayern"]},
        **{"city": ["杭州", "Berlin", "Zürich"], "lifecycle": ["PROSPECT", "ACTIVE", "LAPSED"], "source": ["fair", "网站"]},
        **{"tags": ["vip", "旧", "old"], "custom.nickname": ["小张", "Öhrchen"]},
    },
    "ORDER": {"currency": ["CNY", "EUR"], "payment_method": ["ALIPAY", "CARD"], "status": ["PAID", "OPEN", "CANCELLED"]},
    "INTERACTION": {"channel": ["PHONE", "CHAT"], "direction": ["INBOUND"], "follow_up": ["OPEN"]},
    "NEED": {"status": ["OPEN", "MATCHED"]},
    "PREFERENCE": {"kind": ["colour", "语言"]},
    "CONTACT": {},
}
_REVEALED = ("CUSTOMER", "CONTACT", "INTERACTION")
_SCOPES = ("OWN", "TEAM", "TEAM", "ALL", "ALL")


def random_role(chance: Random) -> dict[str, Any]:
    """A role; most read most nouns, so that there is something to hide."""
    permissions: dict[str, str] = {}
    for noun in FIELDS:
        likely = {"READ": 0.9, "CREATE": 0.5, "UPDATE": 0.6, "DELETE": 0.4} | ({"REVEAL": 0.6} if noun in _REVEALED else {})
        permissions |= {f"{noun}_{action}": chance.choice(_SCOPES) for action, often in likely.items() if chance.random() < often}
    return {
        "permissions": permissions,
        "fields": {noun: _levels(noun, chance) for noun in FIELDS if chance.random() < 0.95},
        "conditions": {noun: _tests(noun, chance) for noun in FIELDS if TESTED[noun] and chance.random() < 0.3},
    }


def _levels(noun: str, chance: Random) -> dict[str, str]:
    names = FIELDS[noun].split() + (CUSTOM if noun == "CUSTOMER" else [])
    found = {name: chance.choice(_possible(noun, name)) for name in names if chance.random() < 0.25}
    return found | ({"*": chance.choice(("NONE", "MASKED", "READ", "READ", "WRITE", "WRITE"))} if chance.random() < 0.9 else {})


def _possible(noun: str, name: str) -> list[str]:
    if name in ALWAYS[noun].split():
        return ["READ", "WRITE"]
    if name in WHOLE[noun].split():
        return ["NONE", "READ", "WRITE"]
    return ["MASKED", "READ", "WRITE"] if name in NAMES[noun].split() else ["NONE", "MASKED", "READ", "WRITE"]


def _tests(noun: str, chance: Random) -> list[dict[str, Any]]:
    fields = chance.sample(list(TESTED[noun]), min(len(TESTED[noun]), chance.choice([1, 1, 2])))
    return [{"field": each, chance.choice(["in", "notIn"]): _some(TESTED[noun][each], chance)} for each in fields]


def _some(values: list[str], chance: Random) -> list[str]:
    return chance.sample(values, chance.randrange(1, len(values) + 1))
