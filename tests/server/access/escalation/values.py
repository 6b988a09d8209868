"""The fields that can be hidden, each with a value in one world and another in the other, of the same mask, and one in between."""

from __future__ import annotations

from dataclasses import dataclass

#: The tenant's own fields, `sealed` encrypted.
CUSTOM_TYPES = {"level": "TEXT", "score": "NUMBER", "day": "DATE", "vip": "BOOLEAN", "sealed": "TEXT"}


@dataclass(frozen=True)
class Hidden:
    """A field by its name in the schema. `may_be_empty`: it can be cleared; `is_input`: an input sets it."""

    name: str
    one: str
    other: str
    between: str
    may_be_empty: bool = True
    is_input: bool = True


HIDDEN: dict[str, list[Hidden]] = {
    "Customer": [
        Hidden("name", "Anna Alt", "Anna Zimt", "Anna Mai", may_be_empty=False),
        Hidden("externalId", "A-100", "A-900", "A-500"),
        Hidden("company", "Aalto AG", "Azur AG", "Amsel AG"),
        Hidden("gender", "FEMALE", "MALE", "OTHER"),
        Hidden("birthDate", "1990-01-05", "1990-11-05", "1990-06-05"),
        Hidden("occupation", "Aal-Fang", "Azubi", "Amtmann"),
        Hidden("phone", "+8613811115678", "+8613899995678", "+8613855555678"),
        Hidden("email", "a1@example.cn", "a9@example.cn", "a5@example.cn"),
        Hidden("address", "A-Weg 1", "A-Weg 9", "A-Weg 5"),
        Hidden("nationalId", "AB12345678901299", "AB99999999999999", "AB55555555555599"),
        Hidden("postalCode", "10115", "19000", "15000"),
        Hidden("country", "DE", "FR", "IT"),
        Hidden("region", "Aabenraa", "Azur", "Ansbach"),
        Hidden("city", "Aalen", "Azle", "Amberg"),
        Hidden("source", "Aktion", "Azubitag", "Anruf"),
        Hidden("owner", "Anja", "Azra", "Antje"),
        Hidden("verifiedAt", "2024-01-01T00:00:00Z", "2024-11-01T00:00:00Z", "2024-06-01T00:00:00Z", is_input=False),
        Hidden("custom.level", "Alt", "Azt", "Amt"),
        Hidden("custom.score", "1", "9", "5"),
        Hidden("custom.day", "2024-01-05", "2024-11-05", "2024-06-05"),
        Hidden("custom.vip", "yes", "no", "no"),
        Hidden("custom.sealed", "Aber", "Azur", "Amen"),
    ],
    "Contact": [
        Hidden("name", "Anna Alt", "Anna Zimt", "Anna Mai", may_be_empty=False),
        Hidden("externalId", "A-100", "A-900", "A-500"),
        Hidden("jobTitle", "Aal-Fang", "Azubi", "Amtfrau"),
        Hidden("phone", "+8613811115678", "+8613899995678", "+8613855555678"),
        Hidden("email", "a1@example.cn", "a9@example.cn", "a5@example.cn"),
    ],
    "Order": [
        Hidden("number", "A-1", "A-9", "A-5", may_be_empty=False),
        Hidden("externalId", "A-100", "A-900", "A-500"),
        Hidden("amount", "10", "90", "50", may_be_empty=False),
        Hidden("paymentMethod", "CASH", "CARD", "INVOICE"),
    ],
    "Interaction": [
        Hidden("externalId", "A-100", "A-900", "A-500"),
        Hidden("direction", "INBOUND", "OUTBOUND", "OUTBOUND"),
        Hidden("subject", "Abend", "Azur", "Amt"),
        Hidden("content", "Aber ja", "Aber nein", "Aber gut"),
        Hidden("followUp", "OPEN", "CLOSED", "CLOSED"),
    ],
    "Need": [
        Hidden("what", "Abendkleid", "Azur-Hut", "Anzug", may_be_empty=False),
        Hidden("externalId", "A-100", "A-900", "A-500"),
        Hidden("productInterest", "Abendkleid", "Azur-Hut", "Anzug"),
        Hidden("expectedAt", "2027-01-05", "2027-11-05", "2027-06-05"),
    ],
    "Preference": [
        Hidden("kind", "Abend", "Azur", "Amt", may_be_empty=False),
        Hidden("value", "Abend", "Azur", "Amt", may_be_empty=False),
        Hidden("externalId", "A-100", "A-900", "A-500"),
    ],
}
