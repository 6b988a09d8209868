"""Makes phone numbers right: E.164 where the number exists, an explanation where it does not."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from types import ModuleType

import phonenumbers

from tenants.intake.normalise.country import country_name
from tenants.intake.normalise.text import plain, with_hyphens
from tenants.intake.problems import Code, Fault


def _accelerator() -> ModuleType:
    try:
        return import_module("rphonenumbers")
    except ImportError:
        return phonenumbers


#: The same rules in Rust, ten times as fast, from slightly older metadata. Its "valid" is taken, so that a range withdrawn between
#: the two releases still counts; whatever else it says, phonenumbers is asked.
_FAST = _accelerator()
_FAST_PARSE, _FAST_IS_VALID, _FAST_FORMAT = _FAST.parse, _FAST.is_valid_number, _FAST.format_number
_E164: int = phonenumbers.PhoneNumberFormat.E164
_UNREADABLE = (phonenumbers.NumberParseException, _FAST.NumberParseException)

_LONGEST = 100
_DIALLED = re.compile(r"[+\d][\d() ./-]*|\([+\d() ./-]*", re.ASCII)
_LABEL = re.compile(r"(?:tel|telefon|téléphone|phone|mobile?|handy|cell|fax|联系电话|电话|手机号码?|手机|座机)\.? ?:? ?", re.IGNORECASE)
_EXTENSION = re.compile(
    r"(?P<number>.*?\d\)?)[ ,;]*(?:ext(?:ension)?|extn|x|#|转|轉|分机|分機|durchwahl|dw|poste|interno|доб)[ .:=]*(?P<extension>\d{1,7})",
    re.IGNORECASE,
)
#: A Chinese landline as it is printed on cards: area, number, extension, with hyphens between all three.
_HYPHENED_EXTENSION = re.compile(r"(?P<number>(?:(?:\+|00)86[ -]?)?\(?0?\d{2,3}[) -]+\d{7,8})-(?P<extension>\d{1,6})")
#: Spreadsheets show long numbers as 1.38E+10 and store them as 13812345678.0.
_SHORTENED = re.compile(r"(?P<whole>\d)(?:[.,](?P<rest>\d+))?[eE]\+?(?P<exponent>\d{1,2})", re.ASCII)
_FLOAT = re.compile(r"(?P<number>\d{7,15})[.,]0{1,2}", re.ASCII)
_FORMULA_TEXT = re.compile(r"""="(?P<text>[^"]*)"|['`](?P<quoted>.*)""")

_MANGLED = Fault(
    Code.SPREADSHEET_MANGLED,
    "A spreadsheet has shortened this phone number to a rounded number with an exponent; its last digits are lost.",
    "The whole number. In the spreadsheet, format the column as text, enter the numbers again, and export once more.",
)


def phone(text: str, region: str | None) -> str | Fault:
    """The number in E.164, with RFC 3966's `;ext=` behind it if it has an extension; or a fault.

    Args:
        region: ISO 3166-1 alpha-2 code of the country the number would be dialled in (the row's, else the tenant's).
            Numbers that start with + or 00 say for themselves.

    A number is taken when phonenumbers says that it is valid; IMPLAUSIBLE_PHONE otherwise. The extension stays because
    two people behind one switchboard are two people. Letters on the keypad are not read (a note beside a number would
    be, too), and a cell with other words or several numbers is a fault: taking one would lose the rest.
    SPREADSHEET_MANGLED for `1.38E+10`; where no digit is lost (`13812345678.0`, `1.3812345678E+10`), it is put right.
    """
    line = plain(text)
    if isinstance(line, Fault):
        return line
    if _DIALLED.fullmatch(line) and len(line) <= _LONGEST:
        if found := _e164(line, region):
            return found
        line = float_[1] if (float_ := _FLOAT.fullmatch(line)) else line
    return _written_differently(with_hyphens(line), region)


def _written_differently(line: str, region: str | None) -> str | Fault:
    """The number for everything that is not simply dialled: labels, extensions, 00, what spreadsheets leave."""
    if len(line) > _LONGEST:
        return _implausible(region)
    line = _unlabelled(line)
    if shortened := _SHORTENED.fullmatch(line):
        digits = shortened["whole"] + (shortened["rest"] or "")
        if len(digits) != int(shortened["exponent"]) + 1:
            return _MANGLED
        line = digits
    number, extension = _split(line, is_chinese=region == "CN" or line.startswith(("+86", "0086")))
    found = _international(number, region)
    if found is None:
        return _implausible(region)
    return f"{found};ext={extension}" if extension else found


def _split(line: str, is_chinese: bool) -> tuple[str, str]:
    """The number, and its extension or nothing."""
    parts = _EXTENSION.fullmatch(line) or (_HYPHENED_EXTENSION.fullmatch(line) if is_chinese else None)
    return (parts["number"], parts["extension"]) if parts else (line, "")


def _unlabelled(line: str) -> str:
    if wrapped := _FORMULA_TEXT.fullmatch(line):
        line = (wrapped["text"] or wrapped["quoted"] or "").strip()
    label = _LABEL.match(line)
    line = line[label.end() :] if label else line
    return float_["number"] if (float_ := _FLOAT.fullmatch(line)) else line


def _international(number: str, region: str | None) -> str | None:
    """E.164 of a number that may start with 00, which is not everywhere the prefix for calls abroad."""
    number = number.strip()
    if not _DIALLED.fullmatch(number):
        return None
    return _e164(number, region) or (_e164("+" + number[2:], None) if number.startswith("00") else None)


def _e164(number: str, region: str | None) -> str | None:
    try:
        parsed = _FAST_PARSE(number, region)
        if _FAST_IS_VALID(parsed):
            return str(_FAST_FORMAT(parsed, _E164))
        if _FAST is phonenumbers:
            return None
    except _UNREADABLE:
        pass
    return e164_by_phonenumbers(number, region)


def e164_by_phonenumbers(number: str, region: str | None) -> str | None:
    """What phonenumbers alone says: E.164 of a valid number, None for any other."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, _E164) if phonenumbers.is_valid_number(parsed) else None


@lru_cache(maxsize=512)
def _implausible(region: str | None) -> Fault:
    if region is None:
        return Fault(
            Code.IMPLAUSIBLE_PHONE,
            "It is not a phone number in international form.",
            "One number that starts with + and the country code, or a country for this row.",
        )
    return Fault(
        Code.IMPLAUSIBLE_PHONE,
        f"It is not a phone number that is in use in {country_name(region)} ({region}).",
        f"One number that is valid in {country_name(region)}, or one that starts with + and another country's code.",
    )
