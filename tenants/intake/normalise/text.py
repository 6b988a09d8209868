"""Makes text right: one spelling for every character, no invisible ones, and the limits a field sets."""

from __future__ import annotations

import re
from unicodedata import is_normalized, normalize

from tenants.intake.problems import Code, Fault

#: U+FF01–U+FF5E are ASCII, drawn as wide as a Chinese character. In running text these stay as they are:
_CHINESE_PUNCTUATION = frozenset("！（），：；？～")
_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}

_SPACES = "\t\v\f\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_LINE_BREAKS = "\r\u2028\u2029"
_CONTROLS = "\x01-\x08\x0e-\x1f\x7f"
_MISREAD = "\x80-\x9f"
_INVISIBLE = "\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_JOINERS = "\u200c\u200d"
_WIDE_TO_NARROW = "".join(chr(wide) for wide in _WIDE if chr(wide) not in _CHINESE_PUNCTUATION)

_ODD = re.compile(f"[{_SPACES}{_LINE_BREAKS}{_CONTROLS}{_MISREAD}{_INVISIBLE}{_JOINERS}{re.escape(_WIDE_TO_NARROW)}]")
_RUN_OF_SPACES = re.compile(" {2,}")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

#: Joiners change what Persian, Indic and other scripts and emoji mean; between anything else they are dirt.
_JOINED = "\u0590-\u0fff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff"
_STRAY_JOINER = re.compile(f"(?<![{_JOINED}])[{_JOINERS}]|[{_JOINERS}](?![{_JOINED}])")


def _each(ranges: str) -> list[int]:
    return [ord(character) for character in map(chr, range(0x10000)) if re.match(f"[{ranges}]", character)]


#: A byte of Windows-1252 read as Latin-1 becomes a C1 control; read it as what it was, as HTML does.
_FOLDED: dict[int, str | int | None] = {
    **dict.fromkeys(_each(_CONTROLS + _INVISIBLE)),
    **dict.fromkeys(_each(_SPACES), " "),
    **dict.fromkeys(_each(_LINE_BREAKS), "\n"),
    **{code: bytes([code]).decode("cp1252", "ignore") for code in _each(_MISREAD)},
    **{wide: narrow for wide, narrow in _WIDE.items() if chr(wide) not in _CHINESE_PUNCTUATION},
}
_NARROWED: dict[int, str | int | None] = {**_WIDE, ord("\n"): " "}
_NOT_PLAIN = re.compile("[\n\uff01-\uff5e]")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣"), "-")

_PLACEHOLDER_WORDS = """- -- --- – — —— / \\ ? N/A n/a N.A. n.a. #N/A #N/A! NULL null (null) <null> \\N None none nan NaN NaT nil undefined
Unknown unknown UNKNOWN 无 空 暂无 没有 未填 未填写 未知 不详 不明 保密 無 (空) （空） (无) （无） k.A. n.v.t."""
_PLACEHOLDERS = frozenset(_PLACEHOLDER_WORDS.split()) | {"", "k. A.", "keine Angabe"}
_LONGEST_PLACEHOLDER = max(map(len, _PLACEHOLDERS))

#: What a spreadsheet shows where a formula has failed. #N/A says "no value" and is a placeholder.
_FORMULA_ERRORS = frozenset({"#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})

_BAD_CHARACTER = Fault(
    Code.BAD_CHARACTER,
    "It contains a character that cannot be stored: a NUL, or half of a character that was cut in two.",
    "The same text without that character; exporting the file again as UTF-8 usually helps.",
)
_FORMULA_ERROR = Fault(
    Code.SPREADSHEET_MANGLED,
    "This is the error message of a spreadsheet formula, not a value.",
    "The value itself, or an empty cell.",
)


def clean(text: str) -> str:
    """The same text with one spelling for every character; never fails.

    Full-width letters, digits and signs become ASCII, except Chinese punctuation, which is right in running text.
    Unusual spaces become plain ones, line breaks `\\n`; control and invisible characters go; runs of spaces become
    one, except in text of several lines, whose layout is kept; composed form (NFC) and no space at either end.
    Not NFKC: that would also rewrite ①, ㈱, ﬁ and ², which mean something. NUL and lone surrogates stay for `plain`
    and `text` to refuse.
    """
    if not (text.isascii() and text.isprintable()) and (_ODD.search(text) or not is_normalized("NFC", text)):
        text = normalize("NFC", _STRAY_JOINER.sub("", text.replace("\r\n", "\n").translate(_FOLDED)))
    text = text.strip()
    return _RUN_OF_SPACES.sub(" ", text) if "  " in text and "\n" not in text else text


def plain(text: str) -> str | Fault:
    """Cleaned text for values that follow a grammar: one line, and the whole full-width block as ASCII."""
    cleaned = clean(text)
    if cleaned.isascii() and cleaned.isprintable():
        return cleaned
    if _UNSTORABLE.search(cleaned):
        return _BAD_CHARACTER
    return clean(cleaned.translate(_NARROWED)) if _NOT_PLAIN.search(cleaned) else cleaned


def with_hyphens(text: str) -> str:
    """The same text, every dash and minus sign as an ASCII hyphen."""
    return text if text.isascii() else text.translate(_DASHES)


def text(value: str, longest: int) -> str | Fault:
    """Cleaned text of at most `longest` characters; BAD_CHARACTER, TOO_LONG, or SPREADSHEET_MANGLED for `#REF!`."""
    cleaned = clean(value)
    if not cleaned.isprintable() and _UNSTORABLE.search(cleaned):
        return _BAD_CHARACTER
    if len(cleaned) > longest:
        return too_long(longest)
    if cleaned[:1] == "#" and cleaned in _FORMULA_ERRORS:
        return _FORMULA_ERROR
    return cleaned


def too_long(longest: int) -> Fault:
    return Fault(Code.TOO_LONG, f"It is longer than {longest} characters.", f"At most {longest} characters.")


def is_empty(text: str) -> bool:
    """Whether cleaned text says that there is no value: nothing, `-`, `N/A`, `NULL`, `#N/A`, `无`, `未知`, `k.A.` …

    Only whole cells and only these spellings count: `Null` is a surname and `NA` is Namibia, so both are values.
    """
    return not text or (len(text) <= _LONGEST_PLACEHOLDER and text in _PLACEHOLDERS)


def folded(text: str) -> str:
    """A key to look words up by: no case, accents, spaces or punctuation (`Côte d’Ivoire` → `cotedivoire`)."""
    return "".join(character for character in normalize("NFKD", text.casefold()) if character.isalnum())
