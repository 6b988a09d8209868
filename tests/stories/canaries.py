"""Fills an installation with values that must never be seen at rest: `python -m tests.stories.canaries HOME ROWS`.

It has a process to itself, as an installation is opened once a process, and the tests have one open. What it leaves behind, with
the servers stopped: two finished imports with rejected rows, one that is paused halfway with its chunks laid down, and for control
one clear value.
"""

from __future__ import annotations

import asyncio
import csv
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from tenants.ids import new_id
from tenants.imports.runs import pause
from tenants.installation import Installation
from tenants.registry import add_tenant
from tenants.session import Actor, ActorKind, acting_as
from tenants.words import RecordType
from tests.stories.home import own_installation, own_settings, workers
from tests.stories.journey import bring_in, counts, look, start

#: In a clear column, so it must be found.
CONTROL = "kanarie-in-the-clear"

#: What every sealed value of its field holds, in each form it may be written in.
CANARIES = {
    "customer.phone": ("1390746", "139-0746-", "139 0746 "),
    "customer.phone as entered": ("kanarie-bell",),
    "customer.email": ("kanarie-mail",),
    "customer.address": ("kanarie-street",),
    "customer.national_id": ("110105194912",),
    "customer.birth_date": ("1949-12-", "12.1949"),
    "customer.custom_sealed": ("kanarie-custom",),
    "contact.phone": ("1370846", "137-0846-"),
    "contact.email": ("kanarie-contact",),
    "interaction.content": ("kanarie-content",),
}

_HEADER = (
    "external_id", "name", "phone", "email", "address", "national_id", "birth_date", "city",
    "contact.name", "contact.phone", "contact.email", "custom.secret",
)  # fmt: skip
_SEALED_FIELD = """
INSERT INTO custom_field (tenant_id, id, name, label, type, is_sealed) VALUES ($1, $2, 'secret', 'Secret', 'TEXT', true)
"""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


def customer_rows(rows: int) -> Iterator[tuple[str, ...]]:
    """Customers with a canary in every sealed field; each tenth is rejected for having no name, each seventh has an odd phone."""
    for number in range(rows):
        born = date(1949, 12, 10) + timedelta(days=number // 1000 % 20)
        yield (
            f"K{number}",
            f"Kay {number}" if number % 10 else "",
            f"139-0746-{number:04d}" if number % 7 else f"ask for kanarie-bell {number}",
            f"kanarie-mail.{number}@example.org",
            f"kanarie-street {number}",
            _national_id(born, number % 1000),
            born.isoformat() if number % 2 else f"{born:%d.%m.%Y}",
            CONTROL,
            f"Cor {number}",
            f"137-0846-{number:04d}",
            f"kanarie-contact.{number}@example.org",
            f"kanarie-custom {number}",
        )


def _national_id(born: date, serial: int) -> str:
    """A Chinese resident identity number with its check digit (GB 11643-1999)."""
    digits = f"110105{born:%Y%m%d}{serial:03d}"
    return digits + _CHECK_DIGITS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11]


def _write(file: Path, header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([header, *rows])


async def fill(home: Path, rows: int) -> None:
    files = home.parent
    _write(files / "customers.csv", _HEADER, customer_rows(rows))
    talks = ((f"K{number}", "2026-01-05 10:30", "PHONE", f"kanarie-content {number}") for number in range(rows))
    _write(files / "talks.csv", ("customer_external_id", "occurred_at", "channel", "content"), talks)
    _write(files / "again.csv", _HEADER, ((*row[:3], f"new-{row[3]}", *row[4:]) for row in customer_rows(rows)))
    async with own_installation(home) as opened:
        await _import_all(opened, files, rows)


async def _import_all(opened: Installation, files: Path, rows: int) -> None:
    actor = Actor((await add_tenant("A tenant with canaries")).id, ActorKind.OPERATOR)
    async with acting_as(actor) as current:
        await current.connection.execute(_SEALED_FIELD, actor.tenant_id, new_id())
    log = opened.settings.home / "logs" / "work.log"
    with workers(own_settings(opened.settings.home), log, KELU_CHUNK_ROWS="250", KELU_LOG_LEVEL="DEBUG"):
        customers = await bring_in(actor, files / "customers.csv")
        talks = await bring_in(actor, files / "talks.csv", RecordType.INTERACTION)
        run_id = await start(actor, files / "again.csv")
        while not (await look(actor, run_id)).rows_staged:
            await asyncio.sleep(0.01)
        async with acting_as(actor):
            await pause(run_id)
    named = rows - (rows + 9) // 10
    assert counts(customers) == {"created": named, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": rows - named}
    assert counts(talks) == {"created": named, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": rows - named}
    assert opened.files.names(actor.tenant_id, f"imports/{run_id}"), "no chunks were laid down"


if __name__ == "__main__":
    asyncio.run(fill(Path(sys.argv[1]), int(sys.argv[2])))
