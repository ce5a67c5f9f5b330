"""The load generator against a small HTTP server of the test."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from bench.http_client import BadResponse, Response, ResponseReader
from bench.load import Loader
from bench.payments import PAYMENTS_PER_ACCOUNT, account_ids, payments_of
from bench.plan import BULK, GET, PAYMENT, SCORE, Load, Plan

WHOLE = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nIdempotent-Replayed: true\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"

Answer = Callable[[str, dict[str, str], bytes], bytes]


# -- reading responses


def read(reader: ResponseReader, raw: bytes) -> Response:
    response = reader.feed(raw)
    assert response is not None
    return response


@pytest.mark.parametrize(("raw", "status"), [(WHOLE, 201), (CHUNKED, 200)])
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_response_is_read_however_it_arrives(raw, status, step):
    reader = ResponseReader()
    pieces = [raw[start : start + step] for start in range(0, len(raw), step)]

    answers = [reader.feed(piece) for piece in pieces]

    *before, last = answers
    assert before == [None] * len(before)
    assert last is not None
    assert (last.status, last.body) == (status, b"hello")


def test_headers_are_found_in_small_letters():
    response = read(ResponseReader(), WHOLE)

    assert response.header(b"idempotent-replayed") == b"true"
    assert response.header(b"content-length") == b"5"
    assert response.header(b"replayed") == b""


def test_one_reader_reads_one_response_after_the_other():
    reader = ResponseReader()

    assert [read(reader, raw).body for raw in (WHOLE, CHUNKED, WHOLE)] == [b"hello"] * 3


@pytest.mark.parametrize(
    "raw", [b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", WHOLE + b"more", b"nonsense\r\n\r\n"]
)
def test_what_is_no_response_is_refused(raw):
    with pytest.raises(BadResponse):
        ResponseReader().feed(raw)


# -- whole loads


async def serve(answer: Answer, plan: Plan) -> tuple[Load, list[tuple[str, dict[str, str], bytes]]]:
    """What the load of this plan is told by a server that answers so, and what the server saw."""
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip()
                first, *lines = head.split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                seen.append((first, headers, body))
                writer.write(answer(first, headers, body))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        return await Loader(replace(plan, host="127.0.0.1", port=port)).run(), seen
    finally:
        server.close()


def load_of(answer: Answer, plan: Plan) -> tuple[Load, list[tuple[str, dict[str, str], bytes]]]:
    return asyncio.run(serve(answer, plan))


def http(status: int, body: object, headers: str = "") -> bytes:
    content = json.dumps(body, separators=(",", ":")).encode()
    return f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(content)}\r\n\r\n".encode() + content


PLAN = Plan(
    host="", port=0, target="POST /api/v1/transactions", kind=PAYMENT, credentials=("X-API-Key: a", "X-API-Key: b"),
    lanes=2, seconds=5.0, requests_max=20, account_prefix="bench_test_", accounts=10, key_prefix="k-",
)  # fmt: skip


def approve(first: str, headers: dict[str, str], body: bytes) -> bytes:
    return http(201, {"id": headers["idempotency-key"], "outcome": "approve"})


def test_payments_have_keys_of_their_own_and_the_lanes_their_credentials():
    load, seen = load_of(approve, PLAN)

    assert (load.requests, load.items, load.errors, load.keys_sent) == (20, 20, 0, 20)
    assert load.outcomes == {"approve": 20}
    assert sorted(headers["idempotency-key"] for _, headers, _ in seen) == sorted(f"k-{n}" for n in range(20))
    assert {headers["x-api-key"] for _, headers, _ in seen} == {"a", "b"}
    assert {first for first, _, _ in seen} == {"POST /api/v1/transactions HTTP/1.1"}
    assert all(json.loads(body)["account_id"].startswith("bench_test_") for _, _, body in seen)
    assert all("occurred_at" not in json.loads(body) for _, _, body in seen)


def test_payments_carry_the_moments_of_the_clock():
    plan = replace(PLAN, lanes=1, requests_max=3, clock_start_seconds=86_400.0, clock_step_seconds=60.0)

    _, seen = load_of(approve, plan)

    assert [json.loads(body)["occurred_at"] for _, _, body in seen] == [
        "1970-01-02T00:00:00+00:00", "1970-01-02T00:01:00+00:00", "1970-01-02T00:02:00+00:00",
    ]  # fmt: skip


def test_half_of_the_traffic_goes_to_the_hot_account():
    plan = replace(PLAN, requests_max=400, hot_account="bench_test_hot_000000")

    load, seen = load_of(approve, plan)

    hot = sum(json.loads(body)["account_id"] == plan.hot_account for _, _, body in seen)
    assert hot == load.hot_keys_sent
    assert 120 < hot < 280


def test_a_refusal_is_an_error_and_its_key_is_not_expected_in_the_record():
    def refuse_one(first: str, headers: dict[str, str], body: bytes) -> bytes:
        return (
            http(503, {"code": "unavailable"})
            if headers["idempotency-key"] == "k-7"
            else approve(first, headers, body)
        )

    load, _ = load_of(refuse_one, PLAN)

    assert (load.errors, load.items, load.keys_unanswered) == (1, 19, ["k-7"])
    assert load.statuses == {"201": 19, "503": 1}
    assert load.error_words[0].startswith("503 ")


def test_a_lost_connection_is_an_error_and_the_lane_goes_on():
    def hang_up_once(first: str, headers: dict[str, str], body: bytes) -> bytes:
        if headers["idempotency-key"] == "k-3":
            return b"nonsense\r\n\r\n"
        return approve(first, headers, body)

    load, _ = load_of(hang_up_once, PLAN)

    assert (load.errors, load.items, load.keys_unanswered) == (1, 19, ["k-3"])


def test_a_replay_must_be_marked_and_equal():
    answered: dict[str, bytes] = {}

    def answer_twice(first: str, headers: dict[str, str], body: bytes) -> bytes:
        key = headers["idempotency-key"]
        if key in answered:
            return http(201, {"outcome": "approve", "key": key}, "Idempotent-Replayed: true\r\n")
        return answered.setdefault(key, http(201, {"outcome": "approve", "key": key}))

    load, seen = load_of(answer_twice, replace(PLAN, requests_max=300, replay_share=0.2))

    assert load.errors == 0
    assert load.replays == len(seen) - len(answered) > 20
    assert load.keys_sent == len(answered)


@pytest.mark.parametrize("mark", ["", "Idempotent-Replayed: true\r\n"])
def test_a_replay_that_is_unmarked_or_other_is_an_error(mark):
    count = iter(range(10_000))

    def answer(first: str, headers: dict[str, str], body: bytes) -> bytes:
        return http(201, {"outcome": "approve", "number": next(count)}, mark)

    load, _ = load_of(answer, replace(PLAN, requests_max=300, replay_share=0.2))

    assert load.errors == load.replays > 20


def bulk_answer(first: str, headers: dict[str, str], body: bytes) -> bytes:
    items = json.loads(body)["transactions"]
    results = [
        {"idempotency_key": item["idempotency_key"], "status": 201, "receipt": {"outcome": "approve"}}
        for item in items
    ]
    if items[0]["idempotency_key"] == "k-0":
        results[2] = {"idempotency_key": "k-2", "status": 422, "problem": {"code": "key_reused"}}
    return http(200, {"results": results})


def test_bulk_counts_items_and_finds_the_refused_ones():
    plan = replace(PLAN, kind=BULK, items=50, lanes=1, requests_max=4)

    load, seen = load_of(bulk_answer, plan)

    assert (load.requests, load.keys_sent, load.errors) == (4, 200, 1)
    assert load.items == 150
    assert load.keys_unanswered == ["k-2"]
    assert load.outcomes == {"approve": 199}
    assert "Idempotency-Key" not in seen[0][1]


def test_bulk_results_must_be_in_order():
    def reverse(first: str, headers: dict[str, str], body: bytes) -> bytes:
        items = json.loads(body)["transactions"]
        return http(200, {"results": [{"idempotency_key": item["idempotency_key"]} for item in reversed(items)]})

    load, _ = load_of(reverse, replace(PLAN, kind=BULK, items=5, lanes=1, requests_max=1))

    assert load.errors == 1
    assert "order" in load.error_words[0]


def test_scores_are_counted_by_item():
    def score(first: str, headers: dict[str, str], body: bytes) -> bytes:
        return http(200, {"results": [{"outcome": "approve"} for _ in json.loads(body)["items"]]})

    load, _ = load_of(score, replace(PLAN, kind=SCORE, items=10, requests_max=6))

    assert (load.requests, load.items, load.errors) == (6, 60, 0)


def test_reads_ask_for_their_paths_in_turn():
    plan = replace(PLAN, kind=GET, lanes=1, requests_max=4, paths=("/one", "/two"))

    load, seen = load_of(lambda *_: CHUNKED, plan)

    assert load.items == 4
    assert [first.split()[1] for first, _, _ in seen] == ["/one", "/two"] * 2


def test_a_server_that_is_not_there_is_an_error_at_once():
    load = asyncio.run(Loader(replace(PLAN, host="127.0.0.1", port=1)).run())

    assert (load.requests, load.errors) == (0, 2)


# -- what is sent


def test_a_payment_is_of_a_realistic_size_and_the_same_each_time():
    account_id = account_ids("bench_abcdef_", 100)[42]
    payments = payments_of(account_id)

    assert payments == payments_of(account_id)
    assert len(payments) == PAYMENTS_PER_ACCOUNT
    assert all(400 <= len(payment) <= 560 for payment in payments)
    assert {json.loads(b"{" + payment)["account_id"] for payment in payments} == {account_id}


def test_a_response_is_what_it_says():
    assert Response(200, b"http/1.1 200 ok\r\na: b\r\n", b"").header(b"a") == b"b"
