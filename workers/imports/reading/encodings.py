"""In which encoding a text is, told from its bytes: order mark, UTF-8, GB18030, windows-1252, or the user's word."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tenants.refusals import Invalid
from workers.imports.reading.limits import ENCODING_SEARCH_BYTES, HEAD_BYTES
from workers.imports.reading.table import Blocks

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

#: Encodings a user may name besides those of one byte a character. In all of them a line break and a quotation mark are
#: the ASCII byte and no part of another character, which is what finding rows among bytes rests on.
_MANY_BYTES = {
    "utf-8", "utf-16-le", "utf-16-be", "gb18030", "big5", "big5hkscs", "cp950", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949",
}  # fmt: skip
_ONE_BYTE = re.compile(r"cp125\d|cp437|cp850|cp852|cp866|iso8859-\d+|koi8-[rtu]|mac-\w+|ascii")
_WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "utf-16": "utf-16-le", "utf-8-sig": "utf-8"}

_PAIR = re.compile(rb"[\x81-\xfe](?:[\x40-\x7e\x80-\xfe]|[\x30-\x39][\x81-\xfe][\x30-\x39])")
_EVERYDAY_PAIR = re.compile(rb"[\xa1-\xa9\xb0-\xf7][\xa1-\xfe]")
_BEYOND_KOREAN = re.compile(rb"[\xc9-\xf7].")
_FEW_PAIRS = 16
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_INSIDE_WORD = re.compile(rb"(?<=[A-Za-z])[\x80-\xff](?=[A-Za-z])")
_WESTERN_LETTER = re.compile(rb"[\x8a\x8c\x8e\x9a\x9c\x9e\x9f\xc0-\xd6\xd8-\xf6\xf8-\xff\x92]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding as the readers use it: `name` is said to the user; `mark` is how many bytes of order mark to pass over."""

    name: str
    mark: int = 0

    @property
    def is_wide(self) -> bool:
        """UTF-16: read as UTF-8 made on the way, so that rows can be found among bytes as in any other encoding."""
        return self.name.startswith("utf-16")

    @property
    def codec(self) -> str:
        """What the bytes of `stream` are in."""
        return "utf-8" if self.is_wide else self.name

    def stream(self, blocks: Blocks, offset: int) -> Iterator[bytes]:
        """The file's bytes from `offset`, in `codec`."""
        return _narrowed(blocks(offset), self.name) if self.is_wide else blocks(offset)

    def length_in_file(self, piece: bytes) -> int:
        """How many bytes of the file a piece of `stream` was made of."""
        return len(piece.decode("utf-8", "surrogatepass").encode(self.name, "surrogatepass")) if self.is_wide else len(piece)


def _narrowed(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(name)("surrogatepass")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "surrogatepass")
    if decoder.getstate()[0]:
        yield b"\0"  # half a character at the very end: its row is unreadable


def find_encoding(blocks: Blocks, head: bytes, said: str | None) -> Encoding:
    """The encoding of a text file: what its order mark says, or else the user, or else its bytes.

    A single wrong byte does not decide: an encoding is taken when most lines that are not plain ASCII are sound in it, and the
    others become faults of their rows. UTF-8 is next to impossible to hit by chance. GB18030 is not: the `ül` of `Müller` in
    windows-1252 is one rare ideograph, so at least 80 % of the pairs must lie in the everyday part of the table (GB 2312). In a
    thousand made-up addresses simplified Chinese had 100 %, traditional Chinese 64 %, Big5 49 %, German to Swedish 0 to 16 %; and
    Korean 100 %, which is why some pairs must also lie beyond the rows that Korean syllables fill. windows-1252 is taken when bytes
    above 127 stand alone among ASCII letters and are letters there, as in Polish they are not. Czech and Turkish are: their encodings
    must be said.

    Raises:
        Invalid: the user's encoding is unknown or cannot be read, or none of the above fits.
    """
    mark, marked = next(((len(mark), name) for mark, name in _MARKS if head.startswith(mark)), (0, None))
    known = _known(said) if said else None
    return Encoding(marked or known or _told_by_bytes(_evidence(blocks, head)), mark)


def _known(said: str) -> str:
    try:
        name = codecs.lookup(said).name
    except (LookupError, ValueError):
        name = ""
    name = _WIDER.get(name, name)
    if name in _MANY_BYTES or _ONE_BYTE.fullmatch(name):
        return name
    raise Invalid(
        f"The encoding “{said[:40]}” cannot be read; say one such as utf-8, gb18030, big5, windows-1252 or utf-16-le.",
        field=["encoding"],
    )


def _evidence(blocks: Blocks, head: bytes) -> bytes:
    """The first stretch of the file that is not all ASCII, up to the last whole line."""
    if head.isascii():
        seen = 0
        for block in blocks(0):
            seen += len(block)
            if not block.isascii() or seen > ENCODING_SEARCH_BYTES:
                head = b"".join(_first_bytes(blocks(seen - len(block))))
                break
    return head if len(head) < HEAD_BYTES else head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1] or head


def _first_bytes(blocks: Iterator[bytes]) -> Iterator[bytes]:
    left = HEAD_BYTES
    for block in blocks:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return


def _told_by_bytes(evidence: bytes) -> str:
    if _sound_share([evidence], "utf-8") == 1.0:
        return "utf-8"
    lines = [line for line in evidence.splitlines() if not line.isascii()]
    if _sound_share(lines, "utf-8") > 0.5:
        return "utf-8"
    text = b"\n".join(lines)
    if _sound_share(lines, "gb18030") > 0.9 and _is_everyday_chinese(text):
        return "gb18030"
    if _sound_share(lines, "cp1252") > 0.9 and _is_western(text):
        return "cp1252"
    raise Invalid(
        "The text is in an encoding that cannot be told for sure. Save the file as UTF-8, or say which encoding it has "
        "(for example gb18030, big5, windows-1251, windows-1252).",
        field=["encoding"],
    )


def _sound_share(lines: list[bytes], codec: str) -> float:
    return sum(_is_sound(line, codec) for line in lines) / len(lines)


def _is_sound(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _is_everyday_chinese(text: bytes) -> bool:
    pairs = _PAIR.findall(text)
    everyday = sum(1 for pair in pairs if _EVERYDAY_PAIR.fullmatch(pair))
    different = set(pairs)
    is_korean = len(different) >= _FEW_PAIRS and sum(1 for pair in different if _BEYOND_KOREAN.match(pair)) < 0.05 * len(different)
    return everyday > 0 and everyday >= 0.8 * len(pairs) and not is_korean


def _is_western(text: bytes) -> bool:
    runs = _HIGH_RUN.findall(text)
    inside = _INSIDE_WORD.findall(text)
    alone = sum(1 for run in runs if len(run) <= 2) >= 0.9 * len(runs)
    return alone and sum(1 for byte in inside if _WESTERN_LETTER.fullmatch(byte)) >= 0.9 * len(inside)
