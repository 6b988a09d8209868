"""Remembers every order number of a file and where it was first, in 12 bytes each, to find orders whose lines are scattered."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from tenants.refusals import Invalid, TooLarge

_FIRST_SLOTS = 1 << 12

#: 4 million orders take 96 MB.
MOST_NUMBERS = 4_000_000


class OrderNumbers:
    """Order number → the row it first stood in: a hash table of 64-bit digests.

    That two of 4 million numbers are taken for one another happens in one such file of two million; it is then refused.
    What `blocks` gives is its whole content; `OrderNumbers(blocks)` comes back.
    """

    def __init__(self, blocks: Iterable[bytes] = ()) -> None:
        stored = b"".join(blocks)
        self._digests = array("Q", stored[: len(stored) * 2 // 3] or bytes(8 * _FIRST_SLOTS))
        self._rows = array("I", stored[len(stored) * 2 // 3 :] or bytes(4 * _FIRST_SLOTS))
        self._count = sum(1 for row in self._rows if row)

    def blocks(self) -> Iterator[bytes]:
        yield self._digests.tobytes()
        yield self._rows.tobytes()

    def see(self, number: str, row: int) -> None:
        """Take note of an order's number where its lines begin.

        A row that was seen before by a worker that then vanished is seen again: it is its own first, and no repeat.

        Raises:
            Invalid: the number stood in an earlier row already, with other orders in between.
            TooLarge: the file has more than 4 million orders.
        """
        digest = int.from_bytes(blake2b(number.encode("utf-8", "replace"), digest_size=8).digest(), "big")
        slot = self._slot(digest)
        first = self._rows[slot]
        if first and first < row:
            raise Invalid(
                f"Rows {first} and {row} are lines of the same order, with other orders between them. "
                "Sort the file by the order number, so that the lines of each order stand together.",
                row=row,
            )
        self._digests[slot], self._rows[slot] = digest, row
        self._count += not first
        if self._count * 2 > len(self._rows):
            self._grow()

    def _slot(self, digest: int) -> int:
        digests, rows = self._digests, self._rows
        last = len(rows) - 1
        slot = digest & last
        while rows[slot] and digests[slot] != digest:
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        if self._count > MOST_NUMBERS:
            raise TooLarge(f"The file has more than {MOST_NUMBERS:,} orders. Split it into several files.")
        digests, rows = self._digests, self._rows
        self._digests, self._rows = array("Q", bytes(16 * len(rows))), array("I", bytes(8 * len(rows)))
        for digest, row in zip(digests, rows, strict=True):
            if row:
                slot = self._slot(digest)
                self._digests[slot], self._rows[slot] = digest, row
