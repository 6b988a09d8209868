"""JSON Lines: every value is a cell or a fault of its row."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        (['{"a": 1}', '{"a": 2, "late": 3}'], 0),
        (['{"a": 1}'] * 1_000 + ['{"a": 2, "late": 3}', '{"a": 3}'], 1),
        (['{"a": 1}', '{"a": [1, "x", null]}', '{"a": {"b": {"c": 2.50}}}'], 0),
        (['{"a": 1}', '{"a": [{"b": 1}]}'], 1),
        (['{"a": 1}', '{"a": 1, "a": 2}'], 1),
        (['{"a": 1}', '{"a.b": 1, "a": {"b": 2}}'], 1),
        (['{"a": 1}', '{"a": 1'], 1),
        (['{"a": 1}', "[1]", "7", '"x"', "nonsense"], 4),
        (['{"a": 1}', '{"a": ' + "[" * 100_000], 1),
        (['{"a": 1}', '{"a":' * 50 + "1" + "}" * 50], 1),
        (['{"a": 1}', '{"a": "\\u0000"}', '{"a": "\\ud800"}'], 2),
        (['{"a": 1}', '{"a": ' + "9" * 10_000 + "}"], 0),
        (['{"a": NaN}', '{"a": 1e999}', "", '{"a": null}'], 0),
    ],
)
def test_json_lines_drop_nothing_without_a_fault(opened, lines, faults) -> None:
    rows = list(opened("\n".join(lines).encode()).rows())

    assert len(rows) == sum(1 for line in lines if line)
    assert sum(1 for row in rows if row.fault) == faults


def test_json_values_become_text(opened) -> None:
    content = '{"id": 13812345678.0, "n": {"x": true, "y": null}, "big": 110105199003070123, "tags": ["a", "b"], "s": "é"}\n'.encode()

    table = opened(content)

    assert table.header == ("id", "n.x", "n.y", "big", "tags", "s")
    assert next(table.rows()).cells == ["13812345678", "true", "", "110105199003070123", "a, b", "é"]


@pytest.mark.parametrize("content", [b'{"a": 1', b"{\n", b"{name},x\n1,2\n", b'{"a": 1}x\n'])
def test_what_only_begins_like_json_is_refused_with_its_line(content, refusal_of) -> None:
    assert "Line 1 is no JSON object" in refusal_of(content).message


def test_json_with_too_many_keys_is_refused(refusal_of) -> None:
    content = b"\n".join(b'{"k%d": 1}' % n for n in range(900))

    assert "more than 500 different keys" in refusal_of(content).message
