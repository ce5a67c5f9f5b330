"""Events become deliveries, and deliveries that are due wake workers: each once, and again when a message is lost."""

from collections.abc import Sequence
from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID

import orjson
import pytest
from django.db import connections
from django.utils import timezone

from ledger.models import Event, OutboxPending
from ledger.services.bank_events import bank_event_write
from ledger.services.reversals import reversal_make
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_client, make_payment
from tests.webhooks.making import make_delivery, make_endpoint
from webhooks.models import Delivery, Endpoint
from webhooks.models.deliveries import DeliveryState
from webhooks.services.endpoints import endpoint_pause
from webhooks.services.fan_out import events_fan_out
from webhooks.services.waking import CHUNK, deliveries_wake, patience


def fan_out() -> int:
    return events_fan_out(now=timezone.now())


class Published(list[list[UUID]]):
    def __call__(self, ids: Sequence[UUID]) -> None:
        self.append(list(ids))

    @property
    def ids(self) -> list[UUID]:
        return [one for chunk in self for one in chunk]


def wake(published: Published, *, seconds: float = 0, sweeps: bool = True) -> int:
    return deliveries_wake(publish=published, now=timezone.now() + timedelta(seconds=seconds), sweeps=sweeps)


@pytest.mark.django_db
class TestFanOut:
    def test_an_event_goes_to_each_endpoint_that_wants_it(self):
        client = make_client()
        everything = make_endpoint(client)
        declines = make_endpoint(client, event_types=["transaction.declined"])
        account = make_account()
        approved = make_payment(account, client)
        declined = make_payment(account, client, outcome=Outcome.DECLINE)

        assert fan_out() == 2
        assert not OutboxPending.objects.exists()
        got = {(each.endpoint_id, each.event_type, each.transaction_id) for each in Delivery.objects.all()}
        assert got == {
            (everything.pk, "transaction.approved", approved.pk),
            (everything.pk, "transaction.declined", declined.pk),
            (declines.pk, "transaction.declined", declined.pk),
        }
        assert fan_out() == 0

    def test_the_body_is_the_published_one(self):
        client = make_client()
        make_endpoint(client)
        payment = make_payment(make_account(), client, reference="order-7")
        fan_out()

        event, body = Event.objects.get(), orjson.loads(Delivery.objects.get().body)
        assert body == {
            "id": f"evt_{event.id.hex}",
            "type": "transaction.approved",
            "version": 1,
            "timestamp": event.recorded_at.isoformat().replace("+00:00", "Z"),
            "livemode": True,
            "sequence": 1,
            "data": {
                "transaction_id": payment.public_id,
                "account_id": "acc_alice",
                "amount": "54.00",
                "currency": "INR",
                "outcome": "approve",
                "status": "approved",
                "reference": "order-7",
            },
        }

    def test_the_events_of_a_payment_are_numbered(self):
        client = make_client()
        make_endpoint(client)
        payment = make_payment(make_account(), client)
        reversal_make(
            payment=payment, amount_minor=100, reason="", actor="mia", reversal_id=uuid7(), now=timezone.now()
        )
        fan_out()

        assert sorted(Event.objects.values_list("type", "sequence")) == [
            ("transaction.approved", 1),
            ("transaction.reversed", 2),
        ]
        assert Delivery.objects.count() == 2

    def test_nobody_hears_of_another_clients_payments(self):
        make_endpoint(make_client())
        make_payment(make_account(), make_client())

        assert fan_out() == 1
        assert not Delivery.objects.exists()

    def test_an_endpoint_of_a_merchant_hears_of_that_merchant_alone(self):
        client, account = make_client(), make_account()
        make_endpoint(client, merchant_id="m_17")
        make_payment(account, client, merchant_id="m_17")
        make_payment(account, client, merchant_id="m_18")
        make_payment(account, client, merchant_id=None)
        fan_out()

        assert Delivery.objects.count() == 1

    def test_alarms_go_to_those_who_asked_by_name_and_may_read_them(self):
        listening = make_endpoint(make_client(), event_types=["model.alarm"])
        make_endpoint(make_client())
        lost = make_client()
        make_endpoint(lost, event_types=["model.alarm"])
        lost.scopes = ["transactions:read"]
        lost.save()
        bank_event_write(event_type="model.alarm", subject="model:m1", payload={"kind": "x"}, now=timezone.now())
        fan_out()

        (delivery,) = Delivery.objects.all()
        assert (delivery.endpoint_id, delivery.transaction_id) == (listening.pk, None)
        assert '"subject":"model:m1"' in delivery.body

    def test_events_gather_while_paused_and_not_while_disabled(self):
        client = make_client()
        paused = make_endpoint(client)
        endpoint_pause(endpoint=paused, actor="mia", now=timezone.now())
        make_endpoint(client)
        Endpoint.objects.exclude(pk=paused.pk).update(state="disabled")
        make_payment(make_account(), client)
        fan_out()

        assert list(Delivery.objects.values_list("endpoint_id", flat=True)) == [paused.pk]
        assert wake(Published()) == 0


