"""Whatever is hidden from somebody cannot be found out by writing either: what he is told is the same whatever it is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import MakeTenant
from tests.server.access.conftest import MakeMember, MakeRole
from tests.server.access.escalation.asking import Told, told
from tests.server.access.escalation.hidden import WRITERS, HiddenWorld
from tests.server.access.escalation.looking import Look
from tests.server.access.escalation.writing import SHOWN, WRITES

_SETTINGS = "mutation ($input: UpdateTenantSettingsInput!) { done: updateTenantSettings(input: $input) { userErrors { message } } }"
Kept = dict[str, tuple[Told, Told]]


@pytest.fixture(scope="module")
def kept() -> Kept:
    return {}


@pytest.fixture
async def answers(kept: Kept, make_tenant: MakeTenant, make_member: MakeMember, make_role: MakeRole) -> tuple[Told, Told]:
    """What everybody is told in two tenants that differ in hidden values only."""
    if "answers" not in kept:
        worlds = [await HiddenWorld(await make_tenant("DE"), unchanged=SHOWN).settle(make_member, make_role) for _ in range(2)]
        await worlds[1].change()
        await worlds[1].empty()
        kept["answers"] = await _answers(worlds[0]), await _answers(worlds[1])
    return kept["answers"]


async def _answers(world: HiddenWorld) -> Told:
    """Those who are refused write first: what somebody does who may changes the world."""
    found = {}
    await world.people["full"].ask(_SETTINGS, input={"matchBy": ["PHONE", "EMAIL", "NATIONAL_ID"]})
    for name in (*WRITERS, "full"):
        for look in WRITES:
            answer = await world.people[name].ask(look.document, **_named(look.variables, world, name))
            assert not {"INTERNAL", "RATE_LIMITED"} & set(answer.codes), answer.errors
            found[name, look.label] = _anonymous(told(answer.body), world)
    return found


def _named(value: Any, world: HiddenWorld, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _own(key, each, name) or _named(each, world, name) for key, each in value.items()}
    if isinstance(value, list):
        return [_named(each, world, name) for each in value]
    found = re.fullmatch(r"\{(.*)\}", value) if isinstance(value, str) else None
    return world.ids[found[1]] if found else value


def _own(key: str, value: Any, name: str) -> str | None:
    """What has to be everybody's own: a number is unique, and a time that is stored already is not looked at."""
    if key == "orderedAt":
        return f"{value}T10:00:{len(name):02}Z"
    return f"{value} of {name}" if key == "number" else None


def _anonymous(text: str, world: HiddenWorld) -> str:
    """An answer with what stands for an id in place of it, as the tenants have their own."""
    labels = {id: label for label, id in world.ids.items()}
    return re.sub(r"[a-z]{3}_[0-9a-f]{32}", lambda found: f"<{labels.get(found[0], 'new')}>", text)


@pytest.mark.parametrize("look", WRITES, ids=lambda look: look.label)
async def test_a_hidden_value_changes_nothing_that_a_writer_is_told(answers: tuple[Told, Told], look: Look) -> None:
    one, other = answers

    assert [
        (name, one[name, look.label], other[name, look.label]) for name in WRITERS if one[name, look.label] != other[name, look.label]
    ] == []
    assert one["full", look.label] != other["full", look.label]  # the control


def test_no_two_are_alike() -> None:
    assert len({(look.document, str(look.variables)) for look in WRITES}) == len({look.label for look in WRITES}) == len(WRITES)
