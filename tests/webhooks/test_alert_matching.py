"""Events become notifications: one for a subject within its window, and the others are counted."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connections, transaction
from django.test.utils import CaptureQueriesContext

from rules.domain.stages import Stage
from rules.domain.starter_rules import STARTER_RULES
from rules.models import Rule
from rules.services.shipped import shipped_rules_publish
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_client, make_payment
from tests.webhooks.alerting import NOON, alarm, make_person, subscribe, told_of
from webhooks.models import AlertSubscription, Notification
from webhooks.models.alerts import NotificationState
from webhooks.services.alert_matching import notifications_add


def add(*events, minutes: int = 0) -> int:
    return notifications_add(events, now=NOON + timedelta(minutes=minutes))


def counted() -> list[tuple[str, int]]:
    return list(Notification.objects.order_by("pk").values_list("subject", "occurrences"))


@pytest.fixture
def account(db):
    return make_account()


@pytest.fixture
def pay(account):
    client = make_client()
    return lambda outcome=Outcome.APPROVE, **fields: make_payment(account, client, outcome=outcome, **fields)


def test_a_payment_reaches_whoever_asks_for_its_like(pay):
    wanted = subscribe(outcomes=["decline"], amount_min_minor=5_000, currency="INR")
    subscribe(outcomes=["approve"])

    assert add(*told_of(pay(Outcome.DECLINE))) == 1

    notification = Notification.objects.get()
    assert (notification.subscription, notification.title) == (wanted, "54 INR declined")
    assert (notification.state, notification.next_attempt_at) == ("waiting", NOON)
    assert notification.window_ends_at == NOON + timedelta(minutes=60)


def test_nothing_personal_is_kept_in_it(pay):
    subscribe()
    add(*told_of(pay()))

    facts = str(Notification.objects.get().facts)

    for secret in ("Alice", "acc_alice", "tok_9f", "203.0.113.9", "FR", "Corner Books", "order 42"):
        assert secret not in facts


def test_a_rule_is_heard_of_when_it_had_a_say(pay):
    rule = Rule(code="of_tests", name="Of tests")
    draft = next(each.draft for each in STARTER_RULES if each.code == "foreign_high_amount")
    shipped_rules_publish(rules=[(rule, draft, Stage.LIVE)], note="tests", now=NOON)
    version = rule.versions.get()
    subscribe(rule=rule)

    hit = pay(Outcome.REVIEW, verdict_changes={"rule_hits": (version.pk,)})
    silent = pay(verdict_changes={"silent_hits": (version.pk,)})
    add(*told_of(hit, silent))

    assert counted() == [("rule:of_tests", 1)]
    assert Notification.objects.get().title == "Of tests: 54 INR held for review"


def test_alarms_reach_those_who_ask_for_their_kind(db):
    subscribe(about="models")
    subscribe(about="system")

    add(alarm("model.braked", "model:card-1"), alarm("rule.failed"))

    assert sorted(Notification.objects.values_list("subscription__about", "title")) == [
        ("models", "Alarm of model card-1: braked"),
        ("system", "Alarm of rule night_owl: failed"),
    ]


def test_within_the_window_the_others_are_counted(db):
    subscribe(about="system")

    assert [add(alarm(), alarm()), add(alarm(), minutes=59)] == [1, 0]

    assert counted() == [("rule.failed rule:night_owl", 3)]


def test_another_subject_has_a_window_of_its_own(db):
    subscribe(about="system")

    add(alarm(), alarm("rule.moved_back"), alarm(subject="rule:other"))

    assert len(counted()) == 3


def test_after_the_window_the_next_mail_says_how_many_there_were_meanwhile(db):
    subscribe(about="system")
    add(alarm())
    Notification.objects.update(state=NotificationState.SENT, sent_at=NOON, told=1)
    add(alarm(), alarm(), minutes=30)

    assert add(alarm(), minutes=60) == 1

    assert counted() == [("rule.failed rule:night_owl", 3), ("rule.failed rule:night_owl", 1)]
    assert Notification.objects.all()[0].untold_before == 2


def test_what_could_not_be_written_is_told_with_the_next(db):
    subscribe(about="system")
    add(alarm(), alarm())
    Notification.objects.update(state=NotificationState.FAILED, untold_before=5)

    add(alarm(), minutes=60)

    assert Notification.objects.all()[0].untold_before == 7


def test_a_mail_that_is_not_out_yet_takes_more_even_after_its_window(db):
    subscribe(about="system")
    add(alarm())

    assert add(alarm(), minutes=600) == 0

    assert counted() == [("rule.failed rule:night_owl", 2)]


def test_of_a_subject_one_mail_at_a_time_waits(db):
    subscribe(about="system")
    add(alarm())
    twin = Notification.objects.get()
    twin.pk = alarm().id

    with pytest.raises(IntegrityError, match="webhooks_notification_one_waiting"), transaction.atomic():
        twin.save(force_insert=True)


def test_test_payments_other_events_and_switched_off_wishes_are_not_heard(db):
    subscribe()
    subscribe(about="system", is_active=False)
    account, client = make_account("acc_test", livemode=False), make_client(livemode=False)

    assert add(*told_of(make_payment(account, client)), alarm()) == 0

    assert not Notification.objects.exists()


def test_a_batch_costs_the_same_however_large_it_is(pay):
    for _ in range(5):
        subscribe()
    few, many = told_of(pay(), pay()), told_of(*(pay(amount_minor=100) for _ in range(12)))

    with CaptureQueriesContext(connections["default"]) as first:
        add(*few)
    with CaptureQueriesContext(connections["default"]) as second:
        add(*many, minutes=1)

    assert len(second) <= len(first) <= 8


def test_without_subscribers_to_payments_no_decision_is_read(pay):
    subscribe(about="models")
    events = told_of(pay())

    with CaptureQueriesContext(connections["default"]) as queries:
        add(*events)

    assert "ledger_decision" not in str(queries.captured_queries)


def test_two_relays_at_once_make_one_notification(committed):
    person = make_person()
    subscription = subscribe(person, about="system")
    ready = threading.Barrier(4)

    def relay() -> None:
        ready.wait(10)
        add(alarm(), alarm())
        connections.close_all()

    threads = [threading.Thread(target=relay) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert list(subscription.notifications.values_list("occurrences", flat=True)) == [8]
    finally:
        AlertSubscription.objects.filter(pk=subscription.pk).delete()
        User.objects.filter(pk=person.pk).delete()
