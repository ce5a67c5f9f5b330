from datetime import timedelta

import pytest
from cryptography.fernet import InvalidToken
from django.db import IntegrityError, transaction
from django.utils import timezone

from ledger.models import AuditEntry, BankEvent
from rules.models import Alarm
from sentinel.core.errors import InvalidRequest
from tests.factories import make_client
from tests.webhooks.making import URL, make_delivery, make_endpoint
from webhooks.errors import EndpointInvalid, EndpointStateRefused, EndpointsTooMany
from webhooks.models import Endpoint, EndpointSecret
from webhooks.selectors.secrets import signing_secrets
from webhooks.services.endpoint_secrets import endpoint_secret_read
from webhooks.services.endpoints import (
    EndpointTerms,
    endpoint_change,
    endpoint_create,
    endpoint_delete,
    endpoint_disable,
    endpoint_pause,
    endpoint_resume,
    endpoint_secret_rotate,
    secrets_forget,
)

pytestmark = pytest.mark.django_db


def audited() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def secrets_of(endpoint: Endpoint, *, hours: float = 0) -> list[str]:
    return [
        endpoint_secret_read(each) for each in signing_secrets(endpoint.pk, timezone.now() + timedelta(hours=hours))
    ]


def test_an_endpoint_is_made_with_a_secret_that_is_kept_encrypted(settings):
    terms = EndpointTerms(URL, event_types=["transaction.declined", "transaction.approved"], headers={"X-Key": "k"})
    endpoint, secret = endpoint_create(client=make_client(), terms=terms, actor="mia", now=timezone.now())

    assert endpoint.event_types == ["transaction.approved", "transaction.declined"]
    assert secrets_of(endpoint) == [secret]
    kept = EndpointSecret.objects.get(endpoint=endpoint)
    assert secret.encode() not in bytes(kept.encrypted)
    settings.ENCRYPTION_KEYS = ["another key of another installation"]
    with pytest.raises(InvalidToken):
        endpoint_secret_read(bytes(kept.encrypted))
    (entry,) = AuditEntry.objects.filter(subject=f"endpoint:{endpoint.public_id}")
    assert (entry.actor, entry.action, entry.details["headers"]) == ("mia", "endpoint.create", ["X-Key"])


@pytest.mark.parametrize(
    ("terms", "fields"),
    [
        ({"url": "http://example.com"}, ["url"]),
        ({"event_types": ["transaction.approved", "transaction.unknown"]}, ["event_types"]),
        ({"event_types": ["model.alarm"], "merchant_id": "m_1"}, ["event_types"]),
        ({"headers": {"Host": "x"}}, ["headers"]),
        ({"concurrency_max": 0}, ["concurrency_max"]),
        ({"concurrency_max": 33}, ["concurrency_max"]),
        ({"description": "x" * 201}, ["description"]),
        ({"merchant_id": "x" * 101, "url": ""}, ["url", "merchant_id"]),
    ],
)
def test_what_cannot_be_used_is_refused_by_field_and_nothing_is_kept(terms, fields):
    client = make_client()
    with pytest.raises(EndpointInvalid) as refused:
        endpoint_create(client=client, terms=EndpointTerms(**{"url": URL, **terms}), actor="mia", now=timezone.now())

    assert [error.field for error in refused.value.errors] == fields
    assert not Endpoint.objects.exists()
    assert not EndpointSecret.objects.exists()
    assert "endpoint.create" not in audited()


@pytest.mark.parametrize("client", [{"livemode": False}, {"scopes": ["webhooks:write"]}])
def test_alarms_of_the_bank_are_for_live_clients_that_may_read_them(client):
    terms = EndpointTerms(URL, event_types=["model.alarm"])
    with pytest.raises(EndpointInvalid, match="alerts:read"):
        endpoint_create(client=make_client(**client), terms=terms, actor="mia", now=timezone.now())


def test_a_card_number_is_refused_wherever_it_stands():
    for terms in (
        EndpointTerms(URL, description="4111111111111111"),
        EndpointTerms(f"{URL}/4111111111111111"),
        EndpointTerms(URL, headers={"X-Card": "4111 1111 1111 1111"}),
    ):
        with pytest.raises(InvalidRequest, match="card number"):
            endpoint_create(client=make_client(), terms=terms, actor="mia", now=timezone.now())

    assert not Endpoint.objects.exists()


def test_a_client_has_a_bounded_number_of_endpoints_and_deleted_ones_do_not_count(settings):
    settings.WEBHOOK_ENDPOINTS_MAX = 2
    client = make_client()
    first = make_endpoint(client)
    make_endpoint(client)
    with pytest.raises(EndpointsTooMany):
        make_endpoint(client)

    endpoint_delete(endpoint=first, actor="mia", now=timezone.now())
    make_endpoint(client)


