"""Makes currencies right: codes, signs and names become the ISO 4217 code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tenants.intake.normalise.text import folded, plain
from tenants.intake.problems import Code, Fault

_CODES = """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR
IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR
MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG
XOF XPF YER ZAR ZMW ZWG
ANG ATS BEF CYP DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MTL NLG PTE SIT SKK SLL ZWL"""
#: ISO 4217, the currencies people pay in; no funds, metals or test codes. The last line is what the euro and others have
#: replaced: orders are old, too.
CURRENCIES = frozenset(_CODES.split())

_DOLLARS = "ARS AUD BBD BMD BND BSD BZD CAD CLP COP FJD GYD HKD JMD KYD LRD MXN NAD NZD SGD SRD TTD TWD UYU XCD"

#: Signs, with every currency that uses one; the first is meant where nothing else says which, except where it is "".
SIGNS: Mapping[str, tuple[str, ...]] = {
    "€": ("EUR",),
    "$": ("USD", *_DOLLARS.split()),
    "¥": ("CNY", "JPY"),
    "￥": ("CNY", "JPY"),
    "£": ("GBP", "EGP", "FKP", "GIP", "SHP", "SSP", "SYP", "LBP"),
    "kr": ("", "SEK", "NOK", "DKK", "ISK"),
    "₹": ("INR",),
    "₽": ("RUB",),
    "₩": ("KRW", "KPW"),
    "₺": ("TRY",),
    "₫": ("VND",),
    "₴": ("UAH",),
    "₪": ("ILS",),
    "₱": ("PHP",),
    "฿": ("THB",),
    "₸": ("KZT",),
    "zł": ("PLN",),
    "Kč": ("CZK",),
    "Ft": ("HUF",),
    "R$": ("BRL",),
    "US$": ("USD",),
    "C$": ("CAD",),
    "A$": ("AUD",),
    "HK$": ("HKD",),
    "NT$": ("TWD",),
    "S$": ("SGD",),
    "元": ("CNY", "HKD", "TWD", "SGD", "MOP"),
    "圆": ("CNY",),
    "块": ("CNY",),
    "円": ("JPY",),
    "Fr.": ("CHF",),
    "SFr.": ("CHF",),
}

_NAMES = {
    **{code.casefold(): code for code in CURRENCIES},
    **dict.fromkeys(("rmb", "cnh", "人民币", "人民币元", "人民幣", "yuan", "renminbi", "yuanrenminbi"), "CNY"),
    **dict.fromkeys(("euro", "euros", "欧元", "歐元"), "EUR"),
    **dict.fromkeys(("usdollar", "usdollars", "dollarus", "美元", "美金"), "USD"),
    **dict.fromkeys(("poundsterling", "britishpound", "sterling", "stg", "英镑", "英鎊"), "GBP"),
    **dict.fromkeys(("yen", "japaneseyen", "日元", "日圆", "日圓"), "JPY"),
    **dict.fromkeys(("schweizerfranken", "swissfranc", "swissfrancs", "sfr", "瑞士法郎", "瑞郎"), "CHF"),
    **dict.fromkeys(("港币", "港元", "港幣", "hongkongdollar"), "HKD"),
    **dict.fromkeys(("新台币", "台币", "新臺幣", "ntd"), "TWD"),
    **dict.fromkeys(("韩元", "韩币", "won"), "KRW"),
    **dict.fromkeys(("澳元", "australiandollar"), "AUD"),
    **dict.fromkeys(("加元", "加币", "canadiandollar"), "CAD"),
    **dict.fromkeys(("新加坡元", "新币", "singaporedollar"), "SGD"),
    **dict.fromkeys(("卢布", "rubel", "ruble", "rouble"), "RUB"),
    **dict.fromkeys(("zloty", "złoty"), "PLN"),
    **{"瑞典克朗": "SEK", "挪威克朗": "NOK", "丹麦克朗": "DKK", "泰铢": "THB", "印度卢比": "INR", "澳门元": "MOP", "越南盾": "VND"},
}

_LONGEST = 40
_RIGHT = "A three-letter ISO 4217 code such as EUR, CNY or USD."
_UNKNOWN = Fault(Code.BAD_CURRENCY, "No currency is known by this code, sign or name.", _RIGHT)
_SHARED = Fault(Code.BAD_CURRENCY, "Several currencies share this sign.", _RIGHT)


def currency(text: str, usual: str | None = None) -> str | Fault:
    """The ISO 4217 code, or BAD_CURRENCY.

    Args:
        usual: the tenant's own currency. It decides what a shared sign means: `$` is CAD for who usually writes CAD;
            without it `$` is USD, `¥` and `元` are CNY, `£` is GBP, and `kr` is refused.
    """
    return _currency(text, usual) if len(text) <= _LONGEST else _UNKNOWN


@lru_cache(maxsize=1_024)
def _currency(text: str, usual: str | None) -> str | Fault:
    line = plain(text)
    if isinstance(line, Fault):
        return line
    if line in SIGNS:
        return usual if usual in SIGNS[line] else SIGNS[line][0] or _SHARED
    return _NAMES.get(folded(line), _UNKNOWN)
