"""Columns find their fields by name, synonym or likeness, and rather go nowhere than to the wrong one."""

from __future__ import annotations

import json

import pytest

from tenants.intake.fields import targets
from tenants.refusals import Invalid
from tenants.words import RecordType
from workers.imports.column_names import key, words
from workers.imports.mapping import ColumnMapping, How, guess_record_type, propose
from workers.imports.synonyms import SYNONYMS

CUSTOMER, CONTACT, ORDER = RecordType.CUSTOMER, RecordType.CONTACT, RecordType.ORDER

TRADER_CUSTOMERS = [
    "CustomerID", "CompanyName", "ContactName", "ContactTitle", "Address", "City", "Region", "PostalCode", "Country", "Phone", "Fax",
]  # fmt: skip
TRADER_ORDERS = [
    "OrderID", "CustomerID", "EmployeeID", "OrderDate", "RequiredDate", "ShippedDate", "ShipVia", "Freight", "ShipName", "ShipAddress",
    "ShipCity", "ShipRegion", "ShipPostalCode", "ShipCountry", "OrderID", "ProductID", "UnitPrice", "Quantity", "Discount",
]  # fmt: skip


def mapped(header: list[str], record_type: RecordType, **more) -> dict[str, str | None]:
    return {column.header: column.target for column in propose(header, record_type, **more).columns}


def alone(name: str, record_type: RecordType) -> str | None:
    """Where a column goes that stands beside nothing but one that is always mapped."""
    anchor = "external_id" if record_type is not CUSTOMER else "version"
    return propose([anchor, name], record_type).columns[1].target


def test_a_traders_customers() -> None:
    assert mapped(TRADER_CUSTOMERS, CUSTOMER) == {
        "CustomerID": "external_id",
        "CompanyName": "company",
        "ContactName": "contact.name",
        "ContactTitle": "contact.job_title",
        "Address": "address",
        "City": "city",
        "Region": "region",
        "PostalCode": "postal_code",
        "Country": "country",
        "Phone": "phone",
        "Fax": None,
    }


def test_a_traders_orders_with_the_number_twice() -> None:
    row = ["7", "ANN", *"abcdefghijkl", "7", "11", "14", "12", "0"]

    mapping = propose(TRADER_ORDERS, ORDER, [row, [*row[:14], "7", *row[15:]]])

    assert mapping.places == {
        "number": 0,
        "customer_external_id": 1,
        "ordered_at": 3,
        "lines.product": 15,
        "lines.unit_price": 16,
        "lines.quantity": 17,
        "lines.discount": 18,
    }
    assert [(column.number, column.how, column.repeat_of) for column in mapping.columns if column.how is How.REPEATED] == [
        (15, How.REPEATED, 1)
    ]
    assert mapping.missing == ()


def test_a_header_again_with_other_cells_is_unmapped_and_not_a_repeat() -> None:
    mapping = propose(["OrderID", "orderid"], ORDER, [["1", "1"], ["2", "3"]])

    assert [column.how for column in mapping.columns] == [How.SYNONYM, How.UNMAPPED]
    assert propose(["OrderID", "OrderID"], ORDER).columns[1].how is How.UNMAPPED


