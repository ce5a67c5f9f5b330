"""What people want to hear of by mail: each their own."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from ledger.services.audit import audit_record
from sentinel.core.errors import Conflict, FieldError, InvalidRequest
from sentinel.core.ids import uuid7
from webhooks.domain.alert_rules import OUTCOMES, TEST
from webhooks.models import AlertSubscription, Notification
from webhooks.models.alerts import AlertAbout

SUBSCRIPTIONS_MAX = 20  # that are on, of one person
WINDOW_MINUTES_MAX = 10_080
TEST_WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SubscriptionTerms:
    about: str
    outcomes: tuple[str, ...] = ()
    probability_min: float | None = None
    percentile_min: float | None = None
    amount_min_minor: int | None = None
    currency: str = ""
    rule_id: int | None = None
    window_minutes: int = 60
    is_active: bool = True

    @property
    def of_payments(self) -> dict[str, Any]:
        """The conditions that only payments can meet, by the name of their field."""
        return {
            "outcomes": self.outcomes,
            "probability_min": self.probability_min,
            "percentile_min": self.percentile_min,
            "amount_min": self.amount_min_minor,
            "rule": self.rule_id,
        }


@transaction.atomic
def subscription_create(
    *, user: AbstractBaseUser, terms: SubscriptionTerms, actor: str, now: datetime
) -> AlertSubscription:
    """Errors: InvalidRequest names the fields; Conflict when the person has enough of them."""
    terms_check(terms)
    _room_check(user.pk, terms)
    made = AlertSubscription.objects.create(user_id=user.pk, created_at=now, **_columns(terms))
    _audit(made, terms, actor, "created", now)
    return made


@transaction.atomic
def subscription_change(
    *, subscription: AlertSubscription, terms: SubscriptionTerms, actor: str, now: datetime
) -> AlertSubscription:
    """Errors: as when it is made."""
    terms_check(terms)
    locked = AlertSubscription.objects.select_for_update(no_key=True).get(pk=subscription.pk)
    _room_check(locked.user_id, terms, except_for=locked.pk)
    AlertSubscription.objects.filter(pk=locked.pk).update(**_columns(terms))
    _audit(locked, terms, actor, "changed", now)
    locked.refresh_from_db()
    return locked


def subscription_test(*, subscription: AlertSubscription, now: datetime) -> Notification:
    """A mail that goes the way of all others. Errors: Conflict while one is on its way."""
    try:
        with transaction.atomic():
            return Notification.objects.create(
                subscription=subscription,
                event_id=uuid7(),
                event_type=TEST,
                subject="test",
                title="Test of your alerts",
                facts={},
                next_attempt_at=now,
                created_at=now,
                window_ends_at=now + TEST_WINDOW,
            )
    except IntegrityError:
        raise Conflict("A test mail is on its way already.") from None


def terms_check(terms: SubscriptionTerms) -> None:
    """Errors: InvalidRequest, which names the fields."""
    errors = [*_of_payments_only(terms), *_ranges(terms)]
    if (terms.amount_min_minor is None) != (terms.currency == ""):
        errors.append(FieldError("currency", "mismatch", "Give an amount with its currency, or neither."))
    if errors:
        raise InvalidRequest(errors[0].message, errors=errors)


def _of_payments_only(terms: SubscriptionTerms) -> list[FieldError]:
    if terms.about == AlertAbout.PAYMENTS:
        return []
    asked = [name for name, value in terms.of_payments.items() if value not in (None, ())]
    return [FieldError(name, "not_allowed", "Only for payments: leave it empty.") for name in asked]


def _ranges(terms: SubscriptionTerms) -> list[FieldError]:
    errors = []
    if terms.about not in AlertAbout.values:
        errors.append(FieldError("about", "not_a_choice", f"One of {', '.join(AlertAbout.values)}."))
    if not set(terms.outcomes) <= OUTCOMES.keys():
        errors.append(FieldError("outcomes", "not_a_choice", f"Of {', '.join(OUTCOMES)}."))
    for name, share in (("probability_min", terms.probability_min), ("percentile_min", terms.percentile_min)):
        if share is not None and not 0 <= share <= 1:
            errors.append(FieldError(name, "out_of_range", "From 0 to 1."))
    if terms.amount_min_minor is not None and terms.amount_min_minor < 0:
        errors.append(FieldError("amount_min", "out_of_range", "Not below zero."))
    if not 1 <= terms.window_minutes <= WINDOW_MINUTES_MAX:
        errors.append(FieldError("window_minutes", "out_of_range", f"From 1 to {WINDOW_MINUTES_MAX} minutes."))
    return errors


def _room_check(user_id: Any, terms: SubscriptionTerms, except_for: int | None = None) -> None:
    theirs = AlertSubscription.objects.filter(user_id=user_id, is_active=True).exclude(pk=except_for or 0)
    if terms.is_active and theirs.count() >= SUBSCRIPTIONS_MAX:
        raise Conflict(f"You have {SUBSCRIPTIONS_MAX} subscriptions that are on. Switch one off first.")


def _columns(terms: SubscriptionTerms) -> dict[str, Any]:
    return asdict(terms) | {"outcomes": list(terms.outcomes)}


def _audit(subscription: AlertSubscription, terms: SubscriptionTerms, actor: str, action: str, now: datetime) -> None:
    audit_record(
        actor=actor,
        action=f"subscription.{action}",
        subject=f"subscription:{subscription.pk}",
        details=_columns(terms),
        now=now,
    )
