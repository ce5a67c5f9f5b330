"""The sender against a service of a few lines; the real one is met in the journeys."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from scoring.domain.payment_files import PaymentRow
from scoring.replay import sending
from scoring.replay.report import LOST, Result
from scoring.replay.sending import ReplayStopped, replay_send
from scoring.replay.translation import Translation

START = datetime(2024, 1, 1, tzinfo=UTC)
TRANSLATION = Translation("file", "INR", START)
ROWS = [PaymentRow(str(n), START + timedelta(minutes=n), str(n % 5), "9", "1.00") for n in range(60)]
RECEIPT = {"outcome": "approve", "fraud_probability": None, "score_percentile": 0.5}


class Service:
    """Answers by `answer(times this key was seen)`, and remembers what it was sent."""

    def __init__(self, answer: Callable[[int], httpx.Response]) -> None:
        self.answer = answer
        self.accounts: list[str] = []
        self.references: dict[str, list[str]] = defaultdict(list)
        self.keys: dict[str, int] = defaultdict(int)
        self.now: dict[str, int] = defaultdict(int)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            self.accounts.append(request.url.path)
            return httpx.Response(201, json={})
        body = json.loads(request.content)
        self.keys[request.headers["Idempotency-Key"]] += 1
        self.now[body["account_id"]] += 1
        assert self.now[body["account_id"]] == 1, "an account's payments must not overlap"
        await asyncio.sleep(0)
        self.now[body["account_id"]] -= 1
        response = self.answer(self.keys[request.headers["Idempotency-Key"]])
        if response.is_success:
            self.references[body["account_id"]].append(body["reference"])
        return response


def _send(service: Service, rows: list[PaymentRow] = ROWS) -> list[Result]:
    results: list[Result] = []

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(service), base_url="http://gateway") as client:
            await replay_send(client, rows, TRANSLATION, lanes=3, on_result=results.append)

    asyncio.run(run())
    return results


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSE_SECONDS_MAX", 0.0)


def test_every_account_is_made_once_and_its_payments_keep_their_order() -> None:
    service = Service(lambda times: httpx.Response(201, json=RECEIPT))
    results = _send(service)

    assert sorted(service.accounts) == [f"/api/v1/accounts/acc_file_{n}" for n in range(5)]
    assert {len(sent) for sent in service.references.values()} == {12}
    assert all(sent == sorted(sent, key=int) for sent in service.references.values())
    assert sorted(result.place for result in results) == list(range(60))
    assert {(result.ending, result.score) for result in results} == {("approve", 0.5)}


@pytest.mark.parametrize("status", [409, 429, 503])
def test_not_now_is_asked_again_with_the_same_key(status: int) -> None:
    busy = httpx.Response(status, headers={"Retry-After": "1"})
    service = Service(lambda times: busy if times < 3 else httpx.Response(201, json=RECEIPT))
    results = _send(service)

    assert set(service.keys.values()) == {3}
    assert {result.ending for result in results} == {"approve"}


def test_a_lost_connection_is_asked_again_with_the_same_key() -> None:
    def answer(times: int) -> httpx.Response:
        if times == 1:
            raise httpx.ReadError("gone")
        return httpx.Response(201, json=RECEIPT, headers={"Idempotent-Replayed": "true"})

    results = _send(Service(answer))

    assert all(result.replayed and result.ending == "approve" for result in results)


def test_a_service_that_never_answers_loses_the_payment() -> None:
    service = Service(lambda times: httpx.Response(503))
    results = _send(service, ROWS[:1])

    assert [result.ending for result in results] == [LOST]
    assert list(service.keys.values()) == [sending.ATTEMPTS_MAX]


def test_a_refusal_is_counted_with_its_code_and_not_repeated() -> None:
    service = Service(lambda times: httpx.Response(400, json={"code": "invalid_request"}))

    assert {result.ending for result in _send(service)} == {"refused: invalid_request"}
    assert set(service.keys.values()) == {1}


def test_missing_rights_stop_the_replay_and_say_so() -> None:
    with pytest.raises(ReplayStopped, match="transactions:backdate"):
        _send(Service(lambda times: httpx.Response(403, text="needs transactions:backdate")))


def test_a_supervised_score_comes_first() -> None:
    receipt = {**RECEIPT, "fraud_probability": 0.9}
    results = _send(Service(lambda times: httpx.Response(201, json=receipt)), ROWS[:1])

    assert [result.score for result in results] == [0.9]
