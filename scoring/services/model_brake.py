"""The brake for a model: a champion that alerts far more often than was promised of it gives way to the one before.

That lets payments pass that it would have stopped, as when a rule goes back to shadow: a model that holds every
tenth payment stops the bank. Nobody is asked; it is recorded, and an alarm stands until somebody has looked.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from rules.models import Alarm
from rules.services.alarms import alarm_raise
from scoring.domain.family_names import CARD_NAME
from scoring.domain.model_brake import ModelBrake, ScoreBins, promised_share
from scoring.domain.watch import DayCounts
from scoring.models import ModelPromotion, ModelVersion, PolicyRelease
from scoring.selectors.model_alerts import Payments, alerts_count
from scoring.selectors.policies import policies_load
from scoring.services.promotions import model_roll_back
from sentinel.core.errors import SentinelError

ACTOR = "brake"
BRAKED, RAN_WILD = "model.braked", "model.ran_wild"
_WINDOW, _DAY = timedelta(hours=1), timedelta(days=1)


def model_brake(*, now: datetime) -> bool:
    """Looks at what the champion alerted in the last hour; whether it was stopped, or would have been.

    Only since its promotion and the last change of the policy: what was before is not what was promised.
    """
    promotion = _promotions().select_related("model", "evaluation").first()
    if promotion is None or promotion.model.state != ModelVersion.State.CHAMPION:
        return False
    release = PolicyRelease.objects.first()
    changed = [promotion.promoted_at, *([release.published_at] if release else [])]
    recent = Payments.recorded_since(max(now - _WINDOW, *changed))
    counts = alerts_count(recent, now).get(promotion.model_id, DayCounts())
    policies = policies_load(now)
    deciding = [policies.live, *([policies.canary.policy] if policies.canary else [])]
    promised = promised_share(deciding, _probabilities(promotion))
    brake = ModelBrake(settings.BRAKE_FACTOR, settings.MODEL_BRAKE_PAYMENTS_MIN, settings.BRAKE_HITS_MIN)
    if not brake.stops(counts.alerts, counts.payments, promised):
        return False
    _stop(promotion, counts, promised or 0.0, now)
    return True


def _promotions() -> "QuerySet[ModelPromotion]":
    """Of models that decide payments: nothing hangs on the others."""
    return ModelPromotion.objects.filter(model__family=CARD_NAME)


def _probabilities(promotion: ModelPromotion) -> ScoreBins | None:
    """Of the payments that the gate measured it on, else of those that training did."""
    model = promotion.model
    if not model.is_supervised:
        return None
    evaluated = promotion.evaluation.figures.get(model.version, {}) if promotion.evaluation else {}
    found: ScoreBins = (evaluated.get("curves") or model.manifest["curves"]).get("distribution", [])
    return found


@transaction.atomic
def _stop(promotion: ModelPromotion, counts: DayCounts, promised: float, now: datetime) -> None:
    """Nothing when the champion has changed meanwhile, or an alarm of a day ago told already.

    Locks: the registry, until the database transaction ends.
    """
    list(ModelVersion.objects.select_for_update().order_by("id"))
    version = promotion.model.version
    subject = f"model:{version}"
    told = Alarm.objects.filter(kind=RAN_WILD, subject=subject, raised_at__gt=now - _DAY)
    if _promotions().first() != promotion or told.exists():
        return
    share, payments = counts.alerts / counts.payments, counts.payments
    said = (
        f"{version} alerted on {share:.1%} of {payments:,} payments in the last hour; {promised:.1%} were promised."
    )
    refusal = _roll_back(promotion, now)
    if refusal:
        hint = "Look at its alerts; promote another model, or publish a policy with a higher threshold."
        alarm_raise(kind=RAN_WILD, subject=subject, words=f"{said} It decides on: {refusal} {hint}", now=now)
        return
    back = promotion.replaced
    hint = "Look at its alerts before it is promoted again."
    words = f"{said} The system rolled back: {back} decides again. {hint}"
    alarm_raise(kind=BRAKED, subject=subject, words=words, now=now)


def _roll_back(promotion: ModelPromotion, now: datetime) -> str:
    """Why that is not possible; nothing when it was done."""
    before = promotion.replaced
    if before is None:
        return "there is no model before it."
    braked = ModelPromotion.objects.filter(replaced=before, is_roll_back=True, promoted_by=ACTOR)
    if braked.filter(promoted_at__gt=now - _DAY).exists():
        return f"{before}, the model before it, was itself braked within a day."
    try:
        model_roll_back(actor=ACTOR, now=now)
    except SentinelError as error:
        return f"{before} cannot follow. {error.detail}"
    return ""
