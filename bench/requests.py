"""The requests of a plan, built as bytes just before they are sent, and what must hold of each answer."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, cycle
from typing import Any, Protocol

import orjson

from bench.http_client import Response
from bench.payments import account_ids, payments_of
from bench.plan import BULK, PAYMENT, SCORE, Load, Plan, Sample

SAMPLE_EVERY, SAMPLES_MAX = 97, 40
_REPLAY_EARLIER_MAX = 200  # a repeated key is one of the lane's last so many
_OUTCOMES = ("approve", "review", "decline")


@dataclass(slots=True)
class Outgoing:
    """A request under way. `first_answer` is what a repeated key must be answered with again."""

    request: bytes
    keys: tuple[str, ...] = ()
    bodies: tuple[bytes, ...] = ()
    first_answer: bytes | None = None


class Requests(Protocol):
    def next(self, lane: int) -> Outgoing: ...
    def check(self, lane: int, sent: Outgoing, response: Response) -> str:
        """What is wrong with the answer; empty when nothing is."""
        ...


def requests_of(plan: Plan, load: Load) -> Requests:
    kinds: dict[str, Callable[[Plan, Load], Requests]] = {PAYMENT: Payments, BULK: Bulk, SCORE: Scores}
    return kinds.get(plan.kind, Gets)(plan, load)


class _Heads:
    """The unchanging part of each lane's requests."""

    def __init__(self, plan: Plan) -> None:
        self._credentials = plan.credentials or ("",)
        self._host = f"Host: {plan.host}:{plan.port}\r\n"

    def of(self, lane: int, target: str, *, has_body: bool) -> bytes:
        credential = self._credentials[lane % len(self._credentials)]
        lines = f"{target} HTTP/1.1\r\n{self._host}" + (f"{credential}\r\n" if credential else "")
        return (lines + ("Content-Type: application/json\r\n" if has_body else "")).encode()


class Gets:
    """Plain reads: the hello views, balances, histories."""

    def __init__(self, plan: Plan, load: Load) -> None:
        heads, targets = _Heads(plan), [f"GET {path}" for path in plan.paths] or [plan.target]
        self._requests = [
            cycle([heads.of(lane, target, has_body=False) + b"\r\n" for target in targets[lane:] + targets[:lane]])
            for lane in range(plan.lanes)
        ]

    def next(self, lane: int) -> Outgoing:
        return Outgoing(next(self._requests[lane]))

    def check(self, lane: int, sent: Outgoing, response: Response) -> str:
        return "" if response.status == 200 else _refusal(response)


class _Posts:
    """What payments, one by one or in bulk, and scores have in common: whose payments, and when they happen."""

    def __init__(self, plan: Plan, load: Load) -> None:
        self.plan, self.load = plan, load
        self._chance = random.Random(plan.key_prefix)
        heads = _Heads(plan)
        self.heads = [heads.of(lane, plan.target, has_body=True) for lane in range(plan.lanes)]
        accounts = account_ids(plan.account_prefix, plan.accounts)
        # An account belongs to one lane: a customer makes one payment after the other.
        self._ordinary = [_in_turn(accounts[lane :: plan.lanes] or accounts) for lane in range(plan.lanes)]
        self._hot = cycle(payments_of(plan.hot_account)) if plan.hot_account else None
        self._numbers = count()

    def payment(self, lane: int) -> bytes:
        """The next payment as a JSON object without its opening brace."""
        if self._hot and self._chance.random() < 0.5:
            payment = next(self._hot)
            # A second apart: however the lanes overtake each other, none of these arrives backdated.
            moment = self.plan.hot_clock_start_seconds + self.load.hot_keys_sent
            self.load.hot_keys_sent += 1
        else:
            payment = next(self._ordinary[lane])
            sent = self.load.keys_sent - self.load.hot_keys_sent
            moment = self.plan.clock_start_seconds + sent * self.plan.clock_step_seconds
        self.load.keys_sent += 1
        if not self.plan.clock_step_seconds:
            return payment
        return b'"occurred_at":"%b",%b' % (datetime.fromtimestamp(moment, UTC).isoformat().encode(), payment)

    def key(self) -> str:
        return f"{self.plan.key_prefix}{next(self._numbers)}"

    def request(self, lane: int, headers: bytes, body: bytes) -> bytes:
        return b"%b%bContent-Length: %d\r\n\r\n%b" % (self.heads[lane], headers, len(body), body)

    def count_outcome(self, answer: bytes) -> None:
        for outcome in _OUTCOMES:
            if b'"outcome":"%b"' % outcome.encode() in answer:
                self.load.outcomes[outcome] = self.load.outcomes.get(outcome, 0) + 1
                return

    def keep_sample(self, number: int, key: str, body: bytes, answer: bytes) -> None:
        if number % SAMPLE_EVERY == 0 and len(self.load.samples) < SAMPLES_MAX:
            self.load.samples.append(Sample(key, body.decode(), answer.decode()))