@pytest.mark.django_db
class TestWaking:
    def test_what_is_due_is_woken_once_in_chunks_of_one_endpoint(self):
        first, second = make_endpoint(), make_endpoint()
        ids = {make_delivery(first).pk for _ in range(CHUNK + 3)} | {make_delivery(second).pk for _ in range(2)}
        published = Published()

        assert wake(published) == CHUNK + 5
        assert wake(published) == 0
        assert sorted(len(chunk) for chunk in published) == [2, 3, CHUNK]
        assert set(published.ids) == ids

    def test_a_message_that_was_lost_is_sent_again_after_a_minute(self):
        delivery = make_delivery(make_endpoint())
        wake(Published())
        published = Published()

        assert wake(published, seconds=patience().total_seconds() - 1) == 0
        assert wake(published, seconds=patience().total_seconds() + 1) == 1
        assert published == [[delivery.pk]]

    def test_without_the_sweep_it_stays_lost(self):
        make_delivery(make_endpoint())
        wake(Published())

        assert wake(Published(), seconds=3600, sweeps=False) == 0

    def test_a_lost_worker_is_waited_for_until_its_lease_ends(self):
        make_delivery(make_endpoint(), lease_until=timezone.now() + timedelta(seconds=30))

        assert wake(Published()) == 0
        assert wake(Published(), seconds=31) == 1

    def test_what_ended_or_is_not_due_sleeps_on(self):
        endpoint, now = make_endpoint(), timezone.now()
        make_delivery(endpoint, next_attempt_at=now + timedelta(seconds=60))
        for state in (DeliveryState.DELIVERED, DeliveryState.DEAD):
            make_delivery(endpoint, state=state, ended_at=now)

        assert wake(Published()) == 0

    def test_an_endpoint_has_only_so_much_under_way(self):
        slow, other = make_endpoint(concurrency_max=1), make_endpoint()
        for _ in range(3 * CHUNK):
            make_delivery(slow)
        make_delivery(other)

        assert wake(Published()) == CHUNK + 1
        assert wake(Published()) == 0

    def test_an_endpoint_where_nothing_has_arrived_for_a_while_is_tried_with_one_at_a_time(self):
        failing = make_endpoint()
        Endpoint.objects.update(failing_since=timezone.now() - timedelta(seconds=31))
        for _ in range(5):
            make_delivery(failing)

        assert (wake(Published()), wake(Published())) == (1, 0)

    def test_an_endpoint_that_failed_just_now_is_not_slowed_down(self):
        failing = make_endpoint()
        Endpoint.objects.update(failing_since=timezone.now() - timedelta(seconds=5))
        for _ in range(5):
            make_delivery(failing)

        assert wake(Published()) == 5

    def test_a_receiver_that_asked_for_patience_is_given_it(self):
        make_delivery(make_endpoint())
        Endpoint.objects.update(wait_until=timezone.now() + timedelta(seconds=60))

        assert wake(Published()) == 0
        assert wake(Published(), seconds=61) == 1

    def test_what_the_broker_did_not_take_is_due_again_at_once(self):
        endpoint = make_endpoint()
        for _ in range(3 * CHUNK):
            make_delivery(endpoint)
        taken = Published()

        def refusing(ids: Sequence[UUID]) -> None:
            if taken:
                raise ConnectionError("the broker is away")
            taken(ids)

        with pytest.raises(ConnectionError):
            deliveries_wake(publish=refusing, now=timezone.now())
        published = Published()
        assert wake(published) == 2 * CHUNK
        assert not set(published.ids) & set(taken.ids)


@pytest.mark.concurrency
def test_several_relays_hand_out_each_event_once_and_wake_for_it_once(committed):
    while fan_out():
        pass  # what other tests left
    client = make_client()
    endpoint = make_endpoint(client)
    account = make_account(f"acc_relays_{endpoint.pk.hex}")
    for _ in range(60):
        make_payment(account, client)
    start, published = Barrier(4), Published()

    def relay() -> None:
        start.wait()
        for _ in range(30):
            events_fan_out(limit=7, now=timezone.now())
            wake(published)
        connections.close_all()

    threads = [Thread(target=relay) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    own = set(Delivery.objects.filter(endpoint=endpoint).values_list("pk", flat=True))
    assert len(own) == 60
    assert sorted(one for one in published.ids if one in own) == sorted(own)
