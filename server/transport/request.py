"""A request: from a body or a query string to what is asked, with each part of the type it has to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from server.limits import values
from tenants.installation import installation
from tenants.refusals import Invalid, TooLarge

_GET_PARAMETERS_MOST = 20

#: The parameters with their types, as Python has them and as a message says them.
_FORMS: dict[str, tuple[type, str]] = {
    "query": (str, "a text"),
    "documentId": (str, "a text"),
    "operationName": (str, "a text"),
    "variables": (dict, "an object"),
    "extensions": (dict, "an object"),
}


@dataclass(slots=True)
class GraphQLRequest:
    """The parameters of GraphQL over HTTP. `query` is None where the document comes by its hash or id."""

    query: str | None
    document_id: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)

    @property
    def sha256(self) -> str | None:
        """The hash by which the document is to be found or registered.

        Raises:
            Invalid: the extension is not of its form.
        """
        persisted = self.extensions.get("persistedQuery")
        if persisted is None:
            return None
        if not isinstance(persisted, dict) or persisted.get("version") != 1 or not isinstance(persisted.get("sha256Hash"), str):
            raise Invalid('`extensions.persistedQuery` is {"version": 1, "sha256Hash": "…"}.')
        return str(persisted["sha256Hash"])


def from_body(body: bytes) -> GraphQLRequest:
    """The request in a POST's body.

    Raises:
        Invalid: it is no JSON object, or a parameter has the wrong type.
        TooLarge: it is nested too deeply, or its variables are too large or too many.
    """
    values.check_text(body, installation().settings.variables_values_most)
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg:
            raise TooLarge("The JSON of the body is nested too deeply.") from None
        raise Invalid("The body is not JSON.") from None
    if isinstance(content, list):
        raise Invalid("The body is a list. Send one request at a time: there are no batches.")
    return from_object(content, len(body))


def from_query_string(text: bytes) -> GraphQLRequest:
    """The request in a GET's query string; `variables` and `extensions` are JSON.

    Raises:
        Invalid, TooLarge: as for a body.
    """
    try:
        found = dict(parse_qsl(text.decode("ascii"), keep_blank_values=True, max_num_fields=_GET_PARAMETERS_MOST, errors="strict"))
    except ValueError:
        raise Invalid("The query string cannot be read.") from None
    for name in ("variables", "extensions"):
        if found.get(name):
            try:
                found[name] = orjson.loads(found[name])
            except orjson.JSONDecodeError:
                raise Invalid(f"`{name}` is not JSON.") from None
        else:
            found.pop(name, None)
    return from_object(found, len(text))


def from_object(content: object, size: int) -> GraphQLRequest:
    """The request in an object as JSON gives it; `size` is that of its text in bytes.

    Raises:
        Invalid, TooLarge: as for a body.
    """
    if not isinstance(content, dict):
        raise Invalid("The body is JSON, but not an object.")
    for name, value in content.items():
        form = _FORMS.get(name)
        if form is not None and value is not None and not isinstance(value, form[0]):
            raise Invalid(f"`{name}` has to be {form[1]}.")
    given = content.get
    found = GraphQLRequest(given("query"), given("documentId"), given("operationName"), given("variables") or {}, given("extensions") or {})
    if found.query is None and found.document_id is None and "persistedQuery" not in found.extensions:
        raise Invalid("There is no `query`.")
    if found.variables or found.extensions:
        _bound(found, size)
    return found


def _bound(found: GraphQLRequest, size: int) -> None:
    chosen = installation().settings
    if size > chosen.variables_bytes_most and len(orjson.dumps(found.variables)) > chosen.variables_bytes_most:
        raise TooLarge(f"The variables are larger than {chosen.variables_bytes_most:,} bytes, which is the limit.")
    if _is_deeper(found.variables, chosen.json_depth_most) or _is_deeper(found.extensions, chosen.json_depth_most):
        raise TooLarge(f"Variables and extensions may be nested {chosen.json_depth_most} deep.")
    values.check(found.variables, size, chosen.variables_values_most)


def _is_deeper(value: object, most: int) -> bool:
    """Whether JSON is nested deeper than that; level by level, so that no depth can hurt."""
    level: list[Any] = [value]
    for _ in range(most):
        level = [each for box in level for each in (box.values() if isinstance(box, dict) else box) if isinstance(each, dict | list)]
        if not level:
            return False
    return True
