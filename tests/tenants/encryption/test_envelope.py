"""A sealed value opens in its own cell and nowhere else."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.encryption import CannotOpen, ColumnCipher, Keyring

DATA_KEYS = {1: b"1" * 32, 2: b"2" * 32}
ROW, OTHER_ROW = UUID(int=1), UUID(int=2)
PHONE = "+8613812345678"


class Cell(NamedTuple):
    tenant: UUID
    table: str
    column: str
    row: UUID

    def cipher(self, current: int = 1) -> ColumnCipher:
        return Keyring(self.tenant, DATA_KEYS, current).column(self.table, self.column)


few_ids = st.sampled_from([ROW, OTHER_ROW])
tables, columns = st.sampled_from(["customer", "contact", "customerp"]), st.sampled_from(["phone", "email", "hone"])
cells = st.builds(Cell, few_ids, tables, columns, few_ids)


def opens(cipher: ColumnCipher, row: UUID, sealed: bytes) -> bool:
    try:
        cipher.open(row, sealed)
    except CannotOpen:
        return False
    return True


@pytest.fixture(scope="module")
def cipher() -> ColumnCipher:
    return Cell(ROW, "customer", "phone", ROW).cipher()


@given(st.text(), few_ids)
def test_what_is_sealed_opens(text: str, row: UUID) -> None:
    cipher = Cell(ROW, "customer", "address", row).cipher()

    sealed = cipher.seal(row, text)

    assert cipher.open(row, sealed) == text
    assert len(sealed) == 31 + len(text.encode())


@given(cells, cells)
def test_a_sealed_value_opens_in_its_own_cell_and_in_no_other(here: Cell, there: Cell) -> None:
    sealed = here.cipher().seal(here.row, PHONE)

    assert opens(there.cipher(), there.row, sealed) == (here == there)


def test_were_the_row_not_bound_moving_a_value_would_show() -> None:
    class Unbound(ColumnCipher):
        def open_bytes(self, row_id: UUID, sealed: bytes) -> bytes:
            return super().open_bytes(ROW, sealed)

    careless = Unbound(ROW, "customer", "phone", DATA_KEYS, 1)

    assert opens(careless, OTHER_ROW, careless.seal(ROW, PHONE))


@given(st.integers(min_value=0, max_value=8 * (31 + len(PHONE)) - 1))
def test_a_value_with_any_bit_changed_does_not_open(bit: int) -> None:
    cipher = Cell(ROW, "customer", "phone", ROW).cipher(current=2)
    forged = bytearray(cipher.seal(ROW, PHONE))

    forged[bit // 8] ^= 1 << bit % 8

    assert not opens(cipher, ROW, bytes(forged))


@given(st.binary(max_size=80))
def test_anything_else_does_not_open(noise: bytes) -> None:
    assert not opens(Cell(ROW, "customer", "phone", ROW).cipher(), ROW, b"\x01\x00\x01" + noise)
    assert not opens(Cell(ROW, "customer", "phone", ROW).cipher(), ROW, noise)


@pytest.mark.parametrize("cut", [0, 1, 3, 15, 30])
def test_a_value_cut_short_does_not_open(cipher: ColumnCipher, cut: int) -> None:
    assert not opens(cipher, ROW, cipher.seal(ROW, "")[:cut])


def test_a_value_sealed_under_an_older_version_opens_and_a_newer_unknown_one_does_not() -> None:
    old = Keyring(ROW, {1: DATA_KEYS[1]}, 1).column("customer", "phone")
    new = Keyring(ROW, DATA_KEYS, 2).column("customer", "phone")

    assert new.open(ROW, old.seal(ROW, PHONE)) == PHONE
    assert not opens(old, ROW, new.seal(ROW, PHONE))


def test_the_same_text_never_seals_to_the_same_bytes(cipher: ColumnCipher) -> None:
    sealed = cipher.seal_all([ROW] * 1000, [PHONE] * 1000)

    assert len(set(sealed) | {cipher.seal(ROW, PHONE)}) == 1001


@given(st.lists(st.tuples(st.uuids(), st.none() | st.text(max_size=40)), max_size=20))
def test_a_batch_is_its_values_one_by_one(rows: list[tuple[UUID, str | None]]) -> None:
    cipher = Cell(ROW, "customer", "phone", ROW).cipher()
    ids, texts = [row for row, _ in rows], [text for _, text in rows]

    sealed = cipher.seal_all(ids, texts)

    assert cipher.open_all(ids, sealed) == texts
    assert [value and cipher.open(row, value) for row, value in zip(ids, sealed, strict=True)] == texts


def test_a_batch_with_one_moved_value_does_not_open(cipher: ColumnCipher) -> None:
    sealed = cipher.seal_all([ROW, OTHER_ROW], ["a", "b"])

    with pytest.raises(CannotOpen):
        cipher.open_all([OTHER_ROW, ROW], sealed)


def test_a_batch_of_unequal_lengths_is_a_bug_and_not_a_forgery(cipher: ColumnCipher) -> None:
    with pytest.raises(ValueError, match="zip"):
        cipher.seal_all([ROW], ["a", "b"])
    with pytest.raises(ValueError, match="as many row ids"):
        cipher.open_all([ROW], [])


@given(st.binary(max_size=100))
def test_a_binary_body_opens_as_it_was(body: bytes) -> None:
    cipher = Cell(ROW, "change", "body", ROW).cipher()

    assert cipher.open_bytes(ROW, cipher.seal_bytes(ROW, body)) == body


def test_a_binary_body_that_is_no_text_does_not_open_as_text(cipher: ColumnCipher) -> None:
    sealed = cipher.seal_bytes(ROW, b"\xff")

    assert not opens(cipher, ROW, sealed)
    with pytest.raises(CannotOpen):
        cipher.open_all([ROW], [sealed])


def test_a_failure_to_open_always_says_the_same() -> None:
    cipher = Cell(ROW, "customer", "phone", ROW).cipher()
    sealed = cipher.seal(ROW, PHONE)
    other_format, other_version = b"\x02" + sealed[1:], b"\x01\x00\x09" + sealed[3:]
    said = set()

    for row, wrong in [(OTHER_ROW, sealed), (ROW, b""), (ROW, other_format), (ROW, other_version), (ROW, sealed[:-1])]:
        with pytest.raises(CannotOpen) as caught:
            cipher.open(row, wrong)
        said.add((str(caught.value), caught.value.__suppress_context__))

    assert said == {("This cannot be opened.", True)}
