"""Subscriptions, and events as fan-out hands them on, for tests of alerts and mails."""

from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.utils import timezone

from ledger.models import Event
from sentinel.core.ids import uuid7
from webhooks.models import AlertSubscription
from webhooks.selectors.events import ToldEvent, told_events

# 12:00 UTC by which windows are counted in tests.
NOON = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


def make_person(name: str = "", **fields: Any) -> User:
    name = name or f"person_{uuid4().hex[:8]}"
    return User.objects.create_user(name, **{"email": f"{name}@bank.example", "is_staff": True, **fields})


def subscribe(person: User | None = None, *, about: str = "payments", **fields: Any) -> AlertSubscription:
    return AlertSubscription.objects.create(user=person or make_person(), about=about, created_at=NOON, **fields)


def told_of(*payments: Any) -> list[ToldEvent]:
    ids = Event.objects.filter(transaction_id__in=[each.pk for each in payments]).values_list("pk", flat=True)
    return told_events(list(ids))


def alarm(kind: str = "rule.failed", subject: str = "rule:night_owl", **data: Any) -> ToldEvent:
    event_type = "model.alarm" if kind.startswith("model.") else "system.alert"
    told = {"subject": subject, "kind": kind, "words": "It could not be evaluated.", **data}
    return ToldEvent(uuid7(), event_type, NOON, told, subject=subject)
