"""Execution: a query or a mutation is answered here, before graphql-core's executor would begin; it keeps introspection."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import structlog
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import Executor
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from graphql.pyutils import Path
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from server.errors import graphql_error
from server.reads.cost import MUTATION, REQUEST, Cost, admitted, cost_of
from server.reads.reading import Asking, Outline, asking, read
from server.reads.refused import Refused
from server.reads.selection import Operation, Selected
from server.reads.types import Types
from server.schema.lists import LIST_TYPES
from tenants.refusals import Invalid
from tenants.session import Actor, acting_as

log = structlog.get_logger(__name__)

PLANS_KEPT = 256
_INTROSPECTION = frozenset({"__schema", "__type"})


class Answered(SchemaExtension):
    """Strawberry runs graphql-core's executor only where there is no result yet: here is where one is made."""

    async def on_execute(self) -> AsyncIterator[None]:
        context = self.execution_context
        document = context.graphql_document
        assert document is not None
        await context.context.still_allowed()
        try:
            context.result = await road_of(context.schema._schema).answered(
                document, context.query or "", context.operation_name, context.variables or {}, context.context
            )
        except GraphQLError as error:
            context.result = ExecutionResult(None, [error])
        except Exception as error:  # a bug is logged with an id, and only the id is told
            context.result = ExecutionResult(None, [graphql_error(error)])
        yield


class AnsweredEvents(StrawberryGraphQLCoreExecutionContext):
    """Runs the events of a subscription: the event says which record, the planner reads it."""

    def execute_operation(self, serially: bool | None = None) -> Any:
        if self.operation.operation is OperationType.SUBSCRIPTION:
            return road_of(self.schema).answered_event(self)
        return super().execute_operation(serially)


