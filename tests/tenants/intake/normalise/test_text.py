from __future__ import annotations

import pytest

from tenants.intake.normalise import clean, is_empty, name, text
from tenants.intake.normalise.text import plain
from tenants.intake.problems import Code, Fault


@pytest.mark.parametrize(
    ("entered", "cleaned"),
    [
        ("  Ada  ", "Ada"),
        ("ＡＢＣ　１２３", "ABC 123"),
        ("Ada\u00a0Lovelace", "Ada Lovelace"),
        ("Ada \u2003 Lovelace", "Ada Lovelace"),
        ("\ufeffAda\u200b", "Ada"),
        ("\u202a13812345678\u202c", "13812345678"),
        ("Ada\tLovelace\x07", "Ada Lovelace"),
        ("Rene\u0301", "René"),
        ("ｅ\u0301", "é"),
        ("e\u200b\u0301", "é"),
        ("O\x92Brien", "O’Brien"),
        ("line 1\r\nline 2\rline 3", "line 1\nline 2\nline 3"),
        ("a:\n  b", "a:\n  b"),
        ("Å", "Å"),
        ("کتاب\u200cها", "کتاب\u200cها"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("A\u200dB", "AB"),
    ],
)
def test_a_character_has_one_spelling(entered: str, cleaned: str) -> None:
    assert clean(entered) == cleaned


@pytest.mark.parametrize("kept", ["①㈱ﬁ²", "你好，世界！", "中信（上海）有限公司", "Straße", "O'Neill-Smith", "ÅÄÖ 張三"])
def test_what_means_something_stays(kept: str) -> None:
    assert clean(kept) == kept


def test_in_values_with_a_grammar_all_full_width_forms_are_ascii() -> None:
    assert plain("（０１０）６５５２，９９８８\n转１") == "(010)6552,9988 转1"


@pytest.mark.parametrize("entered", ["a\0b", "a\ud83d", "\udc00"])
def test_what_cannot_be_stored_is_refused(entered: str) -> None:
    answers = [text(entered, 200), plain(entered), name(entered, 200)]

    assert [answer.code for answer in answers if isinstance(answer, Fault)] == [Code.BAD_CHARACTER] * 3


def test_a_text_over_its_limit_is_told_the_limit() -> None:
    assert text("你" * 200, 200) == "你" * 200

    fault = text("你" * 201, 200)

    assert isinstance(fault, Fault)
    assert (fault.code, fault.right) == (Code.TOO_LONG, "At most 200 characters.")


def test_the_error_of_a_formula_is_not_a_value() -> None:
    fault = text("#REF!", 200)

    assert isinstance(fault, Fault)
    assert fault.code is Code.SPREADSHEET_MANGLED
    assert text("#1 in Lyon", 200) == "#1 in Lyon"


@pytest.mark.parametrize("cell", ["", "-", "—", "N/A", "NULL", "null", "#N/A", "无", "空", "未知", "k. A.", "nan"])
def test_a_placeholder_is_no_value(cell: str) -> None:
    assert is_empty(cell)


@pytest.mark.parametrize("cell", ["Null", "Nan", "NA", "Na", "0", "No", "A.", "吴", "武", "空中网", "Nil Armstrong", "k."])
def test_a_real_name_is_a_value(cell: str) -> None:
    assert not is_empty(cell)


@pytest.mark.parametrize(
    ("entered", "kept"),
    [
        ("  Maria   Anders ", "Maria Anders"),
        ("Anders,\nMaria", "Anders, Maria"),
        ("MARIA ANDERS", "MARIA ANDERS"),
        ("Anders, Maria", "Anders, Maria"),
        ("van der Berg", "van der Berg"),
        ("张　三", "张 三"),
        ("Dr. Ｍüller", "Dr. Müller"),
    ],
)
def test_a_name_is_cleaned_and_not_rewritten(entered: str, kept: str) -> None:
    assert name(entered, 200) == kept
