"""What a mail looks like: text and HTML of the same facts, with a link into the Admin."""

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from webhooks.domain.alert_rules import TEST, wish_words
from webhooks.models import Notification
from webhooks.selectors.alerts import thresholds_of

SUBJECT_LENGTH_MAX = 78


def mail_of(notification: Notification, connection: Any) -> EmailMultiAlternatives:
    """To one person. The Message-ID stays the same each time it is sent."""
    context = mail_context(notification)
    _, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    mail = EmailMultiAlternatives(
        subject=mail_subject(notification),
        body=render_to_string("mail/alert.txt", context),
        to=[notification.subscription.user.email],
        connection=connection,
        headers={
            "Message-ID": f"<{notification.public_id}@{sender.rpartition('@')[2]}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(render_to_string("mail/alert.html", context), "text/html")
    return mail


def mail_subject(notification: Notification) -> str:
    count = notification.occurrences
    times = f" (and {count - 1} more)" if count > 1 else ""
    room = SUBJECT_LENGTH_MAX - len(times)
    title = notification.title
    return f"{title if len(title) <= room else title[: room - 1] + '…'}{times}"


def mail_context(notification: Notification) -> dict[str, Any]:
    subscription = notification.subscription
    wish = wish_words(subscription.about, thresholds_of(subscription), str(subscription.rule or ""))
    return {
        "title": notification.title,
        "rows": notification.facts.get("rows", []),
        "words": notification.facts.get("words", ""),
        "is_test": notification.event_type == TEST,
        "since": notification.created_at,
        "count": notification.occurrences,
        "untold_before": notification.untold_before,
        "link": _page(notification),
        "wish": wish,
        "window_minutes": subscription.window_minutes,
        "settings_link": _address("admin:webhooks_alertsubscription_change", subscription.pk),
    }


def _page(notification: Notification) -> str:
    """The page that says more: of the payment, or the alarms; what a client wrote stands with the notification."""
    if "transaction" in notification.facts:
        return _address("admin:ledger_transaction_change", notification.facts["transaction"])
    if notification.facts.get("reported") or notification.event_type == TEST:
        return _address("admin:webhooks_notification_change", notification.pk)
    return _address("admin:rules_alarm_changelist")


def _address(name: str, *arguments: Any) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=arguments)}"
