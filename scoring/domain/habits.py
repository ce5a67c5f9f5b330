"""When an amount is high or ordinary for its account: against the mean of its payments of the 30 days before."""

import struct

from scoring.domain.windows import Tally
from sentinel.core.catalogue import PACKED_INDEX

HIGH_TIMES, ORDINARY_TIMES = 3, 2
# With fewer payments nobody knows the habits of an account.
PAYMENTS_MIN = 3
_NUMBER = struct.Struct("<d")
_PAYMENTS_AT, _RATIO_AT = (PACKED_INDEX[name] * _NUMBER.size for name in ("payments_30d", "amount_vs_usual_30d"))


def is_high(amount_minor: int, month: Tally) -> bool:
    return month.payments >= PAYMENTS_MIN and amount_minor * month.payments > HIGH_TIMES * month.total_minor


def is_ordinary(snapshot: bytes) -> bool:
    """Of a payment, by its snapshot. An amount of which nothing is known is ordinary."""
    (payments,), (times,) = _NUMBER.unpack_from(snapshot, _PAYMENTS_AT), _NUMBER.unpack_from(snapshot, _RATIO_AT)
    return not (payments >= PAYMENTS_MIN and times >= ORDINARY_TIMES)
