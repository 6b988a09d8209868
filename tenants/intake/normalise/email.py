"""Makes e-mail addresses right."""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from tenants.intake.normalise.text import plain
from tenants.intake.problems import Code, Fault

#: The local part nearly everyone has: `dot-atom` of RFC 5322, 3.2.3.
_DOT_ATOM = re.compile(r"[\w!#$%&'*+\-/=?^`{|}~]+(?:\.[\w!#$%&'*+\-/=?^`{|}~]+)*", re.ASCII)
_LONGEST_LOCAL = 64
_LONGEST = 254
#: Addresses that surely fit in `_LONGEST` bytes; the others are measured by the library.
_SURELY_FITS = 180
#: Local parts that RFC 2142 makes the same in any case.
_ANY_CASE = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)

_WRAPPED = re.compile(r"[^<>]*<([^<>]+)>")
_TRIMMED = " \t.,;:'\"()[]<>"

_RIGHT = "One address such as name@example.com."


def email(text: str) -> str | Fault:
    """The address in its normal form, or IMPLAUSIBLE_EMAIL.

    What email-validator says without asking the network: local part as written, domain in lower case and Unicode
    (`xn--` decoded). Around an address, `mailto:`, `Name <…>`, quotes and trailing dots, commas and semicolons go.
    """
    line = plain(text)
    if isinstance(line, Fault):
        return line
    return _address(line) or _address(_unwrapped(line)) or _fault(line)


def email_key(email: str) -> str:
    """What two spellings of one mailbox share. RFC 5321 tells case apart in the local part; no provider does."""
    return email.lower()


def _address(text: str) -> str | None:
    """The normal form, or None where it has none."""
    local, _, domain = text.rpartition("@")
    if len(text) > _SURELY_FITS or not (_DOT_ATOM.fullmatch(local) and domain.isascii()):
        return _address_in_full(text)
    normal_domain = _domain(domain)
    if normal_domain is None:
        return None
    if local not in _ANY_CASE and local.lower() in _ANY_CASE:
        local = local.lower()
    return f"{local}@{normal_domain}"


def _address_in_full(text: str) -> str | None:
    if "@" not in text or len(text) > 4 * _LONGEST:
        return None
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


@lru_cache(maxsize=16_384)
def _domain(domain: str) -> str | None:
    """Domains repeat, and checking one is most of the work."""
    try:
        return validate_email(f"a@{domain}", check_deliverability=False).domain
    except EmailNotValidError:
        return None


def _unwrapped(text: str) -> str:
    if wrapped := _WRAPPED.fullmatch(text.strip(_TRIMMED[:-1])):
        text = wrapped[1]
    text = text.strip(_TRIMMED)
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0].strip(_TRIMMED)
    return text


def _fault(text: str) -> Fault:
    return Fault(Code.IMPLAUSIBLE_EMAIL, _what_is_wrong(_unwrapped(text)), _RIGHT)


def _what_is_wrong(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        return "It has no @, so it is not an e-mail address."
    if "@" in local:
        return "It has more than one @; perhaps there are several addresses in one cell."
    if not local or not domain:
        return "Something is missing before or after the @."
    if " " in text:
        return "There is a space inside the e-mail address."
    if len(text) > _LONGEST:
        return f"An e-mail address has at most {_LONGEST} characters."
    if not _DOT_ATOM.fullmatch(local):
        return "The part before the @ has characters or dots where an e-mail address cannot have them."
    if "." not in domain:
        return "The part after the @ has no dot, as in example.com."
    return "The part after the @ is not a domain that can receive e-mail."
