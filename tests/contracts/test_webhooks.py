"""Webhook endpoints, deliveries and events over the API."""

from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from django.utils import timezone

from ledger.models import AuditEntry, Event, OperationReceipt
from ledger.services.bank_events import bank_event_write
from sentinel.ops.connections import runtime_conninfo
from tests.webhooks.making import URL, make_delivery
from webhooks.models import Delivery, Endpoint
from webhooks.services.fan_out import events_fan_out

pytestmark = pytest.mark.contract


def make(gateway, **fields) -> dict:
    answer = gateway.post("webhook-endpoints", {"url": URL} | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def fields_of(answer) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


def row_of(made: dict) -> Endpoint:
    return Endpoint.objects.get(pk=UUID(made["id"].removeprefix("we_")))


def hand_out() -> None:
    while events_fan_out(now=timezone.now()):
        pass


# -- endpoints


def test_an_endpoint_is_made_read_changed_and_deleted(gateway):
    made = make(gateway, description="Shop", event_types=["transaction.declined"], headers={"X-Token": "secret"})

    assert made["secret"].startswith("whsec_")
    assert (made["state"], made["header_names"], made["health"]["attempts"]) == ("active", ["X-Token"], 0)
    path = f"webhook-endpoints/{made['id']}"
    changed = gateway.request("PATCH", path, json={"description": "North"}).json()
    assert (changed["description"], changed["url"]) == ("North", URL)
    assert changed["event_types"] == ["transaction.declined"]
    assert gateway.get(path).json() == changed
    assert "secret" not in changed
    assert gateway.get("webhook-endpoints").json()["results"] == [changed]
    assert row_of(made).headers == {"X-Token": "secret"}
    assert gateway.request("DELETE", path).status_code == 204
    assert gateway.get(path).json()["code"] == "endpoint_unknown"
    assert gateway.get("webhook-endpoints").json()["results"] == []


def test_the_secret_is_answered_once_and_kept_in_no_receipt(gateway):
    body = {"url": URL}
    first = gateway.post("webhook-endpoints", body, key="k1")
    again = gateway.post("webhook-endpoints", body, key="k1")

    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == {**first.json(), "secret": None}
    assert Endpoint.objects.filter(client=gateway.client).count() == 1
    stored = b"".join(bytes(body) for body in OperationReceipt.objects.values_list("body", flat=True))
    assert first.json()["secret"].encode() not in stored


def test_a_rotation_answers_the_new_secret_once(gateway):
    made = make(gateway)
    path = f"webhook-endpoints/{made['id']}/secret"
    first, again = gateway.post(path, {}, key="r1"), gateway.post(path, {}, key="r1")

    assert first.json()["secret"] not in (None, made["secret"])
    assert (again.json()["secret"], again.json()["old_secret_until"]) == (None, first.json()["old_secret_until"])
    assert row_of(made).secrets.count() == 2


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["url"]),
        ({"url": "http://example.com/"}, ["url"]),
        ({"url": "https://10.0.0.1/"}, ["url"]),
        ({"url": URL, "event_types": ["payment.done"]}, ["event_types"]),
        ({"url": URL, "event_types": "transaction.approved"}, ["event_types"]),
        ({"url": URL, "headers": {"Host": "x"}}, ["headers"]),
        ({"url": URL, "headers": {"x": 1}}, ["headers.x"]),
        ({"url": URL, "concurrency_max": 99}, ["concurrency_max"]),
        ({"url": URL, "secret": "whsec_mine"}, ["secret"]),
        ({"url": URL, "description": "4111 1111 1111 1111"}, ["description"]),
    ],
)
def test_what_cannot_be_used_is_refused_by_field_and_nothing_is_made(gateway, body, fields):
    answer = gateway.post("webhook-endpoints", body)

    assert (answer.status_code, fields_of(answer)) == (400, fields)
    assert not Endpoint.objects.filter(client=gateway.client).exists()


def test_a_change_that_cannot_be_used_changes_nothing(gateway):
    made = make(gateway)
    answer = gateway.request("PATCH", f"webhook-endpoints/{made['id']}", json={"url": "https://10.0.0.1/"})

    assert answer.status_code == 400
    assert row_of(made).url == URL


def test_paused_resumed_and_refused_from_the_wrong_state(gateway):
    made = make(gateway)
    path = f"webhook-endpoints/{made['id']}"

    assert gateway.post(f"{path}/pause", {}).json()["state"] == "paused"
    assert gateway.post(f"{path}/pause", {}).json()["code"] == "endpoint_state"
    assert gateway.post(f"{path}/resume", {}).json()["state"] == "active"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/secret"), ("POST", "/test"), ("POST", "/pause")),
        *(("POST", "/resume"), ("POST", "/recover")),
    ],
)
def test_another_clients_endpoint_does_not_exist(gateway, stranger, method, path):
    made = make(gateway)
    body = {"since": timezone.now().isoformat()} if path == "/recover" else {}
    headers = {"Idempotency-Key": str(uuid4())}
    options = {} if method in {"GET", "DELETE"} else {"json": body}
    answer = stranger.request(method, f"webhook-endpoints/{made['id']}{path}", headers=headers, **options)

    assert (answer.status_code, answer.json()["code"]) == (404, "endpoint_unknown")
    assert row_of(made).state == "active"


