"""People who do not exist, written the way lists of customers are written: several countries, scripts and habits."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TypeAlias

#: The cells of one row, in the order of `generate.HEADER`.
Person: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Land:
    """How people of one country write: `code` for calls, `prefixes` of mobile numbers with the digits that follow them.

    `written` are ways to write the national number, `{0}` its first digits and `{1}` the rest; `cities` go with a postal code.
    """

    name: tuple[str, ...]
    code: str
    trunk: str
    prefixes: tuple[tuple[str, int], ...]
    cities: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]


_WESTERN = (
    "Anna", "Léa", "Karl", "Sofía", "Giulia", "Jürgen", "Björn", "Zoë", "Paul", "María", "Emma", "Noah", "Mia", "Luca", "Inés", "Hugo",
)  # fmt: skip
_SURNAMES = (
    "Müller", "García", "Dubois", "Rossi", "Jansen", "Weber", "Martin", "López", "Moreau", "de\u00a0Vries", "Schäfer", "Smith", "O’Neill",
)  # fmt: skip

LANDS = (
    Land(
        ("中国", "CN", "China"), "86", "", (("138", 8), ("139", 8), ("150", 8), ("158", 8), ("186", 8), ("189", 8)),
        (("上海", "200000"), ("北京", "100000"), ("广州", "510000"), ("杭州", "310000"), ("成都", "610000"), ("西安", "710000")),
        ("人民路{}号", "解放大道{}号", "中山北路{}号3单元", "建设街{}弄"),
        ("伟", "芳", "秀英", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明", "超", "欣怡", "子轩", "雨桐"),
        ("王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "欧阳", "司马"),
    ),
    Land(
        ("Deutschland", "DE", "Germany"), "49", "0", (("151", 8), ("160", 7), ("170", 7), ("175", 7)),
        (("Berlin", "10115"), ("Hamburg", "20095"), ("München", "80331"), ("Köln", "50667")),
        ("Hauptstraße {}", "Bahnhofstr. {}", "Am Mühlbach {}a"), _WESTERN, _SURNAMES,
    ),
    Land(
        ("France", "FR", "法国"), "33", "0", (("612", 6), ("645", 6), ("678", 6)),
        (("Paris", "75011"), ("Lyon", "69003"), ("Marseille", "13006")),
        ("{} rue de la République", "{} bis, avenue du Général"), _WESTERN, _SURNAMES,
    ),
    Land(
        ("United Kingdom", "GB", "英国"), "44", "0", (("7400", 6), ("7412", 6), ("7500", 6)),
        (("London", "SW1A 1AA"), ("Leeds", "LS1 4AP"), ("Bristol", "BS1 5TR")),
        ("{} High Street", "Flat 2, {} Church Lane"), _WESTERN, _SURNAMES,
    ),
    Land(
        ("España", "ES", "Spain"), "34", "", (("612", 6), ("655", 6), ("699", 6)),
        (("Madrid", "28013"), ("Sevilla", "41001"), ("València", "46002")),
        ("Calle Mayor, {}", "Avda. de la Constitución {}, 3º izq."), _WESTERN, _SURNAMES,
    ),
    Land(
        ("United States", "US", "美国"), "1", "", (("212555", 4), ("415867", 4), ("312786", 4)),
        (("New York", "10001"), ("San Francisco", "94103"), ("Chicago", "60601")),
        ("{} Main St", "{} W Elm Ave, Apt 4B"), _WESTERN, _SURNAMES,
    ),
)  # fmt: skip
_SHARE = (50, 14, 10, 10, 8, 8)

_OCCUPATIONS = ("engineer", "teacher", "nurse", "工程师", "教师", "会计", "Kauffrau", "architecte", "", "")
_LIFECYCLES = ("prospect", "active", "lapsed", "潜在客户", "Active", "PROSPECT", "活跃", "流失")
_SOURCES = ("trade fair", "website", "展会", "网站", "referral", "转介绍", "")
_TAGS = ("vip", "newsletter", "vip, newsletter", "老客户", "", "", "")
_GENDERS = ("男", "女", "female", "male", "F", "m", "")
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def person(number: int, chance: Random) -> Person:
    """The person of one row; the same number and chance give the same person."""
    land = chance.choices(LANDS, _SHARE)[0]
    city, postal_code = chance.choice(land.cities)
    first, last = chance.choice(land.first), chance.choice(land.last)
    return (
        f"C{number:08d}",
        last + first if land.code == "86" else f"{first} {last}",
        chance.choice(_GENDERS),
        f"{chance.randrange(1, 29):02d}.{chance.randrange(1, 13):02d}.{chance.randrange(1940, 2005)}",
        _phone(land, chance),
        f"{chance.choice(('info', 'kontakt', 'user', 'Mail.Box'))}{number}@mail{chance.randrange(40)}.example.org",
        chance.choice(land.streets).format(chance.randrange(1, 200)),
        postal_code,
        city,
        chance.choice(land.name),
        chance.choice(_OCCUPATIONS),
        chance.choice(_LIFECYCLES),
        chance.choice(_SOURCES),
        chance.choice(_TAGS),
    )


def rewritten(somebody: Person, chance: Random) -> Person:
    """The same person in another row: written otherwise, and every second time with another occupation."""
    identity, name, gender, born, phone, email, *rest = somebody
    day, month, year = born.split(".")
    rest[3] = rest[3].upper()
    rest[4] = chance.choice(_OCCUPATIONS) if chance.random() < 0.5 else rest[4]
    return (identity, f" {name} ", gender.upper(), f"{int(day)}.{int(month)}.{year}", phone.translate(_FULL_WIDTH), email, *rest)


def _phone(land: Land, chance: Random) -> str:
    """A mobile number that exists as a number, in one of the ways people write one."""
    prefix, digits = chance.choice(land.prefixes)
    rest = "".join(chance.choices("0123456789", k=digits))
    half = digits // 2
    match chance.randrange(6):
        case 0:
            return f"+{land.code} {prefix} {rest}"
        case 1:
            return f"00{land.code}{prefix}{rest}" if land.code != "1" else f"+1({prefix[:3]}){prefix[3:]}-{rest}"
        case 2:
            return f"{land.trunk}{prefix}-{rest[:half]}-{rest[half:]}"
        case 3:
            return f"{land.trunk}{prefix}{rest}".translate(_FULL_WIDTH) if land.code == "86" else f"({land.trunk}{prefix}) {rest}"
        case _:
            return f"{land.trunk}{prefix} {rest[:half]} {rest[half:]}"
