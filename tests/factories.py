"""Rows for tests that roll back: written as the decision path writes them, without its connections."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

import orjson
from django.utils import timezone

from ledger.domain.booking import book
from ledger.domain.decisions import Reason, Verdict
from ledger.domain.payments import PaymentRequest, TransactionType
from ledger.domain.receipts import payment_receipt
from ledger.domain.rows import DecidedPayment, Rows, add_payment
from ledger.models import Account, Transaction
from ledger.services.accounts import AccountTerms, account_open
from ledger.services.writing import accounts_lock, rows_write
from sentinel.api.directory import identity_of
from sentinel.api.models import GatewayClient
from sentinel.api.services import client_create
from sentinel.core.catalogue import CATALOGUE_VERSION, FIELDS, INDEX, pack
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Outcome

# What every decision knows of its account. Models learn from all payments of the record, those of tests included.
NEVER_MISSING = ("payments_1h", "payments_24h", "payments_30d", "amount_1h", "amount_24h", "amount_7d", "is_night")
RULE_HIT = Reason("rule.foreign_high_amount", "Amount over 5,000 INR outside the home country", "rule")


def make_client(**fields) -> GatewayClient:
    return client_create(name=f"gateway {uuid4().hex[:8]}", **{"all_accounts": True, **fields})


def make_account(account_id: str = "acc_alice", *, currency: str = "INR", livemode: bool = True, **terms) -> Account:
    told = {
        "home_country": "IN",
        "home_zone": "Asia/Kolkata",
        "name": "Alice Rao",
        "opening_balance_minor": 1_000_000,
    }
    return account_open(
        account_id=account_id,
        terms=AccountTerms(currency=currency, **{**told, **terms}),
        livemode=livemode,
        actor="tests",
        now=timezone.now(),
    )


def make_payment(
    account: Account,
    client: GatewayClient,
    *,
    outcome: Outcome = Outcome.APPROVE,
    amount_minor: int = 5400,
    now: datetime | None = None,
    verdict_changes: dict | None = None,
    id_at: datetime | None = None,
    **fields,
) -> Transaction:
    """A decided and booked payment; a review is held, as after a rule hit. `verdict_changes` are fields of its
    verdict, such as rule_hits. `id_at`: the moment its id carries, else that of the test.
    """
    now = now or timezone.now()
    request = _request(account, amount_minor, now, fields)
    verdict = replace(_verdict(request, outcome), **(verdict_changes or {}))
    locked = accounts_lock([account.id])[account.id]
    booked = book(request, verdict, account=locked, counterparty=None, day=now.date())
    transaction_id: UUID = uuid7(int(id_at.timestamp() * 1e9) if id_at else None)
    entry_id = uuid7() if booked.legs else None
    receipt = payment_receipt(
        request,
        verdict,
        booked,
        transaction_id=transaction_id,
        entry_id=entry_id,
        account=locked,
        recorded_at=now,
        explain=True,
    )
    rows = Rows()
    decided = DecidedPayment(
        request=request,
        verdict=verdict,
        booked=booked,
        client=identity_of(client),
        transaction_id=transaction_id,
        entry_id=entry_id,
        seq=locked.seq,
        receipt=orjson.dumps(receipt),
        now=now,
    )
    add_payment(rows, decided, hold_days=7)
    rows.add_balance(locked)
    rows_write(rows)
    return Transaction.objects.get(pk=transaction_id)


def _request(account: Account, amount_minor: int, now: datetime, fields: dict) -> PaymentRequest:
    told = {
        "transaction_type": TransactionType.PURCHASE,
        "merchant_id": "m_17",
        "merchant_name": "Corner Books",
        "reference": "order 42",
        "card_token": "tok_9f",
        "ip_address": "203.0.113.9",
        "location_country": "FR",
    }
    return PaymentRequest(
        account_id=account.id,
        amount_minor=amount_minor,
        currency=account.currency,
        occurred_at=now,
        **{**told, **fields},
    )


def _verdict(request: PaymentRequest, outcome: Outcome) -> Verdict:
    values: list = [None] * len(FIELDS)
    values[INDEX["amount"]] = request.amount_minor
    values[INDEX["currency"]] = request.currency
    values[INDEX["seconds_since_last"]] = 11_100.0
    for name in NEVER_MISSING:
        values[INDEX[name]] = 0
    return Verdict(
        outcome=outcome,
        reasons=() if outcome is Outcome.APPROVE else (RULE_HIT,),
        fraud_probability=None,
        score_percentile=0.9968,
        risk_level=None,
        ruleset_version=41,
        policy_version=7,
        model_version="card-2026-01-30.2",
        catalogue_version=CATALOGUE_VERSION,
        snapshot=pack(values),
    )
