"""Whatever is hidden from somebody cannot be found out by reading: he is answered the same whatever it is."""

from __future__ import annotations

import pytest

from tests.conftest import MakeTenant
from tests.server.access.conftest import MakeMember, MakeRole
from tests.server.access.escalation.asking import answered
from tests.server.access.escalation.hidden import SPIES, HiddenWorld
from tests.server.access.escalation.looking import LISTS, LOOKS, Look


@pytest.fixture(scope="module")
def kept() -> dict[str, HiddenWorld]:
    return {}


@pytest.fixture
async def world(kept: dict[str, HiddenWorld], make_tenant: MakeTenant, make_member: MakeMember, make_role: MakeRole) -> HiddenWorld:
    """Both worlds, in which everybody has asked everything."""
    if "world" not in kept:
        found = await HiddenWorld(await make_tenant("DE")).settle(make_member, make_role)
        cursors = {look.variables["after"][1:-1]: await _cursor(found, look) for look in LOOKS if "after" in look.variables}
        found.answers["at first"] = await answered(found.people, found.ids | cursors, LOOKS, ["full", *SPIES])
        await found.change()
        found.answers["changed"] = await answered(found.people, found.ids | cursors, LOOKS, ["masked"])
        await found.empty()
        found.answers["emptied"] = await answered(found.people, found.ids | cursors, LOOKS, ["full", *(set(SPIES) - {"masked"})])
        kept["world"] = found
    return kept["world"]


async def _cursor(world: HiddenWorld, look: Look) -> str:
    """The place of the second customer's, which is the same in both worlds, in a list that somebody else may order so."""
    noun = look.variables["after"].split()[1]
    document = f"query ($by: [{noun}Order!]) {{ found: {LISTS[noun]}(orderBy: $by) {{ edges {{ cursor node {{ id }} }} }} }}"
    edges = (await world.people["full"].ask(document, by=look.variables["by"]))["found"]["edges"]
    return next(str(edge["cursor"]) for edge in edges if edge["node"]["id"] == world.ids[f"second {noun.lower()}"])


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.label)
async def test_a_hidden_value_changes_no_answer(world: HiddenWorld, look: Look) -> None:
    """Whether there is a value is seen by whoever sees its mask, so he is asked of other values only."""
    before, changed, emptied = world.answers.values()

    assert before["masked", look.label] == changed["masked", look.label]
    assert [spy for spy in SPIES if spy != "masked" and before[spy, look.label] != emptied[spy, look.label]] == []
    # The control: it does for somebody who may see it.
    assert '"errors"' not in before["full", look.label]
    assert before["full", look.label] != emptied["full", look.label]


def test_no_two_are_alike() -> None:
    assert len({(look.document, str(look.variables)) for look in LOOKS}) == len({look.label for look in LOOKS}) == len(LOOKS)
