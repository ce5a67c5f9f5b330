"""Two workers that watch at once: one alarm, and people are told once."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connections

from dashboard.models import Reading, SystemAlarm
from dashboard.services.readings import readings_write
from dashboard.services.system_alarms import system_alarms_step
from ledger.models import BankEvent

pytestmark = pytest.mark.concurrency

# Long ago: the readings of others are of now.
NOW = datetime(2025, 3, 2, 12, 0, 20, tzinfo=UTC)
WORKERS = 4


def at_once(work):
    """Runs it in several threads that begin together."""
    start, results, errors = threading.Barrier(WORKERS), [], []

    def run():
        try:
            start.wait(10)
            results.append(work())
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    return results


@pytest.fixture
def subject(committed):
    name = f"bank-{uuid4().hex[:8]}"
    yield name
    SystemAlarm.objects.filter(subject=name).delete()
    Reading.objects.filter(subject=name).delete()


def readings(subject, value, now):
    minute = now.replace(second=0)
    return {minute - timedelta(minutes=ago): {("disk_percent", subject): value} for ago in range(8)}


def test_it_opens_once_and_closes_once(subject):
    at_once(lambda: readings_write(readings(subject, 95.0, NOW)))
    assert Reading.objects.filter(subject=subject).count() == 8

    at_once(lambda: system_alarms_step(now=NOW))
    (alarm,) = SystemAlarm.objects.filter(subject=subject)
    assert alarm.closed_at is None
    assert BankEvent.objects.filter(subject=f"system:{subject}").count() == 1

    later = NOW + timedelta(minutes=20)
    readings_write(readings(subject, 10.0, later))
    at_once(lambda: system_alarms_step(now=later))
    alarm.refresh_from_db()
    assert alarm.closed_at == later
    kinds = (
        BankEvent.objects.filter(subject=f"system:{subject}").order_by("id").values_list("payload__kind", flat=True)
    )
    assert list(kinds) == ["system.disk_percent", "system.disk_percent_well_again"]
