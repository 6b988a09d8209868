"""Verifies an export of a trail. Stands alone: it needs Python's standard library and `cryptography`, and nothing of Kelu's.

    python verifier.py EXPORT --key PUBLIC_KEY --checkpoint CHECKPOINT

PUBLIC_KEY is what `kelu trail public-key` printed, kept where the database's administrators cannot reach it; CHECKPOINT a file with
what `kelu trail checkpoint` printed. Exit codes: 0 all is as it was sealed, 1 it is not, 2 wrongly called. FORMAT.md says what is checked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NUMBERS, TEXTS = ("block", "entries", "total"), ("entries_hash", "key_id", "kind", "previous", "sealed_at", "tenant_id")
FAULTS_MOST = 1_000


class Fault(NamedTuple):
    """What is wrong: in which block and at which place in it (None: in the block as a whole, or in no block)."""

    block: int | None
    position: int | None
    wrong: str

    def __str__(self) -> str:
        where = [f"{name} {value}" for name, value in (("block", self.block), ("position", self.position)) if value is not None]
        return f"{', '.join(where) or 'trail'}: {self.wrong}"


class Found(NamedTuple):
    """An entry as it was read: where it says it is, and the hash of its line."""

    block: Any
    position: Any
    id: Any
    hash: bytes


class Verifier:
    """Takes the lines of an export one by one, holding one block's hashes, and keeps what is wrong; `finish` says what shows at the end."""

    def __init__(self, keys: Iterable[bytes], checkpoint: Mapping[str, Any] | None = None, tenant_id: str | None = None) -> None:
        self.keys = {hashlib.sha256(key).hexdigest()[:16]: Ed25519PublicKey.from_public_bytes(key) for key in keys}
        self.checkpoint, self.tenant_id, self.faults, self.blocks, self.entries = checkpoint, tenant_id, list[Fault](), 0, 0
        self.last: Mapping[str, Any] = {"block": 0, "total": 0, "hash": "0" * 64}
        self._found, self._has_met_checkpoint = list[Found](), False
        if checkpoint is not None and (wrong := self._unsigned(checkpoint)):
            self.checkpoint = None
            self._fault(None, None, f"the checkpoint is no checkpoint of these keys: {wrong}")

    def take(self, line: bytes) -> None:
        try:
            item = json.loads(line)
        except ValueError:
            item = None
        if not isinstance(item, dict) or item.get("kind") not in ("entry", "block"):
            self._fault(None, None, f"a line that is neither an entry nor a block: {line[:60]!r}")
        elif item["kind"] == "block":
            self._close(item)
        else:
            self._found.append(Found(item.get("block"), item.get("position"), item.get("id"), hashlib.sha256(line).digest()))

    def finish(self) -> list[Fault]:
        self._strays(self._found)
        if self.checkpoint is not None and not self._has_met_checkpoint:
            sealed = f"block {self.checkpoint['block']}, {self.checkpoint['total']} entries in all"
            self._fault(None, None, f"cut off: the checkpoint is of {sealed}; the export ends at block {self.last['block']}")
        return self.faults

    def _close(self, block: dict[str, Any]) -> None:
        """A block's own line comes behind its entries."""
        found, self._found = self._found, []
        if wrong := _misshapen(block, "hashes"):
            return self._fault(None, None, f"a block whose {wrong}")
        number = block["block"]
        for wrong in self.chain_faults(block):
            self._fault(number, None, wrong)
        self._strays([each for each in found if each.block != number])
        self._compare(number, _bytes(block["hashes"]), [each for each in found if each.block == number])
        self.last, self.blocks, self.entries = block, self.blocks + 1, self.entries + len(found)

    def chain_faults(self, block: Mapping[str, Any]) -> Iterable[str]:
        """What is wrong with a block's own words, and with its place behind the last one."""
        last, hashes = self.last, _bytes(block["hashes"])
        self.tenant_id = self.tenant_id or block["tenant_id"]
        if wrong := self._unsigned(block):
            yield wrong
        if block["tenant_id"] != self.tenant_id:
            yield "it is another tenant's"
        if block["block"] != last["block"] + 1:
            yield f"it comes behind block {last['block']}"
        if block["previous"] != last["hash"]:
            yield "it was not sealed behind the block that is there before it"
        if block["total"] != last["total"] + block["entries"]:
            yield f"it counts {block['total']} entries in all; with those before it there are {last['total'] + block['entries']}"
        if hashlib.sha256(hashes).hexdigest() != block["entries_hash"] or len(hashes) != 32 * block["entries"]:
            yield "the list of its entries' hashes is not the one that was signed"
        if self.checkpoint is not None and block["block"] == self.checkpoint["block"]:
            self._has_met_checkpoint = True
            if block["hash"] != self.checkpoint["hash"]:
                yield "it is not the block that the checkpoint is of"

    def _compare(self, number: int, hashes: bytes, found: list[Found]) -> None:
        """Entries against the hashes their block was signed with."""
        wanted = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
        seen, highest = set[int](), -1
        for each in found:
            if type(each.position) is not int or not 0 <= each.position < len(wanted) or each.position in seen:
                self._fault(number, None, f"entry {each.id} at position {each.position} was inserted")
                continue
            seen.add(each.position)
            if each.hash != wanted[each.position]:
                self._fault(number, each.position, f"entry {each.id} was changed, or put in the place of another")
            elif each.position < highest:
                self._fault(number, each.position, f"entry {each.id} is out of order")
            highest = max(highest, each.position)
        for position in sorted(set(range(len(wanted))) - seen):
            self._fault(number, position, "the entry was deleted")

    def _strays(self, found: list[Found]) -> None:
        for each in found:
            self._fault(None, None, f"entry {each.id} says it is at position {each.position} of block {each.block}, which is not here")

    def _unsigned(self, block: Mapping[str, Any]) -> str | None:
        """Why a block's header, hash and signature are not one of the keys' owner's, if they are not."""
        if wrong := _misshapen(block):
            return f"its {wrong}"
        header = canonical({name: "block" if name == "kind" else block[name] for name in NUMBERS + TEXTS})
        if hashlib.sha256(header).hexdigest() != block["hash"]:
            return "its words do not have its hash"
        if (key := self.keys.get(str(block["key_id"]))) is None:
            return f"it is signed by another key, {block['key_id']}"
        try:
            key.verify(_bytes(block["signature"]), header)
        except InvalidSignature:
            return "its signature is wrong"
        return None

    def _fault(self, block: int | None, position: int | None, wrong: str) -> None:
        if len(self.faults) < FAULTS_MOST:
            self.faults.append(Fault(block, position, wrong))


