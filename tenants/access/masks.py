"""Masks: what somebody sees of a sealed value who may see the record but not reveal it.

A mask is drawn with a fixed number of stars, so it does not tell how much is hidden, and hides at least something of every
value however short. What is not of the expected form (a value kept as entered) is masked as text or altogether.
"""

from __future__ import annotations

import re

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

HIDDEN = "****"
_FEW_HIDDEN = "***"

_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)+")
_ISO_DATE = re.compile(r"(\d{4})-\d{2}-\d{2}")


def mask_phone(phone: str) -> str:
    """`+8613812345678` → `+86138****5678`, `138 1234 5678` → `138****5678`, `555-1234` → `5****34`, `1234` → `****`.

    At least four digits are hidden, or all where there are fewer; at most the first three and the last four are shown. The
    country's code does not count, and anything but digits is left out.
    """
    digits = "".join(character for character in phone if character.isdecimal())
    code = _country_code(digits) if phone.lstrip().startswith("+") else ""
    national = digits[len(code) :]
    if not national:
        return HIDDEN
    last = max(0, min(4, (len(national) - 3) // 2))
    first = max(0, min(3, len(national) - last - 4))
    return f"{'+' if code else ''}{code}{national[:first]}{HIDDEN}{national[len(national) - last :]}"


def _country_code(digits: str) -> str:
    """The E.164 country code these digits begin with, which no other begins with; '' if there is none."""
    return next((digits[:size] for size in (1, 2, 3) if digits[:size] and int(digits[:size]) in COUNTRY_CODE_TO_REGION_CODE), "")


def mask_email(email: str) -> str:
    """`ada@example.org` → `a***@example.org`, `a@example.org` → `***@example.org`; without both parts it is masked as text."""
    local, _, domain = email.strip().rpartition("@")
    if not local or not _DOMAIN.fullmatch(domain):
        return mask_text(email)
    return f"{mask_text(local)}@{domain}"


def mask_date(date: str) -> str:
    """`1998-03-05` → `1998-**-**`; what is not an ISO date → `****-**-**`."""
    found = _ISO_DATE.fullmatch(date.strip())
    return f"{found[1] if found else HIDDEN}-**-**"


def mask_national_id(national_id: str) -> str:
    """`110101199003071234` → `11****34`; fewer than twelve letters and digits → first and last, fewer than six → none."""
    signs = "".join(character for character in national_id if character.isalnum())
    shown = 2 if len(signs) >= 12 else 1 if len(signs) >= 6 else 0
    return f"{signs[:shown]}{HIDDEN}{signs[len(signs) - shown :]}"


def mask_text(text: str) -> str:
    """`Rue de la Paix 5` → `R***`; a single character or none → `***`."""
    text = text.strip()
    return f"{text[:1] if len(text) > 1 else ''}{_FEW_HIDDEN}"
