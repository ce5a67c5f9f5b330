"""The catalogue's fields that are told of an entity's state."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import compress

from ledger.domain.payments import PaymentRequest
from scoring.domain.entities.fraud_values import FRAUD_MISSING, fraud_values
from scoring.domain.entities.names import KINDS, EntityKind
from scoring.domain.entities.reach import LAG_SECONDS, MEMORY_SECONDS, Starts, window_starts
from scoring.domain.entities.records import currency_number, whole_seconds
from scoring.domain.entities.state import EntityState
from sentinel.core.catalogue import Value

# The states of what one payment names, in the order of KINDS; None for what it does not name.
Known = Sequence[EntityState | None]

FIELDS_OF_EACH = 12
ALL_MISSING: tuple[Value, ...] = (None,) * FIELDS_OF_EACH
NOTHING_KNOWN: tuple[Value, ...] = (None,) * (4 * FIELDS_OF_EACH + 2)

_MERCHANT = KINDS.index(EntityKind.MERCHANT)
_MERCHANT_AVERAGE = 3 * FIELDS_OF_EACH + 5
_DAY_SECONDS = 86_400
_HOUR, _DAY, _MONTH = 1, 2, 3  # places in WINDOWS
# By kind, the windows of its three distinct counts: two of its first partners, one of its second.
_DISTINCT: dict[EntityKind, tuple[int, int, int]] = {
    EntityKind.CARD: (_HOUR, _DAY, _MONTH),
    EntityKind.DEVICE: (_DAY, _MONTH, _DAY),
    EntityKind.IP: (_HOUR, _DAY, _HOUR),
    EntityKind.MERCHANT: (_HOUR, _DAY, _HOUR),
}
_DESCRIBED = KINDS[:4]


def entity_values(request: PaymentRequest, known: Known | None) -> tuple[Value, ...]:
    """The catalogue's fields of all four kinds, the amount against the merchant's average, the account's frauds."""
    if known is None:
        return NOTHING_KNOWN
    at = whole_seconds(request.occurred_at.timestamp())
    starts, currency = window_starts(at), currency_number(request.currency)
    values: list[Value] = []
    for kind, state in zip(_DESCRIBED, known, strict=False):
        values += ALL_MISSING if state is None else values_of(state, kind, at, starts, currency)
    average, account = values[_MERCHANT_AVERAGE], known[-1]
    ratio = request.amount_minor / average if isinstance(average, int) else None
    return *values, ratio, None if account is None else len(account.labels.frauds(at))


def values_of(state: EntityState, kind: EntityKind, at: int, starts: Starts, currency: int) -> tuple[Value, ...]:
    """FIELDS_OF_EACH values in the order of the catalogue, for a payment that is not among those counted.

    `starts` are where the windows begin that end at the moment `at`; `currency` is a currency_number.
    """
    latest = state.latest_seconds
    if at < latest:
        if at < latest - LAG_SECONDS:
            return ALL_MISSING
        at, starts = latest, window_starts(latest)
    frauds = len(state.labels.frauds(at))
    if at - latest > MEMORY_SECONDS or not state.moments:
        return 0, 0, 0, 0, 0, None, None, 0, 0, 0, 0.0, frauds
    minute, hour, day, month = [bisect_left(state.moments, start) for start in starts]
    one, other, of_second = _DISTINCT[kind]
    first, second = state.first.seen, state.second.seen
    return (
        *_payments(state, minute, hour, day, month),
        *_amounts(state, currency, day, month),
        len(first) - bisect_left(first, starts[one]),
        len(first) - bisect_left(first, starts[other]),
        len(second) - bisect_left(second, starts[of_second]),
        min(at - state.first_seconds, MEMORY_SECONDS) / _DAY_SECONDS,
        frauds,
    )


def _payments(state: EntityState, minute: int, hour: int, day: int, month: int) -> tuple[int, int, int, int]:
    """How many from each of these rows on."""
    if not state.merged_rows:  # a row a payment
        rows = len(state.moments)
        return rows - minute, rows - hour, rows - day, rows - month
    payments = state.payments
    in_minute = sum(payments[minute:])
    in_hour = in_minute + sum(payments[hour:minute])
    in_day = in_hour + sum(payments[day:hour])
    return in_minute, in_hour, in_day, in_day + sum(payments[month:day])


def _amounts(state: EntityState, currency: int, day: int, month: int) -> tuple[int, int | None, int | None]:
    """In a currency: the sum of the rows from `day` on, the average and the largest of those from `month` on."""
    earlier: Sequence[int] = state.totals[month:day]
    recent: Sequence[int] = state.totals[day:]
    payments: Sequence[int] = state.payments[month:]
    largests: Sequence[int] = state.largests[month:]
    if state.currency != currency:
        own = [each == currency for each in state.currencies[month:]]
        own_recent = own[day - month :]
        earlier, recent = list(compress(earlier, own)), list(compress(recent, own_recent))
        payments, largests = list(compress(payments, own)), list(compress(largests, own))
    if not payments:
        return 0, None, None
    count = sum(payments) if state.merged_rows else len(payments)
    total_recent = sum(recent)
    return total_recent, (2 * (sum(earlier) + total_recent) + count) // (2 * count), max(largests)


def merchant_fraud_values(request: PaymentRequest, known: Known | None) -> tuple[Value, ...]:
    """The catalogue's fields of what is known of fraud at the merchant."""
    merchant = None if known is None else known[_MERCHANT]
    if merchant is None:
        return FRAUD_MISSING
    at, latest = whole_seconds(request.occurred_at.timestamp()), merchant.latest_seconds
    return FRAUD_MISSING if at < latest - LAG_SECONDS else fraud_values(merchant, max(at, latest))
