"""Documents: each GraphQL document parsed, bounded and validated once, and kept with its operations."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, validate
from graphql.validation.rules import overlapping_fields_can_be_merged as overlapping
from graphql.validation.validate import ValidationAbortedError

from server.explaining import explained
from server.limits import document as limits
from server.reads.selection import Operation
from tenants.installation import installation

KEPT_MOST = 500
#: A parsed document takes up to 100 bytes of memory for each of its characters, so all of them 50 MB at most.
KEPT_CHARACTERS_MOST = 500_000
#: A token of a document takes about 0.35 kB, and as much again in each selection that is made of it: 70 MB in all, at most.
KEPT_TOKENS_MOST = 200_000
ERRORS_MOST = 10
#: How far fields of one name are compared with one another, in graphql-core's own units. The rule is quadratic: within 1,000 tokens its
#: default lets it take a quarter of a second, this 40 ms. A document of 25 fragments that all ask for the same fields takes under 10,000.
_COMPARISONS_MOST = 30_000

overlapping.MAX_COMPLEXITY_BUDGET = _COMPARISONS_MOST


@dataclass
class Document:
    """A document that may run. `operations` by name; in `found` and `plans` the road out keeps what it makes of them."""

    text: str
    node: DocumentNode
    operations: dict[str | None, OperationDefinitionNode]
    found: dict[str | None, Operation] = field(default_factory=dict)
    plans: dict[object, object] = field(default_factory=dict)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of its text, 64 hex digits: what an operation without a name is called by."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def tokens(self) -> int:
        """How much of it there is, as a document and as what was made of it."""
        return (self.node.token_count or 1) * (1 + len(self.plans))


class Wrong(Exception):
    """A document that is not run, with what is wrong with it."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.errors = errors


class Documents:
    """The documents of one schema that were asked last."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = self._tokens = 0

    def checked(self, text: str) -> Document:
        """The document of a text.

        Raises:
            Wrong: it is over a limit, is no GraphQL, or asks for what the schema does not have.
        """
        found = self._kept.get(text)
        if found is not None:
            self._kept.move_to_end(text)
            return found
        document = self._check(text)
        self._keep(document)
        return document

    def _check(self, text: str) -> Document:
        chosen = installation().settings
        try:
            node = limits.parsed(text, chosen)
            limits.check(node, chosen)
            errors = validate(self._schema, node, max_errors=ERRORS_MOST, hide_suggestions=True, allow_empty_selection_sets=False)
        except GraphQLError as error:
            raise Wrong([error]) from None
        except RecursionError:
            raise Wrong([limits.too_deep()]) from None
        if errors:
            raise Wrong([_told(error) for error in errors])
        operations = {
            each.name.value if each.name else None: each for each in node.definitions if isinstance(each, OperationDefinitionNode)
        }
        return Document(text, node, operations)

    def keep_plan(self, document: Document, key: object, plan: object, most: int) -> None:
        """Keep what was made of a document, and at most so many of them."""
        if is_kept := self._kept.get(document.text) is document:
            self._tokens -= document.tokens
        if len(document.plans) >= most:
            document.plans.pop(next(iter(document.plans)))
        document.plans[key] = plan
        if is_kept:
            self._tokens += document.tokens
            self._drop()

    def _keep(self, document: Document) -> None:
        self._kept[document.text] = document
        self._characters += len(document.text)
        self._tokens += document.tokens
        self._drop()

    def _drop(self) -> None:
        while len(self._kept) > KEPT_MOST or self._characters > KEPT_CHARACTERS_MOST or self._tokens > KEPT_TOKENS_MOST:
            _, dropped = self._kept.popitem(last=False)
            self._characters -= len(dropped.text)
            self._tokens -= dropped.tokens


def _told(error: GraphQLError) -> GraphQLError:
    if isinstance(error, ValidationAbortedError) and not error.message.startswith("Too many"):  # errors: ten are enough
        return limits.too_entangled()
    return explained(error)
