"""Alarms of the system: when they open and close, who is told, and that they are one at a time."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from dashboard.domain.system_alarms import Step, closed_words, next_step, opened_words
from dashboard.domain.system_figures import FIGURES, Limit, limits_in_force
from dashboard.models import FigureLimit, Reading, SystemAlarm
from dashboard.services.figure_limits import figure_limit_forget, figure_limit_set
from dashboard.services.system_alarms import system_alarms_step
from ledger.models import AuditEntry, BankEvent, OutboxPending
from rules.models import Alarm
from sentinel.core.errors import InvalidRequest
from sentinel.core.ids import uuid7

NOW = datetime(2026, 1, 31, 12, 0, 20, tzinfo=UTC)
LIMIT = Limit(90.0, 3)


@pytest.mark.parametrize(
    ("values", "is_open", "step"),
    [
        ([90, 95, 90], False, Step.OPEN),
        ([95, 95, 89.9], False, Step.STAY),
        ([95, 95], False, Step.STAY),
        ([], False, Step.STAY),
        ([95, 95, 95], True, Step.STAY),
        ([71.9, 71.9, 71.9], True, Step.CLOSE),
        ([71.9, 71.9, 72.0], True, Step.STAY),
        ([10, 10], True, Step.STAY),
        ([], True, Step.STAY),
    ],
)
def test_it_opens_and_closes_with_distance(values, is_open, step):
    assert next_step(values, LIMIT, is_open=is_open) is step


def test_a_limit_that_was_taken_away_closes():
    assert next_step([99, 99, 99], Limit(None, 3), is_open=True) is Step.CLOSE
    assert next_step([99, 99, 99], Limit(None, 3), is_open=False) is Step.STAY


def test_words_say_what_happened_and_what_to_do():
    disk, down = FIGURES["disk_percent"], FIGURES["service_down"]

    assert opened_words(disk, "bank-1", 93.46, Limit(90.0, 5)) == (
        "Disk in use (bank-1): 93.5 %. The limit of 90 % has been passed for 5 minutes. "
        "Make room, or move SENTINEL_VAR_DIR to a larger disk."
    )
    assert opened_words(down, "cache", 1.0, Limit(1.0, 2)) == (
        "Services that do not answer (cache), for 2 minutes. Run `manage.py doctor`: it says what to do."
    )
    assert closed_words(disk, "bank-1", 60.0, 12) == "Over, after 12 minutes: disk in use (bank-1). Now: 60 %."


def test_a_person_goes_before_the_settings_and_those_before_ours():
    found = limits_in_force({"cpu_percent": 70.0, "disk_percent": 80.0}, {"disk_percent": Limit(None, 9)})

    assert found["cpu_percent"] == Limit(70.0, 10)
    assert found["disk_percent"] == Limit(None, 9)
    assert found["memory_percent"] == Limit(90.0, 5)


@pytest.fixture
def nothing(db):
    """Tests that commit may have left readings, limits and alarms. They are back when this one is rolled back."""
    for model in (SystemAlarm, Reading, FigureLimit):
        model.objects.all().delete()


def read(*values, figure="disk_percent", subject="bank-1", now=NOW):
    """The newest last."""
    newest = now.replace(second=0, microsecond=0)
    Reading.objects.bulk_create(
        [
            Reading(minute=newest - timedelta(minutes=ago), figure=figure, subject=subject, value=value)
            for ago, value in enumerate(reversed(values))
        ],
        update_conflicts=True,
        unique_fields=["figure", "subject", "minute"],
        update_fields=["value"],
    )


def events():
    return list(BankEvent.objects.filter(subject="system:bank-1").order_by("id"))


def test_an_alarm_opens_once_is_told_and_closes_by_itself(nothing):
    read(95.0, 95.0, 93.0, 94.0, 96.5)

    assert system_alarms_step(now=NOW) == (1, 0)
    assert system_alarms_step(now=NOW) == (0, 0)

    (alarm,) = SystemAlarm.objects.all()
    assert (alarm.figure, alarm.subject, alarm.limit, alarm.worst, alarm.last) == (
        "disk_percent", "bank-1", 90.0, 96.5, 96.5,
    )  # fmt: skip
    (told,) = events()
    assert (told.type, told.payload["kind"]) == ("system.alert", "system.disk_percent")
    assert told.payload["words"] == alarm.words == alarm.alarm.words
    assert OutboxPending.objects.filter(event_id=told.id).exists()
    assert alarm.alarm.seen_at is None

    later = NOW + timedelta(minutes=8)
    read(50.0, 50.0, 50.0, 50.0, 41.0, now=later)
    assert system_alarms_step(now=later) == (0, 1)
    assert system_alarms_step(now=later) == (0, 0)

    alarm.refresh_from_db()
    assert (alarm.closed_at, alarm.last, alarm.worst) == (later, 41.0, 96.5)
    assert [event.payload["kind"] for event in events()] == [
        "system.disk_percent", "system.disk_percent_well_again",
    ]  # fmt: skip
    seen = Alarm.objects.get(pk=alarm.alarm_id)
    assert (seen.seen_at, seen.seen_by) == (later, "system")


def test_a_figure_that_swings_opens_nothing_and_nobody_is_told(nothing):
    read(95.0, 95.0, 89.0, 95.0, 95.0)
    before = BankEvent.objects.count()

    assert system_alarms_step(now=NOW) == (0, 0)
    assert (SystemAlarm.objects.count(), BankEvent.objects.count()) == (0, before)


def test_an_open_alarm_stays_while_it_is_not_well_and_knows_the_worst(nothing):
    read(95.0, 95.0, 95.0, 95.0, 95.0)
    system_alarms_step(now=NOW)
    later = NOW + timedelta(minutes=5)
    read(99.0, 80.0, 80.0, 75.0, 73.0, now=later)

    assert system_alarms_step(now=later) == (0, 0)
    (alarm,) = SystemAlarm.objects.all()
    assert (alarm.worst, alarm.last, alarm.closed_at) == (99.0, 73.0, None)


def test_while_nobody_measures_it_stays_open(nothing):
    read(95.0, 95.0, 95.0, 95.0, 95.0)
    system_alarms_step(now=NOW)

    assert system_alarms_step(now=NOW + timedelta(hours=3)) == (0, 0)


def test_a_machine_that_was_taken_away_closes_when_others_are_measured(nothing):
    read(95.0, 95.0, 95.0, 95.0, 95.0)
    system_alarms_step(now=NOW)
    later = NOW + timedelta(minutes=70)
    read(20.0, subject="bank-2", now=later)

    assert system_alarms_step(now=later) == (0, 1)


def test_a_figure_nobody_knows_any_more_closes(nothing):
    alarm = Alarm.objects.create(kind="system.moon", subject="system:moon", words="full", raised_at=NOW)
    SystemAlarm.objects.create(
        figure="moon_percent", limit=1, worst=2, last=2, words="Full moon.", opened_at=NOW, alarm=alarm
    )

    assert system_alarms_step(now=NOW + timedelta(minutes=1)) == (0, 1)


def test_the_database_keeps_one_open_alarm_for_a_figure_and_subject(nothing):
    read(95.0, 95.0, 95.0, 95.0, 95.0)
    system_alarms_step(now=NOW)
    (known,) = SystemAlarm.objects.all()

    with pytest.raises(IntegrityError), transaction.atomic():
        SystemAlarm.objects.create(
            id=uuid7(), figure=known.figure, subject=known.subject, limit=1, worst=1, last=1, words="x",
            opened_at=NOW, alarm=known.alarm,
        )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        SystemAlarm.objects.filter(pk=known.pk).update(closed_at=NOW - timedelta(minutes=1))


def test_a_limit_set_by_a_person_decides_and_is_audited(nothing):
    read(50.0, 55.0)
    figure_limit_set(actor="olivia", figure="disk_percent", limit=40.0, minutes=2, now=NOW)

    assert system_alarms_step(now=NOW) == (1, 0)
    audited = AuditEntry.objects.get(action="figure_limit.set", subject="limit disk_percent")
    assert (audited.actor, audited.details) == ("olivia", {"limit": [None, 40.0], "minutes": [None, 2]})

    figure_limit_set(actor="olivia", figure="disk_percent", limit=None, minutes=2, now=NOW)
    assert system_alarms_step(now=NOW) == (0, 1)

    figure_limit_forget(actor="olivia", limit=FigureLimit.objects.get(), now=NOW)
    assert AuditEntry.objects.filter(action="figure_limit.forgotten").exists()
    assert not FigureLimit.objects.exists()


@pytest.mark.parametrize(
    ("figure", "limit", "minutes", "field"),
    [
        ("moon_percent", 5.0, 5, "figure"),
        ("cpu_percent", 0.0, 5, "limit"),
        ("cpu_percent", -1.0, 5, "limit"),
        ("cpu_percent", float("inf"), 5, "limit"),
        ("cpu_percent", float("nan"), 5, "limit"),
        ("cpu_percent", 5.0, 0, "minutes"),
        ("cpu_percent", 5.0, 61, "minutes"),
    ],
)
def test_a_limit_that_means_nothing_is_refused_and_nothing_written(nothing, figure, limit, minutes, field):
    before = AuditEntry.objects.count()

    with pytest.raises(InvalidRequest) as refused:
        figure_limit_set(actor="olivia", figure=figure, limit=limit, minutes=minutes, now=NOW)

    assert [error.field for error in refused.value.errors] == [field]
    assert (FigureLimit.objects.count(), AuditEntry.objects.count()) == (0, before)
