"""Whether there are records that somebody may not see cannot be found out, by reading or by writing."""

from __future__ import annotations

import re

import pytest

from tests.conftest import MakeTenant
from tests.server.access.conftest import MakeMember, MakeRole
from tests.server.access.escalation.asking import Told, answered
from tests.server.access.escalation.looking import Look
from tests.server.access.escalation.rows import LOOKS, SPIES, RowWorld


@pytest.fixture(scope="module")
def kept() -> dict[str, Told]:
    return {}


@pytest.fixture
async def answers(kept: dict[str, Told], make_tenant: MakeTenant, make_member: MakeMember, make_role: MakeRole) -> dict[str, Told]:
    """What is told with what is hidden, without the hidden customer, and without what is hidden of the other one too."""
    if not kept:
        world = await RowWorld(await make_tenant("DE")).settle(make_member, make_role)
        with_all = await answered(world.people, world.ids, LOOKS, [*SPIES])
        with_all |= await answered(world.people, world.ids, LOOKS, ["full"])
        await world.take_away("hidden")
        kept |= {"with all": with_all, "without a customer": await answered(world.people, world.ids, LOOKS, ["owner"])}
        await world.take_away("inner")
        kept["without anything"] = await answered(world.people, world.ids, LOOKS, ["conditional", "full"])
    return kept


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.label)
async def test_a_hidden_record_changes_no_answer(answers: dict[str, Told], look: Look) -> None:
    """Who sees what is his own sees all of his own customer, so he is asked about the other one only."""
    before, without_customer, without_anything = answers.values()

    assert before["owner", look.label] == without_customer["owner", look.label]
    assert before["conditional", look.label] == without_anything["conditional", look.label]
    assert _plain(before["full", look.label]) != _plain(without_anything["full", look.label])  # the control


def _plain(text: str) -> str:
    return re.sub(r"[a-z]{3}_[0-9a-f]{32}", lambda found: found[0][:3], text) if '"create' in text else text


def test_no_two_are_alike() -> None:
    assert len({(look.document, str(look.variables)) for look in LOOKS}) == len({look.label for look in LOOKS}) == len(LOOKS)