def test_scopes_open_and_close(new_gateway):
    reader = new_gateway(scopes=["webhooks:read"])

    assert reader.get("webhook-endpoints").status_code == 200
    assert reader.post("webhook-endpoints", {"url": URL}).status_code == 403
    assert new_gateway(scopes=["transactions:read"]).get("events").status_code == 403


# -- deliveries


def test_a_payment_is_delivered_to_the_endpoint_and_seen_in_the_log(gateway):
    made = make(gateway)
    payment = gateway.pay(gateway.open_account()).json()
    hand_out()

    (listed,) = gateway.get("webhook-deliveries", params={"transaction_id": payment["id"]}).json()["results"]
    assert (listed["endpoint_id"], listed["event_type"], listed["state"]) == (
        made["id"],
        "transaction.approved",
        "waiting",
    )
    one = gateway.get(f"webhook-deliveries/{listed['id']}").json()
    assert one["body"]["data"]["transaction_id"] == payment["id"]
    assert one["body"]["id"] == listed["event_id"]
    assert one["attempts"] == []
    for name in ("endpoint_id", "state", "event_type", "event_id"):
        found = gateway.get("webhook-deliveries", params={name: listed[name]}).json()["results"]
        assert [each["id"] for each in found] == [listed["id"]]


def test_a_dead_delivery_is_sent_again_with_the_same_body(gateway):
    endpoint = row_of(make(gateway))
    dead = make_delivery(endpoint, state="dead", ended_at=timezone.now(), attempts_made=8)
    path = f"webhook-deliveries/{dead.public_id}/replay"
    first, again = gateway.post(path, {}, key="again"), gateway.post(path, {}, key="again")

    assert (first.status_code, first.json()["state"], first.json()["attempts_made"]) == (202, "waiting", 0)
    assert again.content == first.content
    found = Delivery.objects.get(pk=dead.pk)
    assert (found.body, found.ended_at) == (dead.body, None)
    assert AuditEntry.objects.filter(action="endpoint.replay", actor=gateway.client.name).count() == 1


def test_those_of_a_filter_are_sent_again_and_no_others(gateway, stranger):
    endpoint, now = row_of(make(gateway)), timezone.now()
    dead = [make_delivery(endpoint, state="dead", ended_at=now) for _ in range(3)]
    done = make_delivery(endpoint, state="delivered", ended_at=now)
    other = make_delivery(row_of(make(stranger)), state="dead", ended_at=now)
    answer = gateway.post("webhook-deliveries/replay", {"state": "dead"})

    assert (answer.status_code, answer.json()) == (202, {"count": 3})
    states = dict(Delivery.objects.filter(pk__in=[done.pk, other.pk]).values_list("pk", "state"))
    assert states == {done.pk: "delivered", other.pk: "dead"}
    assert Delivery.objects.filter(pk__in=[each.pk for each in dead], state="waiting").count() == 3


@pytest.mark.parametrize(
    ("body", "field"), [({}, "body"), ({"state": "lost"}, "state"), ({"endpoint_id": "we_1"}, "endpoint_id")]
)
def test_a_filter_that_says_nothing_or_nonsense_is_refused(gateway, body, field):
    answer = gateway.post("webhook-deliveries/replay", body)

    assert (answer.status_code, fields_of(answer)) == (400, [field])


@pytest.mark.parametrize(
    "query", [{"state": "lost"}, {"endpoint_id": "we_1"}, {"event_id": "txn_" + "0" * 32}, {"colour": "red"}]
)
def test_a_list_with_an_unknown_filter_is_refused(gateway, query):
    answer = gateway.get("webhook-deliveries", params=query)

    assert (answer.status_code, fields_of(answer)) == (400, list(query))


def test_another_clients_delivery_does_not_exist(gateway, stranger):
    delivery = make_delivery(row_of(make(gateway)))

    assert stranger.get(f"webhook-deliveries/{delivery.public_id}").json()["code"] == "delivery_unknown"
    assert stranger.post(f"webhook-deliveries/{delivery.public_id}/replay", {}).status_code == 404
    assert stranger.get("webhook-deliveries").json()["results"] == []


def test_a_test_is_a_delivery_like_any_other(gateway):
    made = make(gateway)
    answer = gateway.post(f"webhook-endpoints/{made['id']}/test", {})

    assert (answer.status_code, answer.json()["event_type"]) == (202, "endpoint.test")
    assert gateway.get(f"webhook-deliveries/{answer.json()['id']}").json()["body"]["type"] == "endpoint.test"


