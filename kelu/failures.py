"""How a command ends that did not do what it was asked: one line for a refusal, one line and a trace in the log for a bug."""

from __future__ import annotations

import os
import secrets
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tenants.refusals import Refusal
from tenants.terminal import say_refusal

REFUSED = 1
BUG = 70


def report(error: Exception, command: str) -> int:
    """Tell the user on stderr what went wrong; the exit code to end with."""
    if is_debugging():
        traceback.print_exception(error)
    refusal = refusal_in(error)
    if refusal is not None:
        say_refusal(f"kelu: {refusal}")
        return REFUSED
    reference = secrets.token_hex(4)
    log = keep_trace(error, command, reference)
    where = f"Its trace is in {log}." if log else "Run it again as `kelu --debug …` to see where."
    say_refusal(f"kelu: This is a bug in kelu (id {reference}), not something you did. {where}")
    return BUG


def is_debugging() -> bool:
    return os.environ.get("KELU_LOG_LEVEL") == "DEBUG"


def refusal_in(error: BaseException) -> str | None:
    """What the user can act on, if that is what happened: a refusal of ours, or a file, folder or server that fails us."""
    for cause in _flat(error):
        if isinstance(cause, Refusal):
            return cause.message
    for cause in _flat(error):
        if (line := _outside(cause)) is not None:
            return line
    return None


def _flat(error: BaseException) -> Iterator[BaseException]:
    """The error, or those in a group of them (one task of several failed, or several did)."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _flat(each)
    else:
        yield error


def _outside(error: BaseException) -> str | None:
    """What the machine or a server has against us. Named by class, because neither library may be imported just to fail."""
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    if "redis.RedisError" in kinds:
        return f"Valkey does not answer: {str(error).rstrip('.')}."
    if kinds & {"tortoise.DBConnectionError", "asyncpg.CannotConnectNowError", "asyncpg.TooManyConnectionsError"}:
        return f"PostgreSQL does not answer: {str(error).rstrip('.')}."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return None


def keep_trace(error: Exception, command: str, reference: str) -> Path | None:
    """Append where it happened to the log in the home; None where there is no home or it cannot be written.

    Types and places only: the message of an error may quote what a customer record holds.
    """
    from tenants.settings import settings  # late: a setting that is wrong must not stand in the way of saying so

    with suppress(OSError, Refusal):
        folder = settings().home / "logs"
        if folder.is_dir():
            log = folder / "kelu.log"
            with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
                file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} bug {reference} in `kelu {command}`\n{trace(error)}\n")
            return log
    return None


def trace(error: BaseException | None) -> str:
    """The frames of an error and of what caused it, innermost cause first, each with its type and without its message."""
    parts: list[str] = []
    while error is not None:
        kind = type(error)
        parts.append("".join(traceback.format_tb(error.__traceback__)) + f"{kind.__module__}.{kind.__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nwhich led to\n".join(reversed(parts))
