"""Negotiation: what a client accepts and sends, as RFC 9110 has it (sections 8.3 and 12.5)."""

from __future__ import annotations

from functools import lru_cache

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
HTML = "text/html"


@lru_cache(maxsize=256)
def accepted(header: bytes | None, offered: tuple[str, ...]) -> str | None:
    """The media type of the answer; None for one we do not have. Whoever takes anything gets `application/json`.

    By weight, then by how exactly it was named, then as it was listed.
    """
    if header is None or not header.strip():
        return JSON
    best: tuple[float, int, int] | None = None
    chosen = None
    for place, (type_, weight) in enumerate(_weighted(header)):
        found = type_ if type_ in offered else JSON if type_ in ("*/*", "application/*") else None
        exactness = 2 if type_ in offered else 1 if type_ == "application/*" else 0
        rank = (weight, exactness, -place)
        if found is not None and weight > 0 and (best is None or rank > best):
            best, chosen = rank, found
    return chosen


@lru_cache(maxsize=64)
def is_json(content_type: bytes | None) -> bool:
    """Whether a body says that it is JSON in UTF-8."""
    type_, *parameters = (content_type or b"").decode("latin-1").lower().split(";")
    charsets = [each.partition("=")[2].strip().strip('"') for each in parameters if each.strip().startswith("charset")]
    return type_.strip() == JSON and all(each in ("utf-8", "utf8") for each in charsets)


@lru_cache(maxsize=256)
def encoding(header: bytes | None) -> str | None:
    """The content coding of the answer: zstd or gzip, whichever is liked more, or None."""
    weights = dict(_weighted(header or b""))
    for_anything = weights.get("*", 0.0)
    liked = [(weights.get(each, for_anything if each == "gzip" else 0.0), each == "zstd", each) for each in ("zstd", "gzip")]
    weight, _, best = max(liked)
    return best if weight > 0 else None


def _weighted(header: bytes) -> list[tuple[str, float]]:
    """Each name of a list with its q, 1 where none is given or it cannot be read."""
    found = []
    for each in header.decode("latin-1").lower().split(",")[:20]:
        name, *parameters = (part.strip() for part in each.split(";"))
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        try:
            found.append((name, min(1.0, max(0.0, float(weight)))))
        except ValueError:
            found.append((name, 1.0))
    return found
