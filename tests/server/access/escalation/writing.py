"""Attempts to find out what is hidden by writing: by what is matched, refused, said to be unchanged or in conflict, and read back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.server.access.escalation.looking import SEALED, Look
from tests.server.access.escalation.values import HIDDEN, Hidden

#: Fields that whoever makes records sees: what they are differs in no world.
SHOWN = ("name", "number", "what", "kind", "value")
NEW: dict[str, dict[str, Any]] = {
    "Contact": {"name": "Li"},
    "Order": {"number": "N-1", "orderedAt": "2024-05-01"},
    "Interaction": {"channel": "CHAT", "occurredAt": "2024-05-01"},
    "Need": {"what": "Tee"},
    "Preference": {"kind": "Tee", "value": "grün"},
}
_KEYS = {"phone": "PHONE", "email": "EMAIL", "nationalId": "NATIONAL_ID", "externalId": "EXTERNAL"}
_RULES: dict[str, dict[str, Any]] = {
    "update or make": {},
    "fill what is empty": {"fill": "IF_EMPTY"},
    "skip a match": {"onMatch": "SKIP"},
    "refuse a match": {"onMatch": "REJECT"},
    "skip without a match": {"onMissing": "SKIP"},
    "refuse without a match": {"onMissing": "REJECT"},
}
_ROW = "row status id problems { code field severity wrong right } conflicts { field yours stored base isConflicting } customer { id }"
UPSERT = f"""mutation ($input: UpsertCustomersInput!) {{ upsertCustomers(input: $input) {{ results {{ {_ROW} }}
    counts {{ created updated unchanged skipped rejected }} userErrors {{ code message field row conflictsWith }} }} }}"""
_ERRORS = "userErrors { code message field conflictsWith }"
_FIELDS = {noun: [each for each in fields if each.is_input and each.name not in SHOWN] for noun, fields in HIDDEN.items()}


def act(name: str, payload: str, input: str | None = None) -> str:
    return f"mutation ($input: {input or name[0].upper() + name[1:]}Input!) {{ {name}(input: $input) {{ {payload} {_ERRORS} }} }}"


def _one(hidden: Hidden, value: str = "") -> dict[str, Any]:
    """The part of an input that gives a field the value of one world."""
    value = value or hidden.one
    if hidden.name.startswith("custom."):
        return {"custom": [{"name": hidden.name.removeprefix("custom."), "value": value}]}
    return {hidden.name: value}


def _matches() -> Iterator[Look]:
    values = {hidden.name: hidden.one for hidden in HIDDEN["Customer"]}
    for name, key in _KEYS.items():
        for label, rules in _RULES.items():
            # That an external id is taken is told to whoever would give it to another: it is unique.
            if key == "EXTERNAL" and rules.get("onMissing") is None:
                continue
            row = {"name": "Anna Neu", name: values[name]}
            input = {"rows": [row], "matchBy": [key], "rules": rules, "dryRun": True}
            yield Look(f"match by {name}, {label}", UPSERT, {"input": input})
            twice = {**input, "rows": [row, row]}
            yield Look(f"match two rows by {name}, {label}", UPSERT, {"input": twice})
            if key != "EXTERNAL":
                yield Look(
                    f"match by {name} as the tenant does, {label}", UPSERT, {"input": {"rows": [row], "rules": rules, "dryRun": True}}
                )
    phones = [f"+861381111{number}" for number in ("5677", "5678", "5679")]
    rows = [{"name": "Anna Neu", "phone": phone} for phone in phones]
    yield Look("try phone numbers", UPSERT, {"input": {"rows": rows, "matchBy": ["PHONE"], "dryRun": True}})


def _values() -> Iterator[Look]:
    """What a record has already is told as unchanged, and after a conflict as stored."""
    for noun, fields in _FIELDS.items():
        update = act(f"update{noun}", f"of: {noun.lower()} {{ id version }} conflicts {{ field yours stored base isConflicting }}")
        id = f"{{first {noun.lower()}}}"
        for hidden in fields:
            guess = {"id": id, **_one(hidden)}
            # The conflict first: it changes nothing.
            yield Look(f"a conflict about {noun}.{hidden.name}", update, {"input": guess | {"version": 0}})
            if noun == "Customer":
                yield Look(f"a row's conflict about {hidden.name}", UPSERT, {"input": {"rows": [guess | {"version": 7}], "dryRun": True}})
                if hidden.name != "company":  # which says of what kind a customer is, too
                    yield Look(f"guess {hidden.name} in a row", UPSERT, {"input": {"rows": [guess], "dryRun": True}})
                fills = {"fill": "IF_EMPTY", "fills": [{"field": hidden.name, "fill": "OVERWRITE"}]}
                if "." not in hidden.name:
                    guesses = {"rows": [guess], "dryRun": True, "rules": fills}
                    yield Look(f"guess {hidden.name} in a row that fills", UPSERT, {"input": guesses})
            yield Look(f"guess {noun}.{hidden.name}", update, {"input": guess})


def _links() -> Iterator[Look]:
    values = {hidden.name: hidden.one for hidden in HIDDEN["Customer"]}
    for noun, new in NEW.items():
        for place, name in enumerate(("phone", "email", "externalId")):
            link = {"customer": {name: values[name]}}
            made = {key: f"{value}{place}" if key in ("number", "name", "what", "value") else value for key, value in new.items()}
            yield Look(
                f"make a {noun} of who has this {name}", act(f"create{noun}", f"of: {noun.lower()} {{ id }}"), {"input": made | link}
            )
            moved = {"id": f"{{second {noun.lower()}}}", **link}
            yield Look(
                f"give a {noun} to who has this {name}", act(f"update{noun}", f"of: {noun.lower()} {{ id version }}"), {"input": moved}
            )


def _births() -> Iterator[Look]:
    made = act("createOrder", "of: order { id }")
    for place, month in enumerate(("03", "06", "09")):
        new = {"number": f"B-{place}", "orderedAt": f"1990-{month}-01"}
        yield Look(f"an order before a birth, {month}", made, {"input": new | {"customerId": "{first customer}"}})
    moved = act("updateOrder", "of: order { id }")
    yield Look(
        "move an order before a birth",
        moved,
        {"input": {"id": "{second order}", "customerId": "{first customer}", "orderedAt": "1990-06-01"}},
    )


def _read_back() -> Iterator[Look]:
    """A payload shows no more than a query does."""
    for hidden in HIDDEN["Customer"]:
        if "." in hidden.name or hidden.name == "name":
            continue
        for below in ("{ masked }", '{ value(purpose: "to know") }') if hidden.name in SEALED else ("",):
            which = "third" if below == "{ masked }" else "first"
            shown = act("updateCustomer", f"customer {{ {hidden.name} {below} }}")
            yield Look(f"read {hidden.name} {below} back", shown, {"input": {"id": f"{{{which} customer}}", "lifecycle": "PROSPECT"}})
    shown = act("updateCustomer", "customer { custom { name value } }")
    yield Look("read custom fields back", shown, {"input": {"id": "{first customer}", "lifecycle": "PROSPECT"}})
    related = act("updateNeed", "need { customer { owner source } }")
    yield Look("read the customer of a need back", related, {"input": {"id": "{first need}", "what": "Abendkleid"}})


WRITES = [*_matches(), *_read_back(), *_births(), *_links(), *_values()]
