"""Features of past payments as they stood when each was decided, computed from the ledger by the code of today.

For fields that are newer than a payment's snapshot. One pass over the record in the order of the ids folds the same
histories and entities as live decisions do. Two things are as they are now, since the record does not keep them as
they were: the account's profile, and details of people who were erased. For workers: a long record takes minutes.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ledger.domain.payments import AccountProfile, PaymentRequest
from ledger.selectors.accounts import profiles_of
from ledger.selectors.streams import FraudLabel, RecordedRequest, fraud_labels_stream, payments_stream
from scoring.domain.entities import FRAUD_MEMORY_SECONDS, EntityState, payment_records
from scoring.domain.features import describe
from scoring.domain.history import REACH_SECONDS, AccountHistory, PastPayment
from scoring.services.entities import Named, entities_named
from scoring.services.entity_rebuild import label_records
from sentinel.core.catalogue import Values

# As far back as any feature looks.
_REACH = timedelta(seconds=REACH_SECONDS)
_LABEL_REACH = timedelta(seconds=FRAUD_MEMORY_SECONDS)


def features_at(transaction_ids: Collection[UUID]) -> Iterator[tuple[UUID, Values]]:
    """Each of the payments with its values in the order of FIELDS, scores missing; in the order of their ids.

    Payments that are not in the record are left out.
    """
    if not transaction_ids:
        return
    wanted, last = set(transaction_ids), max(transaction_ids)
    first_at = _made_at(min(transaction_ids))
    chosen = [each for each in payments_stream(since=first_at, last=last) if each.id in wanted]
    past = _Past.about(chosen)
    labels = fraud_labels_stream(since=first_at - _LABEL_REACH)
    label = next(labels, None)
    for payment in payments_stream(since=first_at - _REACH, last=last):
        while label is not None and label.recorded_at <= payment.recorded_at:
            past.learn(label)
            label = next(labels, None)
        named = entities_named(payment.request, livemode=payment.livemode)
        if payment.id in wanted:
            yield payment.id, past.describe(payment.request, named)
        past.add(payment, named)


@dataclass(slots=True)
class _Past:
    """What was known of the accounts and entities that the chosen payments name; of others nothing is kept."""

    profiles: dict[str, AccountProfile]
    histories: dict[str, AccountHistory]
    entities: dict[bytes, EntityState]
    payments: dict[str, list[PastPayment]] = field(default_factory=dict)  # for backdated ones

    @classmethod
    def about(cls, chosen: Collection[RecordedRequest]) -> "_Past":
        accounts = {payment.request.account_id for payment in chosen}
        named = (entities_named(payment.request, livemode=payment.livemode) for payment in chosen)
        digests = {digest for each in named for digest in each if digest is not None}
        return cls(
            profiles_of(accounts),
            {account_id: AccountHistory() for account_id in accounts},
            {digest: EntityState() for digest in digests},
            {account_id: [] for account_id in accounts},
        )

    def describe(self, request: PaymentRequest, named: Named) -> Values:
        history, moment = self.histories[request.account_id], request.occurred_at.timestamp()
        if history.is_backdated(moment):
            earlier = (each for each in self.payments[request.account_id] if each.occurred_at_seconds <= moment)
            history = AccountHistory.of(earlier)
        known = [None if digest is None else self.entities[digest] for digest in named]
        return describe(request, self.profiles[request.account_id], history, known)

    def add(self, payment: RecordedRequest, named: Named) -> None:
        request = payment.request
        if (history := self.histories.get(request.account_id)) is not None:
            past = PastPayment.of(request, payment.seq)
            history.add(past)
            self.payments[request.account_id].append(past)
        if not request.transaction_type.takes_money_out:
            return
        for digest, record in zip(named, payment_records(request), strict=False):
            if digest is not None and (state := self.entities.get(digest)) is not None:
                state.add(record)

    def learn(self, label: FraudLabel) -> None:
        for digest, record in label_records(label):
            if (state := self.entities.get(digest)) is not None:
                state.add(record)


def _made_at(transaction_id: UUID) -> datetime:
    """The moment a UUIDv7 carries."""
    return datetime.fromtimestamp((transaction_id.int >> 80) / 1000, tz=UTC)
