"""The rows of a payment and of what becomes of it, as the write statement takes them (column name -> value)."""

import os
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from ledger.domain.booking import Booked, Leg, LockedAccount
from ledger.domain.decisions import Verdict
from ledger.domain.fingerprints import detail_commitment
from ledger.domain.payments import PaymentRequest
from sentinel.core.clients import ClientIdentity
from sentinel.core.ids import public_id, uuid7
from sentinel.core.money import format_amount
from sentinel.core.outcomes import Status

Row = dict[str, Any]

_DETAIL_COLUMNS = (
    "card_token",
    "card_bin",
    "card_last4",
    "device_id",
    "ip_address",
    "user_agent",
    "location_city",
    "latitude",
    "longitude",
    "metadata",
)
_EVENT_TYPES = {
    Status.APPROVED: "transaction.approved",
    Status.HELD: "transaction.review_opened",
    Status.DECLINED: "transaction.declined",
}


@dataclass(slots=True)
class Rows:
    """Rows by table, collected over a group of payments and written by one statement.

    `recorded_at` is that of all of them: a group is recorded at one moment.
    """

    by_table: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    recorded_at: datetime | None = None

    def add(self, table: str, row: Row) -> None:
        self.by_table[table].append(row)

    def record_at(self, now: datetime) -> None:
        if self.recorded_at not in (None, now):
            raise ValueError("the rows of one statement are recorded at one moment")
        self.recorded_at = now

    def add_entry(
        self,
        entry_id: UUID,
        *,
        account_id: str,
        transaction_id: UUID | None,
        legs: tuple[Leg, ...],
        currency: str,
        now: datetime,
        kind: str = "payment",
    ) -> None:
        self.record_at(now)
        self.add(
            "ledger_entry",
            {
                "id": entry_id,
                "account_id": account_id,
                "transaction_id": transaction_id,
                "kind": kind,
                "legs": len(legs),
            },
        )
        for number, leg in enumerate(legs, start=1):
            self.add("ledger_posting", _posting_row(entry_id, account_id, number, leg, currency))

    def add_balance(self, account: LockedAccount) -> None:
        day = account.day
        self.add(
            "ledger_accountbalance",
            {
                "account_id": account.account_id,
                "posted_minor": account.posted_minor,
                "held_minor": account.held_minor,
                "seq": account.seq,
                "day": day,
                "day_spent_minor": account.spent_by_day.get(day, 0) if day else 0,
            },
        )


@dataclass(slots=True)
class DecidedPayment:
    """A payment whose outcome is fixed and whose money is booked, under the number `seq` of its account."""

    request: PaymentRequest
    verdict: Verdict
    booked: Booked
    client: ClientIdentity
    transaction_id: UUID
    entry_id: UUID | None
    seq: int
    receipt: bytes
    now: datetime

    @property
    def owner(self) -> Row:
        return {"transaction_id": self.transaction_id, "account_id": self.request.account_id}


def add_payment(rows: Rows, payment: DecidedPayment, *, hold_days: int) -> None:
    """Everything one decided payment leaves in the record, except the balance row."""
    _add_decided(rows, payment)
    request, booked = payment.request, payment.booked
    if booked.reserved_minor is not None:
        terms = _hold_columns(request, booked.reserved_minor, payment.now, hold_days)
        rows.add("ledger_hold", {**payment.owner, **terms})
    add_event(
        rows,
        event_type=_EVENT_TYPES[booked.status],
        transaction_id=payment.transaction_id,
        account_id=request.account_id,
        client_id=payment.client.client_id,
        sequence=1,
        payload=_event_payload(request, booked, payment.transaction_id),
        now=payment.now,
    )


def add_imported(rows: Rows, payment: DecidedPayment, *, fingerprint: bytes) -> None:
    """Everything a payment that was decided elsewhere leaves in the record, except the balance row. Nobody is told of
    it, so there is no event; it is marked as imported under its reference.
    """
    _add_decided(rows, payment)
    named = {"client_id": payment.client.client_id, "reference": payment.request.reference}
    rows.add("ledger_importedtransaction", {**payment.owner, **named, "fingerprint": fingerprint})


def _add_decided(rows: Rows, payment: DecidedPayment) -> None:
    request, booked, owner = payment.request, payment.booked, payment.owner
    details = {name: getattr(request, name) for name in _DETAIL_COLUMNS}
    salt = os.urandom(16)
    commitment = detail_commitment(salt, details)
    rows.add("ledger_transaction", _transaction_row(payment, commitment))
    rows.add("ledger_personaldetail", {**owner, "salt": salt, **details})
    rows.add("ledger_decision", {**owner, **_decision_columns(payment.verdict, booked, payment.receipt)})
    if payment.entry_id is not None:
        rows.add_entry(payment.entry_id, **owner, legs=booked.legs, currency=request.currency, now=payment.now)


