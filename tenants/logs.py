"""The log: events as JSON lines on stderr, with ids and counts; never a name, an e-mail, a phone, a token."""

from __future__ import annotations

import sys

import structlog


def log_as_json(level: str) -> None:
    """Log events of this level and above as JSON lines on stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
