"""Labels against a service of a few lines; the real one is met in test_replay_http."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from scoring.replay import calling
from scoring.replay.calling import ReplayStopped
from scoring.replay.labels import LEFT_OUT, SENT, SENT_BEFORE, LabelSender
from scoring.replay.results import LOST, Receipt, Result
from scoring.replay.schedule import DueLabel
from scoring.replay.translation import Translation

START = datetime(2024, 1, 1, tzinfo=UTC)
DUE = [DueLabel(name, START + timedelta(days=7)) for name in ("a", "b")]
PAID = Result(0, "a", "9", START, "approve", 1.0, Receipt("txn_1", 0.5, "card-1"))


def _send(
    answer: Callable[[httpx.Request], httpx.Response], paid: Result = PAID
) -> tuple[dict[str, int], list[httpx.Request]]:
    sender, asked = LabelSender(Translation("file", "INR", START), {"a", "b"}), []
    sender.note(paid)

    def service(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(request)

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(service), base_url="http://gateway") as client:
            await sender.send(client, DUE)

    asyncio.run(run())
    return dict(sender.counts), asked


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "PAUSE_SECONDS_MAX", 0.0)


def test_a_label_is_a_chargeback_of_its_moment_and_has_a_key_of_its_own() -> None:
    counts, [request] = _send(lambda request: httpx.Response(201))

    assert counts == {SENT: 1, LEFT_OUT: 1}  # of "b" no payment is known
    assert request.url.path == "/api/v1/labels"
    assert request.headers["Idempotency-Key"] == "replay:file:label:a"
    assert json.loads(request.content) == {
        "transaction_id": "txn_1",
        "label": "fraud",
        "source": "chargeback",
        "observed_at": "2024-01-08T00:00:00Z",
    }


def test_a_label_of_a_refused_payment_is_left_out() -> None:
    refused = replace(PAID, ending="refused: out_of_range", receipt=None)

    assert _send(lambda request: httpx.Response(201), refused) == ({LEFT_OUT: 2}, [])


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(409, json={"code": "label_repeated"}),
        httpx.Response(201, headers={"Idempotent-Replayed": "true"}),
    ],
)
def test_a_label_that_is_recorded_counts_as_sent_and_is_not_asked_again(answer: httpx.Response) -> None:
    counts, asked = _send(lambda request: answer)

    assert (counts, len(asked)) == ({SENT_BEFORE: 1, LEFT_OUT: 1}, 1)


def test_a_refused_label_is_counted_with_its_code_and_one_without_answer_as_lost() -> None:
    refused, _ = _send(lambda request: httpx.Response(400, json={"code": "invalid_request"}))
    lost, asked = _send(lambda request: httpx.Response(503))

    assert refused == {"refused: invalid_request": 1, LEFT_OUT: 1}
    assert (lost, len(asked)) == ({LOST: 1, LEFT_OUT: 1}, calling.ATTEMPTS_MAX)


def test_a_client_that_may_not_send_labels_stops_the_replay() -> None:
    with pytest.raises(ReplayStopped, match="labels:write"):
        _send(lambda request: httpx.Response(403, text="needs labels:write"))
