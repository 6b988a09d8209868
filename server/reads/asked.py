"""What one request asks for, found once for its document and bound to its variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import OperationType
from graphql.execution.values import VariableValues

from server.reads.reading import Outline
from server.reads.selection import Operation, Selected

if TYPE_CHECKING:
    from server.documents import Document


@dataclass(slots=True)
class Asked:
    """One request: an operation with its variables, and what it selects, with an outline for each thing that is read."""

    document: Document
    operation: Operation
    name: str | None
    inputs: dict[str, Any]
    variables: VariableValues
    selection: tuple[Selected, ...]
    outlines: Mapping[str | None, Outline]

    @property
    def kind(self) -> OperationType:
        return self.operation.node.operation
