"""The receipt of a payment: everything in it is known before the write, and its bytes are kept for ever."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from ledger.domain.booking import Booked, LockedAccount
from ledger.domain.decisions import Reason, Verdict
from ledger.domain.payments import PaymentRequest
from sentinel.core.ids import public_id
from sentinel.core.money import format_amount
from sentinel.core.outcomes import Outcome

# What only a client with the scope decisions:explain may see.
EXPLAINING_FIELDS = ("fraud_probability", "score_percentile", "risk_level", "reasons", "versions", "degraded")

# The first of these reasons decides the code; whoever was declined by a rule only learns "do_not_honor".
_DECLINE_CODES = {
    "key.voided": ("voided", False, "The payment was cancelled."),
    "account.frozen": ("account_unavailable", False, "The account cannot be used at the moment."),
    "account.closed": ("account_unavailable", False, "The account cannot be used at the moment."),
    "counterparty.unavailable": ("counterparty_unavailable", False, "The receiving account cannot be used."),
    "limit.daily": ("limit_exceeded", True, "The payment is over the account's limit."),
    "funds.insufficient": ("insufficient_funds", True, "There is not enough money on the account."),
}


@lru_cache(maxsize=256)  # the payments of a group are recorded at one moment
def rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def response_of(booked: Booked) -> tuple[str, bool, str]:
    """Response code, whether a later try may succeed, and words that may be shown to a customer."""
    if booked.outcome is Outcome.APPROVE:
        return "approved", False, "The payment is approved."
    if booked.outcome is Outcome.REVIEW:
        return "pending_review", False, "The payment is being checked. The money is held until that is done."
    codes = (_DECLINE_CODES.get(reason.code) for reason in booked.reasons)
    return next((code for code in codes if code), ("do_not_honor", False, "The payment was not accepted."))


def balance_json(account: LockedAccount) -> dict[str, str]:
    return {
        "posted": format_amount(account.posted_minor, account.currency),
        "held": format_amount(account.held_minor, account.currency),
        "available": format_amount(account.available_minor, account.currency),
    }


def payment_receipt(
    request: PaymentRequest,
    verdict: Verdict,
    booked: Booked,
    *,
    transaction_id: UUID,
    entry_id: UUID | None,
    account: LockedAccount,
    recorded_at: datetime,
    explain: bool,
) -> dict[str, Any]:
    """The receipt as JSON values, in the order of the published example."""
    response_code, retryable, message = response_of(booked)
    receipt: dict[str, Any] = {
        "id": public_id("txn", transaction_id),
        "outcome": booked.outcome.value,
        "status": booked.status.value,
        "response_code": response_code,
        "retryable": retryable,
        "message": message,
    }
    if explain:
        receipt |= verdict_json(verdict, booked.reasons)
    return receipt | {
        "amount": format_amount(request.amount_minor, request.currency),
        "currency": request.currency,
        "transaction_type": request.transaction_type.value,
        "account_id": request.account_id,
        "reference": request.reference,
        "entry_id": public_id("ent", entry_id) if entry_id else None,
        "balance": balance_json(account),
        "occurred_at": rfc3339(request.occurred_at),
        "recorded_at": rfc3339(recorded_at),
    }


def without_explanation(receipt: dict[str, Any]) -> dict[str, Any]:
    """The receipt for a client that may not, or no longer, see why."""
    return {name: value for name, value in receipt.items() if name not in EXPLAINING_FIELDS}


def verdict_json(verdict: Verdict, reasons: Iterable[Reason]) -> dict[str, Any]:
    """What explains a decision; EXPLAINING_FIELDS are its names."""
    return {
        "fraud_probability": verdict.fraud_probability,
        "score_percentile": verdict.score_percentile,
        "risk_level": verdict.risk_level,
        "reasons": [reason.to_json() for reason in reasons],
        "versions": {
            "ruleset": verdict.ruleset_version,
            "policy": verdict.policy_version,
            "model": verdict.model_version,
            "features": verdict.catalogue_version,
        },
        "degraded": list(verdict.degraded),
    }
