"""Alerts that clients raise, and what was written to whom."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from ledger.models import BankEvent, OutboxPending
from tests.webhooks.alerting import make_person, subscribe
from webhooks.models import Notification
from webhooks.selectors.events import told_events
from webhooks.services.alert_matching import notifications_add

pytestmark = pytest.mark.contract


@pytest.fixture
def transaction_id(gateway) -> str:
    return gateway.pay(gateway.open_account(), "80.00").json()["id"]


def fields_of(answer) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def trouble(**changes) -> dict:
    return {"component": f"pos-{uuid4().hex[:8]}", "severity": "critical", "words": "No answer for 5 min"} | changes


def events_of(subject: str) -> list[BankEvent]:
    return list(BankEvent.objects.filter(subject=subject))


@pytest.fixture
def written(committed):
    """Somebody who hears of trouble, and one mail to them that waits; both leave with the test."""
    person = make_person(f"ana.{uuid4().hex[:8]}@bank.example", email="ana@bank.example")
    subscription = subscribe(person, about="system")
    yield subscription
    person.delete()


def test_fraud_that_a_client_reports_is_an_event(gateway, transaction_id):
    answer = gateway.post("alerts/fraud", {"transaction_id": transaction_id, "words": "The customer called"})

    (event,) = events_of(transaction_id)
    assert answer.status_code == 201
    told = answer.json()
    assert told.pop("recorded_at").endswith("Z")
    assert told == {
        "id": f"evt_{event.id.hex}",
        "type": "fraud.alert",
        "subject": transaction_id,
        "livemode": True,
    }
    assert event.payload == {
        "transaction_id": transaction_id,
        "severity": "warning",
        "words": "The customer called",
        "client": gateway.client.name,
    }
    assert OutboxPending.objects.filter(pk=event.id).exists()


def test_trouble_that_a_client_reports_is_an_event(gateway):
    body = trouble()

    answer = gateway.post("alerts/system", body)

    (event,) = events_of(body["component"])
    assert (answer.status_code, event.type) == (201, "system.alert")
    assert (event.payload["kind"], event.payload["severity"]) == ("reported", "critical")


def test_the_same_key_tells_once(gateway):
    body = trouble()
    first = gateway.post("alerts/system", body, key="once")
    again = gateway.post("alerts/system", body, key="once")

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(events_of(body["component"])) == 1


def test_the_same_key_for_another_alert_is_refused(gateway):
    body = trouble()
    gateway.post("alerts/system", body, key="once")

    refused = gateway.post("alerts/system", body | {"words": "Other"}, key="once")

    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert len(events_of(body["component"])) == 1


def test_of_a_test_client_nobody_is_told(new_gateway):
    gateway, body = new_gateway(livemode=False), trouble()

    answer = gateway.post("alerts/system", body)

    assert (answer.status_code, answer.json()["id"], answer.json()["livemode"]) == (201, None, False)
    assert events_of(body["component"]) == []


@pytest.mark.parametrize("unknown", ["txn_" + "0" * 32, "txn_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])
def test_an_unknown_transaction_is_refused(gateway, unknown):
    refused = gateway.post("alerts/fraud", {"transaction_id": unknown, "words": "x"})

    assert (refused.status_code, fields_of(refused)) == (404, [("transaction_id", "unknown")])
    assert events_of(unknown) == []


def test_somebody_elses_transaction_is_as_unknown(stranger, transaction_id):
    refused = stranger.post("alerts/fraud", {"transaction_id": transaction_id, "words": "x"})

    assert (refused.status_code, fields_of(refused)) == (404, [("transaction_id", "unknown")])
    assert events_of(transaction_id) == []


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"severity": "loud"}, "severity", "not_a_choice"),
        ({"severity": None}, "severity", "not_a_choice"),
        ({"component": "Point of sale"}, "component", "wrong_format"),
        ({"component": "x" * 61}, "component", "too_long"),
        ({"words": ""}, "words", "too_short"),
        ({"words": "x" * 501}, "words", "too_long"),
        ({"words": "card 4111 1111 1111 1111"}, "words", "card_number"),
        ({"colour": "red"}, "colour", "unknown_field"),
    ],
    ids=str,
)
def test_a_bad_field_is_named_and_nothing_is_told(gateway, change, field, code):
    body = trouble(**change)

    refused = gateway.post("alerts/system", body)

    assert (refused.status_code, fields_of(refused)) == (400, [(field, code)])
    assert events_of(body["component"]) == []


def test_without_a_key_nothing_is_told(gateway):
    body = trouble()

    refused = gateway.request("POST", "alerts/system", json=body)

    assert refused.json()["code"] == "idempotency_key_missing"
    assert events_of(body["component"]) == []


def test_without_the_scope_nothing_is_told(new_gateway):
    reader, body = new_gateway(scopes=["alerts:read"]), trouble()

    assert reader.post("alerts/system", body).status_code == 403
    assert events_of(body["component"]) == []


def test_what_was_written_is_listed_without_addresses_and_clients_words(gateway, written):
    body = trouble()
    event_id = gateway.post("alerts/system", body).json()["id"]
    notifications_add(told_events([event.id for event in events_of(body["component"])]), now=timezone.now())
    ours = Notification.objects.get(subscription=written)

    answer = gateway.get("notifications", params={"limit": "200"})

    (listed,) = [each for each in answer.json()["results"] if each["id"] == ours.public_id]
    assert listed.pop("created_at").endswith("Z")
    assert listed == {
        "id": f"ntf_{ours.id.hex}",
        "event_id": event_id,
        "event_type": "system.alert",
        "recipient": written.user.username.partition("@")[0],
        "subject": f"reported {body['component']}",
        "title": f"A client reports trouble: {body['component']}",
        "state": "waiting",
        "occurrences": 1,
        "sent_at": None,
    }
    assert "@" not in answer.text
    assert body["words"] not in answer.text


def test_pages_lead_from_the_newest_to_the_oldest(gateway, written):
    now = timezone.now()
    for number in range(3):
        body = trouble()
        gateway.post("alerts/system", body)
        found = told_events([event.id for event in events_of(body["component"])])
        notifications_add(found, now=now + timedelta(seconds=number))
    newest = [each.public_id for each in Notification.objects.all()[:3]]

    first = gateway.get("notifications", params={"limit": "2", "state": "waiting"}).json()
    second = gateway.get(first["next"].partition("/api/v1/")[2]).json()

    assert [each["id"] for each in first["results"]] == newest[:2]
    assert second["results"][0]["id"] == newest[2]
    assert gateway.get("notifications", params={"state": "failed", "limit": "1"}).json()["results"] == []


def test_a_test_client_sees_no_notifications(new_gateway, written):
    assert new_gateway(livemode=False).get("notifications").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"state": "lost"}, "state", "not_a_choice"),
        ({"person": "ana"}, "person", "unknown_parameter"),
        ({"limit": "201"}, "limit", "out_of_range"),
        ({"cursor": "x"}, "cursor", "wrong_format"),
    ],
    ids=str,
)
def test_a_bad_question_is_refused(gateway, query, field, code):
    refused = gateway.get("notifications", params=query)

    assert (refused.status_code, fields_of(refused)) == (400, [(field, code)])
