"""Sealing: the only room that sees keys.

Words
    *Master key*: 32 bytes outside the database (a file, or a KMS behind `MasterKey`). It wraps data keys and nothing else.
    *Data key*: 32 random bytes for one tenant and one version, kept wrapped in `tenant_key`.
    *Keyring*: a tenant's unwrapped data keys. HKDF-SHA256 derives from them one key per table and column, one per kind of
    blind index and one for streams; each file gets a key of its own.
    *Sealed value*: `format (1 byte) ‖ key version (2) ‖ nonce (12) ‖ AES-256-GCM`, bound to tenant, table, column and row.
    *Blind index*: 16 bytes of HMAC-SHA256 over a normalised value, to look a value up and keep it unique without opening it.

What is promised, against somebody who reads the database files, a dump, the write-ahead log, the file store or a backup,
and does not have the master key:
    - a sealed value or file says nothing but its length, its key version and where it stands;
    - a sealed value that is changed in any bit, or moved to another row, column, table or tenant, does not open;
    - a file that is cut short, extended, reordered, mixed with another or renamed does not open (`streams`);
    - deleting a tenant's wrapped keys makes everything sealed under them unreadable, in every copy that lacks those rows.

What leaks to that reader:
    - Blind indexes: which records of one tenant share a phone, an e-mail or a national id, how often each digest occurs, and
      whether a value was seen before. Not across tenants, not across kinds. Without the tenant's key the digests
      cannot be guessed from a phone book; *with* it they can, so they are no protection against who holds the keys.
    - Lengths: a sealed text is 31 bytes longer than its UTF-8; nothing is padded, so a short name or a missing house number shows.
    - Which cells are empty, when a row was written, how many rows there are, and everything that is not sealed.

What is not promised:
    - Against a running server or worker: it holds the master key and opens what it is asked to.
    - Freshness: who can write to the database can put an older sealed value back into the very cell it came from, or empty it.
    - Random nonces carry about 2³² values per column key (a collision below 1 in 2³²); a new key version starts again.

Format 1 is frozen: `tests/tenants/encryption/format_1.json` holds known answers. A change is a format 2 beside it.
"""

from __future__ import annotations

from tenants.encryption.blind_index import BlindIndex
from tenants.encryption.envelope import ColumnCipher
from tenants.encryption.format_1 import CannotOpen
from tenants.encryption.keyring import Keyring
from tenants.encryption.masters import LocalMasterKey, MasterKey, MasterKeyError, create_master_key_file
from tenants.encryption.streams import StreamCipher

__all__ = [
    "BlindIndex",
    "CannotOpen",
    "ColumnCipher",
    "Keyring",
    "LocalMasterKey",
    "MasterKey",
    "MasterKeyError",
    "StreamCipher",
    "create_master_key_file",
]
