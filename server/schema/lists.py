"""Lists: the filter and the order of every noun, made from what its type declares, and given to every list of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Annotated, Any, NamedTuple, Optional, Union, get_args, get_origin, get_type_hints

import strawberry
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from server.reads.conditions import Compared, Custom, Declared, Identified, Sealed, Through
from server.reads.declaring import argument
from server.reads.lists import ORDER_KEYS_MOST, SEARCH_LONGEST, SEARCH_WORDS_MOST, ListTypes
from server.reads.places import Identity, Items, Key, Parent, Protected, Related, Report, Stored, Table, place_of, table_of
from server.schema import operators
from server.schema.operators import (
    ORDERED,
    BooleanFilter,
    CustomFilter,
    FlagsFilter,
    IDFilter,
    OrderDirection,
    SealedEmailAddressFilter,
    SealedFilter,
    SealedPhoneNumberFilter,
    SealedStringFilter,
    StringFilter,
    TagsFilter,
)
from server.schema.values import optional
from tenants.intake.rules import KeyKind
from tenants.words import RecordType

_SEARCH = (
    "Words in names and companies, whatever their accents and with typing errors: "
    f"at most {SEARCH_WORDS_MOST}, {SEARCH_LONGEST} characters in all. The best come first unless `orderBy` says otherwise."
)

_BY_KEY = {KeyKind.PHONE: SealedPhoneNumberFilter, KeyKind.EMAIL: SealedEmailAddressFilter, KeyKind.NATIONAL_ID: SealedStringFilter}
_HERE = sys.modules[__name__]


class Filtered(NamedTuple):
    """A field of a filter: its input's type, what it is about, and the name of the input type of what lies behind it."""

    type: Any
    declared: Declared
    below: str = ""


#: What `server.reads` has to know of the inputs made here.
LIST_TYPES = ListTypes({}, {})


def lists_of(nouns: Sequence[type], others: Sequence[type]) -> None:
    """Make the filter and order inputs of these nouns, and give all lists of them, also in the `others`, their arguments."""
    for noun in nouns:
        _make_filter(noun)
        _make_order(noun)
    for type_ in (*nouns, *others):
        for field, hint in _fields(type_):
            _give_arguments(field, place_of(field), hint)


def _make_filter(noun: type) -> None:
    fields = {field.python_name: found for field, hint in _fields(noun) if (found := _filtered(noun, field, hint))}
    name = f"{noun.__name__}Filter"
    hints: dict[str, Any] = {each: found.type for each, found in fields.items()}
    says = {each: f"By `{to_camel_case(each)}`." for each in fields}
    hints |= {"and_": list[_later(name)], "or_": list[_later(name)], "not_": _later(name)}  # type: ignore[misc]  # types are made here
    says |= {"and_": "All of these hold.", "or_": "One of these holds; none holds of an empty list.", "not_": "This does not hold."}
    _publish(name, hints, says, f"Tests of {noun.__name__} records; all that are given must hold.")
    some = f"{noun.__name__}ListFilter"
    quantified = {"some": "One of them passes at least.", "none": "None of them passes.", "every": "All of them pass; so does none at all."}
    _publish(some, dict.fromkeys(quantified, _later(name)), quantified, f"Tests of a list of {noun.__name__} records.")
    _filters[name] = {to_camel_case(each): (found.declared, found.below) for each, found in fields.items()}


def _filtered(noun: type, field: StrawberryField, hint: Any) -> Filtered | None:
    """How a field of a noun is filtered by, if it is."""
    table, plain = table_of(noun), _plain(hint)
    assert table is not None
    match place_of(field):
        case Identity():
            return Filtered(IDFilter, Identified("{row}.id", table.noun))
        case Protected(_, key):
            return Filtered(
                _BY_KEY[key] if key else SealedFilter, Sealed(f"{{row}}.{field.python_name}", key, (table.noun, field.python_name))
            )
        case Items() if field.python_name == "flags":
            return Filtered(FlagsFilter, Compared("{row}.flags", "text", (table.noun, "flags")))
        case Items() if field.python_name == "custom":
            return Filtered(list[CustomFilter], Custom("{row}.custom"))
        case Related(link):
            of = get_args(plain)[0]
            found = _table(of)
            through = Through(found.name, found.noun, f"{{other}}.{link} = {{row}}.id", True, table.noun is RecordType.CUSTOMER)
            return Filtered(_later(f"{of.__name__}ListFilter"), through, f"{of.__name__}Filter")
        case Parent(link):
            through = Through(_table(plain).name, _table(plain).noun, f"{{other}}.id = {{row}}.{link}", is_list=False)
            return Filtered(_later(f"{plain.__name__}Filter"), through, f"{plain.__name__}Filter")
        case Stored(_, compared) if compared is not None:
            return _compared(table, field, plain, compared)
    return None


