"""The sender against a service of a few lines; the real one is met in the journeys."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from scoring.domain.payment_files import PaymentFileError, PaymentRow
from scoring.replay import calling
from scoring.replay.calling import ReplayStopped
from scoring.replay.results import LOST, Result
from scoring.replay.schedule import DueLabel, Pause, Release, Step
from scoring.replay.sending import replay_send
from scoring.replay.translation import Translation

START = datetime(2024, 1, 1, tzinfo=UTC)
TRANSLATION = Translation("file", "INR", START)
ROWS = [PaymentRow(str(n), START + timedelta(minutes=n), str(n % 5), str(n % 7), "1.00") for n in range(60)]
RECEIPT = {
    "id": "txn_1",
    "outcome": "approve",
    "fraud_probability": None,
    "score_percentile": 0.5,
    "versions": {"model": "card-1"},
}


class Service:
    """Answers by `answer(times this key was seen)`, and remembers what it was sent."""

    def __init__(self, answer: Callable[[int], httpx.Response]) -> None:
        self.answer = answer
        self.accounts: list[str] = []
        self.references: dict[str, list[str]] = defaultdict(list)
        self.keys: dict[str, int] = defaultdict(int)
        self.now: dict[str, int] = defaultdict(int)
        self.most = 0  # at once

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            self.accounts.append(request.url.path)
            return httpx.Response(201, json={})
        body = json.loads(request.content)
        self.keys[request.headers["Idempotency-Key"]] += 1
        names = body["account_id"], body["merchant"]["id"]
        for name in names:
            self.now[name] += 1
            assert self.now[name] == 1, "payments of one account or merchant must not overlap"
        self.most = max(self.most, sum(self.now.values()) // len(names))
        await asyncio.sleep(0.001 * (len(self.keys) % 3))
        for name in names:
            self.now[name] -= 1
        response = self.answer(self.keys[request.headers["Idempotency-Key"]])
        if response.is_success:
            for name in names:
                self.references[name].append(body["reference"])
        return response


def _send(service: Service, steps: Iterable[Step] = ROWS, on_pause: Callable[[Pause], object] = id) -> list[Result]:
    results: list[Result] = []

    async def pause(step: Pause) -> None:
        on_pause(step)

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(service), base_url="http://gateway") as client:
            await replay_send(client, steps, TRANSLATION, lanes=3, on_result=results.append, on_pause=pause)

    asyncio.run(run())
    return results


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "PAUSE_SECONDS_MAX", 0.0)


def test_every_account_is_made_once_and_payments_of_an_account_or_merchant_keep_their_order() -> None:
    service = Service(lambda times: httpx.Response(201, json=RECEIPT))
    results = _send(service)

    assert sorted(service.accounts) == [f"/api/v1/accounts/acc_file_{n}" for n in range(5)]
    assert len(service.references) == 5 + 7
    assert service.most == 3
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
    assert list(service.keys.values()) == [calling.ATTEMPTS_MAX]


def test_a_refusal_is_counted_with_its_code_and_not_repeated() -> None:
    service = Service(lambda times: httpx.Response(400, json={"code": "invalid_request"}))

    assert {result.ending for result in _send(service)} == {"refused: invalid_request"}
    assert set(service.keys.values()) == {1}


def test_missing_rights_stop_the_replay_and_say_so() -> None:
    with pytest.raises(ReplayStopped, match="transactions:backdate"):
        _send(Service(lambda times: httpx.Response(403, text="needs transactions:backdate")))


def test_a_conflict_that_names_no_time_is_a_refusal() -> None:
    service = Service(lambda times: httpx.Response(409, json={"code": "account_closed"}))

    assert {result.ending for result in _send(service, ROWS[:2])} == {"refused: account_closed"}
    assert set(service.keys.values()) == {1}


def test_at_a_pause_all_before_it_is_answered_and_nothing_behind_it_sent() -> None:
    release = Release((DueLabel("1", START),))
    seen: list[set[str]] = []
    service = Service(lambda times: httpx.Response(201, json=RECEIPT))

    def look(step: Pause) -> None:
        assert step is release
        assert set(service.now.values()) == {0}
        seen.append({each for sent in service.references.values() for each in sent})

    results = _send(service, [*ROWS[:20], release, *ROWS[20:]], look)

    assert seen == [{str(n) for n in range(20)}]
    assert sorted(result.place for result in results) == list(range(60))


def test_a_broken_file_ends_the_replay_with_its_own_words() -> None:
    def rows() -> Iterable[Step]:
        yield ROWS[0]
        raise PaymentFileError("line 3: no amount")

    with pytest.raises(PaymentFileError, match="line 3"):
        _send(Service(lambda times: httpx.Response(201, json=RECEIPT)), rows())


def test_a_supervised_score_comes_first() -> None:
    receipt = {**RECEIPT, "fraud_probability": 0.9}
    results = _send(Service(lambda times: httpx.Response(201, json=receipt)), ROWS[:1])

    assert [result.score for result in results] == [0.9]
