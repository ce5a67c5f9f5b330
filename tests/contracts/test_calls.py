"""Each client's calls are kept without bodies; each answer has an id by which its call is found."""

import logging
from uuid import uuid4

import pytest

from dashboard.models import ApiCall, RequestMinute
from dashboard.services.calls import calls_finish
from sentinel.ops.request_ids import call_id
from sentinel.ops.request_meter import meter
from tests.gateway import Gateway, purchase

pytestmark = pytest.mark.contract


@pytest.fixture
def kept(gateway: Gateway):
    """The calls of the gateway so far, the oldest first."""

    async def fold() -> None:
        meter.fold()
        await calls_finish()

    def calls(of: Gateway = gateway) -> list[ApiCall]:
        of.loop.run(fold())
        return list(ApiCall.objects.filter(client_id=of.client.pk).order_by("id"))

    return calls


def test_a_call_is_kept_by_its_id(gateway, kept):
    account_id = gateway.open_account()
    paid = gateway.pay(account_id)
    looked = gateway.get(f"accounts/{account_id}/balance")
    refused = gateway.pay(account_id, amount="not money")

    calls = {call.pk: call for call in kept()}
    found = [calls[call_id(answer.headers["X-Request-ID"])] for answer in (paid, looked, refused)]

    assert [(call.method, call.route, call.status, call.code) for call in found] == [
        ("POST", "/api/v1/transactions", 201, ""),
        ("GET", "/api/v1/accounts/{account_id}/balance", 200, ""),
        ("POST", "/api/v1/transactions", 400, "invalid_request"),
    ]
    assert all(0 < call.latency_ms < 60_000 for call in found)
    assert all(call.request_id == "" and account_id not in call.route for call in found)


def test_a_callers_own_id_is_answered_kept_and_found(gateway, kept):
    sent = f"trace-{uuid4().hex}"
    for path in ("transactions", "accounts/acc_nobody/balance"):
        answer = gateway.get(path, headers={"X-Request-ID": sent})
        assert answer.headers["X-Request-ID"] == sent
    hot = gateway.post("transactions", purchase("acc_nobody"), headers={"X-Request-ID": sent})
    assert hot.headers["X-Request-ID"] == sent

    assert [(call.request_id, call.request_name) for call in kept()] == [(sent, sent)] * 3


@pytest.mark.parametrize("sent", ["x", "a b c d e f g h", "req_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "é" * 10])
def test_an_id_that_does_not_fit_is_replaced(gateway, sent):
    for answer in (
        gateway.get("transactions", headers={"X-Request-ID": sent.encode()}),
        gateway.post("transactions", {}, headers={"X-Request-ID": sent.encode()}),
    ):
        assert answer.headers["X-Request-ID"] != sent
        assert call_id(answer.headers["X-Request-ID"])


def test_a_stranger_is_kept_without_a_client(gateway, kept):
    answer = gateway.post("transactions", {}, headers={"X-API-Key": "sk_live_00000000_wrong"})
    kept()

    call = ApiCall.objects.get(pk=str(call_id(answer.headers["X-Request-ID"])))
    assert (call.client_id, call.status, call.code) == (None, 401, "not_authenticated")


def test_of_good_calls_as_many_as_the_setting_wants_and_each_bad_one(gateway, kept, settings):
    settings.CALL_SAMPLE = 0
    assert gateway.get("transactions").status_code == 200
    assert gateway.get("labels", params={"nonsense": "1"}).status_code == 400

    assert [call.status for call in kept()] == [400]


def test_minutes_count_all_and_probes_too_whoever_writes_them_twice(gateway, kept):
    def counted() -> int:
        kept()
        rows = RequestMinute.objects.filter(route="/livez", method="GET", status_class=2)
        assert all(sum(row.bands.values()) == row.requests for row in rows)
        return sum(row.requests for row in rows)

    before = counted()
    for _ in range(3):
        gateway.get("/livez")
    assert (counted(), counted()) == (before + 3, before + 3)


def test_an_answer_of_a_page_has_an_id_too(gateway):
    assert call_id(gateway.get("/livez").headers["X-Request-ID"])
    assert call_id(gateway.get("/nowhere").headers["X-Request-ID"])


def test_nothing_of_a_body_or_a_key_is_kept_or_logged(gateway, kept, capsys, caplog, settings):
    caplog.set_level(logging.DEBUG)
    settings.REQUEST_LOG, settings.LOG_FORMAT = "all", "json"
    account_id = gateway.open_account()
    gateway.pay(account_id, metadata={"order": "a-word-of-the-body"})
    gateway.post("transactions", {"card": {"token": "4111111111111111"}})
    rows = [vars(call) for call in kept()]

    told = f"{rows} {capsys.readouterr()}"
    assert '"route":"/api/v1/transactions"' in told
    for secret in ("a-word-of-the-body", "4111111111111111", gateway.api_key, account_id):
        assert secret not in told