class Payments(_Posts):
    """POST transactions, a share of them with a key that was answered before."""

    def __init__(self, plan: Plan, load: Load) -> None:
        super().__init__(plan, load)
        self._earlier: list[list[Outgoing]] = [[] for _ in range(plan.lanes)]

    def next(self, lane: int) -> Outgoing:
        earlier = self._earlier[lane]
        if earlier and self._chance.random() < self.plan.replay_share:
            return self._chance.choice(earlier)
        key, body = self.key(), b"{" + self.payment(lane)
        return Outgoing(self.request(lane, b"Idempotency-Key: %b\r\n" % key.encode(), body), (key,), (body,))

    def check(self, lane: int, sent: Outgoing, response: Response) -> str:
        if response.status != 201:
            self.load.keys_unanswered += sent.keys if sent.first_answer is None else ()
            return _refusal(response)
        if sent.first_answer is not None:
            return self._check_replay(sent, response)
        self.count_outcome(response.body)
        self.keep_sample(self.load.keys_sent, sent.keys[0], sent.bodies[0], response.body)
        if self.plan.replay_share:
            sent.first_answer = response.body
            self._earlier[lane] = [*self._earlier[lane][1 - _REPLAY_EARLIER_MAX :], sent]
        return ""

    def _check_replay(self, sent: Outgoing, response: Response) -> str:
        self.load.replays += 1
        if response.header(b"idempotent-replayed") != b"true":
            return f"the repeated key {sent.keys[0]} was not marked as replayed"
        return "" if response.body == sent.first_answer else f"the repeated key {sent.keys[0]} was answered otherwise"


class Bulk(_Posts):
    """POST transactions/bulk: each item with a key of its own."""

    def next(self, lane: int) -> Outgoing:
        keys = tuple(self.key() for _ in range(self.plan.items))
        payments = tuple(self.payment(lane) for _ in keys)
        items = (b'{"idempotency_key":"%b",%b' % (key.encode(), one) for key, one in zip(keys, payments, strict=True))
        body = b'{"transactions":[%b]}' % b",".join(items)
        return Outgoing(self.request(lane, b"", body), keys, payments)

    def check(self, lane: int, sent: Outgoing, response: Response) -> str:
        if response.status != 200:
            self.load.keys_unanswered += sent.keys
            return _refusal(response)
        results = orjson.loads(response.body)["results"]
        if [result["idempotency_key"] for result in results] != list(sent.keys):
            self.load.keys_unanswered += sent.keys
            return "the results of a bulk request are not in its order"
        refused = [result for result in results if result["status"] != 201]
        self.load.keys_unanswered += [result["idempotency_key"] for result in refused]
        self._look_at(sent, results)
        return f"{len(refused)} items refused, the first with {refused[0]}"[:400] if refused else ""

    def _look_at(self, sent: Outgoing, results: list[dict[str, Any]]) -> None:
        for number, (result, payment) in enumerate(zip(results, sent.bodies, strict=True)):
            if result["status"] == 201:
                outcome = result["receipt"]["outcome"]
                self.load.outcomes[outcome] = self.load.outcomes.get(outcome, 0) + 1
                if number % SAMPLE_EVERY == 0:
                    body = b"{" + payment
                    self.keep_sample(0, result["idempotency_key"], body, orjson.dumps(result["receipt"]))


class Scores(_Posts):
    """POST score: no keys; nothing of it is in the ledger."""

    def next(self, lane: int) -> Outgoing:
        items = b",".join(b"{" + self.payment(lane) for _ in range(self.plan.items))
        return Outgoing(self.request(lane, b"", b'{"items":[%b]}' % items))

    def check(self, lane: int, sent: Outgoing, response: Response) -> str:
        if response.status != 200:
            return _refusal(response)
        results = orjson.loads(response.body)["results"]
        if len(results) != self.plan.items:
            return f"{len(results)} results for {self.plan.items} items"
        for result in results:
            outcome = str(result.get("outcome", "none"))
            self.load.outcomes[outcome] = self.load.outcomes.get(outcome, 0) + 1
        return ""


def _in_turn(accounts: list[str]) -> Iterator[bytes]:
    """Every account's next payment, then all over again."""
    payments = [payments_of(account) for account in accounts]
    return cycle([each for turn in zip(*payments, strict=True) for each in turn])


def _refusal(response: Response) -> str:
    return f"{response.status} {response.body[:300].decode(errors='replace')}"
