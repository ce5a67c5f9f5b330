"""Labels over the API: kept, listed, and refused with the field that is wrong."""

from datetime import timedelta

import pytest
from django.utils import timezone

pytestmark = pytest.mark.contract


@pytest.fixture
def transaction_id(gateway) -> str:
    return gateway.pay(gateway.open_account(), "80.00").json()["id"]


def said(transaction_id: str, **changes) -> dict:
    return {"transaction_id": transaction_id, "label": "fraud", "source": "chargeback"} | changes


def listed(gateway, transaction_id: str) -> list[tuple[str, str]]:
    found = gateway.get("labels", params={"transaction_id": transaction_id}).json()["results"]
    return [(item["label"], item["source"]) for item in found]


def fields_of(answer) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def test_labels_are_kept_and_listed_the_newest_first(gateway, transaction_id):
    made = gateway.post("labels", said(transaction_id, note="not me"))
    corrected = gateway.post("labels", said(transaction_id, label="legitimate"))

    assert (made.status_code, corrected.status_code) == (201, 201)
    assert made.json()["label"] == "fraud"
    assert listed(gateway, transaction_id) == [("legitimate", "chargeback"), ("fraud", "chargeback")]


def test_the_same_key_gets_the_same_answer(gateway, transaction_id):
    first = gateway.post("labels", said(transaction_id), key="once")
    again = gateway.post("labels", said(transaction_id), key="once")

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(listed(gateway, transaction_id)) == 1


def test_what_the_source_said_already_is_refused(gateway, transaction_id):
    gateway.post("labels", said(transaction_id))

    refused = gateway.post("labels", said(transaction_id), key="twice")

    assert (refused.status_code, refused.json()["code"]) == (409, "label_repeated")
    assert fields_of(refused) == [("label", "repeated")]
    assert len(listed(gateway, transaction_id)) == 1
    assert gateway.post("labels", said(transaction_id, source="customer"), key="twice").status_code == 201


@pytest.mark.parametrize("unknown", ["txn_" + "0" * 32, "txn_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])
def test_an_unknown_transaction_is_refused(gateway, unknown):
    refused = gateway.post("labels", said(unknown))

    assert (refused.status_code, refused.json()["code"]) == (404, "transaction_unknown")
    assert fields_of(refused) == [("transaction_id", "unknown")]


def test_somebody_elses_transaction_is_as_unknown(stranger, gateway, transaction_id):
    refused = stranger.post("labels", said(transaction_id))

    assert (refused.status_code, fields_of(refused)) == (404, [("transaction_id", "unknown")])
    assert listed(stranger, transaction_id) == listed(gateway, transaction_id) == []


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"observed_at": f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"}, "observed_at", "in_the_future"),
        ({"observed_at": "2199-01-01T00:00:00Z"}, "observed_at", "in_the_future"),
        ({"observed_at": "2001-01-01T00:00:00Z"}, "observed_at", "before_the_payment"),
        ({"observed_at": "2026-01-31T12:00:00"}, "observed_at", "zone_missing"),
        ({"observed_at": "yesterday"}, "observed_at", "wrong_format"),
        ({"label": "theft"}, "label", "not_a_choice"),
        ({"source": "implicit"}, "source", "not_a_choice"),
        ({"transaction_id": "17"}, "transaction_id", "wrong_format"),
        ({"note": "x" * 501}, "note", "too_long"),
        ({"verdict": "fraud"}, "verdict", "unknown_field"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(gateway, transaction_id, change, field, code):
    refused = gateway.post("labels", said(transaction_id) | change)

    assert refused.status_code == 400
    assert fields_of(refused) == [(field, code)]
    assert listed(gateway, transaction_id) == []


def test_a_card_number_in_the_note_is_refused(gateway, transaction_id):
    refused = gateway.post("labels", said(transaction_id, note="card 4111 1111 1111 1111"))

    assert refused.status_code == 400
    assert [field for field, _ in fields_of(refused)] == ["note"]
    assert listed(gateway, transaction_id) == []


def test_a_label_needs_its_scope_and_a_key(new_gateway, gateway, transaction_id):
    reader = new_gateway(scopes=["labels:read"])

    assert reader.post("labels", said(transaction_id)).status_code == 403
    assert gateway.request("POST", "labels", json=said(transaction_id)).json()["code"] == "idempotency_key_missing"
    assert gateway.get("labels", params={"transaction_id": "17"}).status_code == 400
    assert listed(gateway, transaction_id) == []
