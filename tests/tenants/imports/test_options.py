from __future__ import annotations

import orjson
import pytest

from tenants.imports.options import ImportOptions
from tenants.intake.normalise.dates import DateOrder
from tenants.intake.rules import Fill, KeyKind, OnMatch
from tenants.refusals import Invalid
from tenants.words import RecordType


def test_options_are_stored_as_json_and_come_back() -> None:
    said = ImportOptions.of(
        separator=";", columns={"Tel": "phone"}, match_by=["phone", "email"], on_match="SKIP", fills={"phone": "IF_EMPTY"},
        date_order="DAY_FIRST",
    )  # fmt: skip

    again = ImportOptions.of(**orjson.loads(orjson.dumps(said.stored())))

    assert again == said
    assert (again.on_match, again.fills, again.date_order) == (OnMatch.SKIP, {"phone": Fill.IF_EMPTY}, DateOrder.DAY_FIRST)
    assert ImportOptions.of().stored() == {}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"separator": ";;"}, "separator"),
        ({"match_by": ["shoe size"]}, "match_by"),
        ({"header_row": 0}, "header_row"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_wrong_option_is_named(said: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        ImportOptions.of(**said)

    assert refused.value.field[0] == field


@pytest.mark.parametrize(
    ("record_type", "said", "mapped", "expected"),
    [
        (RecordType.CUSTOMER, [], {"external_id", "phone", "email"}, [KeyKind.EXTERNAL]),
        (RecordType.CUSTOMER, [], {"email", "phone", "name"}, [KeyKind.PHONE, KeyKind.EMAIL]),
        (RecordType.CUSTOMER, [], {"name"}, []),
        (RecordType.CUSTOMER, ["email"], {"external_id", "email"}, [KeyKind.EMAIL]),
        (RecordType.ORDER, [], {"external_id", "number"}, []),
    ],
)
def test_rows_are_matched_by_what_the_file_has(record_type: RecordType, said: list[str], mapped: set[str], expected: list[KeyKind]) -> None:
    assert list(ImportOptions.of(match_by=said).match_by_for(record_type, mapped)) == expected
