"""A keyring gives every column, index and file a key of its own, and its indexes outlive a rotation."""

from __future__ import annotations

import pickle
from uuid import UUID

import pytest

from tenants.encryption import Keyring

ACME, GLOBEX = UUID(int=1), UUID(int=2)
BEFORE = Keyring(ACME, {1: b"1" * 32}, 1)
AFTER = Keyring(ACME, {1: b"1" * 32, 2: b"2" * 32}, 2)


def test_a_phone_is_found_after_a_rotation() -> None:
    assert AFTER.blind_index("phone").digest("+8613812345678") == BEFORE.blind_index("phone").digest("+8613812345678")


def test_a_digest_differs_by_value_kind_tenant_and_key() -> None:
    digests = {
        BEFORE.blind_index("phone").digest("1"),
        BEFORE.blind_index("phone").digest("2"),
        BEFORE.blind_index("email").digest("1"),
        Keyring(GLOBEX, {1: b"1" * 32}, 1).blind_index("phone").digest("1"),
        Keyring(ACME, {1: b"2" * 32}, 1).blind_index("phone").digest("1"),
    }

    assert len(digests) == 5
    assert {len(digest) for digest in digests} == {16}


def test_digests_of_a_batch_are_those_of_its_values() -> None:
    index = BEFORE.blind_index("email")

    assert index.digest_all(["a", None, "客"]) == [index.digest("a"), None, index.digest("客")]


def test_new_values_are_sealed_under_the_current_version() -> None:
    assert BEFORE.column("customer", "phone").seal(ACME, "1")[:3] == b"\x01\x00\x01"
    assert AFTER.column("customer", "phone").seal(ACME, "1")[:3] == b"\x01\x00\x02"


def test_ciphers_are_kept() -> None:
    assert BEFORE.column("customer", "phone") is BEFORE.column("customer", "phone")
    assert BEFORE.blind_index("phone") is BEFORE.blind_index("phone")


@pytest.mark.parametrize(
    ("data_keys", "current"),
    [
        ({}, 1),
        ({1: b"1" * 32}, 2),
        ({2: b"2" * 32}, 2),
        ({1: b"short"}, 1),
        ({0: b"0" * 32, 1: b"1" * 32}, 1),
        ({1: b"1" * 32, 65536: b"6" * 32}, 1),
    ],
)
def test_a_keyring_that_could_lose_records_is_not_made(data_keys: dict[int, bytes], current: int) -> None:
    with pytest.raises(ValueError, match=r"key"):
        Keyring(ACME, data_keys, current).column("customer", "phone")


def test_keys_leave_a_keyring_neither_by_printing_nor_by_pickling() -> None:
    assert "1" * 8 not in f"{BEFORE!r} {BEFORE} {BEFORE.column('a', 'b')!r} {BEFORE.blind_index('a')!r} {BEFORE.stream('a')!r}"
    with pytest.raises(TypeError, match="stays in its process"):
        pickle.dumps(BEFORE)
