"""Cases: which comes first, and what a verdict says of the payment.

A case is due at a moment, and each doubling of the money at risk is worth so many hours. So its rank is one number
that need not be changed as time passes: the lower, the sooner. The trigger that makes the case computes the same
(`ledger_case_rank`); a test holds both together.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sentinel.core.money import exponent

DOUBLING_HOURS = 2.0
SCORE_LEAST = 0.05  # a payment that a rule sent here is never worth nothing
SCORE_UNKNOWN = 0.5
MICRO = 1_000_000


class Verdict(StrEnum):
    """A hold is approved or declined; of a payment without a hold is said what it was."""

    APPROVE = "approve"
    DECLINE = "decline"
    LEGITIMATE = "legitimate"
    FRAUD = "fraud"


# Reason -> whether the payment was fraud; None: nobody knows, so there is no label.
REASONS: Mapping[str, bool | None] = {
    "card_stolen": True,
    "card_not_present_fraud": True,
    "account_takeover": True,
    "customer_denied": True,
    "mule_account": True,
    "cannot_verify": None,
    "customer_unreachable": None,
    "business_reason": None,
}
REASON_WORDS: Mapping[str, str] = {
    "card_stolen": "The card was lost or stolen",
    "card_not_present_fraud": "Card details were used without the card",
    "account_takeover": "Somebody else has the account",
    "customer_denied": "The customer says it was not them",
    "mule_account": "The account passes on money of others",
    "cannot_verify": "It could not be verified",
    "customer_unreachable": "The customer could not be reached",
    "business_reason": "Another reason of the bank",
}
_FITTING = {True: (Verdict.APPROVE, Verdict.DECLINE), False: (Verdict.LEGITIMATE, Verdict.FRAUD)}


def verdicts_for(kind: str) -> tuple[Verdict, Verdict]:
    """The good word and the bad one, for a case of this kind."""
    return _FITTING[kind == "hold"]


def reasons_for(verdict: Verdict) -> tuple[str, ...]:
    """Those that may be given: any for a decline, those that mean fraud for fraud, none otherwise."""
    if verdict is Verdict.DECLINE:
        return tuple(REASONS)
    return tuple(reason for reason, is_fraud in REASONS.items() if is_fraud) if verdict is Verdict.FRAUD else ()


def verdict_label(verdict: Verdict, reason: str) -> bool | None:
    """Whether the verdict says fraud; None when it says nothing of that."""
    if verdict is Verdict.DECLINE:
        return REASONS[reason]
    return verdict is Verdict.FRAUD


def case_rank(
    *,
    due_at: datetime,
    amount_minor: int,
    currency: str,
    score_percentile: float | None,
    rate_micro: int | None = None,
) -> float:
    """`rate_micro`: millionths of the reporting currency for one unit; without it the amount counts as it is."""
    score = SCORE_UNKNOWN if score_percentile is None else max(score_percentile, SCORE_LEAST)
    units = amount_minor / 10 ** exponent(currency) * (1.0 if rate_micro is None else rate_micro / MICRO)
    return due_at.timestamp() / 3600 - DOUBLING_HOURS * math.log(1 + units * score) / math.log(2)
