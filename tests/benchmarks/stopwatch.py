"""Measures how long named functions of the product take, from outside: the product has no timing code."""

from __future__ import annotations

import functools
import inspect
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeAlias

#: A stage's label, and where its function is looked up when it is called: the module or class that holds the name.
Stage: TypeAlias = tuple[str, ModuleType | type, str]


@dataclass(slots=True)
class Stopwatch:
    """Seconds by label. What runs inside another timed function counts for itself alone, not for both."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _inner: list[float] = field(default_factory=lambda: [0.0])

    @contextmanager
    def timing(self, label: str) -> Iterator[None]:
        self._inner.append(0.0)
        began = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - began
            self.seconds[label] += took - self._inner.pop()
            self._inner[-1] += took

    @contextmanager
    def on(self, stages: Iterable[Stage]) -> Iterator[None]:
        """Time these functions while the block lasts."""
        replaced = [(holder, name, getattr(holder, name)) for _, holder, name in stages]
        for (label, holder, name), (_, _, original) in zip(stages, replaced, strict=True):
            setattr(holder, name, self._timed(label, original))
        try:
            yield
        finally:
            for holder, name, original in replaced:
                setattr(holder, name, original)

    def _timed(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def waited(*args: Any, **named: Any) -> Any:
                with self.timing(label):
                    return await function(*args, **named)

            return waited

        @functools.wraps(function)
        def called(*args: Any, **named: Any) -> Any:
            with self.timing(label):
                return function(*args, **named)

        return called
