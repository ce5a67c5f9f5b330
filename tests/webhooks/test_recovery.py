"""What an endpoint missed is made again: all of it, nothing twice, and no more than can be done at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ledger.services.bank_events import bank_event_write
from sentinel.core.errors import InvalidRequest
from tests.factories import make_account, make_client, make_payment
from tests.webhooks.making import make_delivery, make_endpoint
from webhooks.errors import EndpointOff
from webhooks.models import Delivery, Endpoint
from webhooks.models.deliveries import DeliveryState
from webhooks.services.forgetting import deliveries_forget
from webhooks.services.recovery import endpoint_recover

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return make_client()


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def few(monkeypatch):
    """No more than four at once, read two by two."""
    monkeypatch.setattr("webhooks.services.recovery.REPLAYED_MAX", 4)
    monkeypatch.setattr("webhooks.services.recovery._AT_ONCE", 2)


def recover(endpoint: Endpoint, **ago) -> int:
    now = timezone.now() + timedelta(seconds=1)  # what was made in this very millisecond counts
    return endpoint_recover(endpoint=endpoint, since=now - timedelta(**(ago or {"hours": 1})), actor="mia", now=now)


def types_of(endpoint: Endpoint) -> list[str]:
    return list(Delivery.objects.filter(endpoint=endpoint).order_by("event_id").values_list("event_type", flat=True))


def test_what_was_missed_is_made_once(client, account):
    endpoint = make_endpoint(client)
    for _ in range(3):
        make_payment(account, client)

    assert (recover(endpoint), recover(endpoint)) == (3, 0)
    assert types_of(endpoint) == ["transaction.approved"] * 3


def test_more_than_one_call_takes_is_made_by_the_next_ones(client, account, few):
    endpoint = make_endpoint(client, event_types=["transaction.approved", "model.alarm"])
    for number in range(9):
        make_payment(account, client)
        if number % 3 == 0:
            bank_event_write(event_type="model.alarm", subject="m", payload={}, now=timezone.now())

    assert [recover(endpoint, minutes=1) for _ in range(4)] == [4, 4, 4, 0]
    assert sorted(types_of(endpoint)) == ["model.alarm"] * 3 + ["transaction.approved"] * 9


def test_what_was_sent_costs_nothing(client, account, few):
    """However much has arrived already: it is passed over by the database."""
    endpoint = make_endpoint(client)
    for _ in range(4):
        make_payment(account, client)
    recover(endpoint)

    with CaptureQueriesContext(connection) as asked:
        assert recover(endpoint) == 0
    assert sum("ledger_event" in query["sql"] for query in asked) == 1


def test_dead_ones_are_put_back_no_more_than_that_at_once(client, few):
    endpoint, now = make_endpoint(client), timezone.now()
    for _ in range(5):
        make_delivery(endpoint, state="dead", ended_at=now, attempts_made=8)

    assert [recover(endpoint) for _ in range(3)] == [4, 1, 0]
    assert {*Delivery.objects.filter(endpoint=endpoint).values_list("state", "attempts_made")} == {("waiting", 0)}


def test_only_what_the_endpoint_wants_is_made(client, account):
    endpoint = make_endpoint(client, event_types=["transaction.declined"])
    of_a_merchant = make_endpoint(client, merchant_id="m_18")
    make_payment(account, client)
    make_payment(account, client, merchant_id="m_18")
    make_payment(account, make_client())
    bank_event_write(event_type="model.alarm", subject="m", payload={}, now=timezone.now())

    assert (recover(endpoint), recover(of_a_merchant)) == (0, 1)


def test_alarms_are_not_recovered_for_those_who_may_not_read_them(client):
    endpoint = make_endpoint(client, event_types=["model.alarm"])
    bank_event_write(event_type="model.alarm", subject="m", payload={}, now=timezone.now())
    client.scopes = ["webhooks:read", "webhooks:write"]
    client.save()

    assert recover(Endpoint.objects.get(pk=endpoint.pk)) == 0


def test_an_event_of_just_before_may_have_been_missed_as_well(client, account):
    endpoint = make_endpoint(client)
    make_payment(account, client)

    now = timezone.now() + timedelta(seconds=40)
    assert endpoint_recover(endpoint=endpoint, since=now - timedelta(seconds=20), actor="mia", now=now) == 1
    later = now + timedelta(minutes=5)
    other = make_endpoint(client)
    assert endpoint_recover(endpoint=other, since=later - timedelta(minutes=1), actor="mia", now=later) == 0


@pytest.mark.parametrize(("days", "words"), [(8, "7 days"), (-1, "7 days")])
def test_what_the_log_has_forgotten_is_not_taken_for_missing(client, settings, days, words):
    settings.DELIVERY_DAYS = 7
    endpoint = make_endpoint(client)

    with pytest.raises(InvalidRequest, match=words) as refused:
        recover(endpoint, days=days)
    assert [error.field for error in refused.value.errors] == ["since"]
    assert types_of(endpoint) == []


@pytest.mark.parametrize("state", ["disabled", "deleted"])
def test_nothing_is_made_for_an_endpoint_that_is_off(client, account, state):
    endpoint = make_endpoint(client)
    make_payment(account, client)
    endpoint.state = state

    with pytest.raises(EndpointOff):
        recover(endpoint)
    assert types_of(endpoint) == []


def test_what_was_made_while_its_endpoint_was_deleted_is_forgotten_with_the_log(client):
    now, kept = timezone.now(), make_endpoint(client)
    for endpoint in (kept, gone := make_endpoint(client)):
        make_delivery(endpoint, created_at=now - timedelta(days=31))
    Endpoint.objects.filter(pk=gone.pk).update(state="deleted")

    assert deliveries_forget(now=now) == 1
    assert Delivery.objects.get(endpoint__in=[kept, gone]).state == DeliveryState.WAITING
    assert types_of(kept)
