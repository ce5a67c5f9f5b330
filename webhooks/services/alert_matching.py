"""Which events become mails to whom. No more than one mail for a subject within a subscription's window."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Value, When

from webhooks.domain.alert_rules import ABOUT, DecidedPayment, Told, alarm_told, meets, payment_told, report_told
from webhooks.models import AlertSubscription, Notification
from webhooks.models.alerts import AlertAbout, NotificationState
from webhooks.selectors.alerts import decided_payments, subscriptions_about, thresholds_of
from webhooks.selectors.events import ToldEvent


@dataclass(slots=True)
class _Match:
    """The first event of a batch that a subscription hears of about a subject, and how many there were of them."""

    subscription: AlertSubscription
    event: ToldEvent
    told: Told
    count: int = 1


_Matches = dict[tuple[int, str], _Match]


@transaction.atomic
def notifications_add(events: Sequence[ToldEvent], *, now: datetime) -> int:
    """Of live events, each told to whom it concerns. Returns how many notifications are new.

    Locks: the subscriptions that hear of one, in the order of their ids, so that relays at work at once agree.
    """
    heard = [event for event in events if event.livemode and event.type in ABOUT]
    subscriptions = subscriptions_about({ABOUT[event.type] for event in heard}) if heard else []
    matches = _matches(subscriptions, heard)
    if not matches:
        return 0
    locked = AlertSubscription.objects.select_for_update(no_key=True).filter(pk__in={pk for pk, _ in matches})
    list(locked.order_by("pk").values_list("pk"))
    newest = _newest(matches)
    counted = {key: found for key, found in newest.items() if _takes_more(found, now)}
    _count({counted[key].pk: match.count for key, match in matches.items() if key in counted})
    rows = [_row(match, newest.get(key), now) for key, match in matches.items() if key not in counted]
    Notification.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def _matches(subscriptions: Sequence[AlertSubscription], events: Sequence[ToldEvent]) -> _Matches:
    payments = _payments(subscriptions, events)
    found: _Matches = {}
    for subscription in subscriptions:
        for event, told in _heard(subscription, events, payments):
            key = (subscription.pk, told.subject)
            if key in found:
                found[key].count += 1
            else:
                found[key] = _Match(subscription, event, told)
    return found


def _payments(subscriptions: Sequence[AlertSubscription], events: Sequence[ToldEvent]) -> dict[UUID, DecidedPayment]:
    """Decisions are read only when somebody wants to hear of payments."""
    if not any(subscription.about == AlertAbout.PAYMENTS for subscription in subscriptions):
        return {}
    decided = [event for event in events if ABOUT[event.type] == AlertAbout.PAYMENTS]
    return decided_payments([event.transaction_id for event in decided if event.transaction_id])


def _heard(
    subscription: AlertSubscription, events: Sequence[ToldEvent], payments: dict[UUID, DecidedPayment]
) -> Iterator[tuple[ToldEvent, Told]]:
    asked = thresholds_of(subscription)
    for event in events:
        if ABOUT[event.type] != subscription.about:
            continue
        if subscription.about == AlertAbout.REPORTS:
            yield event, report_told(event.subject, event.data)
        elif subscription.about != AlertAbout.PAYMENTS:
            yield event, alarm_told(event.subject, event.data)
        elif (payment := payments.get(event.transaction_id)) and meets(payment, asked):  # type: ignore[arg-type]
            yield event, payment_told(payment, asked)


def _newest(matches: _Matches) -> dict[tuple[int, str], Notification]:
    """The latest notification of each subscription and subject. Call while holding the subscriptions' locks."""
    about = Notification.objects.filter(
        subscription_id__in={pk for pk, _ in matches}, subject__in={subject for _, subject in matches}
    )
    rows = about.order_by("subscription_id", "subject", "-window_ends_at").distinct("subscription_id", "subject")
    return {(row.subscription_id, row.subject): row for row in rows}


def _takes_more(found: Notification, now: datetime) -> bool:
    """Its window is open, or its mail is not out yet and will say how many there were."""
    return found.window_ends_at > now or found.state == NotificationState.WAITING


def _count(more: dict[UUID, int]) -> None:
    if more:
        added = Case(*(When(pk=pk, then=Value(count)) for pk, count in more.items()))
        Notification.objects.filter(pk__in=more).update(occurrences=F("occurrences") + added)


def _row(match: _Match, before: Notification | None, now: datetime) -> Notification:
    return Notification(
        subscription=match.subscription,
        event_id=match.event.id,
        event_type=match.event.type,
        subject=match.told.subject,
        title=match.told.title,
        facts=match.told.facts,
        occurrences=match.count,
        untold_before=before.untold if before else 0,
        next_attempt_at=now,
        created_at=now,
        window_ends_at=now + timedelta(minutes=match.subscription.window_minutes),
    )
