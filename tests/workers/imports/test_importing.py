from __future__ import annotations

from pathlib import Path

import pytest

from tenants.imports import runs
from tenants.imports.findings import findings
from tenants.imports.options import ImportOptions
from tenants.installation import Installation
from tenants.intake.problems import Code
from tenants.models import Upload
from tenants.refusals import NotFound
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.stories.journey import counts, look, upload_file
from tests.stories.records import customers_of, rows_of
from tests.workers.imports.steps import HEADER, ORDER_HEADER, file_of, imported, over, people
from tests.workers.working import working

pytestmark = pytest.mark.usefixtures("small_chunks")


async def test_every_row_is_accounted_for_and_only_the_upload_stays(
    acme: Actor, globex: Actor, opened: Installation, tmp_path: Path
) -> None:
    lines = people(0, 95)
    lines[7], lines[33] = "C7,,+8613800000007", ""

    run = await imported(acme, file_of(tmp_path, *lines))

    assert (run.status, run.rows_blank) == ("DONE", 1)
    assert counts(run) == {"created": 93, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 1}
    assert run.records["CUSTOMER"] == {"CREATE": 93}
    assert [(column["header"], column["target"]) for column in run.mapping] == [(name, name) for name in HEADER.split(",")]
    assert opened.files.names(acme.tenant_id, "") == [f"uploads/{run.upload_id}"]
    assert len(await customers_of(acme)) == 93
    assert not await customers_of(globex)
    with pytest.raises(NotFound):
        await look(globex, run.id)


async def test_the_last_row_about_somebody_wins_however_far_from_the_first(acme: Actor, tmp_path: Path) -> None:
    lines = [*people(0, 60), "C3,Changed,+8613800000003", *people(60, 90), "C3,Changed again,"]

    run = await imported(acme, file_of(tmp_path, *lines))

    assert (run.rows_created, run.rows_updated) == (90, 2)
    assert (await customers_of(acme))["C3"]["name"] == "Changed again"


async def test_a_file_without_external_ids_is_matched_by_phone(acme: Actor, tmp_path: Path) -> None:
    lines = ["Ada,13800001111", "Ada Lovelace,+86 138 0000 1111"]

    run = await imported(acme, file_of(tmp_path, *lines, header="name,phone"))

    assert (run.rows_created, run.rows_updated) == (1, 1)


async def test_a_dry_run_counts_and_writes_nothing(acme: Actor, tmp_path: Path) -> None:
    upload = await upload_file(acme, file_of(tmp_path, *people(0, 25), "C99,,"))
    async with acting_as(acme):
        dry = await runs.start_import(upload.id, RecordType.CUSTOMER, ImportOptions(), is_dry_run=True)

    async with working():
        run = await over(acme, dry)

    assert counts(run) == {"created": 25, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 1}
    for table in ("customer", "change_set"):
        assert await rows_of(acme, table) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7 and so on", "PDF"),
        (b"name,phone\n", "no row below"),
        (b"colour,shape\nred,round\n", "No column"),
        (b"name,phone\n" + b"Ada,1\n" * 200 + b'Bob,"never closed\n' + b"Eve,2\n" * 200, "quotation mark"),
    ],
)
async def test_a_file_that_cannot_be_used_fails_the_run_with_the_reason_and_leaves_nothing(
    acme: Actor, opened: Installation, tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "file.csv").write_bytes(content)

    run = await imported(acme, tmp_path / "file.csv")

    assert run.status == "FAILED"
    assert reason in (run.failure_reason or "")
    assert await rows_of(acme, "customer") == []
    assert opened.files.names(acme.tenant_id, "imports") == []
    async with acting_as(acme):
        assert await Upload.exists(id=run.upload_id)


