"""A sealed file opens whole, in order, under its own name, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.encryption import CannotOpen, Keyring
from tenants.encryption.streams import SEGMENT_BYTES, STREAM_HEADER_BYTES

ACME, GLOBEX = UUID(int=1), UUID(int=2)
DATA_KEYS = {1: b"1" * 32, 2: b"2" * 32}
KEYRING = Keyring(ACME, DATA_KEYS, 2)
FILE = KEYRING.stream("uploads/1")
SEALED_SEGMENT = SEGMENT_BYTES + 16

#: Three segments and a bit, no two alike.
PLAIN = b"".join(number.to_bytes(4, "big") for number in range((3 * SEGMENT_BYTES + 100) // 4))


def sealed(plain: bytes = PLAIN, name: str = "uploads/1") -> bytes:
    return b"".join(KEYRING.stream(name).seal_blocks([plain]))


def opened(sealed_file: bytes, name: str = "uploads/1", keyring: Keyring = KEYRING) -> bytes:
    return b"".join(keyring.stream(name).open_blocks([sealed_file]))


def cut(whole: bytes, sizes: list[int]) -> Iterator[bytes]:
    for size in sizes:
        yield whole[:size]
        whole = whole[size:]
    yield whole


def parts(sealed_file: bytes) -> list[bytes]:
    """Header and sealed segments."""
    places = [0, *range(STREAM_HEADER_BYTES, len(sealed_file), SEALED_SEGMENT), len(sealed_file)]
    return [sealed_file[start:end] for start, end in pairwise(places)]


@pytest.mark.parametrize("size", [0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 2 * SEGMENT_BYTES, len(PLAIN)])
def test_a_file_of_any_size_opens_as_it_was(size: int) -> None:
    file = sealed(PLAIN[:size])

    assert opened(file) == PLAIN[:size]
    assert len(file) == STREAM_HEADER_BYTES + size + 16 * max(1, -(-size // SEGMENT_BYTES))


@settings(max_examples=30)
@given(st.lists(st.integers(0, 2 * SEGMENT_BYTES), max_size=8), st.lists(st.integers(0, 2 * SEGMENT_BYTES), max_size=8))
def test_how_the_bytes_arrive_does_not_matter(writes: list[int], reads: list[int]) -> None:
    file = b"".join(FILE.seal_blocks(cut(PLAIN, writes)))

    assert b"".join(FILE.open_blocks(cut(file, reads))) == PLAIN


@settings(max_examples=50)
@given(st.integers(0, 8 * len(sealed()) - 1) | st.integers(0, 8 * STREAM_HEADER_BYTES - 1))
def test_a_file_with_any_bit_changed_does_not_open(bit: int) -> None:
    forged = bytearray(sealed())
    forged[bit // 8] ^= 1 << bit % 8

    with pytest.raises(CannotOpen):
        opened(bytes(forged))


@settings(max_examples=50)
@given(st.integers(0, len(sealed()) - 1) | st.integers(0, 4).map(lambda count: STREAM_HEADER_BYTES + count * SEALED_SEGMENT))
def test_a_file_cut_short_anywhere_does_not_open(size: int) -> None:
    with pytest.raises(CannotOpen):
        opened(sealed()[: min(size, len(sealed()) - 1)])


def test_a_file_cut_at_a_segment_yields_what_is_genuine_and_then_fails() -> None:
    blocks = FILE.open_blocks([sealed()[: STREAM_HEADER_BYTES + 2 * SEALED_SEGMENT]])

    assert next(blocks) == PLAIN[:SEGMENT_BYTES]
    with pytest.raises(CannotOpen):
        next(blocks)


@pytest.mark.parametrize(
    "order",
    [
        pytest.param([0, 2, 1, 3, 4], id="reordered"),
        pytest.param([0, 1, 3, 4], id="one left out"),
        pytest.param([0, 1, 1, 2, 3, 4], id="one twice"),
        pytest.param([0, 1, 2, 4], id="end moved up"),
        pytest.param([0, 1, 2, 3, 4, 4], id="end twice"),
        pytest.param([1, 2, 3, 4], id="no header"),
    ],
)
def test_a_file_with_its_segments_in_another_order_does_not_open(order: list[int]) -> None:
    own = parts(sealed())

    assert opened(b"".join(own[place] for place in range(5))) == PLAIN
    with pytest.raises(CannotOpen):
        opened(b"".join(own[place] for place in order))


@pytest.mark.parametrize("place", range(5))
def test_a_part_of_another_file_of_the_same_name_does_not_open(place: int) -> None:
    mixed, other = parts(sealed()), parts(sealed())
    mixed[place] = other[place]

    with pytest.raises(CannotOpen):
        opened(b"".join(mixed))


@pytest.mark.parametrize("extra", [b"\x00", b"x" * SEALED_SEGMENT, sealed()])
def test_a_file_with_something_behind_it_does_not_open(extra: bytes) -> None:
    with pytest.raises(CannotOpen):
        opened(sealed() + extra)


def test_an_empty_last_segment_behind_full_ones_does_not_open() -> None:
    sealing = FILE.sealing()
    file = b"".join([*sealing.push(PLAIN[:SEGMENT_BYTES]), sealing._next(SEGMENT_BYTES, is_last=False)])
    file += b"".join(sealing.finish())

    with pytest.raises(CannotOpen):
        opened(file)


def test_a_file_opens_under_its_own_name_tenant_and_key_only() -> None:
    file = sealed(b"x")
    wrong = [
        ("uploads/2", KEYRING),
        ("uploads/1", Keyring(GLOBEX, DATA_KEYS, 2)),
        ("uploads/1", Keyring(ACME, {1: DATA_KEYS[1]}, 1)),
        ("uploads/1", Keyring(ACME, {1: DATA_KEYS[2], 2: DATA_KEYS[1]}, 1)),
    ]

    for name, keyring in wrong:
        with pytest.raises(CannotOpen):
            opened(file, name, keyring)


def test_a_file_sealed_before_a_rotation_opens_after_it() -> None:
    file = b"".join(Keyring(ACME, {1: DATA_KEYS[1]}, 1).stream("uploads/1").seal_blocks([b"x"]))

    assert opened(file) == b"x"


def test_sealing_holds_no_more_than_a_segment() -> None:
    taken = 0

    def blocks() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(10):
            taken += 1
            yield bytes(SEGMENT_BYTES)

    seals = FILE.seal_blocks(blocks())
    next(seals)
    assert taken == 2
