"""A recorded decision beside the one that is made again from what was frozen with it. Pure."""

import struct
from collections.abc import Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from ledger.domain.booking import booked_outcome, is_refusal
from ledger.domain.decisions import RecordedDecision, Verdict
from ledger.domain.payments import PaymentRequest
from scoring.domain.assess import MODEL_MISSING, RULE_FAILED
from sentinel.core.catalogue import FIELDS, INDEX, FieldType, Value, Values, pack, packed_fields, unpack
from sentinel.core.emails import email_domain
from sentinel.core.values import value

_NUMBER_BYTES = 8
_TEXTS = tuple(field.name for field in FIELDS if field.type is FieldType.TEXT and field.name != "email_domain")
# What a snapshot repeats of the payment.
_TOLD = ("currency", "transaction_type", "channel", "merchant_category", "merchant_country", "location_country")


# Why a decision cannot be made again, in words; the codes of models are those of scoring.serving.errors.
OBSTACLES = {
    "details_erased": "its rules read personal details that were erased since",
    "ruleset_unknown": "there is no such ruleset",
    "snapshot_unreadable": "the snapshot is not one of its catalogue version",
    "model_unknown": "the model is not registered",
    "model_missing": "the model's files are not there any more",
    "model_truncated": "the model's files are incomplete",
    "model_altered": "the model's files are not those that were registered",
    "model_version_mismatch": "the model does not fit this version of the service",
}
# These say that what was frozen is damaged. The others are what becomes of a record in the course of things.
DAMAGE = frozenset({"ruleset_unknown", "snapshot_unreadable", "model_unknown", "model_truncated", "model_altered"})


class NotPossible(Exception):
    """The decision cannot be made again; `code` is one of OBSTACLES."""

    def __init__(self, code: str) -> None:
        super().__init__(OBSTACLES.get(code, code))
        self.code = code


class Found(StrEnum):
    EQUAL = "equal"
    NEARBY = "nearby"  # equal, with a change that was made within seconds of the payment, or without it
    DIFFERENT = "different"
    NOT_POSSIBLE = "not_possible"


@value
class Row:
    """One thing as it was recorded and as it came out again."""

    name: str
    recorded: Any
    again: Any

    @property
    def is_equal(self) -> bool:
        return bool(self.recorded == self.again)


def values_again(decision: RecordedDecision, request: PaymentRequest) -> Values:
    """What the rules saw of the payment: its snapshot, and its texts. Errors: NotPossible."""
    known = _unpacked(decision)
    known |= {name: getattr(request, name) for name in _TEXTS}
    known["email_domain"] = email_domain(request.metadata)
    values = tuple([known.get(field.name) for field in FIELDS])
    if not pack(values).startswith(decision.snapshot):
        raise NotPossible("snapshot_unreadable")
    return values


def _unpacked(decision: RecordedDecision) -> dict[str, Value]:
    try:
        if len(decision.snapshot) != len(packed_fields(decision.catalogue_version)) * _NUMBER_BYTES:
            raise NotPossible("snapshot_unreadable")
        return unpack(decision.snapshot)
    except (struct.error, KeyError, IndexError, ValueError, OverflowError):
        raise NotPossible("snapshot_unreadable") from None


def degraded_before(decision: RecordedDecision) -> tuple[str, ...]:
    """What was missing before anything was assessed; the rest is said again by `assess`."""
    return tuple(note for note in decision.degraded if note not in (RULE_FAILED, MODEL_MISSING))


def side_by_side(decision: RecordedDecision, request: PaymentRequest, values: Values, verdict: Verdict) -> list[Row]:
    """All that has to be the same. What the money said is taken from the record: its refusals and their effect."""
    refusals = [each for each in decision.reasons if is_refusal(each["code"], each["kind"])]
    outcome, status = booked_outcome(verdict.outcome, is_refused=bool(refusals))
    reasons = [*(reason.to_json() for reason in verdict.reasons), *refusals]
    return [
        *_payment_rows(request, values),
        Row("outcome", decision.outcome, outcome.value),
        Row("status", decision.status, status.value),
        Row("fraud_probability", decision.fraud_probability, verdict.fraud_probability),
        Row("score_percentile", decision.score_percentile, verdict.score_percentile),
        *_reason_rows(decision.reasons, reasons),
        Row("policy_version", decision.policy_version, verdict.policy_version),
        Row("degraded", decision.degraded, list(verdict.degraded)),
        Row("rule_hits", decision.rule_hits, list(verdict.rule_hits)),
        Row("silent_hits", decision.silent_hits, list(verdict.silent_hits)),
        Row("failed_rules", sorted(decision.failed_rules), sorted(verdict.failed_rules)),
    ]


def _payment_rows(request: PaymentRequest, values: Values) -> list[Row]:
    """The snapshot says the same of the payment as the payment itself."""
    told = {"amount": request.amount_minor, **{name: getattr(request, name) for name in _TOLD}}
    return [Row(f"snapshot {name}", values[INDEX[name]], said) for name, said in told.items()]


def _reason_rows(recorded: Sequence[dict[str, Any]], again: Sequence[dict[str, Any]]) -> list[Row]:
    pairs = zip_longest(recorded, again)
    return [Row(f"reason {number}", *pair) for number, pair in enumerate(pairs, start=1)]
