"""Mails are written once the server takes them, tried again while it does not, and hold nothing they must not."""

import ssl
from datetime import timedelta
from email.utils import parseaddr

import pytest
import trustme
from django.conf import settings as django_settings
from django.core import mail

from sentinel.core.outcomes import Outcome
from sentinel.env import env_email
from tests.factories import make_account, make_client, make_payment
from tests.webhooks.alerting import NOON, alarm, make_person, subscribe, told_of
from tests.webhooks.smtp_server import free_port, knows, smtp_server
from webhooks.models import Notification
from webhooks.services import mails
from webhooks.services.alert_matching import notifications_add
from webhooks.services.mails import LEASE, WAITS, mails_send
from webhooks.tasks import mails_send as task


def send(*, after: timedelta = timedelta(0)) -> int:
    return mails_send(now=NOON + after)


def told(notification: Notification) -> tuple[str, int, str]:
    notification.refresh_from_db()
    return notification.state, notification.attempts_made, notification.last_error


def html_of(written: mail.EmailMessage) -> str:
    assert isinstance(written, mail.EmailMultiAlternatives)
    ((html, kind),) = written.alternatives
    assert kind == "text/html"
    return str(html)


@pytest.fixture
def notification(db) -> Notification:
    """An alarm that waits to be written of."""
    subscribe(about="system")
    notifications_add([alarm()], now=NOON)
    return Notification.objects.get()


@pytest.fixture
def use(settings, monkeypatch):
    """Sends by this address of a server, as SENTINEL_EMAIL_URL gives it."""

    def use_url(url: str) -> None:
        monkeypatch.setenv("SENTINEL_EMAIL_URL", url)
        for name, value in env_email("SENTINEL_EMAIL_URL", "").items():
            setattr(settings, name, value)

    return use_url


@pytest.fixture
def inbox(use):
    with smtp_server() as (found, port):
        use(f"smtp://127.0.0.1:{port}")
        yield found


def test_a_mail_is_written_in_text_and_html(notification, settings):
    settings.DEFAULT_FROM_EMAIL = "SentinelStream <alerts@bank.example>"
    settings.PUBLIC_URL = "https://sentinel.bank.example"

    assert send() == 1

    (written,) = mail.outbox
    assert written.subject == "Alarm of rule night_owl: failed"
    assert written.to == [notification.subscription.user.email]
    assert written.extra_headers["Message-ID"] == f"<{notification.public_id}@bank.example>"
    for text in (str(written.body), html_of(written)):
        assert "It could not be evaluated." in text
        assert "https://sentinel.bank.example/admin/rules/alarm/" in text
        assert "alarms of rules and of the system" in text
    assert told(notification) == ("sent", 1, "")
    assert (notification.sent_at, notification.told, notification.lease_until) == (NOON, 1, None)


def test_html_loads_nothing_and_styles_are_inline(notification):
    send()

    html = html_of(mail.outbox[0])

    for word in ("<style", "<link", "<img", "<script", "src=", "@import", "url("):
        assert word not in html


def test_a_mail_about_a_payment_says_what_it_may_and_no_more(db):
    subscribe()
    payment = make_payment(make_account(), make_client(), outcome=Outcome.DECLINE)
    notifications_add(told_of(payment), now=NOON)

    send()

    whole = str(mail.outbox[0].message())
    for shown in (
        "54 INR declined",
        payment.public_id,
        "card-2026-01-30.2",
        f"/transaction/{payment.pk.hex}/change/",
    ):
        assert shown in whole
    for secret in ("Alice", "acc_alice", "tok_9f", "203.0.113.9", "Corner Books", "order 42"):
        assert secret not in whole


def test_signs_of_html_in_an_alarm_are_text(db):
    subscribe(about="system")
    notifications_add([alarm(words="<b>&</b> is odd")], now=NOON)

    send()

    assert "<b>&</b> is odd" in str(mail.outbox[0].body)
    assert "&lt;b&gt;&amp;&lt;/b&gt; is odd" in html_of(mail.outbox[0])


def test_it_says_how_often_and_how_many_nobody_was_told_of(notification):
    notifications_add([alarm(), alarm()], now=NOON)
    Notification.objects.update(untold_before=4)

    send()

    written = mail.outbox[0]
    assert written.subject == "Alarm of rule night_owl: failed (and 2 more)"
    assert "3 times since" in str(written.body)
    assert "4 more were counted since the last mail about this" in str(written.body)
    notification.refresh_from_db()
    assert (notification.told, notification.untold) == (3, 0)


def test_a_long_title_is_a_short_subject(notification):
    Notification.objects.update(title="x" * 120, occurrences=12)

    send()

    assert len(mail.outbox[0].subject) == 78
    assert mail.outbox[0].subject.endswith("… (and 11 more)")


def test_a_mail_that_is_late_keeps_its_window(notification):
    send(after=timedelta(hours=3))

    notifications_add([alarm()], now=NOON + timedelta(hours=3, minutes=59))

    assert Notification.objects.count() == 1


def test_the_task_writes_what_is_due(notification):
    Notification.objects.update(next_attempt_at=NOON - timedelta(days=2))

    task()

    assert len(mail.outbox) == 1


def test_nothing_is_written_twice(notification):
    assert [send(), send(after=timedelta(hours=1))] == [1, 0]


def test_what_another_worker_is_at_is_left_alone_until_its_lease_is_over(notification):
    Notification.objects.update(lease_until=NOON + LEASE)

    assert [send(), send(after=LEASE)] == [0, 1]


