"""`python -m server.schema`: prints the schema."""

from __future__ import annotations

import sys

from server.schema import printed_schema

sys.stdout.write(printed_schema())
