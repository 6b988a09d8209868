"""Makes names of people, companies and places right, without guessing what their owners meant."""

from __future__ import annotations

from tenants.intake.normalise.text import text
from tenants.intake.problems import Fault


def name(value: str, longest: int) -> str | Fault:
    """A cleaned name in one line, of at most `longest` characters.

    `SHOUTED` names, `Last, First` and a space inside a Chinese name stay as they are: who typed them may have meant
    it, and nothing here could tell. Faults are those of `text`.
    """
    cleaned = text(value, longest)
    return " ".join(cleaned.split()) if isinstance(cleaned, str) and "\n" in cleaned else cleaned
