from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tenants.ids import new_id
from tenants.imports.rejected import OWN_COLUMNS, corrected, neutralised, rejected_csv
from tenants.installation import Installation
from tenants.refusals import NotFound
from tenants.session import Actor
from tests.stories.journey import finish, start
from tests.stories.records import customers_of, rows_of
from tests.workers.working import with_settings, working


@pytest.mark.parametrize(
    "cell",
    [
        "=SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@import", "\t=1", "\r=1", "\n=1", "＝1+1", "＋A1", " =1", "-", "+",
        "=1", "'=1", "''@x", "-1.5E+10", "+49 30 A1",
    ],
)  # fmt: skip
def test_a_cell_that_could_be_a_formula_goes_out_harmless_and_comes_back_as_it_was(cell: str) -> None:
    out = neutralised(cell)

    assert out == f"'{cell}"
    assert corrected(out) == cell


@pytest.mark.parametrize(
    "cell", ["-12.50", "+49 30 1234-56", "+86 (138) 1234/5678", "-1,234.5", "Ada", "", "1=1", "a@b.example", "'n Abend", "''"]
)
def test_a_number_a_phone_and_plain_text_go_out_and_come_back_untouched(cell: str) -> None:
    assert neutralised(cell) == cell
    assert corrected(cell) == cell


@pytest.fixture(autouse=True)
def small_chunks(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    with_settings(opened, monkeypatch, chunk_rows=3, worker_processes=1)


async def imported(actor: Actor, file: Path) -> Any:
    async with working():
        return await finish(actor, await start(actor, file))


async def lines_of(actor: Actor, run_id: UUID) -> list[list[str]]:
    content = b"".join([piece async for piece in rejected_csv(actor, run_id)])
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def write(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


HEADER = ["external_id", "name", "Remark", "birth_date"]


async def test_rejected_rows_are_corrected_and_sent_again(acme: Actor, tmp_path: Path) -> None:
    rows = [
        ["C1", "Ada", "", "1990-01-01"],
        ["C2", "", "=HYPERLINK(1)", "1990-01-01"],
        ["C3", "Grace", "two\nlines", "1990-13-45"],
        ["C4", "Joan", "", "1990-01-04"],
        ["C5", "Mary", "", "1990-01-05", "too many"],
        ["C6", "=Formula", "", "1890-99-01"],
    ]
    run = await imported(acme, write(tmp_path / "people.csv", [HEADER, *rows]))

    header, *rejected = await lines_of(acme, run.id)

    assert header == [*OWN_COLUMNS, *HEADER]
    assert [row[3:] for row in rejected] == [
        ["C2", "", "'=HYPERLINK(1)", "1990-01-01"],
        ["C3", "Grace", "two\nlines", "1990-13-45"],
        ["C5", "Mary", "", "1990-01-05", "too many"],
        ["C6", "'=Formula", "", "1890-99-01"],
    ]
    assert [row[0] for row in rejected] == ["3", "4", "7", "8"]
    assert all(row[1] and row[2] for row in rejected)

    rejected[0][4], rejected[1][6], rejected[3][6] = "Eve", "1990-12-05", "1990-09-01"
    again = await imported(acme, write(tmp_path / "again.csv", [header, *rejected[:2], rejected[2][:7], rejected[3]]))

    assert (again.rows_created, again.rows_rejected) == (4, 0)
    assert [(column["header"], column["target"], column["how"]) for column in again.mapping[:3]] == [
        (name, None, "GIVEN") for name in OWN_COLUMNS
    ]
    assert (await customers_of(acme))["C6"]["name"] == "=Formula"


async def test_a_file_rejected_twice_has_our_columns_once(acme: Actor, tmp_path: Path) -> None:
    run = await imported(acme, write(tmp_path / "people.csv", [HEADER, ["C1", "", "-x", ""]]))
    first = await lines_of(acme, run.id)

    again = await imported(acme, write(tmp_path / "again.csv", first))

    second = await lines_of(acme, again.id)
    assert second[0] == first[0]
    assert second[1][3:] == first[1][3:] == ["C1", "", "'-x", ""]


async def test_what_was_rejected_lies_sealed_and_is_shown_to_its_tenant_only(acme: Actor, globex: Actor, tmp_path: Path) -> None:
    run = await imported(acme, write(tmp_path / "people.csv", [HEADER, ["C1", "", "canary-in-a-cell", ""]]))

    chunks = await rows_of(acme, "import_chunk", "position")

    assert chunks[0]["problems"] == 1
    assert b"canary" not in chunks[0]["findings"]
    for actor, id in ((globex, run.id), (acme, new_id())):
        with pytest.raises(NotFound):
            await lines_of(actor, id)