@pytest.mark.parametrize(
    ("name", "record_type", "target"),
    [
        ("客户编号", CUSTOMER, "external_id"),
        ("客户编号", ORDER, "customer_external_id"),
        ("Kundennummer", CUSTOMER, "external_id"),
        ("Kunden-Nr.", CONTACT, "customer_external_id"),
        ("客户姓名", CUSTOMER, "name"),
        ("公司名称", CUSTOMER, "company"),
        ("手机号(必填)", CUSTOMER, "phone"),
        ("客户电话", CUSTOMER, "phone"),
        ("客户电话", ORDER, "customer_phone"),
        ("联系人电话", CUSTOMER, "contact.phone"),
        ("身份证号码", CUSTOMER, "national_id"),
        ("ＰＨＯＮＥ", CUSTOMER, "phone"),
        ("E-Mail", CUSTOMER, "email"),
        ("E-Mail-Adresse", CUSTOMER, "email"),
        ("Straße", CUSTOMER, "address"),
        ("STRASSE", CUSTOMER, "address"),
        ("PLZ", CUSTOMER, "postal_code"),
        ("Land", CUSTOMER, "country"),
        ("Geburtsdatum (TT.MM.JJJJ)", CUSTOMER, "birth_date"),
        ("Raison sociale", CUSTOMER, "company"),
        ("date de naissance", CUSTOMER, "birth_date"),
        ("Teléfono", CUSTOMER, "phone"),
        ("Código postal", CUSTOMER, "postal_code"),
        ("customer_e_mail", CUSTOMER, "email"),
        ("Order No.", ORDER, "number"),
        ("订单号", ORDER, "number"),
        ("下单时间", ORDER, "ordered_at"),
        ("订单状态", ORDER, "status"),
        ("金额", ORDER, None),
        ("订单金额（元）", ORDER, "amount"),
        ("Menge", ORDER, "lines.quantity"),
        ("Einzelpreis (EUR)", ORDER, "lines.unit_price"),
        ("商品名称", ORDER, "lines.product"),
        ("沟通方式", RecordType.INTERACTION, "channel"),
        ("需求描述", RecordType.NEED, "what"),
        ("偏好类型", RecordType.PREFERENCE, "kind"),
        # likeness
        ("Adress", CUSTOMER, "address"),
        ("Custmer Name", CUSTOMER, "name"),
        ("Quantiy", ORDER, "lines.quantity"),
        ("Occuption", CUSTOMER, "occupation"),
    ],
)
def test_a_column_goes_to_its_field(name, record_type, target) -> None:
    assert alone(name, record_type) == target


@pytest.mark.parametrize("record_type", SYNONYMS)
@pytest.mark.parametrize(
    "name",
    [
        "ShipCountry", "ShipName", "Ship City", "RequiredDate", "ShippedDate", "EmployeeID", "Freight", "Fax", "Contract", "Contract No",
        "Phone2", "Telephone 2", "Address 2", "Quality", "Payment Terms", "Delivery Date", "Invoice Number", "Website", "Order Rate",
        "Company Size", "Bill-to Name", "Customer Since", "Vorname", "First Name", "发货地址", "收货人", "开票电话", "Supplier", "",
        "---", "#", "Updated At", "Birth Place", "Name of the cat", "Custom", "Emial", "x" * 5_000, "Ｆａｘ", "Counted",
    ],
)  # fmt: skip
def test_a_column_that_is_no_field_goes_nowhere(name, record_type) -> None:
    assert alone(name, record_type) is None


def test_a_target_goes_to_one_column_and_the_best_name_wins() -> None:
    assert mapped(["Mobile", "Telefon", "phone"], CUSTOMER) == {"Mobile": None, "Telefon": None, "phone": "phone"}
    assert mapped(["Tel", "Mobile"], CUSTOMER) == {"Tel": None, "Mobile": "phone"}
    assert mapped(["ProductID", "ProductName"], ORDER) == {"ProductID": None, "ProductName": "lines.product"}
    assert mapped(["Adress", "Anschrift"], CUSTOMER) == {"Adress": None, "Anschrift": "address"}


@pytest.mark.parametrize(
    ("record_type", "name", "other"), [(CUSTOMER, "id", "external_id"), (ORDER, "customer_id", "customer_external_id")]
)
def test_a_column_called_id_holds_our_ids_only_if_its_cells_look_like_them(record_type, name, other) -> None:
    ours, theirs = [["cus_" + "0198" * 8], [""]], [["17"], ["18"]]

    assert propose([name], record_type, ours).columns[0].target == name
    assert propose([name], record_type, theirs).columns[0].target == other
    assert propose([name], record_type).columns[0].target == other


def test_a_tenants_own_fields_are_targets_of_customers_only() -> None:
    assert mapped(["name", "Shoe Size", "custom.vip"], CUSTOMER, custom_fields=["shoe_size", "vip"]) == {
        "name": "name",
        "Shoe Size": "custom.shoe_size",
        "custom.vip": "custom.vip",
    }
    assert alone("shoe_size", ORDER) is None


