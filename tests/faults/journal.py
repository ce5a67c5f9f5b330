"""What the gateway was promised, written to disk before it counts."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Promise:
    """A definitive answer. `body_sha256` tells whether it is the same when it is asked again."""

    key: str
    status: int
    transaction_id: str
    body_sha256: str


class Journal:
    """A line a promise, on the disk when `keep` comes back: the gateway may die after it."""

    def __init__(self, path: Path) -> None:
        self.path, self._file = path, path.open("ab")

    def keep(self, promise: Promise) -> None:
        self._file.write(json.dumps(asdict(promise)).encode() + b"\n")
        self._file.flush()
        os.fdatasync(self._file.fileno())

    def promises(self) -> list[Promise]:
        """As read back from the disk."""
        return [Promise(**json.loads(line)) for line in self.path.read_bytes().splitlines()]

    def close(self) -> None:
        self._file.close()