def test_a_change_is_audited_with_what_changed_and_no_change_is_not():
    endpoint = make_endpoint()
    terms = EndpointTerms(URL, description="North")
    for _ in range(2):
        endpoint_change(endpoint=endpoint, terms=terms, actor="mia", now=timezone.now())

    assert Endpoint.objects.get().description == "North"
    (entry,) = AuditEntry.objects.filter(action="endpoint.change")
    assert entry.details == {"description": "North"}


def test_two_who_change_different_parts_at_once_both_have_their_way():
    endpoint = make_endpoint()
    seen = [Endpoint.objects.get(pk=endpoint.pk) for _ in range(2)]
    terms = [EndpointTerms("https://other.example.com/in"), EndpointTerms(URL, description="North")]
    for each, wanted in zip(seen, terms, strict=True):
        endpoint_change(endpoint=each, terms=wanted, actor="mia", now=timezone.now())

    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.description) == ("https://other.example.com/in", "North")


def test_changes_that_do_not_go_together_are_refused_whoever_made_the_first():
    endpoint = make_endpoint()
    seen = [Endpoint.objects.get(pk=endpoint.pk) for _ in range(2)]
    alarms, merchant = EndpointTerms(URL, event_types=["model.alarm"]), EndpointTerms(URL, merchant_id="m_17")
    endpoint_change(endpoint=seen[0], terms=alarms, actor="mia", now=timezone.now())

    with pytest.raises(EndpointInvalid) as refused:
        endpoint_change(endpoint=seen[1], terms=merchant, actor="mia", now=timezone.now())
    assert [error.field for error in refused.value.errors] == ["event_types"]
    endpoint.refresh_from_db()
    assert (endpoint.event_types, endpoint.merchant_id) == (["model.alarm"], "")


def test_while_a_secret_is_rotated_both_sign_and_then_the_new_one_alone():
    endpoint = make_endpoint()
    (old,) = secrets_of(endpoint)
    new = endpoint_secret_rotate(endpoint=endpoint, actor="mia", now=timezone.now())

    assert secrets_of(endpoint, hours=23) == [new, old]
    assert secrets_of(endpoint, hours=25) == [new]
    newest = endpoint_secret_rotate(endpoint=endpoint, actor="mia", now=timezone.now())
    assert secrets_of(endpoint) == [newest, new]
    assert secrets_forget(now=timezone.now() + timedelta(hours=25)) == 1
    assert secrets_of(endpoint) == [newest]


def test_one_secret_is_current_whoever_writes():
    endpoint = make_endpoint()
    with pytest.raises(IntegrityError), transaction.atomic():
        EndpointSecret.objects.create(endpoint=endpoint, encrypted=b"x", created_at=timezone.now())


def test_paused_and_resumed_with_what_was_failing_forgotten():
    endpoint = make_endpoint()
    delivery = make_delivery(endpoint)
    endpoint_pause(endpoint=endpoint, actor="mia", now=timezone.now())
    Endpoint.objects.update(failing_since=timezone.now(), wait_until=timezone.now())
    endpoint_resume(endpoint=endpoint, actor="ben", now=timezone.now())

    endpoint.refresh_from_db()
    delivery.refresh_from_db()
    assert (endpoint.state, endpoint.state_reason) == ("active", "")
    assert (endpoint.failing_since, endpoint.wait_until) == (None, None)
    assert delivery.state == "waiting"


def test_a_disabled_endpoint_gives_up_what_waits_and_says_so():
    endpoint = make_endpoint(description="North")
    delivery = make_delivery(endpoint)
    assert endpoint_disable(endpoint=endpoint, reason="It answered 410 Gone.", now=timezone.now())
    assert not endpoint_disable(endpoint=endpoint, reason="again", now=timezone.now())

    endpoint.refresh_from_db()
    delivery.refresh_from_db()
    assert (endpoint.state, endpoint.state_reason, delivery.state) == ("disabled", "It answered 410 Gone.", "dead")
    (alarm,) = Alarm.objects.filter(kind="webhook.endpoint_disabled")
    assert endpoint.client.name in alarm.words
    assert endpoint.url not in alarm.words
    (event,) = BankEvent.objects.filter(type="system.alert")
    assert event.subject == f"endpoint:{endpoint.public_id}"


def test_a_deleted_endpoint_has_no_secret_and_is_left_alone():
    endpoint = make_endpoint()
    delivery = make_delivery(endpoint)
    endpoint_delete(endpoint=endpoint, actor="mia", now=timezone.now())

    delivery.refresh_from_db()
    assert (delivery.state, secrets_of(endpoint)) == ("dead", [])
    for refused in (endpoint_delete, endpoint_pause, endpoint_resume, endpoint_secret_rotate):
        with pytest.raises(EndpointStateRefused):
            refused(endpoint=endpoint, actor="mia", now=timezone.now())
    with pytest.raises(EndpointStateRefused):
        endpoint_change(endpoint=endpoint, terms=EndpointTerms(URL), actor="mia", now=timezone.now())
