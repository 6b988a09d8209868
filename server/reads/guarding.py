"""Guarding: what a selection, a filter or an order may be about for somebody with certain rights, before anything is read.

A field nobody lets him see on any record is refused, in words that depend on his rights alone. One he may see on some records only stands
for nothing on the others: it is null there, a test of it does not hold, and in an order it comes last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from strawberry.utils.str_converters import to_camel_case

from server.reads.places import Table
from tenants.access.fields import CUSTOM, FIELDS, SYSTEM, field_of
from tenants.access.permissions import NOUNS, Action, Level, Permission, on
from tenants.access.reach import Bind, visible, within
from tenants.access.rights import OTHERS, Rights, Rows, custom_names
from tenants.refusals import NotAllowed
from tenants.words import RecordType

#: In the SQL of a report or an item list: the condition that a relation's record, and these fields of it, may be seen.
_SEES = re.compile(r"\{sees:(\w+) (\w+)(?: ([\w,]+))?\}")

#: What a report or a list kept inside a record is made of: fields of nouns.
Needs = Sequence[tuple[RecordType, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Guard:
    """What one's rights allow to be asked."""

    rights: Rights

    def check(self, permission: Permission | tuple[Permission, ...], field: Sequence[str] = ()) -> None:
        """
        Raises:
            NotAllowed: the permission, or one of several, is not had at all.
        """
        wanted = permission if isinstance(permission, tuple) else (permission,)
        if not any(map(self.rights.may, wanted)):
            raise NotAllowed(f"Your roles do not give you {' or '.join(wanted)}.", field=field)

    def table(self, table: Table) -> None:
        """Whether records of a table may be read at all.

        Raises:
            NotAllowed: they may not.
        """
        if table.permission is not None:
            self.check(table.permission)
        elif isinstance(table.noun, RecordType):
            self.noun(table.noun)

    def noun(self, noun: RecordType, field: Sequence[str] = ()) -> None:
        """As `table`."""
        if noun is RecordType.ORDER_LINE:
            self.limits(RecordType.ORDER, "lines", field=field)
            noun = RecordType.ORDER
        self.check(on(noun, Action.READ), field)
        self.check(Permission.CUSTOMER_READ, field)

    def limits(self, noun: RecordType | str, name: str, level: Level = Level.READ, field: Sequence[str] = ()) -> Rows | None:
        """The records on which a field may be seen at a level; None where that is every record that may be seen.

        Raises:
            NotAllowed: it may be seen on none.
        """
        if noun not in NOUNS or name in SYSTEM:
            return None
        assert isinstance(noun, RecordType)
        if field_of(noun, name) is None:
            return None
        rows = self.rights.readable(noun, name, level)
        if not rows:
            raise NotAllowed(f"Your roles do not let you see {noun.lower()}.{to_camel_case(name)}.", field=field)
        return None if rows == self.rights.readable(noun) else rows

    def flags(self, noun: RecordType | str, field: Sequence[str] = ()) -> Rows | None:
        """The records on which every field may be seen, and so what is wrong with any; else as `limits`.

        Raises:
            NotAllowed: there are none.
        """
        if not isinstance(noun, RecordType) or noun not in NOUNS:
            return None
        said = {name for grant in self.rights.grants for of, levels in grant.levels if of is noun for name, _ in levels if name != OTHERS}
        found = [self.rights.readable(noun, name) for name in sorted({*FIELDS[noun], *said})]
        different = [rows for rows in found if rows != self.rights.readable(noun)]
        if len(different) > 0 and (not all(different) or len(set(different)) > 1):
            raise NotAllowed(f"Your roles hide fields of a {noun.lower()}: its flags cannot be asked for.", field=field)
        return different[0] if different else None

    def needs(self, needed: Needs) -> None:
        """Whether fields that something is computed from may be seen at all.

        Raises:
            NotAllowed: one of them may not.
        """
        for noun, names in needed:
            self.noun(noun)
            for name in names:
                self.limits(noun, name)

    def seen(self, sql: str, bind: Bind) -> str:
        """SQL with its `{sees:ORDER o amount}` replaced by conditions."""
        return _SEES.sub(lambda found: self._sees(RecordType(found[1]), found[2], (found[3] or "").split(","), bind), sql)

    def _sees(self, noun: RecordType, alias: str, names: Sequence[str], bind: Bind) -> str:
        return " AND ".join(self._conditions(noun, alias, names, bind)) or "true"

    def _conditions(self, noun: RecordType, alias: str, names: Sequence[str], bind: Bind) -> Iterator[str]:
        if (seen := visible(self.rights, noun, alias, bind)) != "true":
            yield seen
        for name in filter(None, names):
            rows = self.rights.readable(noun, name)
            if rows != self.rights.readable(noun):
                yield within(rows, noun, alias, bind)


def map_levels(rights: Rights, noun: RecordType) -> Iterator[tuple[str, Rows, Rows]]:
    """Of each custom field that a role names, and of all others as `*`: where it may be seen as a mask, and where in clear."""
    for name in ("?", *(each.removeprefix(CUSTOM) for each in custom_names(rights.grants))):
        whole = f"{CUSTOM}{name}"
        yield name.replace("?", "*"), rights.readable(noun, whole, Level.MASKED), rights.rows(on(noun, Action.REVEAL), whole)
