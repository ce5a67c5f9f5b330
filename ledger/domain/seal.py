"""The arithmetic of the seal: leaves, the tree over a block of them, and the chain of blocks.

Hashes are SHA-256. A leaf is the hash of a zero byte, the name of its kind, a line break and its content; a node of
the tree is the hash of a byte 1 and its two children, and a tree that is not full is split at the largest power of
two below its size. Source: RFC 9162 §2.1, the Merkle tree of Certificate Transparency.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from ledger.domain.receipts import rfc3339

NOTHING_BEFORE = bytes(32)  # what the first block has in the place of the head before it


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """What the head of a block is made of. `is_late`: its rows were sealed long after they were recorded, because
    somebody said so.
    """

    number: int
    leaves: int
    root: bytes
    previous: bytes
    sealed_at: datetime
    is_late: bool

    @property
    def head(self) -> bytes:
        told = [
            self.number,
            self.leaves,
            self.root.hex(),
            self.previous.hex(),
            rfc3339(self.sealed_at),
            self.is_late,
        ]
        return sha256(b"\x02" + json.dumps(told, separators=(",", ":")).encode()).digest()


def leaf_digest(kind: str, content: str) -> bytes:
    return sha256(b"\x00" + kind.encode() + b"\n" + content.encode()).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Of one leaf or more."""
    if len(leaves) == 1:
        return leaves[0]
    middle = _split(len(leaves))
    return _node(merkle_root(leaves[:middle]), merkle_root(leaves[middle:]))


def inclusion_path(leaves: Sequence[bytes], position: int) -> list[tuple[str, bytes]]:
    """The neighbours that lead from a leaf to the root, each with the side it stands on: left or right."""
    if len(leaves) == 1:
        return []
    middle = _split(len(leaves))
    if position < middle:
        return [*inclusion_path(leaves[:middle], position), ("right", merkle_root(leaves[middle:]))]
    return [*inclusion_path(leaves[middle:], position - middle), ("left", merkle_root(leaves[:middle]))]


def root_by_path(leaf: bytes, path: Sequence[tuple[str, bytes]]) -> bytes:
    """The root that a leaf and its neighbours make."""
    for side, neighbour in path:
        leaf = _node(neighbour, leaf) if side == "left" else _node(leaf, neighbour)
    return leaf


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1
