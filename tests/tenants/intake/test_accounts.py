"""Whatever comes in: every row has one fate, every rejected row a reason, and a dry run foretells it."""

from __future__ import annotations

import random

import pytest

from tenants.intake.drafts import Action
from tenants.intake.fields import targets
from tenants.intake.problems import Severity
from tenants.intake.rules import KeyKind
from tenants.words import RecordType

_CELLS = {
    "name": ["Ada", "Bob", "", "  ", "x" * 300],
    "company": ["Sample GmbH", "", None],
    "phone": ["13800138000", "139 0013 9000", "12", "1.38E+10", "", None],
    "email": ["ada@example.org", "BOB@example.org", "nobody at home", None],
    "national_id": ["11010519491231002X", "110105194912310021", None],
    "birth_date": ["1990-01-02", "2.1.1990", "31.02.1990", "1850-01-01", None],
    "external_id": ["1", "2", "3", "4", "5", "6", None],
    "customer_external_id": ["1", "2", "nobody", None],
    "customer_phone": ["13800138000", None],
    "customer_email": ["ada@example.org", None],
    "customer_id": ["cus_" + "0" * 32, None, None, None],
    "id": ["cus_" + "1" * 32, "nonsense", None, None, None, None, None, None],
    "version": ["1", "one", None, None, None, None],
    "country": ["CN", "Deutschland", "Atlantis", None],
    "number": ["A1", "A2", "A3", "A4", ""],
    "ordered_at": ["2026-01-05", "2026-01-05", "2026-01-06", "soon", None],
    "occurred_at": ["2026-01-05 10:00", "2126-01-01", None],
    "lines.quantity": ["1", "2,5", "some", None],
    "lines.unit_price": ["10", "-1", None],
    "lines.amount": ["10", "25", None, None],
    "amount": ["10", "35", None, None, None],
    "channel": ["PHONE", "电话", "smoke", None],
}
_OTHERS = ["tea", "x\0", "", None, "CNY", "yes", "paid", "1"]


def _rows(chance: random.Random, record_type: RecordType, count: int) -> list[dict[str, str]]:
    names = [name for name in targets(record_type) if chance.random() < 0.7]
    rows = ({name: chance.choice(_CELLS.get(name, _OTHERS)) for name in names} for _ in range(count))
    return [{name: cell for name, cell in row.items() if cell is not None} for row in rows]


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("record_type", [each for each in RecordType if each is not RecordType.ORDER_LINE])
async def test_every_row_has_one_fate_and_every_rejected_row_a_reason(make_tenant, taken, record_type, seed):
    chance = random.Random(f"{record_type}{seed}")
    tenant = await make_tenant(rules={"unique": ["phone"]} if seed % 2 else {})
    await taken(tenant, [{"external_id": "1", "name": "Ada", "phone": "13800138000"}, {"external_id": "2", "name": "Bob"}])
    rows = _rows(chance, record_type, 40)
    match_by = tuple(chance.sample(list(KeyKind), chance.randint(0, 4)))

    dry = await taken(tenant, rows, record_type, match_by=match_by, dry_run=True)
    real = await taken(tenant, rows, record_type, match_by=match_by)

    refused = {problem.row for problem in real.problems if problem.severity is Severity.ERROR}
    assert len(real.actions) == len(rows)
    assert {number for number, action in enumerate(real.actions, 1) if action is Action.REJECT} == refused
    assert (dry.actions, dry.problems, dry.records) == (real.actions, real.problems, real.records)
