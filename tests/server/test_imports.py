"""Imports over HTTP and GraphQL: a file sent, an import started, steered and followed, its rejected rows fetched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from tenants.encryption import Keyring
from tenants.ids import global_id, local_id, new_id
from tenants.imports.findings import gathered, sealed
from tenants.installation import installation
from tenants.intake.problems import Code, Problem, Severity
from tenants.session import Actor, acting_as
from tests.server.conftest import Ask, KeyOf

START = """mutation ($input: StartImportInput!) { startImport(input: $input) {
  import { id status recordType fileName isDryRun rowsTotal rowsRead problems { row } } userErrors { code field message } } }"""


async def send(http: httpx.AsyncClient, secret: str, content: Any, name: str = "people.csv", **headers: str) -> httpx.Response:
    return await http.post(f"/uploads?name={name}", content=content, headers={"Authorization": f"Bearer {secret}", **headers})


async def started(graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, actor: Actor, **more: Any) -> dict[str, Any]:
    upload = (await send(http, await key_of(actor), b"Name,Phone\nAda,13812345678\n")).json()["id"]
    payload = (await graphql(START, as_=actor, input={"uploadId": upload, "recordType": "CUSTOMER", **more}))["startImport"]
    assert payload["userErrors"] == []
    run: dict[str, Any] = payload["import"]
    return run


async def bring_to(actor: Actor, run: str, **columns: Any) -> None:
    """Bring a run to where a worker would."""
    names = list(columns)
    changes = ", ".join(f"{name} = ${place + 3}" for place, name in enumerate(names))
    async with acting_as(actor) as unit:
        statement = f"UPDATE import_run SET {changes} WHERE tenant_id = $1 AND id = $2"
        await unit.connection.execute(statement, actor.tenant_id, local_id("IMPORT", run), *columns.values())


async def test_a_file_is_taken_in_as_it_comes_and_kept_sealed(http: httpx.AsyncClient, key_of: KeyOf, acme: Actor) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 10_000

    answer = await send(http, await key_of(acme), blocks(), name="../客户.csv")

    upload = answer.json()
    assert answer.status_code == 201
    assert (upload["name"], upload["size"], len(upload["sha256"])) == ("客户.csv", 400_000, 64)
    async with acting_as(acme) as unit:
        keyring: Keyring = await unit.keyring()
    id = local_id("UPLOAD", upload["id"])
    assert b"".join(installation().files.blocks(keyring, f"uploads/{id}")) == b"x" * 400_000


@pytest.mark.parametrize(
    ("content", "headers", "status"), [(b"", {}, 400), (b"x", {"Content-Type": "multipart/form-data; boundary=x"}, 400)]
)
async def test_what_is_no_file_is_refused(
    http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await send(http, await key_of(acme), content, **headers)

    assert (answer.status_code, answer.json()["code"]) == (status, "INVALID")


async def test_an_import_is_started_with_what_was_said_and_found_by_its_tenant_only(
    graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, globex: Actor
) -> None:
    said = {"mapping": [{"column": "Name", "target": "name"}, {"column": "Phone"}], "onMatch": "SKIP", "sourceName": "shop", "dryRun": True}

    run = await started(graphql, http, key_of, acme, **said, matchBy=["PHONE", "EXTERNAL"], separator=",")

    assert run | {"id": ""} == {
        "id": "",
        "status": "WAITING",
        "recordType": "CUSTOMER",
        "fileName": "people.csv",
        "isDryRun": True,
        "rowsTotal": None,
        "rowsRead": 0,
        "problems": [],
    }
    async with acting_as(acme) as unit:
        options = await unit.connection.fetchval("SELECT options FROM import_run WHERE tenant_id = $1", acme.tenant_id)
    assert orjson.loads(options) == {
        "columns": {"Name": "name", "Phone": ""},
        "on_match": "SKIP",
        "system": "shop",
        "match_by": ["phone", "external"],
        "separator": ",",
    }
    one = "query ($id: ID!) { import(id: $id) { status } imports { nodes { id } } }"
    assert (await graphql(one, as_=acme, id=run["id"])).body["data"]["imports"]["nodes"] == [{"id": run["id"]}]
    foreign = await graphql(one, as_=globex, id=run["id"])
    unknown = await graphql(one, as_=globex, id=global_id("IMPORT", new_id()))
    assert foreign.body == unknown.body
    assert foreign.codes == ["NOT_FOUND"]
    for act in ("cancelImport", "pauseImport", "resumeImport"):
        payload = await graphql(
            f"mutation ($id: ID!) {{ {act}(id: $id) {{ import {{ id }} userErrors {{ code }} }} }}", as_=globex, id=run["id"]
        )
        assert payload[act] == {"import": None, "userErrors": [{"code": "NOT_FOUND"}]}


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"uploadId": "upl_" + "0" * 32}, "NOT_FOUND", None),
        ({"uploadId": "cus_1"}, "NOT_FOUND", ["uploadId"]),
        ({"recordType": "ORDER_LINE"}, "INVALID", ["recordType"]),
        ({"separator": "ab"}, "INVALID", ["separator"]),
        ({"headerRow": 0}, "INVALID", ["headerRow"]),
        ({"sourceName": "x" * 101}, "INVALID", ["sourceName"]),
    ],
)
async def test_an_import_that_cannot_be_is_refused(
    graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, given: dict[str, Any], code: str, field: list[str] | None
) -> None:
    upload = (await send(http, await key_of(acme), b"Name\nAda\n")).json()["id"]

    payload = (await graphql(START, as_=acme, input={"uploadId": upload, "recordType": "CUSTOMER"} | given))["startImport"]

    assert payload["import"] is None
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, field)]


async def test_an_import_is_paused_resumed_and_cancelled(graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor) -> None:
    id = (await started(graphql, http, key_of, acme))["id"]
    steps = [("pauseImport", "PAUSED"), ("resumeImport", "WAITING"), ("cancelImport", "CANCELLED")]

    for act, status in steps:
        document = f"mutation ($id: ID!) {{ {act}(id: $id) {{ import {{ status }} userErrors {{ code }} }} }}"
        assert (await graphql(document, as_=acme, id=id))[act] == {"import": {"status": status}, "userErrors": []}

    again = await graphql("mutation ($id: ID!) { cancelImport(id: $id) { import { id } userErrors { code } } }", as_=acme, id=id)
    assert again["cancelImport"] == {"import": None, "userErrors": [{"code": "CONFLICT"}]}


async def test_a_run_shows_its_counts_mapping_and_problems(
    graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, globex: Actor
) -> None:
    id = (await started(graphql, http, key_of, acme))["id"]
    mapping = [
        {"number": 1, "header": "Name", "target": "name", "how": "EXACT", "repeat_of": None},
        {"number": 2, "header": "", "target": None, "how": "UNMAPPED", "repeat_of": None},
    ]
    counts = {"rows_staged": 3, "rows_read": 3, "rows_created": 1, "rows_rejected": 2, "warnings": 1, "is_staged": True}
    records = orjson.dumps({"CUSTOMER": {"CREATE": 1}}).decode()
    await bring_to(acme, id, status="RUNNING", mapping=orjson.dumps(mapping).decode(), records=records, **counts)
    await _find(acme, id)

    document = """query ($id: ID!) { import(id: $id) { status rowsTotal rowsRead rowsCreated rowsRejected warnings secondsLeft
      mapping { column number header target how } records { recordType action count }
      problems { row field code severity wrong right } first: problems(first: 1) { row } } }"""
    run = (await graphql(document, as_=acme, id=id))["import"]

    assert (run["status"], run["rowsTotal"], run["rowsRead"], run["rowsCreated"], run["rowsRejected"]) == ("RUNNING", 3, 3, 1, 2)
    assert run["mapping"] == [
        {"column": "Name", "number": 1, "header": "Name", "target": "name", "how": "EXACT"},
        {"column": "#2", "number": 2, "header": "", "target": None, "how": "UNMAPPED"},
    ]
    assert run["records"] == [{"recordType": "CUSTOMER", "action": "CREATE", "count": 1}]
    assert run["problems"] == [
        {"row": 2, "field": "name", "code": "REQUIRED", "severity": "ERROR", "wrong": "No name.", "right": "A name."},
        {"row": 3, "field": None, "code": "UNREADABLE_ROW", "severity": "ERROR", "wrong": "Unreadable.", "right": "Readable."},
    ]
    assert run["first"] == [{"row": 2}]
    for first in (0, 1001):
        refused = await graphql(document.replace("first: 1", f"first: {first}"), as_=acme, id=id)
        assert refused.codes == ["INVALID"]


async def _find(actor: Actor, run: str) -> None:
    """Two rejected rows, as a worker leaves them."""
    run_id = local_id("IMPORT", run)
    assert run_id is not None
    problems = [
        Problem(2, "name", Code.REQUIRED, Severity.ERROR, "No name.", "A name."),
        Problem(3, None, Code.UNREADABLE_ROW, Severity.ERROR, "Unreadable.", "Readable."),
    ]
    async with acting_as(actor) as unit:
        found = sealed(await unit.keyring(), run_id, 0, gathered(problems, {2: ["", "=1+1"], 3: ["Eve", ""]}))
        columns = "tenant_id, run_id, position, first_row, rows, problems, findings"
        await unit.connection.execute(
            f"INSERT INTO import_chunk ({columns}) VALUES ($1, $2, 0, 1, 3, 2, $3)", actor.tenant_id, run_id, found
        )


async def test_rejected_rows_come_as_a_file_for_their_tenant_only(
    graphql: Ask, http: httpx.AsyncClient, key_of: KeyOf, acme: Actor, globex: Actor
) -> None:
    id = (await started(graphql, http, key_of, acme))["id"]
    await bring_to(acme, id, source=orjson.dumps({"header": ["Name", "Phone"]}).decode())
    await _find(acme, id)

    path = f"/imports/{id}/rejected.csv"
    own = await http.get(path, headers={"Authorization": f"Bearer {await key_of(acme)}"})
    foreign = [
        await http.get(each, headers={"Authorization": f"Bearer {await key_of(globex)}"})
        for each in (path, f"/imports/{global_id('IMPORT', new_id())}/rejected.csv", "/imports/x/rejected.csv")
    ]

    assert own.status_code == 200
    assert own.headers["content-type"] == "text/csv; charset=utf-8"
    assert own.headers["content-disposition"] == f'attachment; filename="{id}-rejected.csv"'
    assert own.headers["x-content-type-options"] == "nosniff"
    assert '"\'=1+1"' in own.text
    assert {(answer.status_code, answer.text) for answer in foreign} == {(404, '{"code":"NOT_FOUND","message":"There is no such import."}')}
