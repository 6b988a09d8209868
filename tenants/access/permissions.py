"""Permissions: every word of what may be done, and how far it reaches. Roles are made of them, and the schema's fields carry them."""

from __future__ import annotations

from enum import StrEnum

from tenants.words import RecordType


class Permission(StrEnum):
    """What may be done. Those on records reach as far as a role says (`Scope`, and conditions); the others are had or not."""

    CUSTOMER_READ = "CUSTOMER_READ"
    CUSTOMER_CREATE = "CUSTOMER_CREATE"
    CUSTOMER_UPDATE = "CUSTOMER_UPDATE"
    CUSTOMER_DELETE = "CUSTOMER_DELETE"
    CUSTOMER_REVEAL = "CUSTOMER_REVEAL"
    CONTACT_READ = "CONTACT_READ"
    CONTACT_CREATE = "CONTACT_CREATE"
    CONTACT_UPDATE = "CONTACT_UPDATE"
    CONTACT_DELETE = "CONTACT_DELETE"
    CONTACT_REVEAL = "CONTACT_REVEAL"
    ORDER_READ = "ORDER_READ"
    ORDER_CREATE = "ORDER_CREATE"
    ORDER_UPDATE = "ORDER_UPDATE"
    ORDER_DELETE = "ORDER_DELETE"
    INTERACTION_READ = "INTERACTION_READ"
    INTERACTION_CREATE = "INTERACTION_CREATE"
    INTERACTION_UPDATE = "INTERACTION_UPDATE"
    INTERACTION_DELETE = "INTERACTION_DELETE"
    INTERACTION_REVEAL = "INTERACTION_REVEAL"
    NEED_READ = "NEED_READ"
    NEED_CREATE = "NEED_CREATE"
    NEED_UPDATE = "NEED_UPDATE"
    NEED_DELETE = "NEED_DELETE"
    PREFERENCE_READ = "PREFERENCE_READ"
    PREFERENCE_CREATE = "PREFERENCE_CREATE"
    PREFERENCE_UPDATE = "PREFERENCE_UPDATE"
    PREFERENCE_DELETE = "PREFERENCE_DELETE"
    IMPORT_READ = "IMPORT_READ"
    IMPORT_RUN = "IMPORT_RUN"
    IMPORT_EXPORT = "IMPORT_EXPORT"
    MEMBER_READ = "MEMBER_READ"
    MEMBER_MANAGE = "MEMBER_MANAGE"
    ROLE_MANAGE = "ROLE_MANAGE"
    API_KEY_READ = "API_KEY_READ"
    API_KEY_MANAGE = "API_KEY_MANAGE"
    TRAIL_READ = "TRAIL_READ"
    TRAIL_EXPORT = "TRAIL_EXPORT"
    SETTINGS_READ = "SETTINGS_READ"
    SETTINGS_MANAGE = "SETTINGS_MANAGE"


class Action(StrEnum):
    """What can be done to a record."""

    READ = "READ"
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    REVEAL = "REVEAL"


class Scope(StrEnum):
    """Whose records: those of customers one owns oneself, of customers that somebody of one's teams owns (oneself too), or all."""

    OWN = "OWN"
    TEAM = "TEAM"
    ALL = "ALL"


class Level(StrEnum):
    """What may be done with a field: nothing, see a mask of it, see it, change it. Each includes those before it."""

    NONE = "NONE"
    MASKED = "MASKED"
    READ = "READ"
    WRITE = "WRITE"

    @property
    def height(self) -> int:
        return _HEIGHTS[self]


_HEIGHTS = {level: height for height, level in enumerate(Level)}

#: The nouns whose records and fields roles speak of. An order's lines are a field of it.
NOUNS = (
    RecordType.CUSTOMER,
    RecordType.CONTACT,
    RecordType.ORDER,
    RecordType.INTERACTION,
    RecordType.NEED,
    RecordType.PREFERENCE,
)


def on(noun: RecordType, action: Action) -> Permission:
    """The permission for an action on a noun.

    Raises:
        KeyError: there is no such permission: nothing of that noun is sealed.
    """
    return Permission[f"{noun}_{action}"]


#: The permissions that reach as far as their scope, with their noun and action.
ON_RECORDS = {
    Permission[f"{noun}_{action}"]: (noun, action) for noun in NOUNS for action in Action if f"{noun}_{action}" in Permission.__members__
}
