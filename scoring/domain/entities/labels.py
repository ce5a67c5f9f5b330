"""What was said of an entity's payments: which were fraud, since when that is known, and of what sort they were."""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from scoring.domain.entities.reach import FRAUD_MEMORY_SECONDS

LABELS_MAX = 256
# The hash of its payment, when it became known, when the payment was made, and its marks.
_LABEL = struct.Struct("<QIIB")
LABEL_SIZE = _LABEL.size
_IS_FRAUD, _IS_ORDINARY = 1, 2


class Said(NamedTuple):
    """The last word on one payment. Moments in whole seconds.

    `is_ordinary`: its amount was ordinary for its account, so nothing but the merchant, device or card gave it away.
    """

    known_at: int
    made_at: int
    is_fraud: bool
    is_ordinary: bool


@dataclass(slots=True)
class Labels:
    """By payment, the last word on each."""

    said: dict[int, Said] = field(default_factory=dict)

    def learn(self, payment: int, said: Said) -> None:
        """The last word about a payment counts. Hearing it twice changes nothing."""
        if payment in self.said and self.said[payment].known_at > said.known_at:
            return
        self.said[payment] = said
        if len(self.said) > LABELS_MAX:
            oldest = min(self.said, key=lambda each: self.said[each])
            del self.said[oldest]

    def frauds(self, at: int) -> list[Said]:
        """The payments known as fraud at this moment, from what was said in the last 90 days."""
        if not self.said:
            return []
        since = at - FRAUD_MEMORY_SECONDS
        return [said for said in self.said.values() if said.is_fraud and since <= said.known_at <= at]

    def copy(self) -> "Labels":
        return Labels(self.said.copy())

    def to_bytes(self) -> bytes:
        return b"".join(
            _LABEL.pack(payment, known_at, made_at, is_fraud * _IS_FRAUD + is_ordinary * _IS_ORDINARY)
            for payment, (known_at, made_at, is_fraud, is_ordinary) in self.said.items()
        )

    @classmethod
    def of_bytes(cls, data: bytes) -> "Labels":
        return cls(
            {
                payment: Said(known_at, made_at, bool(marks & _IS_FRAUD), bool(marks & _IS_ORDINARY))
                for payment, known_at, made_at, marks in _LABEL.iter_unpack(data)
            }
        )
