"""From a wake-up to what the log says, with receivers that listen on loopback."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.utils import timezone
from standardwebhooks import Webhook

from rules.models import Alarm
from tests.factories import make_client
from tests.webhooks.making import make_delivery, make_endpoint
from tests.webhooks.receiver import answers, receiving
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.selectors.secrets import signing_secrets
from webhooks.services.delivering import deliveries_send
from webhooks.services.endpoint_secrets import endpoint_secret_read
from webhooks.services.endpoints import endpoint_pause, endpoint_secret_rotate
from webhooks.services.recovery import delivery_replay
from webhooks.services.sending import Sender


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


def told(delivery: Delivery) -> Delivery:
    return Delivery.objects.select_related("endpoint").get(pk=delivery.pk)


def send(*deliveries: Delivery) -> int:
    return deliveries_send(delivery_ids=[delivery.pk for delivery in deliveries])


def secret_of(endpoint: Endpoint) -> str:
    return endpoint_secret_read(signing_secrets(endpoint.pk, timezone.now())[0])


@pytest.mark.django_db
class TestOne:
    def test_it_arrives_signed_and_the_log_says_so(self, receiver):
        endpoint = make_endpoint(url=receiver.url, headers={"X-Tenant": "north"})
        delivery = make_delivery(endpoint)

        assert send(delivery) == 1
        (got,) = receiver.received
        assert got.headers["webhook-id"] == f"evt_{delivery.event_id.hex}"
        assert got.headers["x-tenant"] == "north"
        assert Webhook(secret_of(endpoint)).verify(got.body, got.headers) == {"a": 1}
        found = told(delivery)
        assert (found.state, found.attempts_made, found.claims, found.lease_until) == ("delivered", 1, 0, None)
        (attempt,) = Attempt.objects.all()
        assert (attempt.result, attempt.status_code, attempt.endpoint_id) == ("delivered", 204, endpoint.pk)

    def test_both_secrets_sign_while_one_takes_over(self, receiver):
        endpoint = make_endpoint(url=receiver.url)
        old = secret_of(endpoint)
        new = endpoint_secret_rotate(endpoint=endpoint, actor="mia", now=timezone.now())
        send(make_delivery(endpoint))

        (got,) = receiver.received
        assert all(Webhook(secret).verify(got.body, got.headers) for secret in (old, new))

    def test_a_failure_is_tried_again_later_with_the_same_id_and_bytes(self, receiver):
        receiver.behave = answers(500)
        delivery = make_delivery(make_endpoint(url=receiver.url), woken_until=timezone.now() + timedelta(minutes=1))
        send(delivery)

        found = told(delivery)
        assert (found.state, found.attempts_made, found.woken_until, found.lease_until) == ("waiting", 1, None, None)
        assert timedelta(seconds=3) < found.next_attempt_at - timezone.now() < timedelta(seconds=6)
        assert found.endpoint.failing_since is not None
        assert send(delivery) == 0  # not due yet

        receiver.behave = answers(200)
        Delivery.objects.update(next_attempt_at=timezone.now())
        send(delivery)
        first, second = receiver.received
        assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
        assert (told(delivery).state, told(delivery).endpoint.failing_since) == ("delivered", None)
        assert [attempt.result for attempt in Attempt.objects.all()] == ["refused", "delivered"]

    @pytest.mark.parametrize("status", [204, 503])
    def test_one_that_was_put_back_while_it_was_sent_is_sent_again(self, receiver, settings, status):
        settings.WEBHOOK_SCHEDULE_SECONDS = [0]
        delivery = make_delivery(make_endpoint(url=receiver.url))

        class Interrupted(Sender):
            def send(self, *sent):
                delivery_replay(delivery=told(delivery), actor="mia", now=timezone.now())
                return super().send(*sent)

        receiver.behave = answers(status)
        interrupted = Interrupted(timeout_seconds=2, allow_loopback=True)
        deliveries_send(delivery_ids=[delivery.pk], make_sender=lambda: interrupted)

        assert (told(delivery).state, told(delivery).attempts_made) == ("waiting", 0)
        assert Attempt.objects.count() == 1
        receiver.behave = answers(204)
        send(delivery)
        assert (told(delivery).state, len(receiver.received)) == ("delivered", 2)

    def test_after_the_last_try_it_is_dead(self, receiver, settings):
        settings.WEBHOOK_SCHEDULE_SECONDS = [0, 0, 0]
        receiver.behave = answers(503)
        delivery = make_delivery(make_endpoint(url=receiver.url))
        for _ in range(4):
            send(delivery)

        assert (told(delivery).state, told(delivery).attempts_made, len(receiver.received)) == ("dead", 3, 3)
        assert told(delivery).ended_at is not None

    def test_410_ends_it_and_disables_the_endpoint(self, receiver):
        receiver.behave = answers(410)
        endpoint = make_endpoint(url=receiver.url)
        gone, other = make_delivery(endpoint), make_delivery(endpoint)
        send(gone, other)

        assert [told(each).state for each in (gone, other)] == ["dead", "dead"]
        assert told(gone).endpoint.state == "disabled"
        assert len(receiver.received) == 1
        assert Alarm.objects.filter(kind="webhook.endpoint_disabled").count() == 1

    def test_five_days_of_failures_disable_it_and_say_so(self, receiver):
        receiver.behave = answers(500)
        endpoint = make_endpoint(url=receiver.url)
        Endpoint.objects.update(failing_since=timezone.now() - timedelta(days=4, hours=23))
        send(make_delivery(endpoint))
        endpoint.refresh_from_db()
        assert endpoint.state == "active"

        Endpoint.objects.update(failing_since=timezone.now() - timedelta(days=5))
        send(make_delivery(endpoint))
        endpoint.refresh_from_db()
        assert (endpoint.state, endpoint.state_reason) == ("disabled", "Nothing has arrived there for 5 days.")

    def test_retry_after_is_asked_for_everything_that_goes_there(self, receiver):
        receiver.behave = answers(429, Retry_After="600")
        endpoint = make_endpoint(url=receiver.url)
        asked, other = make_delivery(endpoint), make_delivery(endpoint)
        send(asked, other)

        assert len(receiver.received) == 1
        assert told(asked).next_attempt_at - timezone.now() > timedelta(seconds=590)
        endpoint.refresh_from_db()
        assert endpoint.wait_until is not None
        assert endpoint.wait_until - timezone.now() > timedelta(seconds=590)
        assert send(other) == 0


@pytest.mark.django_db
class TestClaims:
    def test_of_a_message_about_several_endpoints_one_is_served(self, receiver):
        first, other = make_endpoint(url=receiver.url), make_endpoint(url=receiver.url)

        assert send(make_delivery(first), make_delivery(other)) == 1

    def test_what_ended_is_not_due_or_held_by_somebody_is_left_alone(self, receiver):
        now, endpoint = timezone.now(), make_endpoint(url=receiver.url)
        left = [
            make_delivery(endpoint, state="delivered", ended_at=now),
            make_delivery(endpoint, state="dead", ended_at=now),
            make_delivery(endpoint, next_attempt_at=now + timedelta(minutes=1)),
            make_delivery(endpoint, lease_until=now + timedelta(seconds=30)),
        ]

        assert send(*left) == 0
        assert receiver.received == []

    def test_a_paused_endpoint_is_left_alone(self, receiver):
        endpoint = make_endpoint(url=receiver.url)
        delivery = make_delivery(endpoint)
        endpoint_pause(endpoint=endpoint, actor="mia", now=timezone.now())

        assert send(delivery) == 0
        assert receiver.received == []

    def test_a_lease_that_is_over_is_taken_over(self, receiver):
        delivery = make_delivery(
            make_endpoint(url=receiver.url), lease_until=timezone.now() - timedelta(seconds=1), claims=1
        )

        assert send(delivery) == 1
        assert told(delivery).state == "delivered"

    def test_the_first_that_finds_nobody_gives_the_others_back(self):
        with receiving() as receiver:
            endpoint = make_endpoint(url=receiver.url)
        deliveries = [make_delivery(endpoint, woken_until=timezone.now()) for _ in range(3)]

        assert send(*deliveries) == 1
        first, *others = [told(each) for each in deliveries]
        assert (first.attempts_made, first.claims) == (1, 0)
        for other in others:
            assert (other.attempts_made, other.claims, other.lease_until, other.woken_until) == (0, 0, None, None)

    def test_a_delivery_that_kills_its_workers_does_not_do_so_for_ever(self, receiver):
        delivery = make_delivery(make_endpoint(url=receiver.url), claims=5)
        send(delivery)

        assert receiver.received == []
        (attempt,) = Attempt.objects.all()
        assert (attempt.result, told(delivery).state, told(delivery).claims) == ("worker_lost", "waiting", 0)

    def test_an_error_of_our_own_keeps_the_claim(self, receiver):
        class Broken(Sender):
            def send(self, url, body, headers):
                raise RuntimeError("broken")

        endpoint = make_endpoint(url=receiver.url)
        first, second = make_delivery(endpoint), make_delivery(endpoint)
        with pytest.raises(RuntimeError):
            deliveries_send(
                delivery_ids=[first.pk, second.pk], make_sender=lambda: Broken(timeout_seconds=1, allow_loopback=True)
            )

        assert (told(first).claims, told(first).lease_until is not None) == (1, True)
        assert (told(second).claims, told(second).lease_until) == (0, None)

    def test_a_secret_that_cannot_be_read_is_said_and_nothing_is_sent(self, receiver, settings):
        delivery = make_delivery(make_endpoint(url=receiver.url))
        settings.ENCRYPTION_KEYS = ["another key"]
        send(delivery)

        assert receiver.received == []
        (attempt,) = Attempt.objects.all()
        assert attempt.result == "not_signed"


@pytest.mark.concurrency
def test_many_workers_with_the_same_message_send_each_once(committed):
    with receiving() as receiver:
        endpoint = make_endpoint(make_client(), url=receiver.url)
        deliveries = [make_delivery(endpoint) for _ in range(20)]
        start, sent = Barrier(4), list[int]()

        def work() -> None:
            start.wait()
            sent.append(send(*deliveries))
            connections.close_all()

        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sum(sent) == 20
    ids = [got.headers["webhook-id"] for got in receiver.received]
    assert len(ids) == len(set(ids)) == 20
    assert set(Delivery.objects.filter(endpoint=endpoint).values_list("state", flat=True)) == {"delivered"}
