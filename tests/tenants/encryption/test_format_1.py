"""Format 1 is frozen: what was sealed years ago opens, and what is sealed now is what a reader of the docstrings would expect.

The answers in `format_1.json` were computed from the written format with HMAC and AES-GCM alone, not by the code tested here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from uuid import UUID

import pytest

from tenants.encryption import Keyring, LocalMasterKey
from tenants.encryption.format_1 import bound, derive

ANSWERS = json.loads((Path(__file__).parent / "format_1.json").read_text())
TENANT, ROW = UUID(ANSWERS["tenant_id"]), UUID(ANSWERS["row_id"])
DATA_KEYS = {int(version): bytes.fromhex(key) for version, key in ANSWERS["data_keys"].items()}
NONCE, SALT = bytes.fromhex(ANSWERS["nonce"]), bytes.fromhex(ANSWERS["salt"])
MASTER = LocalMasterKey(bytes.fromhex(ANSWERS["master_key"]))

each_version = pytest.mark.parametrize("version", sorted(DATA_KEYS))


def known(name: str, version: int | None = None) -> bytes:
    return bytes.fromhex(ANSWERS[name] if version is None else ANSWERS[name][str(version)])


def keyring(current: int = 2) -> Keyring:
    return Keyring(TENANT, DATA_KEYS, current)


def test_a_wrapped_data_key_is_the_known_one_and_unwraps() -> None:
    assert MASTER._wrap_with(NONCE, TENANT, 1, DATA_KEYS[1]) == known("wrapped_data_key_1")
    assert MASTER.unwrap(TENANT, 1, known("wrapped_data_key_1")) == DATA_KEYS[1]
    assert MASTER.name == ANSWERS["master_name"]


@each_version
def test_a_sealed_text_is_the_known_one_and_opens(version: int) -> None:
    cipher = keyring(version).column(ANSWERS["table"], ANSWERS["column"])

    assert cipher._seal_with(NONCE, ROW, ANSWERS["text"].encode()) == known("sealed_text", version)
    assert keyring(2).column(ANSWERS["table"], ANSWERS["column"]).open(ROW, known("sealed_text", version)) == ANSWERS["text"]


@each_version
def test_a_digest_is_the_known_one_under_every_version(version: int) -> None:
    assert keyring(version).blind_index(ANSWERS["kind"]).digest(ANSWERS["indexed"]) == known("digest")


@each_version
def test_a_short_stream_is_the_known_one_and_opens(version: int) -> None:
    sealing = keyring(version).stream(ANSWERS["file_name"])._sealing_with(SALT)
    text = ANSWERS["text"].encode()

    assert b"".join([*sealing.push(text), *sealing.finish()]) == known("stream_of_text", version)
    assert b"".join(keyring(2).stream(ANSWERS["file_name"]).open_blocks([known("stream_of_text", version)])) == text


def test_a_stream_of_two_segments_is_the_known_one() -> None:
    answer = ANSWERS["stream_of_65541_bytes"]
    sealing = keyring(answer["key_version"]).stream(ANSWERS["file_name"])._sealing_with(SALT)
    plain = bytes(7 * place % 251 for place in range(65541))

    sealed = b"".join([*sealing.push(plain), *sealing.finish()])

    assert sealed[:48].hex() == answer["first_segment_starts"]
    assert sealed[-21:].hex() == answer["last_segment"]
    assert hashlib.sha256(sealed).hexdigest() == answer["sha256"]


def test_keys_are_derived_by_the_written_hkdf() -> None:
    info = bytes.fromhex("0004" + b"kelu".hex() + "000101" + "0006" + b"column".hex() + "0008" + b"customer".hex())

    extracted = hmac.digest(TENANT.bytes, DATA_KEYS[1], "sha256")

    assert derive(DATA_KEYS[1], "column", "customer", salt=TENANT.bytes) == hmac.digest(extracted, info + b"\x01", "sha256")


def test_what_is_bound_cannot_be_cut_differently() -> None:
    assert bound("customer", "phone") != bound("customerp", "hone")
    assert bound("a", "") != bound("", "a") != bound("a")
