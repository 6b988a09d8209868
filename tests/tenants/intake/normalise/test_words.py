from __future__ import annotations

from enum import StrEnum

import pytest

from tenants import words as vocabulary
from tenants.intake.normalise import boolean, word
from tenants.intake.normalise.text import folded
from tenants.intake.normalise.words import _SYNONYMS
from tenants.intake.problems import Code, Fault
from tenants.words import Channel, CustomerKind, Direction, FollowUp, Gender, Lifecycle, NeedStatus, OrderStatus, PaymentMethod

VOCABULARIES = [each for each in vars(vocabulary).values() if isinstance(each, type) and issubclass(each, StrEnum) and each is not StrEnum]


@pytest.mark.parametrize(
    ("entered", "member"),
    [
        ("男", Gender.MALE),
        ("先生", Gender.MALE),
        ("M", Gender.MALE),
        ("Herr", Gender.MALE),
        ("M.", Gender.MALE),
        ("Sr.", Gender.MALE),
        ("女士", Gender.FEMALE),
        ("Frau", Gender.FEMALE),
        ("Mme", Gender.FEMALE),
        (" Señora ", Gender.FEMALE),
        ("divers", Gender.OTHER),
        ("其他", Gender.OTHER),
        ("潜在客户", Lifecycle.PROSPECT),
        ("lead", Lifecycle.PROSPECT),
        ("Interessent", Lifecycle.PROSPECT),
        ("老客户", Lifecycle.ACTIVE),
        ("流失客户", Lifecycle.LAPSED),
        ("微信支付", PaymentMethod.WECHAT_PAY),
        ("wechat pay", PaymentMethod.WECHAT_PAY),
        ("WeChat_Pay", PaymentMethod.WECHAT_PAY),
        ("支付宝", PaymentMethod.ALIPAY),
        ("bank-transfer", PaymentMethod.BANK_TRANSFER),
        ("Überweisung", PaymentMethod.BANK_TRANSFER),
        ("Lastschrift", PaymentMethod.DIRECT_DEBIT),
        ("Ｖｉｓａ", PaymentMethod.CARD),
        ("其他", PaymentMethod.OTHER),
        ("已完成", OrderStatus.COMPLETED),
        ("canceled", OrderStatus.CANCELLED),
        ("微信", Channel.CHAT),
        ("其他", Channel.OTHER),
        ("呼入", Direction.INBOUND),
        ("待跟进", FollowUp.OPEN),
        ("已匹配", NeedStatus.MATCHED),
        ("企业", CustomerKind.COMPANY),
        ("privat", CustomerKind.PERSON),
    ],
)
def test_a_word_is_known_in_the_languages_of_our_tenants(entered: str, member: StrEnum) -> None:
    answer = word(entered, type(member))

    assert (type(answer), answer) == (type(member), member)


@pytest.mark.parametrize("words", VOCABULARIES)
def test_every_member_is_known_by_its_own_name_and_in_chinese(words: type[StrEnum]) -> None:
    assert [word(member.lower().replace("_", " "), words) for member in words] == list(words)
    assert all(any("\u4e00" <= character <= "\u9fff" for character in _SYNONYMS[words][member]) for member in words)


@pytest.mark.parametrize("words", VOCABULARIES)
def test_no_word_means_two_things_in_one_vocabulary(words: type[StrEnum]) -> None:
    meant = [(folded(synonym), member) for member, synonyms in _SYNONYMS[words].items() for synonym in synonyms.split(", ")]

    assert len({synonym for synonym, _ in meant}) == len(set(meant))
    assert "" not in {synonym for synonym, _ in meant}


@pytest.mark.parametrize("entered", ["", "purple", "1", "\0", "男" * 100])
def test_an_unknown_word_is_told_the_known_ones(entered: str) -> None:
    fault = word(entered, Gender)

    assert isinstance(fault, Fault)
    if entered != "\0":
        assert (fault.code, fault.right) == (Code.UNKNOWN_WORD, "One of: FEMALE, MALE, OTHER.")


@pytest.mark.parametrize(
    ("entered", "answer"),
    [("yes", True), ("是", True), ("Ja", True), ("oui", True), ("Sí", True), ("１", True), ("✓", True), ("TRUE", True),
     ("no", False), ("否", False), ("Nein", False), ("0", False), ("FALSE", False), ("✗", False)],
)  # fmt: skip
def test_a_yes_or_no_is_understood(entered: str, answer: bool) -> None:
    assert boolean(entered) is answer


@pytest.mark.parametrize("entered", ["", "perhaps", "2", "!", "yes" * 50])
def test_neither_yes_nor_no_is_a_fault(entered: str) -> None:
    fault = boolean(entered)

    assert isinstance(fault, Fault)
    assert fault.code is Code.UNKNOWN_WORD
