from datetime import datetime
from typing import Any

from django.db import transaction

from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from rules.services.rulesets import publishing_lock
from scoring.models import PolicyVersion
from scoring.selectors.policies import policy_from
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.money import AmountError, parse_amount
from sentinel.ops.epochs import CONFIGURATION, epoch_touch

# One in two hundred payments goes to review; a forest alone never declines.
DEFAULT_THRESHOLDS: dict[str, Any] = {
    "review_percentile": 0.995,
    "review_probability": 0.5,
    "decline_probability": 0.95,
    "degraded_review_above": {"INR": "5000.00", "EUR": "60.00", "USD": "60.00", "GBP": "50.00", "JPY": "9000"},
}


@transaction.atomic
def policy_publish(*, thresholds: dict[str, Any], actor: str, note: str, now: datetime) -> PolicyVersion:
    """Make these thresholds the live policy. Errors: InvalidRequest names the threshold that does not fit."""
    _check(thresholds)
    card_numbers_refuse(note=note)
    publishing_lock()
    newest = PolicyVersion.objects.first()
    policy = PolicyVersion.objects.create(
        number=newest.number + 1 if newest else 1,
        thresholds=thresholds,
        note=note,
        published_by=actor,
        published_at=now,
    )
    audit_record(actor=actor, action="policy.publish", subject=str(policy), details=thresholds, now=now)
    transaction.on_commit(lambda: epoch_touch(CONFIGURATION))
    return policy


def _check(thresholds: dict[str, Any]) -> None:
    errors = []
    for name, value in thresholds.items():
        if name == "degraded_review_above":
            errors += _check_limits(value)
        elif name not in _THRESHOLDS:
            errors.append(FieldError(name, "unknown_field", f"Known are: {', '.join(sorted(_THRESHOLDS))}."))
        elif value is not None and not (isinstance(value, float) and 0 <= value <= 1):
            errors.append(FieldError(name, "out_of_range", "A threshold is a number from 0.0 to 1.0."))
    if errors:
        raise InvalidRequest(f"Check {', '.join(error.field for error in errors)}.", errors=errors)
    policy_from(0, thresholds)


_THRESHOLDS = {"review_percentile", "decline_percentile", "review_probability", "decline_probability"}


def _check_limits(limits: Any) -> list[FieldError]:
    errors = []
    for currency, amount in limits.items():
        try:
            parse_amount(amount, currency)
        except AmountError as error:
            errors.append(FieldError(f"degraded_review_above.{currency}", error.code, str(error)))
    return errors