async def test_a_column_says_at_its_end_how_its_dates_are_written(acme: Actor, tmp_path: Path) -> None:
    lines = [f"C{number},Ada,0{number % 9 + 1}/02/1990" for number in range(40)] + ["C40,Ada,31/02/1990", "C41,Ada,28/02/1990"]

    run = await imported(acme, file_of(tmp_path, *lines, header="external_id,name,birth_date"))

    assert (run.rows_created, run.rows_rejected) == (41, 1)
    assert (await customers_of(acme))["C0"]["birth_date"] == "1990-02-01"


async def test_the_lines_of_an_order_stay_together_whatever_the_size_of_a_chunk(acme: Actor, tmp_path: Path) -> None:
    await imported(acme, file_of(tmp_path, *people(0, 3)))
    lines = [f"A{order},C{order % 3},2024-05-01,Tea {line},1,2.50" for order in range(20) for line in range(7)]

    run = await imported(acme, file_of(tmp_path, *lines, header=ORDER_HEADER), RecordType.ORDER)

    assert run.records == {"ORDER": {"CREATE": 20}, "ORDER_LINE": {"CREATE": 140}}
    assert len(await rows_of(acme, "order_line")) == 140


async def test_a_file_whose_orders_are_scattered_is_refused_and_two_rows_are_named(acme: Actor, tmp_path: Path) -> None:
    await imported(acme, file_of(tmp_path, *people(0, 3)))
    lines = [f"A{order},C1,2024-05-01,Tea,1,2.50" for order in (*range(50), 4)]

    run = await imported(acme, file_of(tmp_path, *lines, header=ORDER_HEADER), RecordType.ORDER)

    assert run.status == "FAILED"
    assert "Rows 6 and 52" in (run.failure_reason or "")
    assert await rows_of(acme, "customer_order") == []


async def test_a_row_that_cannot_be_read_is_rejected_with_the_other_lines_of_its_order(acme: Actor, tmp_path: Path) -> None:
    await imported(acme, file_of(tmp_path, *people(0, 3)))
    lines = [f"A{order},C1,2024-05-01,Tea {line},1,2.50" for order in range(3) for line in range(3)]
    lines[4] += ",one cell too many"

    run = await imported(acme, file_of(tmp_path, *lines, header=ORDER_HEADER), RecordType.ORDER)

    async with acting_as(acme):
        problems = await findings(run.id, 10)
    assert (run.rows_created, run.rows_rejected) == (6, 3)
    assert [(problem.row, problem.code) for problem in problems] == [
        (5, Code.OTHER_LINE),
        (6, Code.WRONG_CELL_COUNT),
        (7, Code.OTHER_LINE),
    ]
    assert len(await rows_of(acme, "customer_order")) == 2


@pytest.mark.usefixtures("a_chunk_a_turn")
async def test_a_file_is_read_on_where_the_worker_before_left_off(acme: Actor, tmp_path: Path) -> None:
    lines = [line for person in people(0, 73) for line in (person, "")] + ["C99,,"]

    run = await imported(acme, file_of(tmp_path, *lines))
    orders = [f"A{order},C{order % 3},2024-05-01,Tea {line},1,2.50" for order in range(20) for line in range(4)]
    of_orders = await imported(acme, file_of(tmp_path, *orders, header=ORDER_HEADER), RecordType.ORDER)

    assert (run.rows_total, run.rows_blank, run.rows_created, run.rows_rejected) == (74, 73, 73, 1)
    assert of_orders.records == {"ORDER": {"CREATE": 20}, "ORDER_LINE": {"CREATE": 80}}


@pytest.mark.usefixtures("a_chunk_a_turn")
async def test_scattered_orders_are_found_by_whichever_worker_reads_on(acme: Actor, tmp_path: Path) -> None:
    lines = [f"A{order},C1,2024-05-01,Tea,1,2.50" for order in (*range(50), 4)]

    run = await imported(acme, file_of(tmp_path, *lines, header=ORDER_HEADER), RecordType.ORDER)

    assert "Rows 6 and 52" in (run.failure_reason or "")
