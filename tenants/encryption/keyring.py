"""The keyring: a tenant's data keys, and the cipher of each column, blind index and file derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from tenants.encryption.blind_index import BlindIndex
from tenants.encryption.envelope import ColumnCipher
from tenants.encryption.format_1 import KEY_BYTES, derive
from tenants.encryption.streams import StreamCipher

#: Blind indexes hang on the first data key for good. A look-up compares digests made years apart and a unique index guards them,
#: so a rotation must not change them: otherwise the same person gets in twice until every value was opened and digested again.
#: The price: version 1 is kept as long as the tenant, and when it is stolen the indexes have to be rebuilt.
INDEX_VERSION = 1


class Keyring:
    """The unwrapped data keys of one tenant: version → 32 bytes. It seals under `current` and opens all it has.

    Ciphers are derived once and kept. Nothing here prints or pickles keys.
    """

    __slots__ = ("_columns", "_current", "_data_keys", "_indexes", "tenant_id")

    def __init__(self, tenant_id: UUID, data_keys: Mapping[int, bytes], current: int) -> None:
        if current not in data_keys or INDEX_VERSION not in data_keys:
            raise ValueError(f"A keyring needs the current version and version {INDEX_VERSION}.")
        if any(len(key) != KEY_BYTES for key in data_keys.values()):
            raise ValueError(f"A data key has {KEY_BYTES} bytes.")
        self.tenant_id = tenant_id
        self._data_keys = dict(data_keys)
        self._current = current
        self._columns: dict[tuple[str, str], ColumnCipher] = {}
        self._indexes: dict[str, BlindIndex] = {}

    def column(self, table: str, column: str) -> ColumnCipher:
        """The cipher of one column."""
        cipher = self._columns.get((table, column))
        if cipher is None:
            cipher = self._columns[table, column] = ColumnCipher(self.tenant_id, table, column, self._data_keys, self._current)
        return cipher

    def blind_index(self, kind: str) -> BlindIndex:
        """The index of one kind of key: `phone`, `email`, `national_id`. Kinds do not compare with each other."""
        index = self._indexes.get(kind)
        if index is None:
            key = derive(self._data_keys[INDEX_VERSION], "blind index", kind, salt=self.tenant_id.bytes)
            index = self._indexes[kind] = BlindIndex(key)
        return index

    def stream(self, purpose: str) -> StreamCipher:
        """The cipher of one file. `purpose` is what its bytes are and nothing else is: its name."""
        return StreamCipher(self.tenant_id, purpose, self._data_keys, self._current)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("A keyring stays in its process.")
