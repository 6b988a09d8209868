"""Execution: queries, mutations and the events of subscriptions, answered by plans; graphql-core executes introspection alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from functools import cached_property
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType, execute_sync, is_non_null_type
from graphql.execution import create_source_event_stream
from graphql.execution.values import VariableValues, get_variable_values
from graphql.pyutils import is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from server.authentication import Context
from server.documents import ERRORS_MOST, Document, Documents, Wrong
from server.errors import graphql_error
from server.explaining import explained
from server.reads.acts import Acts
from server.reads.asked import Asked
from server.reads.cost import INTROSPECTION, MUTATION, REQUEST, Cost, admitted, cost_of
from server.reads.declared import check_declared
from server.reads.guarding import Guard
from server.reads.opening import Revealed
from server.reads.places import Computed
from server.reads.reading import Asking, Outline, asking, read
from server.reads.selection import Operation, Selected
from server.reads.telling import cut, masked, refused_at, told_error
from server.reads.types import Types
from server.refusals import note_refusal
from server.schema.lists import LIST_TYPES
from tenants.access.reveals import reveal
from tenants.access.rights import Rights
from tenants.refusals import Invalid
from tenants.session import Actor
from tenants.trail import Circumstances, under

SHAPES_KEPT = 20
_INTROSPECTION = frozenset({"__schema", "__type"})


class Road:
    """The road out of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        check_declared(schema)
        self.schema = self._schema = schema
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
        with under(_circumstances(asked, context)):
            result = await self._answered(asked, context)
            if result.errors:
                await note_refusal(context.actor, [str((error.extensions or {}).get("code")) for error in result.errors])
            return result

    async def _answered(self, asked: Asked, context: Context) -> ExecutionResult:
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
        self._check(asked, actor)
        reading = asking(asked.outlines[None], self._types, asked.variables, actor.rights)
        told = await admitted(self._cost(asked, [reading]), actor)
        errors: list[GraphQLError] = []
        data = await self._read(reading, actor, asked.variables, None, errors)
        for selected in asked.selection:
            if isinstance(place := self._types.place(selected), Computed):
                data[selected.key] = await self._computed(selected, place, actor, asked.variables, errors)
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
            self._check(asked, context.actor)
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
                    with under(_circumstances(asked, context)):
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
        self,
        reading: Asking,
        actor: Actor,
        variables: VariableValues,
        source: object,
        errors: list[GraphQLError],
        revealed: Revealed | None = None,
    ) -> dict[str, Any]:
        revealed = revealed if revealed is not None else Revealed()
        data = await read(reading, self._types, actor, variables, source, errors, revealed)
        if revealed.records:
            await reveal(actor, revealed.records, revealed.purposes)
        return data

    async def _computed(
        self, selected: Selected, place: Computed, actor: Actor, variables: VariableValues, errors: list[GraphQLError]
    ) -> Any:
        """What a function answers. A refusal makes the field null and leaves the others, if it may be null."""
        given = selected.arguments.given(variables) if selected.arguments else {}
        try:
            return cut(await place.answer(self, actor, **given), selected.below, self._types)
        except Exception as error:  # a bug is logged on the way
            told = graphql_error(error, selected.nodes, [selected.key])
            if is_non_null_type(self._schema.query_type.fields[selected.name].type):  # type: ignore[union-attr]  # there are queries
                raise told from None
            errors.append(told)
            return None

    def _cost(self, asked: Asked, readings: Iterable[Asking]) -> Cost:
        """What a request with these readings may take at most."""
        cost = sum(map(cost_of, readings), Cost(0, REQUEST))
        if asked.kind is OperationType.MUTATION:
            cost += sum((_cost_of_act(each, asked.variables) for each in asked.selection), Cost())
        places = (self._types.place(each) for each in asked.selection)
        return cost + Cost(0, sum(place.points for place in places if isinstance(place, Computed)))

    def cost(self, text: str, name: str | None, inputs: dict[str, Any], rights: Rights) -> Cost:
        """What a document would cost somebody with these rights.

        Raises:
            GraphQLError: it would be refused.
        """
        try:
            wanted = self.asked(self.documents.checked(text), name, inputs)
        except Wrong as wrong:
            raise wrong.errors[0] from None
        return self._cost(wanted, [asking(outline, self._types, wanted.variables, rights) for outline in wanted.outlines.values()])

    def _check(self, asked: Asked, actor: Actor) -> None:
        """Refuse what the permissions of root fields do not allow; of lists and records the planner knows, of acts they themselves."""
        for selected in asked.selection:
            permission = self._types.permission(selected)
            if permission is not None and asked.kind is not OperationType.MUTATION:
                with refused_at(selected):
                    Guard(actor.rights).check(permission)


def _circumstances(asked: Asked, context: Context) -> Circumstances:
    query = asked.name or f"sha256:{asked.document.sha256}"
    address = None if context.address is None else str(context.address)
    return Circumstances(query, address, context.purpose)


def _cost_of_act(selected: Selected, variables: VariableValues) -> Cost:
    if selected.name == "__typename":
        return Cost()
    given = selected.arguments.given(variables).get("input") if selected.arguments else None
    rows = given.get("rows", ()) if isinstance(given, dict) else ()
    return Cost(0, MUTATION + len(rows))


def _invalid(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": Invalid.code})
