"""My alerts: everybody looks after their own, and operators see all."""

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from ledger.models import AuditEntry
from ledger.services.bank_events import bank_event_write
from rules.models import Rule
from tests.webhooks.alerting import make_person, subscribe
from webhooks.models import AlertSubscription, Notification
from webhooks.selectors.events import told_events
from webhooks.services.alert_matching import notifications_add
from webhooks.services.mails import mails_send
from webhooks.services.subscriptions import SUBSCRIPTIONS_MAX

LIST = reverse("admin:webhooks_alertsubscription_changelist")
ADD = reverse("admin:webhooks_alertsubscription_add")
NOTIFICATIONS = reverse("admin:webhooks_notification_changelist")
SEES_ALL = ("webhooks.view_alertsubscription", "webhooks.view_notification")


def page_of(subscription: AlertSubscription) -> str:
    return reverse("admin:webhooks_alertsubscription_change", args=[subscription.pk])


def url_of_test(subscription: AlertSubscription) -> str:
    return reverse("admin:webhooks_alertsubscription_test", args=[subscription.pk])


def filled(**changes) -> dict:
    return {"about": "payments", "window_minutes": "60", "is_active": "on"} | changes


@pytest.fixture
def ana(sign_in):
    """Staff without a permission, with an address."""
    client = sign_in("ana")
    User.objects.filter(username="ana").update(email="ana@bank.example")
    return client


@pytest.fixture
def of_ana(ana):
    return subscribe(User.objects.get(username="ana"), about="system")


@pytest.fixture
def of_others(db):
    return subscribe(about="system")


def test_somebody_asks_to_hear_of_payments(ana):
    rule = Rule.objects.create(
        code="abroad",
        name="Abroad",
        created_by="x",
        updated_by="x",
        created_at=timezone.now(),
        updated_at=timezone.now(),
    )
    asked = filled(
        outcomes=["review", "decline"],
        amount_min="5000.50",
        currency="INR",
        percentile_min="0.99",
        rule=str(rule.pk),
    )

    answer = ana.post(ADD, asked, follow=True)

    made = AlertSubscription.objects.get()
    assert (made.user.username, made.outcomes, made.amount_min_minor, made.currency) == (
        "ana",
        ["review", "decline"],
        500_050,
        "INR",
    )
    assert (made.percentile_min, made.probability_min, made.rule, made.window_minutes) == (0.99, None, rule, 60)
    words = "Payments that are held for review or declined, of at least 5,000.50 INR, with a score percentile of"
    assert words in answer.content.decode()
    assert AuditEntry.objects.get().action == "subscription.created"


def test_it_is_changed_and_switched_off(ana, of_ana):
    ana.post(page_of(of_ana), filled(about="models", window_minutes="1440", is_active=""))

    of_ana.refresh_from_db()
    assert (of_ana.about, of_ana.window_minutes, of_ana.is_active) == ("models", 1440, False)
    assert AuditEntry.objects.get().action == "subscription.changed"


def test_the_amount_is_shown_as_it_was_entered(ana, of_ana):
    AlertSubscription.objects.update(about="payments", amount_min_minor=500_050, currency="INR")

    assert 'value="5000.50"' in ana.get(page_of(of_ana)).content.decode()


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"amount_min": "5000"}, "currency", "Choose the currency"),
        ({"currency": "INR"}, "amount_min", "Give an amount"),
        ({"amount_min": "5.001", "currency": "INR"}, "amount_min", "INR has 2 decimals"),
        ({"amount_min": "-5", "currency": "INR"}, "amount_min", "Not below zero"),
        ({"amount_min": "5,00", "currency": "INR"}, "amount_min", "decimal string"),
        ({"amount_min": "lots", "currency": "INR"}, "amount_min", "decimal string"),
        ({"probability_min": "1.5"}, "probability_min", "From 0 to 1"),
        ({"percentile_min": "-1"}, "percentile_min", "From 0 to 1"),
        ({"about": "models", "outcomes": ["decline"]}, "outcomes", "Only for payments"),
        ({"about": "system", "probability_min": "0.5"}, "probability_min", "Only for payments"),
        ({"about": "reports", "amount_min": "5", "currency": "INR"}, "amount_min", "Only for payments"),
        ({"about": "everything"}, "about", "Select a valid choice"),
        ({"rule": "99"}, "rule", "Select a valid choice"),
        ({"window_minutes": "2"}, "window_minutes", "Select a valid choice"),
    ],
    ids=str,
)
def test_a_bad_field_is_named_and_nothing_is_kept(ana, change, field, words):
    answer = ana.post(ADD, filled(**change))

    errors = answer.context["adminform"].form.errors
    assert words in str(errors[field])
    assert not AlertSubscription.objects.exists()
    assert not AuditEntry.objects.exists()


