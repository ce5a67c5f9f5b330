"""What belongs to another client looks like what does not exist, on every route of the URL configuration.

A route with a new kind of place fails `test_every_place_has_an_object`: add one to `owned`.
"""

import re
from typing import Any
from uuid import uuid4

import pytest

from ledger.models import Account, Event, Label, Reversal, Transaction
from scoring.models import ScoreJob
from tests.contracts.test_jobs import send
from tests.contracts.test_jobs import told as told_of_jobs  # noqa: F401 - no worker is needed
from tests.contracts.test_routes import guarded
from tests.contracts.test_webhooks import hand_out
from tests.contracts.test_webhooks import make as make_endpoint
from tests.gateway import purchase
from tests.scoring.jobs.conftest import job_folder  # noqa: F401 - files of the test's own
from tests.scoring.jobs.files import file_of, rows
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.contract

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
TERMS = {"currency": "INR", "home_country": "IN", "home_zone": "Asia/Kolkata"}
# What is sent where an empty object would be refused before anybody looks for the object.
BODIES: dict[str, dict[str, Any]] = {
    "freeze": {"reason": "lost card"},
    "reversals": {"amount": "1.00"},
    "recover": {"since": "2026-01-01T00:00:00Z"},
}


@pytest.fixture
def owned(gateway, job_folder) -> dict[str, str]:  # noqa: F811
    """One object of each kind, by the name of its place in routes."""
    endpoint = make_endpoint(gateway)["id"]
    account_id = gateway.open_account()
    transaction_id = gateway.pay(account_id, reference=f"order {uuid4().hex}").json()["id"]
    hand_out()
    (delivery,) = gateway.get("webhook-deliveries").json()["results"]
    job = send(gateway, file_of(rows(3))).json()
    return {
        "account_id": account_id,
        "transaction_id": transaction_id,
        "endpoint_id": endpoint,
        "delivery_id": delivery["id"],
        "job_id": job["id"],
    }


def unknown(of: dict[str, str]) -> dict[str, str]:
    return {name: f"{known.partition('_')[0]}_{uuid4().hex}" for name, known in of.items()}


def with_places() -> list[str]:
    return [route for route in guarded() if PLACE.search(route)]


def said(answer, ids: dict[str, str]) -> tuple[int, str]:
    """Status and body, whichever object was asked for."""
    text = answer.text
    for name, value in ids.items():
        text = text.replace(value, name)
    return answer.status_code, text


def call(gateway, method: str, route: str, ids: dict[str, str]):
    path = "/" + PLACE.sub(lambda place: ids[place[1]], route)
    body = BODIES.get(route.rpartition("/")[2], {}) if method in {"POST", "PATCH"} else None
    headers = {"Idempotency-Key": uuid4().hex}
    return gateway.request(method, path, headers=headers, **({} if body is None else {"json": body}))


def counts() -> list[int]:
    return [
        model.objects.count()
        for model in (Account, Event, Label, Reversal, Transaction, Endpoint, Delivery, ScoreJob)
    ]


def test_every_place_has_an_object(owned):
    assert {place for route in with_places() for place in PLACE.findall(route)} == owned.keys()


def test_the_owner_reads_what_a_stranger_may_not(gateway, owned):
    told = {route: call(gateway, "GET", route, owned).status_code for route in with_places()}

    # 405: nothing is read there; 409: a proof before the block is closed, results before the job is done.
    assert set(told.values()) <= {200, 405, 409}
    assert list(told.values()).count(200) >= 6


def test_another_clients_object_answers_like_an_unknown_id(stranger, owned):
    before, nothing = counts(), unknown(owned)
    told = {
        (method, route): [said(call(stranger, method, route, ids), ids) for ids in (owned, nothing)]
        for route in with_places()
        for method in METHODS
    }

    assert {asked: both for asked, both in told.items() if both[0] != both[1]} == {}
    assert {asked for asked, (theirs, _) in told.items() if theirs[0] < 400} == set()
    assert sum(theirs[0] == 404 for theirs, _ in told.values()) >= 20
    assert counts() == before


@pytest.mark.parametrize("path", [route for route in guarded() if not PLACE.search(route)])
def test_no_list_tells_of_another_clients_objects(stranger, owned, path):
    for query in ("", f"?account_id={owned['account_id']}", f"?transaction_id={owned['transaction_id']}"):
        text = stranger.get(f"/{path}{query}").text
        asked = [value for value in owned.values() if value in text and value not in query]
        assert asked == []


def test_an_id_in_a_body_is_no_way_in(stranger, owned):
    nothing, before = unknown(owned), counts()
    calls: list[tuple[str, Any]] = [
        ("transactions", lambda ids: purchase(ids["account_id"])),
        (
            "transactions/bulk",
            lambda ids: {"transactions": [{"idempotency_key": "k"} | purchase(ids["account_id"])]},
        ),
        ("labels", lambda ids: {"transaction_id": ids["transaction_id"], "label": "fraud", "source": "chargeback"}),
        ("alerts/fraud", lambda ids: {"transaction_id": ids["transaction_id"], "words": "x"}),
        ("webhook-deliveries/replay", lambda ids: {"endpoint_id": ids["endpoint_id"]}),
    ]
    for path, body in calls:
        theirs, none = (stranger.post(path, body(ids)) for ids in (owned, nothing))
        assert said(theirs, owned) == said(none, nothing), path
        told = theirs.json()
        assert theirs.status_code >= 400 or told.get("count") == 0 or told["results"][0]["status"] >= 400, path
    assert counts() == before


def test_an_account_of_others_cannot_be_made_again_or_changed(stranger, owned):
    before = Account.objects.filter(pk=owned["account_id"]).values().get()

    refused = stranger.put(f"accounts/{owned['account_id']}", TERMS | {"name": "Mallory"})

    assert refused.status_code in {409, 422}
    assert Account.objects.filter(pk=owned["account_id"]).values().get() == before


# -- mass assignment: what nobody asked for is refused by its name

EXTRA = {
    "status": "approved", "outcome": "approve", "risk_score": 0, "score": 0, "fraud_probability": 0, "client": "x",
    "client_id": "x", "gateway": "x", "id": "txn_1", "livemode": False, "created_at": "2026-01-01T00:00:00Z",
    "recorded_at": "2026-01-01T00:00:00Z", "is_staff": True, "is_superuser": True, "all_accounts": True,
    "scopes": ["*"], "seq": 1, "balance": "1.00", "__proto__": {}, "constructor": {},
}  # fmt: skip


@pytest.mark.parametrize("extra", EXTRA)
def test_a_field_that_is_not_asked_for_is_refused(gateway, extra):
    account_id = gateway.open_account()
    paid = gateway.pay(account_id).json()["id"]
    before = counts()
    bodies: dict[str, dict[str, Any]] = {
        "transactions": purchase(account_id),
        f"transactions/{paid}/reversals": {"amount": "1.00"},
        "labels": {"transaction_id": paid, "label": "fraud", "source": "chargeback"},
        "webhook-endpoints": {"url": "https://example.com/"},
        "alerts/fraud": {"transaction_id": paid, "words": "x"},
        f"accounts/{account_id}/freeze": {"reason": "lost"},
    }
    for path, body in bodies.items():
        refused = gateway.post(path, body | {extra: EXTRA[extra]})
        assert refused.status_code == 400, (path, refused.text)
        assert extra in [error["field"] for error in refused.json()["errors"]], path
    assert gateway.put(f"accounts/{account_id}", TERMS | {extra: EXTRA[extra]}).status_code == 400
    assert counts() == before