def test_what_was_missed_while_disabled_is_recovered_and_what_arrived_is_not_sent_again(gateway):
    made, account, since = make(gateway), gateway.open_account(), timezone.now()
    arrived = gateway.pay(account).json()["id"]
    hand_out()
    Delivery.objects.filter(endpoint=row_of(made)).update(state="delivered", ended_at=timezone.now())
    Endpoint.objects.filter(pk=row_of(made).pk).update(state="disabled")
    missed = gateway.pay(account).json()["id"]
    hand_out()
    path = f"webhook-endpoints/{made['id']}"

    off = gateway.post(f"{path}/recover", {"since": since.isoformat()})
    assert (off.status_code, off.json()["code"]) == (409, "endpoint_off")
    gateway.post(f"{path}/resume", {})
    answer = gateway.post(f"{path}/recover", {"since": since.isoformat()})
    assert (answer.status_code, answer.json()) == (202, {"count": 1})
    listed = gateway.get("webhook-deliveries").json()["results"]
    assert {each["transaction_id"]: each["state"] for each in listed} == {arrived: "delivered", missed: "waiting"}


@pytest.mark.parametrize("days", [-1, 31])
def test_a_recovery_names_a_moment_of_the_last_thirty_days(gateway, days):
    made = make(gateway)
    since = (timezone.now() - timedelta(days=days)).isoformat()
    answer = gateway.post(f"webhook-endpoints/{made['id']}/recover", {"since": since})

    assert (answer.status_code, fields_of(answer)) == (400, ["since"])


# -- events


@pytest.fixture
def settled(monkeypatch):
    """As if a minute had passed: what is read is not waited for."""
    monkeypatch.setattr("webhooks.api.events.settled_until", lambda now: now + timedelta(seconds=1))


def test_events_are_pulled_in_order_each_once(gateway, stranger, settled):
    account = gateway.open_account()
    ids = [gateway.pay(account).json()["id"] for _ in range(5)]
    stranger.pay(stranger.open_account())

    read, after = [], None
    while True:
        page = gateway.get("events", params={"limit": 2} | ({"after": after} if after else {})).json()
        read += page["results"]
        if not page["has_more"]:
            break
        after = page["last"]
    assert [event["data"]["transaction_id"] for event in read] == ids
    assert gateway.get("events", params={"after": read[-1]["id"]}).json() == {
        "results": [],
        "last": read[-1]["id"],
        "has_more": False,
    }


def test_who_has_read_nothing_yet_has_no_position(gateway, settled):
    assert gateway.get("events").json() == {"results": [], "last": None, "has_more": False}


def test_an_event_that_is_written_late_is_not_passed_over(gateway, monkeypatch):
    """Whoever reads waits for those who write, however old the id of what they write."""
    monkeypatch.setattr("ledger.selectors.settled.MARGIN", timedelta())
    monkeypatch.setattr("ledger.selectors.settled._PATIENCE_SECONDS", 0.3)
    account = gateway.open_account()
    first = gateway.pay(account).json()["id"]
    with psycopg.connect(runtime_conninfo()) as writer:
        writer.execute("SELECT pg_current_xact_id()")
        late = gateway.pay(account).json()["id"]
        assert gateway.get("events").json()["results"] == []

    shown = gateway.get("events").json()["results"]
    assert [event["data"]["transaction_id"] for event in shown] == [first, late]


def test_a_pulled_event_is_what_a_delivery_would_bring(gateway, settled):
    make(gateway)
    gateway.pay(gateway.open_account())
    hand_out()

    (pulled,) = gateway.get("events").json()["results"]
    delivery = gateway.get("webhook-deliveries").json()["results"][0]
    assert gateway.get(f"webhook-deliveries/{delivery['id']}").json()["body"] == pulled


def test_an_event_that_could_still_be_overtaken_is_not_shown_yet(gateway):
    gateway.pay(gateway.open_account())

    assert gateway.get("events").json()["results"] == []


def test_alarms_are_read_by_type_and_scope(new_gateway, settled):
    subject = f"model:{uuid4().hex}"
    bank_event_write(event_type="model.alarm", subject=subject, payload={"kind": "x"}, now=timezone.now())
    reader = new_gateway()

    def subjects(gateway) -> list[str]:
        found = gateway.get("events", params={"type": "model.alarm", "limit": 200}).json()
        return [event["data"]["subject"] for event in found["results"]]

    assert subject in subjects(reader)
    assert subject not in subjects(new_gateway(livemode=False))
    assert subject not in [event["data"].get("subject") for event in reader.get("events").json()["results"]]
    closed = new_gateway(scopes=["webhooks:read"]).get("events", params={"type": "model.alarm"})
    assert closed.status_code == 403


@pytest.mark.parametrize("query", [{"type": "nothing"}, {"after": "txn_1"}, {"limit": "0"}, {"cursor_": "x"}])
def test_a_question_that_cannot_be_read_is_refused(gateway, query):
    answer = gateway.get("events", params=query)

    assert (answer.status_code, fields_of(answer)) == (400, list(query))


def test_ids_of_events_are_those_of_the_record(gateway, settled):
    payment = gateway.pay(gateway.open_account()).json()
    (event,) = gateway.get("events").json()["results"]

    recorded = Event.objects.get(transaction_id=UUID(payment["id"].removeprefix("txn_")))
    assert UUID(event["id"].removeprefix("evt_")) == recorded.pk
    assert event["sequence"] == 1
