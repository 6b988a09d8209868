"""Refused: how an act that the caller can put right leaves its unit of work."""

from __future__ import annotations


class Refused(Exception):
    """An act was refused: its unit of work is undone, and `payload` tells the caller why."""

    def __init__(self, payload: object) -> None:
        super().__init__()
        self.payload = payload

    @property
    def codes(self) -> list[str]:
        """Why, for programs."""
        return [str(each.code) for each in getattr(self.payload, "user_errors", ())]