def test_twenty_are_enough(ana):
    for _ in range(SUBSCRIPTIONS_MAX):
        subscribe(User.objects.get(username="ana"), about="models")

    page = ana.post(ADD, filled(), follow=True).content.decode()

    assert "Switch one off first" in page
    assert AlertSubscription.objects.count() == SUBSCRIPTIONS_MAX


def test_those_of_others_are_not_seen(ana, of_ana, of_others):
    assert list(ana.get(LIST).context["cl"].result_list) == [of_ana]
    assert ana.get(page_of(of_others)).status_code == 302
    assert ana.post(page_of(of_others), filled(about="models")).status_code in (302, 403)
    assert ana.post(url_of_test(of_others)).status_code == 404
    of_others.refresh_from_db()
    assert of_others.about == "system"


def test_operators_see_all_and_change_only_their_own(sign_in, of_others):
    operator = sign_in("olivia", *SEES_ALL)

    assert of_others.user.username in operator.get(LIST).content.decode()
    page = operator.get(page_of(of_others)).content.decode()
    assert "Alarms of rules and of the system" in page
    assert 'name="about"' not in page
    assert operator.post(page_of(of_others), filled()).status_code == 403
    assert operator.post(url_of_test(of_others)).status_code == 403
    assert not Notification.objects.exists()


def test_nothing_is_deleted(ana, of_ana):
    assert ana.post(reverse("admin:webhooks_alertsubscription_delete", args=[of_ana.pk])).status_code == 403


def test_a_test_mail_goes_the_way_of_all_others(ana, of_ana):
    page = ana.post(url_of_test(of_ana), follow=True).content.decode()
    assert "A test mail is on its way." in page
    assert "Test of your alerts" in page

    mails_send(now=timezone.now())

    assert mail.outbox[0].to == ["ana@bank.example"]
    assert "Mails reach you." in mail.outbox[0].body
    assert 'badge sent">sent' in ana.get(NOTIFICATIONS).content.decode()


def test_while_one_test_mail_waits_there_is_no_second(ana, of_ana):
    ana.post(url_of_test(of_ana))

    page = ana.post(url_of_test(of_ana), follow=True).content.decode()

    assert "A test mail is on its way already." in page
    assert Notification.objects.count() == 1


def test_a_test_mail_is_asked_for_by_a_button_alone(ana, of_ana):
    assert ana.get(url_of_test(of_ana)).status_code == 405
    assert not Notification.objects.exists()


def test_who_has_no_address_is_told_so(sign_in, ana):
    words = "Your log-in has no e-mail address"

    assert words in sign_in("nils").get(LIST).content.decode()
    assert words not in ana.get(LIST).content.decode()


def test_what_a_client_wrote_is_read_in_the_admin(ana, of_ana):
    now = timezone.now()
    event = bank_event_write(
        event_type="system.alert",
        subject="pos",
        payload={"kind": "reported", "severity": "critical", "words": "Till 3 <is> down", "client": "shop"},
        now=now,
    )
    notifications_add(told_events([event.id]), now=now)
    notification = Notification.objects.get()

    page = ana.get(reverse("admin:webhooks_notification_change", args=[notification.pk])).content.decode()

    assert "shop: Till 3 &lt;is&gt; down" in page
    mails_send(now=now)
    assert "Till 3" not in str(mail.outbox[0].message())
    assert reverse("admin:webhooks_notification_change", args=[notification.pk]) in mail.outbox[0].body


def test_notifications_to_others_are_not_seen(ana, of_others, sign_in):
    now = timezone.now()
    event = bank_event_write(event_type="system.alert", subject="x", payload={"kind": "a.b", "words": "w"}, now=now)
    notifications_add(told_events([event.id]), now=now)
    url = reverse("admin:webhooks_notification_change", args=[Notification.objects.get().pk])

    assert list(ana.get(NOTIFICATIONS).context["cl"].result_list) == []
    assert ana.get(url).status_code == 302
    operator = sign_in("olivia", *SEES_ALL)
    assert operator.get(url).status_code == 200
    assert len(operator.get(NOTIFICATIONS).context["cl"].result_list) == 1


def test_people_without_a_log_in_of_staff_see_nothing(client, db):
    person = make_person(is_staff=False)
    client.force_login(person)

    assert client.get(LIST).status_code == 302
    assert client.get(NOTIFICATIONS).status_code == 302
