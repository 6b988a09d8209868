"""Names are found as people type them, in Chinese and European scripts, and never another tenant's."""

from __future__ import annotations

import pytest

from tenants.database import connected
from tenants.intake.drafts import Batch
from tenants.intake.intake import take_in
from tenants.intake.rules import IntakeRules
from tenants.servers import Servers
from tenants.session import Actor, acting_as
from tenants.words import RecordType
from tests.server.conftest import Ask

NAMES = [
    "张三丰",
    "张三",
    "李四",
    "Jürgen Müller",
    "Škoda Auto",
    "Łukasz Żółw",
    "Anna Schmidt",
    "José García",
    "Ada Lovelace",
    "ＡＢＣ商事",
]
SEARCH = """query ($search: String!, $first: Int = 20, $after: String) { customers(search: $search, first: $first, after: $after) {
  totalCount nodes { name } pageInfo { endCursor hasNextPage } } }"""


@pytest.fixture
async def named(acme: Actor, globex: Actor) -> Actor:
    for actor in (acme, globex):
        async with acting_as(actor):
            columns: dict[str, list[str | None]] = {"name": [*NAMES], "company": [*["Kontor Südwest"] * 3, *[None] * (len(NAMES) - 3)]}
            await take_in(Batch(RecordType.CUSTOMER, [*range(len(NAMES))], columns), IntakeRules())
    return acme


@pytest.mark.parametrize(
    ("search", "best", "others"),
    [
        ("张三丰", "张三丰", ["张三"]),
        ("三丰", "张三丰", ["张三"]),
        ("张三", "张三", ["张三丰"]),
        ("李", "李四", []),
        ("muller", "Jürgen Müller", []),
        ("Muler", "Jürgen Müller", []),
        ("müller jürgen", "Jürgen Müller", []),
        ("skoda", "Škoda Auto", []),
        ("zolw", "Łukasz Żółw", []),
        ("Shmidt", "Anna Schmidt", []),
        ("garcia", "José García", []),
        ("ａｂｃ", "ABC商事", []),
        ("lovelace", "Ada Lovelace", []),
        ("sudwest 李", "李四", []),
        ("nobody", None, []),
        ("%", None, []),
    ],
)
async def test_a_name_is_found_as_it_is_typed(graphql: Ask, named: Actor, search: str, best: str | None, others: list[str]) -> None:
    answer = await graphql(SEARCH, as_=named, search=search)

    found = [each["name"] for each in answer["customers"]["nodes"]]
    assert found[:1] == ([best] if best else [])
    assert found[1:] == others
    assert answer["customers"]["totalCount"] == len(found)


async def test_what_is_found_is_walked_page_by_page_the_best_first(graphql: Ask, named: Actor) -> None:
    seen, after = [], None
    for _ in range(3):
        page = (await graphql(SEARCH, as_=named, search="Südwest", first=1, after=after))["customers"]
        seen += [each["name"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert page["pageInfo"]["hasNextPage"] is (len(seen) < 3)

    assert sorted(seen) == sorted(NAMES[:3])


async def test_a_search_sees_no_other_tenants_names(graphql: Ask, acme: Actor, globex: Actor) -> None:
    async with acting_as(globex):
        await take_in(Batch.of_one(RecordType.CUSTOMER, {"name": "Ada Lovelace"}), IntakeRules())

    assert (await graphql(SEARCH, as_=globex, search="lovelace"))["customers"]["totalCount"] == 1
    assert (await graphql(SEARCH, as_=acme, search="lovelace"))["customers"]["totalCount"] == 0


async def test_without_a_tenant_the_door_finds_nothing(named: Actor, migrated: Servers) -> None:
    async with connected(migrated.app) as connection:
        assert await connection.fetch("SELECT door_search(ARRAY['lovelace'])") == []
        await connection.execute(f"BEGIN; SELECT act_as_tenant('{named.tenant_id}')")
        assert len(await connection.fetch("SELECT door_search(ARRAY['lovelace'])")) == 1
        await connection.execute("COMMIT")
        assert await connection.fetch("SELECT door_search(ARRAY['lovelace'])") == []


async def test_a_search_may_ask_its_index_as_the_door_only(acme: Actor, migrated: Servers) -> None:
    explain = "EXPLAIN SELECT c.id FROM customer c WHERE search_text('lovelace', NULL) <% search_text(c.name, c.company)"
    async with connected(str(migrated.owner)) as owner:
        await owner.execute("BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL ROLE kelu_search")
        plan = [row[0] for row in await owner.fetch(explain)]
        # Why there is a door at all: under the tenants' own policy the index cannot be asked.
        await owner.execute(f"RESET ROLE; SELECT act_as_tenant('{acme.tenant_id}')")
        guarded = [row[0] for row in await owner.fetch(f"{explain} AND true")]  # another text: asyncpg keeps statements
        await owner.execute("ROLLBACK")

    assert any("Index Cond" in line and "%>" in line for line in plan), plan
    assert not any("Index Cond" in line and "%>" in line for line in guarded), guarded


@pytest.mark.parametrize("search", ["", "   ", "a" * 101, "a b c d e f"])
async def test_a_search_is_bounded(graphql: Ask, acme: Actor, search: str) -> None:
    assert (await graphql(SEARCH, as_=acme, search=search)).codes == ["INVALID"]
