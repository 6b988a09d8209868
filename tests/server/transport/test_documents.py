"""Documents are parsed and validated once, and what is kept of them is bounded."""

from __future__ import annotations

import gc

import pytest

from server import documents
from server.documents import Documents, Wrong
from server.limits import document as limits
from server.schema import schema
from tenants.installation import Installation

FIELDS = "id name lifecycle country region city occupation createdAt updatedAt version "


def large(number: int) -> str:
    return f"query Q{number} {{ customers(first: 1) {{ nodes {{ {FIELDS * 9} }} }} }}"


def test_a_document_is_looked_at_once(opened: Installation) -> None:
    kept = Documents(schema._schema)

    assert kept.checked("{ __typename }") is kept.checked("{ __typename }")
    assert kept.checked("{ __typename }") is not kept.checked("{  __typename }")


def test_the_least_used_goes_when_there_are_too_many_or_too_long_ones(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "KEPT_MOST", 3)
    kept = Documents(schema._schema)
    first = kept.checked(large(1))
    for number in (2, 3, 1, 4):
        kept.checked(large(number))

    assert [text.split()[1] for text in kept._kept] == ["Q3", "Q1", "Q4"]
    assert kept.checked(large(1)) is first
    monkeypatch.setattr(documents, "KEPT_CHARACTERS_MOST", len(large(1)) * 2)
    kept.checked(large(5))
    assert (len(kept._kept), kept._characters) == (2, len(large(1)) * 2)


def test_what_is_made_of_documents_counts_as_they_do(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Documents(schema._schema)
    first, second = kept.checked(large(1)), kept.checked(large(2))
    monkeypatch.setattr(documents, "KEPT_TOKENS_MOST", 5 * second.tokens)

    for number in range(5):
        kept.keep_plan(second, number, "a plan", most=3)

    assert list(second.plans) == [2, 3, 4]
    assert (list(kept._kept.values()), kept._tokens) == ([first, second], first.tokens + second.tokens)

    kept.keep_plan(second, 5, "a plan", most=4)
    kept.keep_plan(first, 0, "a plan", most=4)

    assert (list(kept._kept.values()), kept._tokens) == ([second], second.tokens)


def test_what_is_kept_takes_as_much_memory_as_is_said(opened: Installation) -> None:
    def memory() -> float:
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    kept = Documents(schema._schema)
    kept.checked(large(0))
    before = memory()
    for number in range(60):
        kept.checked(large(number))

    assert (memory() - before) / kept._characters < 200  # bytes; twice what is said, for other tests' leavings


def test_what_graphql_core_gives_up_on_is_told_in_clear_words(opened: Installation) -> None:
    with pytest.raises(Wrong) as refused:
        Documents(schema._schema).checked(f"{{ customers(first: 1) {{ nodes {{ {'id ' * 980} }} }} }}")

    (error,) = refused.value.errors
    assert (error.message, error.extensions) == (limits.too_entangled().message, {"code": "TOO_LARGE"})
