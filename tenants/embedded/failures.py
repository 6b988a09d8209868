"""How embedded servers say no: the folder is in the way, or a server does not start."""

from __future__ import annotations

from tenants.refusals import Refusal


class HomeRefused(Refusal):
    """The home cannot be used as it is; the message says what to do."""

    code = "HOME_REFUSED"


class EmbeddedFailed(Refusal):
    """A server of ours did not start; the message carries the end of its log and what to do."""

    code = "EMBEDDED_FAILED"
