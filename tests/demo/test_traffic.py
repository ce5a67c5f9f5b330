import asyncio
import json
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from scoring.demo import traffic
from scoring.demo.behaviour import Bank
from scoring.demo.randomness import randomness
from scoring.demo.stream import PEOPLE_MIN, Stream
from scoring.demo.tally import Tally
from scoring.demo.traffic import Sender, TrafficStopped

Answer = Callable[[httpx.Request, int], httpx.Response]


def _receipt(outcome: str = "approve", available: str = "999999999") -> httpx.Response:
    return httpx.Response(201, json={"outcome": outcome, "balance": {"available": available}})


class Service:
    """Remembers what it was asked; `answer` gets a payment and how often its key was seen."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.keys: Counter[str] = Counter()
        self.types: Counter[str] = Counter()
        self.opened: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            self.opened.append(request.url.path)
            return httpx.Response(201)
        key = request.headers["Idempotency-Key"]
        self.keys[key] += 1
        self.types[json.loads(request.content)["transaction_type"]] += 1
        return self.answer(request, self.keys[key])


def _send(bank: Bank, service: Service, *, seconds: float = 0.3, rate: float = 100) -> Tally:
    async def run() -> Tally:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        async with httpx.AsyncClient(transport=httpx.MockTransport(service), base_url="http://gateway") as client:
            sender = Sender(client, Stream(Bank(bank.seed, PEOPLE_MIN, bank.market), randomness("traffic")))
            await sender.run(rate, stop)
            return sender.tally

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "PAUSE_SECONDS_MAX", 0.0)


def test_payments_are_sent_until_it_is_stopped(bank: Bank) -> None:
    service = Service(lambda request, times: _receipt())
    tally = _send(bank, service)

    assert 5 <= tally.endings["approve"] <= 32
    assert set(service.keys.values()) == {1}
    assert not service.opened


@pytest.mark.parametrize("status", [429, 503])
def test_not_now_is_asked_again_with_the_same_key(bank: Bank, status: int) -> None:
    busy = httpx.Response(status, headers={"Retry-After": "1"})
    service = Service(lambda request, times: busy if times < 3 else _receipt())
    tally = _send(bank, service)

    assert set(service.keys.values()) == {3}
    assert set(tally.endings) == {"approve"}
    assert tally.retries == 2 * tally.endings.total()


def test_a_service_that_never_answers_loses_payments(bank: Bank) -> None:
    def answer(request: httpx.Request, times: int) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    tally = _send(bank, Service(answer))

    assert set(tally.endings) == {"lost"}
    assert tally.line().startswith(f"{tally.endings.total()} payments: lost {tally.endings.total()}, retries")


def test_an_account_that_is_not_there_is_opened_first(bank: Bank) -> None:
    service = Service(lambda request, times: _unknown(request, service))
    tally = _send(bank, service)

    assert set(tally.endings) == {"approve"}
    assert tally.accounts_opened == len(service.opened) > 0


def _unknown(request: httpx.Request, service: Service) -> httpx.Response:
    account_id = json.loads(request.content)["account_id"]
    is_open = f"/api/v1/accounts/{account_id}" in service.opened
    return _receipt() if is_open else httpx.Response(422, json={"code": "account_unknown"})


def test_whoever_is_short_of_money_is_topped_up_once(bank: Bank) -> None:
    service = Service(lambda request, times: _receipt(available="0"))
    tally = _send(bank, service, seconds=1)

    assert 0 < tally.top_ups == service.types["top_up"] <= PEOPLE_MIN


def test_too_many_under_way_are_held_back(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "IN_FLIGHT_MAX", 0)
    service = Service(lambda request, times: _receipt())
    tally = _send(bank, service)

    assert tally.held_back > 0
    assert not service.keys


def test_refused_credentials_end_it_and_say_so(bank: Bank) -> None:
    with pytest.raises(TrafficStopped, match="401 who are you"):
        _send(bank, Service(lambda request, times: httpx.Response(401, text="who are you")), seconds=30)


def test_other_refusals_are_counted_with_their_code(bank: Bank) -> None:
    tally = _send(bank, Service(lambda request, times: httpx.Response(400, json={"code": "invalid_request"})))

    assert set(tally.endings) == {"refused: invalid_request"}


def test_a_tally_tells_what_became_of_fraud() -> None:
    total, recent = Tally(), Tally()
    recent.add("approve", 10, is_fraud=False)
    recent.add("decline", 30, is_fraud=True)
    recent.add("lost", 9999, is_fraud=True)
    total.merge(recent)
    total.merge(recent)

    assert total.line() == ("6 payments: approve 2, decline 2, lost 2; fraud stopped 2 of 4; p50 20 ms, p95 30 ms")
