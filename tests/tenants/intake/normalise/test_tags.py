from __future__ import annotations

import pytest

from tenants.intake.normalise import tags
from tenants.intake.problems import Code, Fault


@pytest.mark.parametrize(
    ("entered", "found"),
    [
        ("vip", ["vip"]),
        ("vip, trade fair;2026", ["vip", "trade fair", "2026"]),
        ("重要，展会；老客户、VIP｜北京", ["重要", "展会", "老客户", "VIP", "北京"]),
        ("vip,VIP, Vip ", ["vip"]),
        (",, ;-;N/A", []),
        ("", []),
        ("a\nb", ["a b"]),
    ],
)
def test_a_cell_of_tags_is_split(entered: str, found: list[str]) -> None:
    assert tags(entered) == found


@pytest.mark.parametrize("entered", [",".join(map(str, range(51))), "x" * 51])
def test_too_many_or_too_long_tags_are_a_fault(entered: str) -> None:
    fault = tags(entered)

    assert isinstance(fault, Fault)
    assert fault.code is Code.TOO_LONG


def test_fifty_tags_of_fifty_characters_fit() -> None:
    fitting = [f"{number:050}" for number in range(50)]

    assert tags(",".join(fitting)) == fitting
