"""Alarms of the system open and close by themselves, from the readings of the last minutes."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from dashboard.domain.system_alarms import Step, closed_words, next_step, opened_words
from dashboard.domain.system_figures import FIGURES, Limit
from dashboard.models import Reading, SystemAlarm
from dashboard.selectors.monitoring import limits_now
from dashboard.selectors.request_minutes import MINUTE
from ledger.services.bank_events import bank_event_write
from rules.services.alarms import alarm_raise, alarm_see

# Figures of requests are known two minutes late.
_LATE = 3 * MINUTE
# A machine or a queue that was taken away is not measured any more, while others are.
GONE_AFTER = timedelta(hours=1)
_BY_ITSELF = "system"

_Key = tuple[str, str]


def system_alarms_step(*, now: datetime) -> tuple[int, int]:
    """How many opened and how many closed. Each is told to those who asked for alarms of the system."""
    limits = limits_now()
    readings = _newest_values(limits, now)
    still_open = {(each.figure, each.subject): each for each in SystemAlarm.objects.filter(closed_at__isnull=True)}
    opened = closed = 0
    for key in sorted(readings.keys() | still_open.keys()):
        alarm, limit = still_open.get(key), limits.get(key[0], Limit(None, 1))
        values = readings.get(key, [])
        match next_step(values, limit, is_open=alarm is not None):
            case Step.OPEN:
                opened += _open(key, values, limit, now)
            case Step.CLOSE if alarm is not None:
                closed += _close(alarm, values[0] if values else alarm.last, now)
            case _ if alarm is not None:
                closed += _go_on(alarm, values, now)
    return opened, closed


def _newest_values(limits: dict[str, Limit], now: datetime) -> dict[_Key, list[float]]:
    """Of each figure as many as its limit asks for, the newest first."""
    longest = max(limit.minutes for limit in limits.values()) * MINUTE
    rows = Reading.objects.filter(minute__gt=now - longest - _LATE, minute__lte=now).order_by("-minute")
    found: dict[_Key, list[float]] = defaultdict(list)
    for figure, subject, minute, value in rows.values_list("figure", "subject", "minute", "value"):
        limit = limits.get(figure)
        if limit is None or minute <= now - limit.minutes * MINUTE - _LATE:
            continue
        if len(found[figure, subject]) < limit.minutes:
            found[figure, subject].append(value)
    return found


def _open(key: _Key, values: Sequence[float], limit: Limit, now: datetime) -> int:
    """0 when another run was quicker."""
    figure, subject = FIGURES[key[0]], key[1]
    words = opened_words(figure, subject, values[0], limit)
    try:
        with transaction.atomic():
            told = alarm_raise(kind=f"system.{figure.name}", subject=_subject(key), words=words, now=now)
            SystemAlarm.objects.create(
                figure=figure.name,
                subject=subject,
                limit=limit.value or 0.0,
                worst=max(values),
                last=values[0],
                words=words[:300],
                opened_at=now,
                alarm=told,
            )
    except IntegrityError:
        return 0
    return 1


def _go_on(alarm: SystemAlarm, values: Sequence[float], now: datetime) -> int:
    """What it is like now; 1 when it is over because nobody can measure it any more."""
    if values:
        worst = max(alarm.worst, *values)
        SystemAlarm.objects.filter(pk=alarm.pk).update(worst=worst, last=values[0])
        return 0
    lately = Reading.objects.filter(minute__gt=now - GONE_AFTER, minute__lte=now)
    is_gone = lately.exists() and not lately.filter(figure=alarm.figure, subject=alarm.subject).exists()
    return _close(alarm, alarm.last, now) if is_gone and alarm.opened_at <= now - GONE_AFTER else 0


@transaction.atomic
def _close(alarm: SystemAlarm, value: float, now: datetime) -> int:
    """Nobody has to look at it any more: those who were told hear that it is over. 0 when another run was quicker."""
    still_open = SystemAlarm.objects.filter(pk=alarm.pk, closed_at__isnull=True)
    if not still_open.update(closed_at=now, last=value):
        return 0
    minutes = max(1, round((now - alarm.opened_at).total_seconds() / 60))
    figure = FIGURES.get(alarm.figure)
    words = closed_words(figure, alarm.subject, value, minutes) if figure else f"Over: {alarm.words}"
    told = {"kind": f"system.{alarm.figure}_well_again", "words": words[:500]}
    bank_event_write(
        event_type="system.alert", subject=_subject((alarm.figure, alarm.subject)), payload=told, now=now
    )
    alarm_see(actor=_BY_ITSELF, alarm=alarm.alarm, now=now)
    return 1


def _subject(key: _Key) -> str:
    figure, subject = key
    return f"system:{subject or figure}"[:100]
