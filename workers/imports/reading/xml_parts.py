"""XML from a stranger: streamed, without document types or entities, no deeper and no longer than a spreadsheet's is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol
from xml.parsers import expat

from tenants.refusals import Invalid, TooLarge
from workers.imports.reading.limits import DEEPEST_XML, LONGEST_XML_TOKEN_BYTES

_MOST_PIECES = 160


class Sink(Protocol):
    """What takes the elements of one part. Names come without their namespace prefix."""

    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


def feed(pieces: Iterator[bytes], sink: Sink) -> Iterator[None]:
    """Parse a part into its sink, pausing after every piece.

    Raises:
        Invalid: broken XML, or a DOCTYPE, which is how XML bombs are built and no spreadsheet program writes.
        TooLarge: elements nested over 64 deep or a single tag over 4 MiB.
    """
    parser = _parser(sink)
    fed = 0
    try:
        for piece in pieces:
            fed += len(piece)
            parser.Parse(piece, False)
            if fed - parser.CurrentByteIndex > LONGEST_XML_TOKEN_BYTES:
                raise _endless()
            yield
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        raise Invalid("The spreadsheet is damaged: its XML cannot be read. Open it in a spreadsheet program and save it again.") from error
    yield


def _parser(sink: Sink) -> expat.XMLParserType:
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST_XML:
            raise _endless()
        sink.start(name[name.rindex(":") + 1 :] if ":" in name else name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        sink.end(name[name.rindex(":") + 1 :] if ":" in name else name)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = sink.text
    return parser


class TextPieces:
    """The text inside an element, as the parser hands it over: in pieces of up to 8 KiB."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, text: str) -> None:
        """Raises TooLarge: over about a million characters for one element."""
        self._pieces.append(text)
        if len(self._pieces) > _MOST_PIECES:
            raise _endless()

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def __str__(self) -> str:
        return "".join(self._pieces)

    def clear(self) -> None:
        self._pieces.clear()


def _refuse_doctype(*_: object) -> None:
    raise Invalid("The spreadsheet's XML declares a document type, which no spreadsheet needs. Open it and save it again.")


def _endless() -> TooLarge:
    return TooLarge("The spreadsheet's XML is nested or stretched beyond what a table needs. Copy the rows into a new workbook.")


class Elements:
    """A sink that keeps the elements of a small part, in order, as (name, attributes)."""

    def __init__(self) -> None:
        self.found: list[tuple[str, dict[str, str]]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.found.append((name, attributes))

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


def elements(pieces: Iterator[bytes] | None) -> Iterator[tuple[str, dict[str, str]]]:
    """The elements of a part as (name, attributes), without their text; none when there is no such part."""
    if pieces is None:
        return
    sink = Elements()
    for _ in feed(pieces, sink):
        yield from sink.found
        sink.found.clear()
