"""Each process keeps what it last told Redis of the accounts it met, for the time when Redis is away.

Without it the past of an account would be read from the ledger for each of its payments: a busy one has thousands.
A copy may be behind. Whoever decides holds the account's lock, sees by its `seq` what the copy lacks, and reads that.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

MEMORY_MAX = 2 * 2**20  # bytes, of each process: the busy accounts, which are told again and again
_OVERHEAD = 200  # about what a key, its place and the objects take


@dataclass(slots=True)
class AccountCopies:
    """As Redis was told them, by key, the last ones told at the end."""

    memory_max: int = MEMORY_MAX
    memory: int = 0
    _by_key: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    _epoch: bytes | None = None

    def keep(self, copies: Mapping[str, bytes]) -> None:
        for key, data in copies.items():
            self.memory += len(data) + _OVERHEAD - self._forget(key)
            self._by_key[key] = data
        while self.memory > self.memory_max:
            self.memory -= self._forget(next(iter(self._by_key)))

    def get(self, key: str) -> bytes | None:
        return self._by_key.get(key)

    def belong_to(self, epoch: bytes | None) -> None:
        """Copies of another epoch are forgotten: an erased person is to be in no memory either."""
        if epoch != self._epoch:
            self._by_key.clear()
            self.memory, self._epoch = 0, epoch

    def _forget(self, key: str) -> int:
        """How many bytes that freed."""
        data = self._by_key.pop(key, None)
        return 0 if data is None else len(data) + _OVERHEAD
