"""The heads of blocks outside the database, signed: who rewrites the whole record, or puts an old copy in its place,
cannot rewrite them too. A file a month, a line a block; copy them to where the database's people do not write.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from ledger.models import SealBlock
from ledger.services.seal.keys import public_key, signed_bytes

_PER_WRITE = 1_000
_NAME = "heads-{:%Y-%m}.jsonl"
_TAIL_BYTES = 4096


class HeadsBroken(Exception):
    """A file of heads cannot be read, or a line of it was not signed by this key."""


@dataclass(frozen=True, slots=True)
class Head:
    block: int
    head: bytes
    signature: bytes


def heads_write() -> int:
    """Writes the heads that are not outside yet, oldest first, to the disk; returns how many."""
    count, last = 0, _last_written()
    while blocks := list(SealBlock.objects.filter(number__gt=last).order_by("number")[:_PER_WRITE]):
        for block in blocks:
            _append(block)
        _sync(blocks)
        last = blocks[-1].number
        count += len(blocks)
    return count


def heads_read(folder: Path | None = None) -> Iterator[Head]:
    """All heads that are there when it is called, in the order of their files; those of blocks that are closed while
    they are read are left out. Errors, also while reading: HeadsBroken.
    """
    files = [(path, path.stat().st_size) for path in _files(folder or Path(settings.SEAL_DIR))]
    return _heads_of(files)


def _heads_of(files: list[tuple[Path, int]]) -> Iterator[Head]:
    for path, size in files:
        public = public_key()
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if lines.tell() > size:
                    break
                yield _head_of(line, public, f"{path.name}, line {number}")


def _append(block: SealBlock) -> None:
    line = {
        "block": block.number,
        "head": bytes(block.head).hex(),
        "sealed_at": block.sealed_at.isoformat(),
        "signature": b64encode(block.signature).decode(),
    }
    path = _path(block)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def _sync(blocks: list[SealBlock]) -> None:
    for path in {_path(block) for block in blocks}:
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _path(block: SealBlock) -> Path:
    return Path(settings.SEAL_DIR) / _NAME.format(block.sealed_at)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("heads-*.jsonl"))


def _last_written() -> int:
    """The block of the last whole line; a line that was cut short by a crash is taken away."""
    for path in reversed(_files(Path(settings.SEAL_DIR))):
        _cut_unfinished(path)
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = file.read().splitlines()
        if lines:
            return int(json.loads(lines[-1])["block"])
    return 0


def _cut_unfinished(path: Path) -> None:
    with path.open("rb+") as file:
        size = path.stat().st_size
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
        file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)


def _head_of(line: bytes, key: Ed25519PublicKey, where: str) -> Head:
    try:
        told = json.loads(line)
        head = Head(int(told["block"]), bytes.fromhex(told["head"]), b64decode(told["signature"]))
        key.verify(head.signature, signed_bytes(head.block, head.head))
    except InvalidSignature:
        raise HeadsBroken(f"{where}: this line was not signed with our key.") from None
    except (ValueError, KeyError, TypeError):
        raise HeadsBroken(f"{where}: this is not a head.") from None
    return head
