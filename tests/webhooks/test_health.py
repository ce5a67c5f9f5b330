"""The line that says how an endpoint fares."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.webhooks.making import make_delivery, make_endpoint
from webhooks.models import Attempt, Endpoint
from webhooks.selectors.health import EndpointHealth, endpoint_health

pytestmark = pytest.mark.django_db


def attempt(endpoint: Endpoint, result: str, duration_ms: int, *, hours_ago: float = 1) -> None:
    Attempt.objects.create(
        delivery=make_delivery(endpoint, state="delivered", ended_at=timezone.now()),
        endpoint=endpoint,
        started_at=timezone.now() - timedelta(hours=hours_ago),
        duration_ms=duration_ms,
        result=result,
    )


def test_attempts_of_a_day_and_what_waits_or_is_dead_now():
    endpoint, now = make_endpoint(), timezone.now()
    for number in range(1, 20):
        attempt(endpoint, "delivered", number * 10)
    attempt(endpoint, "timed_out", 15_000)
    attempt(endpoint, "timed_out", 15_000, hours_ago=25)
    for seconds in (90, 30):
        make_delivery(endpoint, created_at=now - timedelta(seconds=seconds))
    make_delivery(endpoint, state="dead", ended_at=now)

    assert endpoint_health([endpoint.pk], now)[endpoint.pk] == EndpointHealth(
        attempts=20, success_share=0.95, duration_ms_p95=190, waiting=2, oldest_waiting_seconds=90, dead=1
    )


def test_an_endpoint_that_was_never_used_has_no_share():
    endpoint = make_endpoint()

    assert endpoint_health([endpoint.pk], timezone.now()) == {endpoint.pk: EndpointHealth()}


def test_many_endpoints_are_asked_for_at_once_and_not_mixed_up(django_assert_num_queries):
    endpoints = [make_endpoint() for _ in range(3)]
    for number, endpoint in enumerate(endpoints):
        for _ in range(number):
            attempt(endpoint, "delivered", 10)

    with django_assert_num_queries(3):
        health = endpoint_health([endpoint.pk for endpoint in endpoints], timezone.now())
    assert [health[endpoint.pk].attempts for endpoint in endpoints] == [0, 1, 2]


def test_nothing_is_asked_of_nobody():
    assert endpoint_health([], timezone.now()) == {}
