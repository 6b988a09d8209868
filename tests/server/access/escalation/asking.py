"""Asking a table of questions as several people, and what each is told as a text that can be compared."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from tests.server.access.conftest import Person
from tests.server.access.escalation.looking import Look

Told = dict[tuple[str, str], str]


async def answered(people: Mapping[str, Person], ids: Mapping[str, str], looks: Iterable[Look], names: Sequence[str]) -> Told:
    """What each of these people is told, without what it cost; they ask at once."""
    answers: Told = {}
    for look in looks:
        variables = named(look.variables, ids)
        asking = [people[name].ask(look.document, **variables) for name in names]
        # A tenant counts for one preview at a time.
        asked = [await each for each in asking] if "preview" in look.document else await asyncio.gather(*asking)
        for name, answer in zip(names, asked, strict=True):
            assert not {"INTERNAL", "RATE_LIMITED"} & set(answer.codes), answer.errors
            answers[name, look.label] = told(answer.body)
    return answers


def named(value: Any, ids: Mapping[str, str]) -> Any:
    """A value with the ids of what it names in braces."""
    if isinstance(value, dict):
        return {key: named(each, ids) for key, each in value.items()}
    if isinstance(value, list):
        return [named(each, ids) for each in value]
    found = re.fullmatch(r"\{(.*)\}", value) if isinstance(value, str) else None
    return ids[found[1]] if found else value


def told(body: dict[str, Any]) -> str:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()
