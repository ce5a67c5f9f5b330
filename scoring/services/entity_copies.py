"""Each process keeps the states of the entities it met last, so that a busy one is not decoded for each payment.

Redis decides: a state here is used only if the bytes it was made from are the beginning of those that Redis has now,
and what Redis has more is folded in. Bases have names that no other has, so what another process has put in their
place is noticed.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from scoring.domain.entities import NEVER_SEEN, RECORD_SIZE, EntityState

# Bytes, of each process: soon full, so that a process does not grow by a tenth over its first day.
MEMORY_MAX = 10 * 2**20


@dataclass(slots=True)
class EntityCopy:
    """What Redis has of an entity, and the state that it says. Several groups share it: only `advance` changes it."""

    data: bytes
    state: EntityState
    records: int  # behind the base

    @property
    def memory(self) -> int:
        """About how many bytes it takes: objects, the data, and the numbers of the state."""
        return 1500 + 2 * len(self.data)

    @classmethod
    def of(cls, data: bytes) -> "EntityCopy":
        return cls(data, *EntityState.read(data))

    def advance(self, data: bytes) -> None:
        """To what Redis has now, which begins with what it had."""
        for start in range(len(self.data), len(data), RECORD_SIZE):
            self.state.add(data[start : start + RECORD_SIZE])
        self.records += (len(data) - len(self.data)) // RECORD_SIZE
        self.data = data


_NOTHING = EntityCopy(b"", NEVER_SEEN, 0)


@dataclass(slots=True)
class EntityCopies:
    """The copies by key, the last ones used at the end."""

    memory_max: int = MEMORY_MAX
    memory: int = 0
    _by_key: OrderedDict[bytes, EntityCopy] = field(default_factory=OrderedDict)

    def current(self, key: bytes, data: bytes | None) -> EntityCopy:
        """Of what Redis has just answered."""
        if not data:
            return _NOTHING
        copy = self._by_key.get(key)
        if copy is None or not data.startswith(copy.data):
            copy = EntityCopy.of(data)
            self.keep(key, copy)
            return copy
        self._by_key.move_to_end(key)
        if len(data) > len(copy.data):
            self.memory -= copy.memory
            copy.advance(data)
            self.memory += copy.memory
        return copy

    def keep(self, key: bytes, copy: EntityCopy) -> None:
        if known := self._by_key.pop(key, None):
            self.memory -= known.memory
        self._by_key[key] = copy
        self.memory += copy.memory
        while self.memory > self.memory_max:
            _, oldest = self._by_key.popitem(last=False)
            self.memory -= oldest.memory