class Road:
    """The road out of one schema, with its plans kept."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._types = Types(schema, LIST_TYPES)
        self._operation = lru_cache(PLANS_KEPT)(self._find)
        self._plans: dict[tuple[object, ...], tuple[tuple[Selected, ...], Mapping[str | None, Outline]]] = {}

    async def answered(
        self, document: DocumentNode, text: str, name: str | None, inputs: dict[str, Any], context: Any
    ) -> ExecutionResult | None:
        """The result of a query or mutation; None for what graphql-core answers."""
        operation = self._operation(_Text(text, document), name)
        if operation.node.operation is OperationType.SUBSCRIPTION:
            if not context.is_websocket:
                raise Invalid("Subscriptions go over a websocket that speaks graphql-transport-ws.")
            return None
        variables = get_variable_values(self._schema, operation.node.variable_definitions or (), inputs)
        if isinstance(variables, list):
            return ExecutionResult(None, variables)
        selection, outlines = self._planned(operation, (text, name), variables)
        if any(selected.name in _INTROSPECTION for selected in selection):
            return None
        asked = {key: asking(outline, self._types, variables) for key, outline in outlines.items()}
        if operation.node.operation is OperationType.QUERY:
            cost = Cost(0, REQUEST) + cost_of(asked[None])
            told = await admitted(cost, context.actor)
            errors: list[GraphQLError] = []
            data = await self._read(asked[None], context.actor, variables, None, errors)
            return ExecutionResult(data, errors or None, told)
        executor = AnsweredEvents.build(self._schema, document, context_value=context, raw_variable_values=inputs, operation_name=name)
        assert isinstance(executor, Executor)  # its variables were just found right
        return await self._mutated(selection, asked, executor)

    async def _mutated(self, selection: Sequence[Selected], asked: Mapping[str | None, Asking], executor: Executor[Any]) -> ExecutionResult:
        """One act after the other, as the specification has it; what all of them cost is known before the first begins."""
        cost = sum((_cost_of_act(each, asked[each.key], executor.variable_values) for each in selection), Cost(0, REQUEST))
        told = await admitted(cost, executor.context_value.actor)
        errors: list[GraphQLError] = []
        answers = {each.key: await self._acted(each, asked[each.key], executor, errors) for each in selection}
        return ExecutionResult(answers, errors or None, told)

    async def answered_event(self, executor: AnsweredEvents) -> ExecutionResult:
        """The result of one event of a subscription."""
        operation = Operation(self._schema, executor.operation, executor.fragment_definitions, ())
        errors: list[GraphQLError] = []
        try:
            outline = Outline(operation.selection(executor.variable_values))
            variables = executor.variable_values
            asked = asking(outline, self._types, variables)
            data = await self._read(asked, executor.context_value.actor, variables, executor.root_value, errors)
        except Exception as error:  # as above: one event fails, not the subscription
            return ExecutionResult(None, [graphql_error(error)])
        return ExecutionResult(data, errors or None)

    def _find(self, text: _Text, name: str | None) -> Operation:
        return Operation.find(self._schema, text.document, name)

    def _planned(
        self, operation: Operation, key: tuple[str, str | None], variables: VariableValues
    ) -> tuple[tuple[Selected, ...], Mapping[str | None, Outline]]:
        shape = (*key, *(variables.coerced.get(name) for name in operation.conditions))
        found = self._plans.pop(shape, None)
        if found is None:
            selection = operation.selection(variables)
            found = selection, self._prepared(operation, selection)
            if len(self._plans) >= PLANS_KEPT:
                self._plans.pop(next(iter(self._plans)))
        self._plans[shape] = found  # the last used is the last to be dropped
        return found

    def _prepared(self, operation: Operation, selection: tuple[Selected, ...]) -> Mapping[str | None, Outline]:
        """One reading for a query; for a mutation one for each payload."""
        if any(selected.name in _INTROSPECTION for selected in selection):
            return {}
        if operation.node.operation is OperationType.QUERY:
            return {None: Outline(selection)}
        return {selected.key: Outline(selected.below) for selected in selection}

    async def _read(
        self, asked: Asking, actor: Actor, variables: VariableValues, source: object, errors: list[GraphQLError]
    ) -> dict[str, Any]:
        revealed: Counter[str] = Counter()
        data = await read(asked, self._types, actor, variables, source, errors, revealed)
        for field, records in revealed.items():
            log.info("sealed.revealed", tenant=str(actor.tenant_id), actor=str(actor.id), field=field, records=records)
        return data

    async def _acted(self, selected: Selected, asked: Asking, executor: Executor[Any], errors: list[GraphQLError]) -> Any:
        """One mutation and its payload, in one unit of work; a bug makes this one null and leaves the others."""
        if selected.name == "__typename":
            return selected.parent
        root = executor.schema.mutation_type
        assert root is not None
        definition = root.fields[selected.name]
        path = Path(None, selected.key, root.name)
        actor, variables = executor.context_value.actor, executor.variable_values
        try:
            arguments = get_argument_values(definition, selected.nodes[0], variables)
            info = executor.build_resolve_info(definition, list(selected.nodes), root, path)
            assert definition.resolve is not None
            try:
                async with acting_as(actor):
                    payload = await definition.resolve(None, info, **arguments)
                    return await self._read(asked, actor, variables, payload, errors)
            except Refused as refused:
                return await self._read(asked, actor, variables, refused.payload, errors)
        except GraphQLError as error:
            errors.append(error)
        except Exception as error:  # as above: one mutation fails, not its neighbours
            errors.append(graphql_error(error, selected.nodes, [selected.key]))
        return None


def _cost_of_act(selected: Selected, asked: Asking, variables: VariableValues) -> Cost:
    if selected.name == "__typename":
        return Cost()
    given = selected.arguments.given(variables).get("input") if selected.arguments else None
    rows = given.get("rows", ()) if isinstance(given, dict) else ()
    return Cost(0, MUTATION + len(rows)) + cost_of(asked)


class _Text(str):
    """The text of a document, as a key that brings the parsed document along."""

    document: DocumentNode

    def __new__(cls, text: str, document: DocumentNode) -> _Text:
        made = super().__new__(cls, text)
        made.document = document
        return made


@lru_cache(maxsize=8)
def road_of(schema: GraphQLSchema) -> Road:
    return Road(schema)