@pytest.mark.parametrize(
    ("person", "words"),
    [({"email": ""}, "no e-mail address"), ({"is_active": False}, "log-in is switched off")],
    ids=["no address", "inactive"],
)
def test_who_cannot_be_written_to_fails_in_words(db, person, words):
    subscribe(make_person(**person), about="system")
    notifications_add([alarm()], now=NOON)

    assert send() == 0

    state, _, error = told(Notification.objects.get())
    assert state == "failed"
    assert words in error
    assert mail.outbox == []


def test_who_switched_it_off_meanwhile_is_not_written_to(notification):
    notification.subscription.is_active = False
    notification.subscription.save()

    assert send() == 0
    assert told(notification) == ("failed", 0, "The subscription was switched off.")


# -- against a server


def test_a_server_takes_them_all_over_one_connection(inbox, db):
    for _ in range(3):
        subscribe(about="system")
    notifications_add([alarm()], now=NOON)

    assert send() == 3

    notes = {f"<{each.public_id}@localhost>": each for each in Notification.objects.all()}
    assert {each["Message-ID"] for each in inbox.mails} == notes.keys()
    for written in inbox.mails:
        assert written["To"] == notes[written["Message-ID"]].subscription.user.email
        assert written["Auto-Submitted"] == "auto-generated"
        assert [part.get_content_type() for part in written.iter_parts()] == ["text/plain", "text/html"]
    assert sorted(inbox.recipients) == sorted(each.subscription.user.email for each in notes.values())


def test_a_refused_address_stops_no_other_and_is_named_nowhere(inbox, db):
    first, _ = (subscribe(about="system") for _ in range(2))
    notifications_add([alarm()], now=NOON)
    inbox.refuse_recipient = first.user.email

    assert send() == 1

    state, attempts, error = told(first.notifications.get())
    assert (state, attempts) == ("waiting", 1)
    assert error == "The mail server refused the address: 550 5.1.1 <the address>: unknown"


def test_it_is_tried_again_after_each_wait_and_then_given_up(inbox, notification):
    inbox.refuse_data = "451 4.3.0 Try again later"
    moment = timedelta(0)

    for number, wait in enumerate(WAITS, start=1):
        assert send(after=moment) == 0
        assert told(notification)[:2] == ("waiting", number)
        moment += wait
        assert send(after=moment - timedelta(seconds=1)) == 0
        assert told(notification)[1] == number
    send(after=moment)

    refused = "The mail server refused it: 451 4.3.0 Try again later"
    assert told(notification) == ("failed", 5, refused)
    assert tuple(timedelta(minutes=each) for each in (1, 5, 30, 120)) == WAITS


def test_it_keeps_its_message_id_when_it_is_tried_again(inbox, notification):
    inbox.refuse_data = "451 4.3.0 Try again later"
    send()
    inbox.refuse_data = ""

    assert send(after=WAITS[0]) == 1

    assert inbox.mails[0]["Message-ID"] == f"<{notification.public_id}@localhost>"


def test_without_a_server_one_is_tried_and_the_others_are_due_as_before(use, db):
    use(f"smtp://127.0.0.1:{free_port()}")
    for _ in range(3):
        subscribe(about="system")
    notifications_add([alarm()], now=NOON)

    assert send() == 0

    tried = Notification.objects.order_by("attempts_made").values_list("attempts_made", "lease_until", "last_error")
    assert [row[:2] for row in tried] == [(0, None), (0, None), (1, None)]
    assert tried[2][2].startswith("The mail server could not be reached: ")


@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")  # on loopback
def test_a_server_that_asks_for_a_log_in_gets_it(use, notification):
    options = {"auth_required": True, "auth_require_tls": False, "authenticator": knows(b"sentinel", b"p@ss word")}
    with smtp_server(**options) as (inbox, port):
        use(f"smtp://sentinel:p%40ss%20word@127.0.0.1:{port}")

        assert send() == 1
        assert len(inbox.mails) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")  # on loopback
def test_a_wrong_password_is_said(use, notification):
    options = {"auth_required": True, "auth_require_tls": False, "authenticator": knows(b"sentinel", b"right")}
    with smtp_server(**options) as (inbox, port):
        use(f"smtp://sentinel:wrong@127.0.0.1:{port}")

        assert send() == 0
        assert inbox.mails == []
    assert told(notification)[2].startswith("The mail server refused it: 535")


def test_starttls_is_asked_for_and_the_certificate_is_checked(use, notification, monkeypatch):
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with smtp_server(tls_context=context, require_starttls=True) as (inbox, port):
        use(f"smtp+tls://127.0.0.1:{port}")

        assert send() == 0
        assert "CERTIFICATE_VERIFY_FAILED" in told(notification)[2]

        with authority.cert_pem.tempfile() as path:
            monkeypatch.setenv("SSL_CERT_FILE", path)
            assert send(after=WAITS[0]) == 1
        assert len(inbox.mails) == 1


def test_a_server_without_tls_gets_no_password_when_tls_is_asked_for(use, inbox, notification):
    use(f"smtp+tls://sentinel:secret@127.0.0.1:{django_settings.EMAIL_PORT}")

    assert send() == 0
    assert inbox.mails == []
    assert told(notification)[0] == "waiting"


def test_a_run_ends_by_itself_and_gives_back_the_rest(db, monkeypatch):
    monkeypatch.setattr(mails, "RUN_SECONDS_MAX", 0)
    subscribe(about="system")
    notifications_add([alarm()], now=NOON)

    assert send() == 0
    assert Notification.objects.get().lease_until is None


def test_the_sender_has_an_address():
    assert parseaddr(django_settings.DEFAULT_FROM_EMAIL)[1] == "sentinel@localhost"
