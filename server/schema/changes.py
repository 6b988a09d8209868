"""Changes: a customer whenever it, or something of it, has been changed by anybody, in any process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.utils.str_converters import to_camel_case

from server.authentication import Context
from server.reads.declaring import read_back
from server.reads.guarding import Guard
from server.reads.matching import matching
from server.reads.places import PERMISSION
from server.schema.graph import Customer
from server.schema.lists import LIST_TYPES
from server.schema.values import argument
from tenants.access.fields import CUSTOM, field_of
from tenants.access.permissions import NOUNS, Permission
from tenants.access.reach import is_unlimited
from tenants.access.rights import Rights
from tenants.changes.feed import Changed, Committed
from tenants.changes.listening import changes_of
from tenants.ids import global_id
from tenants.session import reading_as
from tenants.words import RecordType


@strawberry.enum(description="What happened.")
class ChangeAction(Enum):
    CREATE = strawberry.enum_value("CREATE", description="It is new.")
    UPDATE = strawberry.enum_value("UPDATE", description="It, or something that belongs to it, was changed.")
    DELETE = strawberry.enum_value("DELETE", description="It is gone, with everything that belonged to it.")
    MISSED = strawberry.enum_value("MISSED", description="Some events did not come: read again what you show. It stands for no record.")


@strawberry.type(description="One record that was changed, without its values.")
class RecordChange:
    record_type: RecordType = strawberry.field(description="Its type.")
    record_id: strawberry.ID = strawberry.field(description="Its global id.")
    action: ChangeAction = strawberry.field(description="What happened to it.")
    version: int = strawberry.field(description="The version it has now.")
    fields: list[str] = strawberry.field(description="The fields that an UPDATE changed.")


@strawberry.type(description="What one act (a mutation, a part of an import) did to one customer and what belongs to it.")
class CustomerChange:
    action: ChangeAction = strawberry.field(description="What happened to the customer.")
    at: datetime | None = strawberry.field(description="When; null if MISSED.", default=None)
    change_set_id: strawberry.ID | None = strawberry.field(description="The act; null if MISSED.", default=None)
    customer_id: strawberry.ID | None = strawberry.field(description="The customer's global id; null if MISSED.", default=None)
    customer: UUID | None = read_back(Customer | None, "The customer as it is now; null if it is gone, or if MISSED.")
    changes: list[RecordChange] = strawberry.field(description="The records that were changed, at most 1,000.", default_factory=list)


#: The GraphQL type of each noun, and the field that a column is of where that is another.
_TYPES = {noun: noun.title() for noun in NOUNS}
_FIELD = {"owner_id": "owner", "custom": f"{CUSTOM}?", "custom_sealed": f"{CUSTOM}?"}

if TYPE_CHECKING:
    CustomerFilter = Any  # made from the type, by `server.schema.lists`
Filter = Annotated["CustomerFilter", strawberry.lazy("server.schema.lists")]


@strawberry.type
class ChangeSubscriptions:
    @strawberry.subscription(  # type: ignore[untyped-decorator]  # it takes a filter whose class mypy cannot see
        description="A customer whenever it, or a contact, order, interaction, need or preference of it, has been changed: one event a "
        "customer and act. With a filter: of customers that pass it after the change; one that is gone is told whatever the filter. Of "
        "customers that you may see, and of those that are gone only where you may see all.",
        metadata={PERMISSION: Permission.CUSTOMER_READ},
    )
    async def customer_changed(
        self, info: strawberry.Info[Context, None], filter: Annotated[Filter | None, argument("Which customers.")] = None
    ) -> AsyncIterator[CustomerChange]:
        wanted: Mapping[str, Any] | None = _arguments(info).get("filter")
        actor = await info.context.still_allowed()
        async with reading_as(actor):  # a filter that cannot be is refused at once
            await _passed(wanted or {}, [])
        async for message in changes_of(actor.tenant_id):
            actor = await info.context.still_allowed()
            Guard(actor.rights).check(Permission.CUSTOMER_READ)
            if not isinstance(message, Committed):
                yield CustomerChange(action=ChangeAction.MISSED)
                continue
            changes, passed = message.changes, None
            if not all(is_unlimited(actor.rights, noun) for noun in NOUNS) or wanted is not None:
                async with reading_as(actor):
                    changes = await _seen(changes, actor.rights)
                    passed = None if wanted is None else await _passed(wanted, [each.customer_id for each in changes])
            for event in _events(replace(message, changes=changes), passed, actor.rights):
                yield event


async def _seen(changes: Sequence[Changed], rights: Rights) -> tuple[Changed, ...]:
    """The changes of records that may be seen: one that is gone is not seen by who sees only some, for nobody can tell which it was."""
    visible: dict[RecordType, set[UUID]] = {}
    for noun in {RecordType(each.record_type) for each in changes}:
        if not is_unlimited(rights, noun) and rights.readable(noun):
            ids = [each.record_id for each in changes if each.record_type == noun]
            visible[noun] = await matching(LIST_TYPES, _TYPES[noun], noun, {}, ids)
    return tuple(
        each
        for each in changes
        if is_unlimited(rights, RecordType(each.record_type)) or each.record_id in visible.get(RecordType(each.record_type), ())
    )


async def _passed(wanted: Mapping[str, Any], ids: Sequence[UUID]) -> set[UUID]:
    return await matching(LIST_TYPES, "Customer", RecordType.CUSTOMER, wanted, ids)


def _events(message: Committed, passed: set[UUID] | None, rights: Rights) -> Iterator[CustomerChange]:
    """One event for each customer of a change-set that is gone or, with a filter, has passed it; with fields that may be seen."""
    of_customers: dict[UUID, list[Changed]] = {}
    for each in message.changes:
        of_customers.setdefault(each.customer_id, []).append(each)
    for id, changes in of_customers.items():
        own = next((each for each in changes if each.record_id == id), None)
        action = ChangeAction(own.action) if own else ChangeAction.UPDATE
        if passed is None or id in passed or action is ChangeAction.DELETE:
            yield CustomerChange(
                action=action,
                at=message.at,
                change_set_id=strawberry.ID(global_id("CHANGE_SET", message.change_set_id)),
                customer_id=strawberry.ID(global_id(RecordType.CUSTOMER, id)),
                customer=None if action is ChangeAction.DELETE else id,
                changes=[_record(each, rights) for each in changes],
            )


def _record(changed: Changed, rights: Rights) -> RecordChange:
    noun = RecordType(changed.record_type)
    fields = [each for each in changed.fields if _is_seen(noun, _FIELD.get(each, each), rights)]
    return RecordChange(
        record_type=noun,
        record_id=strawberry.ID(global_id(noun, changed.record_id)),
        action=ChangeAction(changed.action),
        version=changed.version,
        fields=[to_camel_case(each) for each in fields],
    )


def _is_seen(noun: RecordType, name: str, rights: Rights) -> bool:
    """Whether a field may be seen wherever its record may; what roles do not speak of may."""
    return field_of(noun, name) is None or rights.readable(noun, name) == rights.readable(noun)


def _arguments(info: strawberry.Info[Context, None]) -> Mapping[str, Any]:
    """The arguments as GraphQL gives them: a filter is read by `server.reads`, not by the input's class."""
    raw = info._raw_info
    variables = VariableValues({}, info.variable_values)
    return get_argument_values(raw.parent_type.fields[raw.field_name], raw.field_nodes[0], variables)
