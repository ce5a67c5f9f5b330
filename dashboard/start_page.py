"""The numbers of the start page: one query each, and only those the person may look behind."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.db.models import Count, Min, Q, Sum
from django.utils import timezone

from ledger.models import Hold, OutboxPending, Transaction
from rules.models import RulesetVersion
from rules.selectors import alarms_unseen
from scoring.models import ModelVersion, PolicyRelease, PolicyVersion
from scoring.selectors.registry import models_described
from sentinel.core.ids import first_uuid7_at
from sentinel.core.money import format_money
from sentinel.core.outcomes import Outcome
from sentinel.ops.health import run_probes
from sentinel.ops.views import sentence
from webhooks.selectors.log import webhooks_overview

Person = AbstractBaseUser | AnonymousUser


def start_page(user: Person) -> dict[str, Any]:
    """The template's context. A part is None for those who may not view what it counts."""
    now = timezone.now()
    parts: dict[str, tuple[str, Callable[[], Any]]] = {
        "payments": ("ledger.view_transaction", lambda: payments_today(now)),
        "reviews": ("ledger.view_hold", lambda: open_reviews(now)),
        "pending_events": ("ledger.view_event", OutboxPending.objects.count),
        "ruleset": ("rules.view_rulesetversion", RulesetVersion.objects.order_by("-number").first),
        "policy": ("scoring.view_policyversion", _live_policy),
        "champion": ("scoring.view_modelversion", champion),
        "webhooks": ("webhooks.view_endpoint", webhooks_overview),
        "alarms": ("rules.view_alarm", alarms_unseen),
    }
    shown = {name: read() if _may(user, permission) else None for name, (permission, read) in parts.items()}
    may_see = {name: _may(user, permission) for name, (permission, _) in parts.items()}
    return {**shown, "may_see": may_see, "services": services(), "now": now}


def _live_policy() -> PolicyVersion | None:
    newest = PolicyRelease.objects.select_related("live").first()
    return newest.live if newest else None


def payments_today(now: datetime) -> dict[str, Any]:
    """Payments recorded since midnight UTC by outcome, live ones; and how many test payments there were beside."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first_id = first_uuid7_at(int(midnight.timestamp() * 1000))
    # The same bound on both tables: the planner does not carry it over from one's partitions to the other's.
    rows = (
        Transaction.objects.filter(pk__gte=first_id, decision__pk__gte=first_id)
        .order_by()
        .values("decision__outcome", "livemode")
        .annotate(count=Count("pk"))
    )
    counts = {(row["decision__outcome"], row["livemode"]): row["count"] for row in rows}
    outcomes = [(outcome.value, counts.get((outcome.value, True), 0)) for outcome in Outcome]
    total = sum(count for _, count in outcomes)
    return {
        "outcomes": [(word, count, f"{count / total:.1%}" if total else "") for word, count in outcomes],
        "total": total,
        "test": sum(count for (_, is_live), count in counts.items() if not is_live),
    }


def open_reviews(now: datetime) -> dict[str, Any]:
    """Open reviews with the money they hold, per currency: sums of different currencies are never added up."""
    rows = list(
        Hold.objects.filter(resolution__isnull=True)
        .order_by("currency")
        .values("currency")
        .annotate(
            count=Count("pk"),
            held_minor=Sum("reserved_minor"),
            oldest=Min("recorded_at"),
            overdue=Count("pk", filter=Q(expires_at__lte=now)),
        )
    )
    return {
        "count": sum(row["count"] for row in rows),
        "overdue": sum(row["overdue"] for row in rows),
        "oldest": min((row["oldest"] for row in rows), default=None),
        "money": [(format_money(int(row["held_minor"]), row["currency"]), row["count"]) for row in rows],
    }


def champion() -> dict[str, Any] | None:
    """What decides and since when, and how much fraud it found when it was measured."""
    model = models_described().filter(state=ModelVersion.State.CHAMPION, family=ModelVersion.Family.CARD).first()
    if model is None:
        return None
    found = (model.metrics or {}).get("recall_at_half_percent")
    return {"model": model, "found": None if found is None else f"{100 * found:.0f}"}


def services() -> dict[str, Any]:
    """What the probes say, at most a second old."""
    results = run_probes()
    return {"results": results, "sentence": sentence(results), "is_well": all(result.is_well for result in results)}


def _may(user: Person, permission: str) -> bool:
    return isinstance(user, PermissionsMixin) and user.has_perm(permission)