def canonical(item: dict[str, Any]) -> bytes:
    """JSON as in RFC 8785, for objects of texts and integers with ASCII names."""
    return json.dumps(item, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass")


def _misshapen(block: Mapping[str, Any], *more: str) -> str:
    """Which parts of a block are missing or of another kind, in words; nothing if all are as they should be."""
    parts = {**dict.fromkeys(NUMBERS, int), **dict.fromkeys((*TEXTS, "hash", "signature", *more), str)}
    names = [name for name, kind in parts.items() if not isinstance(block, dict) or type(block.get(name)) is not kind]
    return f"{', '.join(names)} cannot be read" if names else ""


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""


def _key(said: str) -> bytes:
    key = bytes.fromhex(Path(said).read_text().strip() if Path(said).is_file() else said.strip())
    return Ed25519PublicKey.from_public_bytes(key).public_bytes_raw()


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify an export of a trail.")
    parser.add_argument("export", type=Path, help="the export: JSON lines")
    parser.add_argument("--key", action="append", required=True, type=_key, help="a public key, 64 hex digits or a file with them")
    parser.add_argument("--checkpoint", type=Path, help="the last checkpoint; without it a cut-off end cannot be found")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    said = parser.parse_args()
    try:
        verifier = Verifier(said.key, json.loads(said.checkpoint.read_bytes()) if said.checkpoint else None)
        with said.export.open("rb") as lines:
            for line in lines:
                verifier.take(line.rstrip(b"\n"))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    faults = verifier.finish()
    outcome = {"blocks": verifier.blocks, "entries": verifier.entries, "faults": [each._asdict() for each in faults]}
    text = "".join(f"{each}\n" for each in faults) + f"{verifier.blocks} blocks, {verifier.entries} entries, {len(faults)} faults\n"
    sys.stdout.write(json.dumps(outcome) + "\n" if said.json else text)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