class RecordedPayment(Protocol):
    """A payment of the record as later rows refer to it; the model Transaction is one."""

    @property
    def id(self) -> UUID: ...
    @property
    def account_id(self) -> str: ...
    @property
    def client_id(self) -> UUID: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a recorded payment: by whom, the event that tells of it, and the entry when money moves."""

    payment: RecordedPayment
    actor: str
    now: datetime
    event_type: str
    sequence: int
    payload: dict[str, Any]
    legs: tuple[Leg, ...]
    entry_id: UUID | None


def add_hold_resolution(rows: Rows, change: Change, *, resolution: str, note: str) -> None:
    """Everything the end of a hold leaves in the record, except the balance rows."""
    _add_entry_and_event(rows, change, "payment")
    rows.add(
        "ledger_holdresolution",
        {
            "hold_id": change.payment.id,
            "resolution": resolution,
            "actor": change.actor,
            "note": note,
            "entry_id": change.entry_id,
        },
    )


def add_reversal(rows: Rows, change: Change, *, reversal_id: UUID, amount_minor: int, reason: str) -> None:
    """Everything a reversal leaves in the record, except the balance rows."""
    _add_entry_and_event(rows, change, "reversal")
    rows.add(
        "ledger_reversal",
        {
            "id": reversal_id,
            "transaction_id": change.payment.id,
            "account_id": change.payment.account_id,
            "amount_minor": amount_minor,
            "currency": change.payment.currency,
            "reason": reason,
            "actor": change.actor,
            "entry_id": change.entry_id,
        },
    )


def _add_entry_and_event(rows: Rows, change: Change, kind: str) -> None:
    payment = change.payment
    if change.entry_id is not None:
        rows.add_entry(
            change.entry_id,
            account_id=payment.account_id,
            transaction_id=payment.id,
            legs=change.legs,
            currency=payment.currency,
            now=change.now,
            kind=kind,
        )
    add_event(
        rows,
        event_type=change.event_type,
        transaction_id=payment.id,
        account_id=payment.account_id,
        client_id=payment.client_id,
        sequence=change.sequence,
        payload=change.payload,
        now=change.now,
    )


def add_event(
    rows: Rows,
    *,
    event_type: str,
    transaction_id: UUID,
    account_id: str,
    client_id: UUID,
    sequence: int,
    payload: dict[str, Any],
    now: datetime,
) -> None:
    rows.record_at(now)
    rows.add(
        "ledger_event",
        {
            "id": uuid7(),
            "account_id": account_id,
            "transaction_id": transaction_id,
            "client_id": client_id,
            "type": event_type,
            "sequence": sequence,
            "payload": payload,
        },
    )


def _transaction_row(payment: DecidedPayment, commitment: bytes) -> Row:
    request, client = payment.request, payment.client
    return {
        "id": payment.transaction_id,
        "account_id": request.account_id,
        "seq": payment.seq,
        "client_id": client.client_id,
        "livemode": client.livemode,
        "transaction_type": request.transaction_type.value,
        "amount_minor": request.amount_minor,
        "currency": request.currency,
        "reference": request.reference,
        "channel": request.channel,
        "merchant_id": request.merchant_id,
        "merchant_name": request.merchant_name,
        "merchant_category": request.merchant_category,
        "merchant_country": request.merchant_country,
        "counterparty_account_id": request.counterparty_account_id,
        "location_country": request.location_country,
        "occurred_at": request.occurred_at,
        "detail_commitment": commitment,
    }


def _decision_columns(verdict: Verdict, booked: Booked, receipt: bytes) -> Row:
    return {
        "outcome": booked.outcome.value,
        "status": booked.status.value,
        "fraud_probability": verdict.fraud_probability,
        "score_percentile": verdict.score_percentile,
        "reasons": [reason.to_json() for reason in booked.reasons],
        "ruleset_version": verdict.ruleset_version,
        "policy_version": verdict.policy_version,
        "model_version": verdict.model_version,
        "catalogue_version": verdict.catalogue_version,
        "snapshot": verdict.snapshot,
        "degraded": verdict.degraded,
        "rule_hits": verdict.rule_hits,
        "silent_hits": verdict.silent_hits,
        "failed_rules": verdict.failed_rules,
        "receipt": receipt,
    }


def _hold_columns(request: PaymentRequest, reserved_minor: int, now: datetime, hold_days: int) -> Row:
    return {
        "amount_minor": request.amount_minor,
        "reserved_minor": reserved_minor,
        "currency": request.currency,
        "expires_at": now + timedelta(days=hold_days),
    }


def _event_payload(request: PaymentRequest, booked: Booked, transaction_id: UUID) -> dict[str, Any]:
    return {
        "transaction_id": public_id("txn", transaction_id),
        "account_id": request.account_id,
        "amount": format_amount(request.amount_minor, request.currency),
        "currency": request.currency,
        "outcome": booked.outcome.value,
        "status": booked.status.value,
        "reference": request.reference,
    }


def _posting_row(entry_id: UUID, account_id: str, number: int, leg: Leg, currency: str) -> Row:
    return {
        "entry_id": entry_id,
        "account_id": account_id,
        "leg": number,
        "ledger_account_id": leg.ledger_account_id,
        "debit_minor": leg.debit_minor,
        "credit_minor": leg.credit_minor,
        "currency": currency,
    }
