"""Mobile money in POST score: PaySim's shape, by a model of its own or by balance arithmetic."""

from pathlib import Path

import pytest

from ledger.models import Event, Transaction
from scoring.models import ModelVersion, Prediction
from scoring.services.configuration import configuration_forget
from scoring.services.models import model_register
from scoring.services.predictions import predictions_finish
from scoring.services.promotions import model_promote
from scoring.training.artefact import artefact_make
from scoring.training.mobile_money import mobile_dataset_simulated
from tests.gateway import Gateway, purchase
from tests.scoring.conftest import KEY, NOW
from tests.scoring.mobile_money.payments import drained, item, paid
from tests.scoring.registry import copied

pytestmark = pytest.mark.contract
VERSION = "mobile-2026-01-30.7"


@pytest.fixture(scope="module")
def starter(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    artefact_make(mobile_dataset_simulated(), version=VERSION, now=NOW, folder=folder, key=KEY)
    return folder / VERSION


@pytest.fixture
def model(starter, committed, tmp_path, settings):
    """The starter decides, for as long as a test takes."""
    settings.MODEL_DIR = tmp_path
    manifest = copied(starter, tmp_path / VERSION)
    if not ModelVersion.objects.filter(version=VERSION).exists():
        model_register(manifest=manifest, now=NOW)
    model_promote(version=VERSION, actor="tests", now=NOW, override_reason="tests")
    configuration_forget()
    yield VERSION
    ModelVersion.objects.filter(version=VERSION).update(state="retired")
    configuration_forget()


@pytest.fixture
def no_model(committed):
    configuration_forget()
    assert not ModelVersion.objects.filter(state="champion", family="mobile").exists()


def score(gateway: Gateway, *items):
    response = gateway.post("score", {"items": items})
    gateway.loop.run(predictions_finish())
    return response


def stored(gateway: Gateway):
    return Prediction.objects.filter(client_id=gateway.client.id).order_by("id")


def test_without_a_model_balances_decide_and_it_says_so(gateway, no_model):
    ordinary, taken = score(gateway, item(paid()), item(drained(), transaction_id="t-1")).json()["results"]

    assert (ordinary["status"], ordinary["outcome"], ordinary["reasons"]) == (200, "approve", [])
    assert (taken["outcome"], taken["reference"]) == ("review", "t-1")
    assert [reason["code"] for reason in taken["reasons"]] == ["balance.account_emptied"]
    assert taken["degraded"] == ["model_missing"]
    assert [taken[name] for name in ("fraud_probability", "score_percentile", "confidence")] == [None] * 3
    assert taken["versions"] == {"ruleset": 0, "policy": taken["versions"]["policy"], "model": None, "features": 1}


def test_an_account_draining_transfer_scores_high(gateway, model):
    ordinary, taken = score(gateway, item(paid()), item(drained())).json()["results"]

    assert taken["fraud_probability"] >= 0.5
    assert (taken["risk_level"], taken["degraded"], taken["versions"]["model"]) == ("high", [], model)
    assert "model.account_drained" in [reason["code"] for reason in taken["reasons"]]
    assert taken["confidence"] == max(taken["fraud_probability"], round(1 - taken["fraud_probability"], 4))
    assert (ordinary["outcome"], ordinary["fraud_probability"] < 0.01) == ("approve", True)
    assert ordinary["confidence"] > 0.99


def test_a_model_whose_files_were_altered_is_no_model(gateway, model, settings):
    part = settings.MODEL_DIR / model / "classifier.onnx"
    part.write_bytes(part.read_bytes() + b"x")
    configuration_forget()

    (taken,) = score(gateway, item(drained())).json()["results"]

    assert (taken["outcome"], taken["degraded"], taken["versions"]["model"]) == ("review", ["model_missing"], None)


def test_both_shapes_may_come_together_and_answers_keep_their_order(gateway):
    account_id = gateway.open_account()

    results = score(
        gateway, item(paid(), transaction_id="a"), purchase(account_id, reference="b"), item(drained(), step=-1),
        purchase(account_id, reference="c"), item(drained(), transaction_id="d"),
    ).json()["results"]  # fmt: skip

    assert [result.get("reference") for result in results] == ["a", "b", None, "c", "d"]
    assert [result["status"] for result in results] == [200, 200, 400, 200, 200]
    assert [f"prd_{row.id.hex}" for row in stored(gateway)] == [each["id"] for each in results if "id" in each]
    assert [row.account_id for row in stored(gateway)] == ["C1", account_id, account_id, "C1"]


def test_many_are_answered_in_order_and_none_depends_on_the_others(gateway, model):
    kinds = [drained() if number % 3 == 0 else paid(step=number % 24) for number in range(150)]
    items = [item(kind, transaction_id=f"t-{number}") for number, kind in enumerate(kinds)]

    results = score(gateway, *items).json()["results"]

    assert [result["reference"] for result in results] == [f"t-{number}" for number in range(150)]
    assert len({result["fraud_probability"] for result in results[::3]}) == 1
    (alone,) = score(gateway, items[148]).json()["results"]
    assert alone | {"id": None} == results[148] | {"id": None}


def test_numbers_and_texts_are_the_same_amounts_and_nothing_is_recorded(gateway):
    texts, numbers = item(paid(amount_minor=20_50, origin_after_minor=479_50)), item(paid())
    numbers |= {"amount": 20.5, "oldbalanceOrg": 500, "newbalanceOrig": 479.5, "oldbalanceDest": 0.0}

    first, second = score(gateway, texts, numbers).json()["results"]

    assert first | {"id": None} == second | {"id": None}
    assert {row.amount_minor for row in stored(gateway)} == {20_50}
    listed = gateway.get("predictions").json()["results"]
    assert [(row["amount"], row["currency"], row["source"]) for row in listed] == [("20.50", "XXX", "own")] * 2
    assert not Transaction.objects.filter(client_id=gateway.client.id).exists()
    assert not Event.objects.filter(client_id=gateway.client.id).exists()


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"step": -1}, "step", "out_of_range"),
        ({"step": 1.5}, "step", "wrong_type"),
        ({"type": "GIFT"}, "type", "not_a_choice"),
        ({"amount": "20.001"}, "amount", "over_precise"),
        ({"amount": 0.1 + 0.2}, "amount", "over_precise"),
        ({"amount": -1}, "amount", "not_an_amount"),
        ({"amount": True}, "amount", "wrong_type"),
        ({"amount": None}, "amount", "wrong_type"),
        ({"oldbalanceOrg": 1e15}, "oldbalanceOrg", "too_large"),
        ({"nameDest": "X7"}, "nameDest", "wrong_format"),
        ({"nameDest": "C1"}, "nameDest", "same_account"),
        ({"nameOrig": "M7"}, "nameOrig", "wrong_format"),
        ({"isFraud": 1}, "isFraud", "unknown_field"),
    ],
)
def test_what_does_not_fit_is_named_and_not_stored(fields, field, code, gateway):
    (result,) = score(gateway, item(paid()) | fields).json()["results"]

    assert result["status"] == 400
    assert [(each["field"], each["code"]) for each in result["problem"]["errors"]] == [(field, code)]
    assert not stored(gateway).exists()


def test_what_is_missing_is_named(gateway):
    (result,) = score(gateway, {"nameOrig": "C1"}).json()["results"]

    missing = {each["field"] for each in result["problem"]["errors"]}
    assert missing == set(item(paid())) - {"nameOrig"}


def test_native_items_tell_how_sure_the_model_is_too(gateway):
    (result,) = score(gateway, purchase(gateway.open_account())).json()["results"]

    assert result["confidence"] is None  # tests have no model of cards


def test_without_the_scope_to_explain_only_the_outcome_is_told(new_gateway):
    gateway = new_gateway(scopes=["score:write"])

    (result,) = score(gateway, item(drained())).json()["results"]

    assert set(result) == {"status", "id", "reference", "outcome"}
