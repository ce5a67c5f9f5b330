"""Mails to people: written from notifications, tried again when the server does not take them.

A worker that dies between the server's yes and its own note of it sends the mail twice, under the same Message-ID.
"""

import logging
from collections import deque
from contextlib import suppress
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused
from time import monotonic
from typing import Any

from django.core.mail import get_connection
from django.db import transaction
from django.db.models import Q

from webhooks.models import Notification
from webhooks.models.alerts import NotificationState
from webhooks.services.mail_writing import mail_of

LEASE = timedelta(seconds=120)
AT_ONCE = 50
# With the time-outs of one connection and one mail behind it, a run ends before its lease.
RUN_SECONDS_MAX = 30
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))
# The server answered: what is wrong is this mail, not the way to it.
_OF_THIS_MAIL = (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError, ValueError)

_logger = logging.getLogger(__name__)


def mails_send(*, now: datetime) -> int:
    """Writes what is due, over one connection; how many mails the server took.

    Stops at the first trouble with the connection; what it does not come to is due as before.
    """
    waiting = deque(_claim(now))
    if not waiting:
        return 0
    connection = get_connection()
    started, sent = monotonic(), 0
    try:
        while waiting and monotonic() - started < RUN_SECONDS_MAX:
            took = _send(waiting.popleft(), connection, now)
            sent += took or 0
            if took is None:
                break
    finally:
        _give_back(waiting)
        with suppress(OSError):
            connection.close()
    return sent


@transaction.atomic
def _claim(now: datetime) -> list[Notification]:
    """Those due that no other worker is at. Locks: their rows, until the lease is written."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    due = Notification.objects.filter(free, state=NotificationState.WAITING, next_attempt_at__lte=now)
    found = list(
        due.select_for_update(of=("self",), skip_locked=True)
        .select_related("subscription__user", "subscription__rule")
        .order_by("next_attempt_at")[:AT_ONCE]
    )
    for notification in found:
        notification.lease_until = now + LEASE
    Notification.objects.filter(pk__in=[each.pk for each in found]).update(lease_until=now + LEASE)
    return found


def _send(notification: Notification, connection: Any, now: datetime) -> bool | None:
    """Whether the server took it; None when the connection is no good any more."""
    if words := _unreachable(notification):
        _write(notification, state=NotificationState.FAILED, last_error=words)
        return False
    try:
        connection.open()
        connection.send_messages([mail_of(notification, connection)])
    except _OF_THIS_MAIL as error:
        _failed(notification, error, now)
        return False
    except OSError as error:
        _failed(notification, error, now)
        return None
    _write(
        notification,
        state=NotificationState.SENT,
        sent_at=now,
        told=notification.occurrences,
        window_ends_at=now + timedelta(minutes=notification.subscription.window_minutes),
        attempts_made=notification.attempts_made + 1,
        last_error="",
    )
    return True


def _unreachable(notification: Notification) -> str:
    user = notification.subscription.user
    if not user.is_active:
        return "The person's log-in is switched off."
    if not user.email:
        return "The person has no e-mail address."
    return "" if notification.subscription.is_active else "The subscription was switched off."


def _failed(notification: Notification, error: Exception, now: datetime) -> None:
    """Tried again, or given up after the last wait."""
    made = notification.attempts_made
    words = _words(error).replace(notification.subscription.user.email, "the address")[:200]
    _logger.warning("mail %s failed, try %d: %s", notification.public_id, made + 1, words)
    changes: dict[str, Any] = {"attempts_made": made + 1, "last_error": words}
    if made < len(WAITS):
        _write(notification, next_attempt_at=now + WAITS[made], **changes)
    else:
        _write(notification, state=NotificationState.FAILED, **changes)


def _words(error: Exception) -> str:
    if isinstance(error, SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return f"The mail server refused the address: {code} {_text(said)}"
    if isinstance(error, SMTPResponseException):
        return f"The mail server refused it: {error.smtp_code} {_text(error.smtp_error)}"
    if isinstance(error, ValueError):
        return f"The mail could not be written: {error}"
    return f"The mail server could not be reached: {error or type(error).__name__}"


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def _write(notification: Notification, **changes: Any) -> None:
    """The result, at once, unless the lease was lost to another worker meanwhile."""
    held = Notification.objects.filter(pk=notification.pk, lease_until=notification.lease_until)
    held.update(lease_until=None, **changes)


def _give_back(notifications: deque[Notification]) -> None:
    for notification in notifications:
        _write(notification)
