from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenants.refusals import Invalid, TooLarge
from workers.imports import pieces as module
from workers.imports.order_numbers import OrderNumbers
from workers.imports.pieces import pieces
from workers.imports.reading import Cursor, SourceRow, Table, open_table


def table(content: str) -> Table:
    plain = content.encode()

    def blocks(offset: int) -> Iterator[bytes]:
        yield plain[offset:]

    return open_table(blocks, "file.csv", len(plain))


def orders(*numbers: str) -> Table:
    return table("number,product\n" + "".join(f"{number},tea\n" for number in numbers))


def number(row: SourceRow) -> str | None:
    return row.cells[0] or None


def shape(found: Iterator[module.Piece]) -> list[list[str]]:
    return [[row.cells[0] for row in piece.rows] for piece in found]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ("abcdef", ["abc", "def"]),
        ("aabbccdd", ["aabb", "ccdd"]),
        ("aaaaaaab", ["aaaaaaa", "b"]),
        ("abbbbc", ["abbbb", "c"]),
        ("ab", ["ab"]),
    ],
)
def test_an_order_is_never_cut(numbers: str, expected: list[str]) -> None:
    assert shape(pieces(orders(*numbers), None, 3, number)) == [list(piece) for piece in expected]


def test_rows_without_a_number_belong_to_nobody() -> None:
    rows = table("number,product\n" + ",tea\n" * 7)

    assert [len(piece.rows) for piece in pieces(rows, None, 3, number)] == [3, 3, 1]


def test_reading_goes_on_after_any_piece_and_blank_rows_are_counted_once() -> None:
    text = table("name,city\n" + "".join(f"n{line},x\n" + "\n" * (line % 4) for line in range(50)))
    whole = list(pieces(text, None, 7))

    again: list[module.Piece] = []
    cursor: Cursor | None = None
    while len(again) < len(whole):
        again.append(next(pieces(text, cursor, 7)))
        cursor = again[-1].cursor

    assert [piece.rows for piece in again] == [piece.rows for piece in whole]
    assert sum(piece.blank_rows for piece in again[:-1]) == sum(piece.blank_rows for piece in whole[:-1])
    assert sum(piece.blank_rows for piece in whole) == sum(line % 4 for line in range(50))


def test_a_piece_with_much_text_has_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CHARACTERS", 1_000)
    text = table("name,city\n" + f"{'n' * 400},x\n" * 10)

    assert max(len(piece.rows) for piece in pieces(text, None, 100)) <= 3


def test_an_order_of_more_lines_than_a_chunk_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS_OF_ONE_RECORD", 20)

    with pytest.raises(TooLarge):
        list(pieces(orders(*("a" * 30)), None, 5, number))


def test_an_order_number_that_comes_back_is_found_and_its_first_row_named() -> None:
    numbers = OrderNumbers()
    for row in range(2, 20_000):
        numbers.see(f"A{row}", row)

    with pytest.raises(Invalid, match="Rows 777 and 20000"):
        numbers.see("A777", 20_000)


def test_order_numbers_come_back_from_their_blocks_and_a_row_seen_twice_is_no_repeat() -> None:
    numbers = OrderNumbers()
    for row in range(2, 9_000):
        numbers.see(f"A{row}", row)

    again = OrderNumbers(numbers.blocks())

    again.see("A8999", 8_999)
    again.see("B1", 9_001)
    with pytest.raises(Invalid, match="Rows 5 and 9002"):
        again.see("A5", 9_002)
