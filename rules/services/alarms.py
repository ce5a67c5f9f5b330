"""Alarms: what a person has to know of soon. They stay on the pages until somebody has seen them."""

import logging
from datetime import datetime

from django.db import transaction

from ledger.services.audit import audit_record
from ledger.services.bank_events import bank_event_write
from rules.models import Alarm

_logger = logging.getLogger(__name__)


@transaction.atomic
def alarm_raise(*, kind: str, subject: str, words: str, now: datetime) -> Alarm:
    """`kind` is stable, for machines; `words` say what happened and what to do. Those who want to hear of it will."""
    _logger.warning("alarm %s on %s: %s", kind, subject, words)
    event_type = "model.alarm" if kind.startswith("model.") else "system.alert"
    bank_event_write(event_type=event_type, subject=subject, payload={"kind": kind, "words": words[:500]}, now=now)
    return Alarm.objects.create(kind=kind, subject=subject, words=words[:500], raised_at=now)


@transaction.atomic
def alarm_see(*, actor: str, alarm: Alarm, now: datetime) -> None:
    """Somebody has seen it; a second time changes nothing."""
    unseen = Alarm.objects.filter(pk=alarm.pk, seen_at__isnull=True)
    if unseen.update(seen_at=now, seen_by=actor):
        audit_record(actor=actor, action="alarm.seen", subject=alarm.subject, details={"words": alarm.words}, now=now)
