"""A file that nobody here wrote, through the command line: every row and line of it accounted for, and nothing new the second time."""

from __future__ import annotations

import asyncio
import csv
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import phonenumbers
import pytest

from tenants.ids import global_id
from tenants.installation import Installation
from tenants.session import Actor
from tests.conftest import MakeTenant
from tests.stories.home import environment_of
from tests.stories.records import customers_of, rows_of

#: Real data, not part of this repository: named by the environment, or laid beside the checkout.
_FOLDER = Path(os.environ.get("KELU_NORTHWIND") or Path(__file__).parents[2].parent / "shared" / "data" / "northwind")

pytestmark = pytest.mark.skipif(
    not (_FOLDER / "customers.csv").is_file(), reason="the Northwind tables are not here; KELU_NORTHWIND names their folder"
)


async def _kelu_import(opened: Installation, actor: Actor, file: str) -> dict[str, Any]:
    """`kelu import FILE --json`, in a process of its own."""
    words = ["import", str(_FOLDER / file), "--tenant", global_id("TENANT", actor.tenant_id), "--json"]
    command = [sys.executable, "-m", "kelu", *words]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, env=environment_of(opened.settings), timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    outcome: dict[str, Any] = orjson.loads(done.stdout)
    assert outcome["status"] == "DONE", outcome
    return outcome


def _rows(total: int, word: str) -> dict[str, int]:
    return {"total": total, "blank": 0, **dict.fromkeys(("created", "updated", "unchanged", "skipped", "rejected"), 0), word: total}


async def test_customers_and_their_orders_are_taken_in_to_the_last_line_and_unchanged_the_second_time(
    opened: Installation, make_tenant: MakeTenant
) -> None:
    acme = await make_tenant("US", currency="USD", time_zone="America/New_York")

    customers = await _kelu_import(opened, acme, "customers.csv")
    orders = await _kelu_import(opened, acme, "orders.csv")
    again = [await _kelu_import(opened, acme, file) for file in ("customers.csv", "orders.csv")]

    assert customers["rows"] == _rows(91, "created")
    assert customers["records"] == {"CUSTOMER": {"CREATE": 91}, "CONTACT": {"CREATE": 91}}
    assert customers["warnings"] == 43
    _assert_phones(await customers_of(acme))
    assert orders["rows"] == _rows(2155, "created")
    assert orders["records"] == {"ORDER": {"CREATE": 830}, "ORDER_LINE": {"CREATE": 2155}}
    assert [column["how"] for column in orders["mapping"] if column["header"] == "OrderID"][1:] == ["REPEATED"]
    stored = await rows_of(acme, "customer_order")
    assert (len(stored), len({order["customer_id"] for order in stored})) == (830, 89)
    lines = Counter(line["order_id"] for line in await rows_of(acme, "order_line"))
    assert (lines.total(), len(lines)) == (2155, 830)
    assert [outcome["rows"] for outcome in again] == [_rows(91, "unchanged"), _rows(2155, "unchanged")]
    assert all(set(counts) == {"UNCHANGED"} for outcome in again for counts in outcome["records"].values())
    assert {row["version"] for table in ("customer", "customer_order") for row in await rows_of(acme, table)} == {1}


def _assert_phones(customers: dict[str, dict[str, Any]]) -> None:
    """Numbers that phonenumbers calls valid in their row's country are stored as E.164, the others as entered, with a flag."""
    with (_FOLDER / "customers.csv").open(encoding="utf-8", newline="") as file:
        entered = {row["CustomerID"]: row["Phone"] for row in csv.DictReader(file)}
    wanted = {id: _e164(phone, customers[id]["country"]) for id, phone in entered.items()}
    assert Counter(phone is not None for phone in wanted.values()) == {True: 48, False: 43}
    assert {id: customer["phone"] for id, customer in customers.items()} == {id: wanted[id] or entered[id] for id in entered}
    assert {id: customer["flags"] for id, customer in customers.items()} == {
        id: [] if phone else ["phone:IMPLAUSIBLE_PHONE"] for id, phone in wanted.items()
    }


def _e164(phone: str, country: str) -> str | None:
    number = phonenumbers.parse(phone, country)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else None
