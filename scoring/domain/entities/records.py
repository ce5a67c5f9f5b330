"""What one payment or label adds to an entity: a few bytes, always as many."""

import struct
from functools import lru_cache
from zlib import crc32

from ledger.domain.payments import PaymentRequest
from scoring.domain.history import hash64

# Mark, moment, currency, amount, the two partners (0: none). Of a label: moment it became known, whether it says
# fraud, the payment's hash, when the payment was made, whether its amount was ordinary.
RECORD = struct.Struct("<cIHQII")
RECORD_SIZE = RECORD.size
PAYMENT, LABEL = b"p", b"l"


def payment_records(request: PaymentRequest) -> tuple[bytes, bytes, bytes, bytes]:
    """What a payment adds to its card, device, IP address and merchant, whether it names them or not."""
    card, merchant, account = map(_partner, (request.card_token, request.merchant_id, request.account_id))
    moment = whole_seconds(request.occurred_at.timestamp())
    told = PAYMENT, moment, currency_number(request.currency), request.amount_minor
    of_account_and_card = RECORD.pack(*told, account, card)
    return RECORD.pack(*told, merchant, account), of_account_and_card, of_account_and_card, of_account_and_card


def _partner(name: str | None) -> int:
    """Among the few that one entity is seen with, 32 bits tell them apart."""
    return crc32(name.encode()) if name is not None else 0


def label_record(
    transaction: str, *, known_at_seconds: float, made_at_seconds: float, is_fraud: bool, is_ordinary: bool
) -> bytes:
    """`known_at_seconds` is rounded up: nobody knows anything before the time."""
    known_at = whole_seconds(-(-known_at_seconds // 1))
    made_at = whole_seconds(made_at_seconds)
    return RECORD.pack(LABEL, known_at, is_fraud, hash64(transaction), made_at, is_ordinary)


def moment_of(record: bytes) -> int:
    moment: int = RECORD.unpack(record)[1]
    return moment


def whole_seconds(seconds: float) -> int:
    return min(max(int(seconds), 0), 2**32 - 1)


@lru_cache(maxsize=256)
def currency_number(currency: str) -> int:
    """Three letters in base 26."""
    first, second, third = (ord(letter) - ord("A") for letter in currency)
    return (first * 26 + second) * 26 + third