def _compared(table: Table, field: StrawberryField, plain: Any, compared: str) -> Filtered:
    sql, of = compared.replace("{column}", field.python_name), (table.noun, field.python_name)
    if plain == list[str]:
        return Filtered(TagsFilter, Compared(sql, "text", of))
    if plain is bool:
        return Filtered(BooleanFilter, Compared(sql, "boolean", of))
    if plain in ORDERED:
        input_, type_ = ORDERED[plain]
        return Filtered(input_, Compared(sql, type_, of))
    if isinstance(plain, type) and issubclass(plain, Enum):
        name = _graphql_name(plain)
        if not hasattr(operators, f"{name}Filter"):
            setattr(operators, f"{name}Filter", operators.chosen(plain, name))
        return Filtered(getattr(operators, f"{name}Filter"), Compared(sql, "text", of))
    return Filtered(StringFilter, Compared(sql, "text", of))


def _make_order(noun: type) -> None:
    keys: dict[str, Key] = {}
    for field, hint in _fields(noun):
        place, plain = place_of(field), _plain(hint)
        if isinstance(place, Stored) and place.compared is not None and plain != list[str]:
            type_ = "boolean" if plain is bool else ORDERED[plain][1] if plain in ORDERED else "text"
            sql = place.compared.replace("{column}", field.python_name)
            of = (_table(noun).noun, field.python_name)
            keys[field.python_name.upper()] = Key(sql, type_, is_nullable=plain is not hint, of=of)
    name = f"{noun.__name__}Order"
    values = {each: strawberry.enum_value(each, description=f"By `{to_camel_case(each.lower())}`.") for each in keys}
    enum: Any = Enum(f"{name}Field", values, module=__name__)  # type: ignore[misc]  # made from what the type declares
    setattr(_HERE, f"{name}Field", strawberry.enum(enum, description="What to order by. Texts are in the order of their code points."))
    says = {"field": "By which field; records without a value come last.", "direction": "Which way; ASC unless said otherwise."}
    made: dict[str, Any] = {"__annotations__": {"field": enum, "direction": OrderDirection}, "__module__": __name__}
    made |= {
        "field": strawberry.field(description=says["field"]),
        "direction": strawberry.field(description=says["direction"], default=OrderDirection.ASC),
    }
    setattr(_HERE, name, strawberry.input(type(name, (), made), description="One key of an order; the next decides where it is the same."))
    _orders[name] = keys


def _give_arguments(field: StrawberryField, place: object, hint: Any) -> None:
    """A list of a noun that has a filter can be filtered and ordered."""
    if isinstance(place, Related):
        of = get_args(_plain(hint))[0].__name__
        if f"{of}Filter" not in _filters:
            return
        field.arguments.append(argument("filter", Optional[_later(f"{of}Filter")], "Which of them."))  # noqa: UP045 - made here
        order = Optional[list[_later(f"{of}Order")]]  # type: ignore[misc, valid-type]  # noqa: UP045 - made here
        field.arguments.append(argument("orderBy", order, f"In which order, at most {ORDER_KEYS_MOST} keys; else as said above."))
        if place.is_searchable:
            field.arguments.append(argument("search", str | None, _SEARCH))
    elif isinstance(place, Report):
        field.arguments.insert(0, argument("filter", Optional[_later(f"{place.filtered}Filter")], "Of which of them."))  # noqa: UP045 - as above


def _fields(type_: type) -> Iterator[tuple[StrawberryField, Any]]:
    hints = get_type_hints(type_, include_extras=True)
    for field in type_.__strawberry_definition__.fields:  # type: ignore[attr-defined]  # Strawberry's types have one
        yield field, hints[field.python_name]


def _plain(hint: Any) -> Any:
    """A type without its `| None`."""
    if get_origin(hint) is not Union and type(hint).__name__ != "UnionType":
        return hint
    (plain,) = (each for each in get_args(hint) if each is not type(None))
    return plain


def _later(name: str) -> Any:
    """A type of this module that may not have been made yet."""
    return Annotated[name, strawberry.lazy(__name__)]


def _publish(name: str, hints: dict[str, Any], says: dict[str, str], description: str) -> None:
    made: dict[str, Any] = {"__module__": __name__, "__annotations__": {each: Optional[hint] for each, hint in hints.items()}}  # noqa: UP045 - made
    made |= {each: optional(says[each], each.removesuffix("_") if each.endswith("_") else None) for each in hints}
    setattr(_HERE, name, strawberry.input(type(name, (), made), description=description))


def _table(noun: type) -> Table:
    table = table_of(noun)
    assert table is not None
    return table


def _graphql_name(enum: Any) -> str:
    return str(enum.__strawberry_definition__.name)


_filters: Any = LIST_TYPES.filters
_orders: Any = LIST_TYPES.orders
