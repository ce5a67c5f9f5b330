"""Looks every few minutes whether what clients send stands far off what is usual for each, and says so once.

A finding opens with an alarm, stays open while it lasts, and closes by itself when the share is usual again.
"""

from datetime import datetime

from django.db import transaction

from ledger.services.bank_events import bank_event_write
from rules.models import Alarm
from rules.services.alarms import alarm_raise, alarm_see
from scoring.domain.quality import Drift
from scoring.domain.quality_words import drift_words, usual_again_words
from scoring.models import QualityFinding
from scoring.selectors.quality import Days, Measure, drift_of, measures_of, quality_days
from sentinel.api.models import GatewayClient

ACTOR = "data quality"
USUAL_AGAIN = "quality.usual_again"


def quality_watch(*, now: datetime) -> int:
    """How many findings were opened or closed. Of test clients nobody is told: they try things out."""
    by_client = quality_days(now.date())
    clients = GatewayClient.objects.filter(pk__in=by_client, livemode=True).order_by("pk")
    return sum(_client_watch(client, by_client[client.pk], now) for client in clients)


@transaction.atomic
def _client_watch(client: GatewayClient, days: Days, now: datetime) -> int:
    """Locks: the client's open findings. Who comes second finds what the first has opened or closed."""
    GatewayClient.objects.select_for_update(no_key=True).get(pk=client.pk)
    findings = QualityFinding.objects.filter(client=client, closed_at=None)
    still_open = {(finding.kind, finding.field): finding for finding in findings}
    changed = 0
    for measure in dict.fromkeys([*measures_of(days), *still_open]):
        found, finding = drift_of(days, measure, now.date()), still_open.get(measure)
        if found is None:
            continue
        if finding is None and found.is_drifting:
            _open(client, measure, found, now)
            changed += 1
        elif finding is not None and found.is_usual_again:
            _close(client, finding, found, now)
            changed += 1
    return changed


def _open(client: GatewayClient, measure: Measure, found: Drift, now: datetime) -> None:
    kind, field = measure
    QualityFinding.objects.create(
        client=client, kind=kind, field=field, share=found.today, usual_share=found.usual, opened_at=now
    )
    words = drift_words(client.name, kind, field, found)
    alarm_raise(kind=f"quality.{kind}", subject=_subject(client, field), words=words, now=now)


def _close(client: GatewayClient, finding: QualityFinding, found: Drift, now: datetime) -> None:
    """Nobody need look at its alarm any more."""
    finding.closed_at = now
    finding.save(update_fields=["closed_at"])
    subject = _subject(client, finding.field)
    for alarm in Alarm.objects.filter(kind=f"quality.{finding.kind}", subject=subject, seen_at=None):
        alarm_see(actor=ACTOR, alarm=alarm, now=now)
    words = usual_again_words(client.name, finding.kind, finding.field, found)
    told = {"kind": USUAL_AGAIN, "words": words[:500]}
    bank_event_write(event_type="system.alert", subject=subject, payload=told, now=now)


def _subject(client: GatewayClient, field: str) -> str:
    return f"client:{client.name}{f' {field}' if field else ''}"[:200]
