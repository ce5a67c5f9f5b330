from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.models import OutboxPending
from sentinel.core.ids import uuid7
from tests.webhooks.making import make_delivery, make_endpoint
from webhooks.models import Endpoint
from webhooks.probes import Late, due_deliveries, pending_events, queue_depth

pytestmark = pytest.mark.django_db


def ago(seconds: float):
    return timezone.now() - timedelta(seconds=seconds)


def test_nothing_waits():
    assert (pending_events(), due_deliveries()) == ("none is pending", "none is due")


def test_the_queues_of_the_broker_are_counted():
    assert queue_depth().startswith("sentinel.tasks ")


def test_an_event_that_waits_for_a_minute_is_late():
    pending = OutboxPending.objects.create(event_id=uuid7(), created_at=ago(5))
    assert pending_events() == "the oldest has waited for 5 s"

    OutboxPending.objects.filter(pk=pending.pk).update(created_at=ago(61))
    with pytest.raises(Late, match="61 s"):
        pending_events()


def test_a_delivery_that_is_due_for_a_minute_is_late():
    make_delivery(make_endpoint(), next_attempt_at=ago(61))

    with pytest.raises(Late):
        due_deliveries()


@pytest.mark.parametrize(
    "change", [{"state": "paused"}, {"failing_since": ago(9)}, {"wait_until": timezone.now() + timedelta(hours=1)}]
)
def test_what_waits_for_its_receiver_is_not_late(change):
    make_delivery(make_endpoint(), next_attempt_at=ago(600))
    Endpoint.objects.update(**change)

    assert due_deliveries() == "none is due"
