"""Acts: the mutations of a request, each with its answer in one unit of work, and done once however often it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson
from graphql import GraphQLError, GraphQLSchema
from graphql.execution import Executor
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path

from server.authentication import Context
from server.errors import graphql_error
from server.reads.asked import Asked
from server.reads.opening import Revealed
from server.reads.places import Once, place_of
from server.reads.reading import Asking
from server.reads.refused import Refused
from server.reads.selection import Selected
from server.reads.telling import told_error
from server.refusals import note_refusal
from tenants import idempotency
from tenants.access.reveals import reveal
from tenants.session import Actor, acting_as

#: The argument that every mutation has besides its own.
KEY_ARGUMENT = "idempotencyKey"

Read = Callable[..., Awaitable[dict[str, Any]]]


class Acts:
    """The acts of one request. `read` reads a payload in the unit of work we are in."""

    def __init__(self, schema: GraphQLSchema, asked: Asked, executor: Executor[Any], read: Read) -> None:
        self._schema, self._asked, self._executor, self._read = schema, asked, executor, read
        self._context: Context = executor.context_value

    async def answered(self, selected: Selected, reading: Asking, errors: list[GraphQLError]) -> Any:
        """One act and its answer; a bug makes this one null and leaves the others."""
        if selected.name == "__typename":
            return selected.parent
        inside: list[GraphQLError] = []
        try:
            act, key = self._act(selected)
            if key is None:
                answer = await self._done(act, reading, inside)
            else:
                answer = await self._done_once(key, selected, act, reading, inside)
            errors += (_below(selected.key, error) for error in inside)
            return answer
        except GraphQLError as error:
            errors.append(told_error(error))
        except Exception as error:  # one mutation fails, not its neighbours; a bug is logged on the way
            errors.append(graphql_error(error, selected.nodes, [selected.key]))
        return None

    async def _done(self, act: Callable[[], Awaitable[Any]], reading: Asking, errors: list[GraphQLError]) -> Any:
        try:
            async with acting_as(self._context.actor):
                return await self._payload(reading, await act(), errors)
        except Refused as refused:
            await note_refusal(self._context.actor, refused.codes)
            return await self._payload(reading, refused.payload, errors)

    async def _done_once(
        self, key: str, selected: Selected, act: Callable[[], Awaitable[Any]], reading: Asking, errors: list[GraphQLError]
    ) -> Any:
        """As `_done`, unless this key was used before: then the answer is what it was. Key and act are one transaction.

        A refusal undoes the act, and is kept by a transaction of its own; sent again before that, it is refused anew.
        """
        own, revealed, actor = list[GraphQLError](), Revealed(), self._context.actor
        fingerprint = self._fingerprint(selected)
        try:
            async with acting_as(actor):
                kept = await idempotency.begin(key, fingerprint)
                if kept is not None:
                    return await _replayed(kept, errors, actor)
                answer = await self._payload(reading, await act(), own, revealed)
                await idempotency.finish(key, fingerprint, _kept(self._without_secrets(answer, selected), own, revealed))
        except Refused as refused:
            own.clear()
            await note_refusal(actor, refused.codes)
            answer = await self._payload(reading, refused.payload, own)
            async with acting_as(actor):
                if await idempotency.begin(key, fingerprint) is None:
                    await idempotency.finish(key, fingerprint, _kept(answer, own, revealed))
        errors += own
        return answer

    def _without_secrets(self, payload: dict[str, Any], selected: Selected) -> dict[str, Any]:
        """A payload as it may be kept."""
        secret = {each.key for each in selected.below if self._is_told_once(each)}
        return {key: None if key in secret else value for key, value in payload.items()}

    def _is_told_once(self, selected: Selected) -> bool:
        field = getattr(self._schema.type_map[selected.parent], "fields", {}).get(selected.name)
        return field is not None and isinstance(place_of(field.extensions["strawberry-definition"]), Once)

    async def _payload(
        self, reading: Asking, payload: object, errors: list[GraphQLError], revealed: Revealed | None = None
    ) -> dict[str, Any]:
        return await self._read(reading, self._context.actor, self._asked.variables, payload, errors, revealed)

    def _act(self, selected: Selected) -> tuple[Callable[[], Awaitable[Any]], str | None]:
        """The resolver of a mutation with its arguments, and the key under which it is done once, if there is one."""
        root = self._schema.mutation_type
        assert root is not None
        definition = root.fields[selected.name]
        arguments = get_argument_values(definition, selected.nodes[0], self._executor.variable_values)
        info = self._executor.build_resolve_info(definition, list(selected.nodes), root, Path(None, selected.key, root.name))
        resolve: Any = definition.resolve
        own = arguments.pop(KEY_ARGUMENT, None)
        return lambda: resolve(None, info, **arguments), self._key(selected, own)

    def _key(self, selected: Selected, own: str | None) -> str | None:
        """A mutation's own key, or the request's: where the request has several mutations, each has a part of it."""
        if own is not None:
            return idempotency.parsed(own)
        if self._context.idempotency_key is None:
            return None
        shared = idempotency.parsed(self._context.idempotency_key)
        return shared if len(self._asked.selection) == 1 else f"{shared}.{selected.key}"

    def _fingerprint(self, selected: Selected) -> bytes:
        """What the same request has in common with itself: who asks and may see what, by which document, with which values."""
        asked = self._asked
        return idempotency.fingerprint(
            document=asked.document.text,
            operation=asked.name,
            field=selected.key,
            variables=asked.inputs,
            actor=str(self._context.actor.id),
            rights=self._context.actor.rights.fingerprint,
        )


def _below(key: str, error: GraphQLError) -> GraphQLError:
    """An error of a payload's field, with its place in the whole answer."""
    error.path = [key, *(error.path or ())]
    return error


def _kept(answer: Any, errors: list[GraphQLError], revealed: Revealed) -> bytes:
    return orjson.dumps({"data": answer, "errors": [error.formatted for error in errors], "revealed": revealed})


async def _replayed(kept: bytes, errors: list[GraphQLError], actor: Actor) -> Any:
    """The answer that was kept; what it reveals is revealed once more."""
    found = orjson.loads(kept)
    records = {field: [UUID(each) for each in ids] for field, ids in found["revealed"]["records"].items()}
    if records:
        await reveal(actor, records, found["revealed"]["purposes"])
    errors += (GraphQLError(each["message"], path=each.get("path"), extensions=each.get("extensions")) for each in found["errors"])
    return found["data"]
