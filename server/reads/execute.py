"""Execution: queries, mutations and the events of subscriptions, answered by plans; graphql-core executes introspection alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from functools import cached_property
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType, execute_sync
from graphql.execution import create_source_event_stream
from graphql.execution.values import VariableValues, get_variable_values
from graphql.pyutils import is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from server.authentication import Context
from server.documents import ERRORS_MOST, Document, Documents, Wrong
from server.errors import graphql_error
from server.explaining import explained
from server.reads.acts import Acts
from server.reads.answer import Revealed
from server.reads.asked import Asked
from server.reads.cost import INTROSPECTION, MUTATION, REQUEST, Cost, admitted, cost_of
from server.reads.estimating import Estimate
from server.reads.places import Answered
from server.reads.reading import Asking, Outline, asking, read
from server.reads.selection import Operation, Selected
from server.reads.telling import cut, masked, told_error
from server.reads.types import Types
from server.schema.lists import LIST_TYPES
from tenants.access.rights import Rights
from tenants.refusals import Invalid
from tenants.session import Actor, reading_as

log = structlog.get_logger(__name__)

SHAPES_KEPT = 20
_INTROSPECTION = frozenset({"__schema", "__type"})


class Road:
    """The road out of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.documents = Documents(schema)

    @cached_property
    def _types(self) -> Types:
        return Types(self._schema, LIST_TYPES)

    def asked(self, document: Document, name: str | None, inputs: dict[str, Any]) -> Asked:
        """A request for the operation of this name, or the only one, of a document.

        Raises:
            Wrong: there is no such operation, or a variable has a value it cannot have.
        """
        operation = self._operation(document, name)
        variables = get_variable_values(
            self._schema, operation.node.variable_definitions or (), inputs, max_errors=ERRORS_MOST, hide_suggestions=True
        )
        if isinstance(variables, list):
            raise Wrong([explained(error) for error in variables])
        key = (name, *(variables.coerced.get(each) for each in operation.conditions))
        found: Any = document.plans.get(key)
        if found is None:
            selection = operation.selection(variables)
            found = selection, self._outlines(operation, selection)
            self.documents.keep_plan(document, key, found, SHAPES_KEPT)
        return Asked(document, operation, name, inputs, variables, *found)

    def _operation(self, document: Document, name: str | None) -> Operation:
        found = document.found.get(name)
        if found is None:
            known = document.operations
            if name is None and len(known) != 1:
                raise Wrong([_invalid("This document has several operations, or none: say which by `operationName`.")])
            if name is not None and name not in known:
                raise Wrong([_invalid("There is no operation of this name in the document.")])
            found = document.found[name] = Operation.find(self._schema, document.node, name)
        return found

    def _outlines(self, operation: Operation, selection: tuple[Selected, ...]) -> Mapping[str | None, Outline]:
        """One reading for a query or an event; for a mutation one for each payload."""
        if operation.node.operation is not OperationType.MUTATION:
            return {None: Outline(selection)}
        return {selected.key: Outline(selected.below) for selected in selection}

    async def answered(self, asked: Asked, context: Context) -> ExecutionResult:
        """The result of a query or mutation. Nothing is raised: a refusal and a bug are told in it."""
        try:
            if any(selected.name in _INTROSPECTION for selected in asked.selection):
                told = await admitted(Cost(0, INTROSPECTION), context.actor)
                result = await asyncio.to_thread(self._introspected, asked)
                return ExecutionResult(result.data, result.errors, told)
            if asked.kind is OperationType.QUERY:
                return await self._queried(asked, context.actor)
            return await self._mutated(asked, context)
        except GraphQLError as error:
            return ExecutionResult(None, [error])
        except Exception as error:  # a bug is logged with an id, and only the id is told
            return ExecutionResult(None, [graphql_error(error)])

    def _introspected(self, asked: Asked) -> ExecutionResult:
        """In a thread of its own: all of the schema takes tens of milliseconds, and neither waits for anything nor asks the database."""
        return execute_sync(self._schema, asked.document.node, variable_values=asked.inputs, operation_name=asked.name)

    async def _queried(self, asked: Asked, actor: Actor) -> ExecutionResult:
        reading = asking(asked.outlines[None], self._types, asked.variables, actor.rights)
        told = await admitted(self._cost(asked, [reading]), actor)
        errors: list[GraphQLError] = []
        data = await self._read(reading, actor, asked.variables, None, errors)
        for selected in asked.selection:
            if selected.name == "estimate":
                data[selected.key] = self._estimated(selected, asked.variables, actor.rights)
            elif isinstance(place := self._types.place(selected), Answered):
                data[selected.key] = await self._told(selected, place, actor, asked.variables, errors)
        return ExecutionResult(data, errors or None, told)

    async def _mutated(self, asked: Asked, context: Context) -> ExecutionResult:
        """One act after the other, as the specification has it; what all of them cost is known before the first begins."""
        readings = {key: asking(outline, self._types, asked.variables, context.actor.rights) for key, outline in asked.outlines.items()}
        told = await admitted(self._cost(asked, readings.values()), context.actor)
        acts = Acts(self._schema, asked, self._executor(asked, context), self._read)
        errors: list[GraphQLError] = []
        answers = {each.key: await acts.answered(each, readings[each.key], errors) for each in asked.selection}
        return ExecutionResult(answers, errors or None, told)

    async def events(self, asked: Asked, context: Context) -> AsyncGenerator[ExecutionResult, None]:
        """The events of a subscription, each read when it comes. A refusal or a bug is its last."""
        try:
            reading = asking(asked.outlines[None], self._types, asked.variables, context.actor.rights)
            await admitted(self._cost(asked, [reading]), context.actor)
            stream: Any = create_source_event_stream(self._executor(asked, context))
            stream = await stream if is_awaitable(stream) else stream
            if isinstance(stream, ExecutionResult):
                yield masked(stream)
                return
            async with aclosing(stream):
                async for event in stream:
                    errors: list[GraphQLError] = []
                    reading = asking(asked.outlines[None], self._types, asked.variables, context.actor.rights)  # they may have changed
                    data = await self._read(reading, context.actor, asked.variables, event, errors)
                    yield ExecutionResult(data, errors or None)
        except GraphQLError as error:
            yield ExecutionResult(None, [told_error(error)])
        except Exception as error:  # as above
            yield ExecutionResult(None, [graphql_error(error)])

    def _executor(self, asked: Asked, context: Context) -> StrawberryGraphQLCoreExecutionContext:
        """What Strawberry's resolvers of acts and subscriptions want to be called by."""
        executor = StrawberryGraphQLCoreExecutionContext.build(
            self._schema, asked.document.node, context_value=context, raw_variable_values=asked.inputs, operation_name=asked.name
        )
        assert isinstance(executor, StrawberryGraphQLCoreExecutionContext)  # its variables were just found right
        return executor

    async def _read(
        self, reading: Asking, actor: Actor, variables: VariableValues, source: object, errors: list[GraphQLError]
    ) -> dict[str, Any]:
        revealed: Revealed = {}
        data = await read(reading, self._types, actor, variables, source, errors, revealed)
        for field, records in revealed.items():
            log.info("sealed.revealed", tenant=str(actor.tenant_id), actor=str(actor.id), field=field, records=len(records))
        return data

    async def _told(self, selected: Selected, place: Answered, actor: Actor, variables: VariableValues, errors: list[GraphQLError]) -> Any:
        """What the domain answers; a refusal makes this field null and leaves the others."""
        arguments = selected.arguments.given(variables) if selected.arguments else {}
        try:
            async with reading_as(actor):
                found = await place.tell(**arguments)
        except Exception as error:  # a bug is logged on the way
            errors.append(graphql_error(error, selected.nodes, [selected.key]))
            return None
        return cut(found, selected.below, self._types)

    def _cost(self, asked: Asked, readings: Iterable[Asking]) -> Cost:
        """What a request with these readings may take at most."""
        cost = sum(map(cost_of, readings), Cost(0, REQUEST))
        if asked.kind is OperationType.MUTATION:
            cost += sum((_cost_of_act(each, asked.variables) for each in asked.selection), Cost())
        places = (self._types.place(each) for each in asked.selection)
        return cost + Cost(0, sum(place.points for place in places if isinstance(place, Answered)))

    def _estimated(self, selected: Selected, variables: VariableValues, rights: Rights) -> Any:
        """What another request would cost, told without running it.

        Raises:
            Invalid: it would be refused.
        """
        assert selected.arguments is not None
        given = selected.arguments.given(variables)
        try:
            wanted = self.asked(self.documents.checked(given["document"]), given.get("operationName"), given.get("variables") or {})
            cost = self._cost(wanted, [asking(outline, self._types, wanted.variables, rights) for outline in wanted.outlines.values()])
        except Wrong as wrong:
            raise _refused(selected, wrong.errors[0]) from None
        except GraphQLError as error:
            raise _refused(selected, error) from None
        return cut(Estimate.of(cost), selected.below, self._types)


def _cost_of_act(selected: Selected, variables: VariableValues) -> Cost:
    if selected.name == "__typename":
        return Cost()
    given = selected.arguments.given(variables).get("input") if selected.arguments else None
    rows = given.get("rows", ()) if isinstance(given, dict) else ()
    return Cost(0, MUTATION + len(rows))


def _refused(selected: Selected, error: GraphQLError) -> GraphQLError:
    refusal = Invalid(f"This document would be refused: {error.message}", field=["document"])
    return graphql_error(refusal, selected.nodes, [selected.key])


def _invalid(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": Invalid.code})