def test_what_the_user_says_stands_above_everything() -> None:
    header = ["name", "Fax", "Phone", "name"]

    mapping = propose(header, CUSTOMER, given={"Fax": "phone", "#4": "company", "#1": "-"})

    assert [(column.target, column.how) for column in mapping.columns] == [
        (None, How.GIVEN),
        ("phone", How.GIVEN),
        (None, How.UNMAPPED),
        ("company", How.GIVEN),
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"Fax": "fone"}, "no field “fone”. Near: phone"),
        ({"Fax": "custom"}, "no field “custom”"),
        ({"Fox": "phone"}, "no column “Fox”. Near: “Fax”"),
        ({"#9": "phone"}, "no column “#9”"),
        ({"name": "company"}, "Several columns are called “name”: say #1 or #4"),
        ({"Fax": "phone", "Phone": "phone"}, "mapped twice"),
        ({"Fax": "phone", "#2": "email"}, "mapped twice"),
    ],
)
def test_what_the_user_says_is_checked(given, said) -> None:
    with pytest.raises(Invalid) as refusal:
        propose(["name", "Fax", "Phone", "name"], CUSTOMER, given=given)
    assert said in refusal.value.message


def test_no_usable_column_is_refused_with_what_was_seen_and_what_is_known() -> None:
    with pytest.raises(Invalid) as refusal:
        propose(["alpha", "beta", ""], CUSTOMER)
    assert "“alpha”, “beta”" in refusal.value.message
    assert "birth_date" in refusal.value.message


@pytest.mark.parametrize(
    ("header", "record_type", "missing"),
    [
        (["company"], CUSTOMER, ()),
        (["phone"], CUSTOMER, (("name", "company"),)),
        (["name", "contact phone"], CUSTOMER, (("contact.name",),)),
        (["order no", "order date", "customer email"], ORDER, ()),
        (["order no"], ORDER, (("customer_id", "customer_external_id", "customer_phone", "customer_email"), ("ordered_at",))),
        (["order no", "order date", "customer", "product"], ORDER, (("lines.quantity",), ("lines.unit_price",))),
    ],
)
def test_what_a_new_record_needs_and_no_column_gives_is_reported(header, record_type, missing) -> None:
    assert propose(header, record_type).missing == missing


def test_a_mapping_survives_json() -> None:
    mapping = propose(TRADER_ORDERS, ORDER, [["1"] * 19])

    assert ColumnMapping.from_json(json.loads(json.dumps(mapping.as_json()))) == mapping


@pytest.mark.parametrize(
    ("header", "record_type"),
    [
        (TRADER_CUSTOMERS, CUSTOMER),
        (TRADER_ORDERS, ORDER),
        (["客户编号", "姓名", "手机号"], CUSTOMER),
        (["客户编号", "联系人姓名", "职位", "是否主要联系人", "邮箱"], CONTACT),
        (["订单号", "客户编号", "下单时间", "金额"], ORDER),
        (["客户编号", "沟通方式", "沟通时间", "沟通内容"], RecordType.INTERACTION),
        (["Kundennummer", "Bedarf", "Produktinteresse"], RecordType.NEED),
        (["customer id", "preference type", "preference value"], RecordType.PREFERENCE),
    ],
)
def test_the_columns_tell_what_the_rows_are(header, record_type) -> None:
    assert guess_record_type(header) is record_type


@pytest.mark.parametrize("header", [["alpha", "beta"], ["phone"], ["order no"]])
def test_columns_that_do_not_tell_are_answered_with_the_choices(header) -> None:
    with pytest.raises(Invalid, match="CUSTOMER, CONTACT, ORDER, INTERACTION, NEED, PREFERENCE"):
        guess_record_type(header)


@pytest.mark.parametrize(
    "name", ["CompanyName", "company_name", "Company-Name", "COMPANY NAME", " company\tname* ", "ＣＯＭＰＡＮＹ　ＮＡＭＥ"]
)
def test_one_name_in_many_spellings(name) -> None:
    assert words(name) == ("company", "name")


def test_camel_case_keeps_capitals_together() -> None:
    assert words("CustomerID") == ("customer", "id")
    assert words("HTMLBody") == ("html", "body")


@pytest.mark.parametrize("record_type", SYNONYMS)
def test_every_synonym_is_of_a_target_and_of_one_only(record_type) -> None:
    names = [(key(name), target) for target, synonyms in SYNONYMS[record_type].items() for name in synonyms]

    assert set(SYNONYMS[record_type]) <= set(targets(record_type))
    assert dict(names) == dict(reversed(names))


@pytest.mark.parametrize("record_type", SYNONYMS)
def test_every_field_finds_itself(record_type) -> None:
    ours = {"id", "customer_id", "custom"}

    for target in targets(record_type).keys() - ours:
        assert propose([target], record_type).columns[0].how is How.EXACT
