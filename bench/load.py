"""Makes the load of one plan: `python -m bench.load` reads a Plan from its input and writes a Load to its output.

A process of its own, so that its CPU is counted apart and the collector of the bench does not disturb it. A closed
loop: each lane sends its next request when the last one is answered. Lanes send nothing new after the time is over,
and wait for what is under way, so that every key that was sent is accounted for.
"""

import asyncio
import json
import ssl
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from importlib.util import find_spec

from bench.http_client import Connection, Response
from bench.plan import Load, Plan
from bench.requests import Outgoing, requests_of

LAST_SECONDS = 60.0  # for what is under way when the time is over
CONNECTIONS_LOST_MAX = 50
ERROR_WORDS_MAX = 5


class Loader:
    """Owns the connections of one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.load = plan, Load()
        self._requests = requests_of(plan, self.load)
        self._tls = ssl.create_default_context(cafile=plan.authority) if plan.authority else None
        self._under_way: dict[int, tuple[Outgoing, float]] = {}
        self._lost = 0
        self._sent = 0
        self._ends_at = self._measured_from = self._last_answer_at = 0.0
        self._finished: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> Load:
        loop = asyncio.get_running_loop()
        self._finished = loop.create_future()
        cpu_before = time.process_time()
        self._measured_from = self._last_answer_at = time.perf_counter() + self.plan.warmup_seconds
        self._ends_at = self._measured_from + self.plan.seconds
        for number in range(self.plan.lanes):
            await self._connect(number)
        seconds = self.plan.warmup_seconds + self.plan.seconds + LAST_SECONDS
        with suppress(TimeoutError):
            await asyncio.wait_for(self._finished, seconds)
        self._give_up_waiting()
        ended_at = self._last_answer_at if self.plan.requests_max else self._ends_at
        self.load.seconds = max(ended_at - self._measured_from, 1e-6)
        self.load.cpu_seconds = time.process_time() - cpu_before
        return self.load

    async def _connect(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        # Announced before it is there: the others must not take this lane for finished.
        self._under_way[number] = (Outgoing(b""), 0.0)
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(number, self), self.plan.host, self.plan.port, ssl=self._tls
            )
        except OSError as error:
            self._note_error(f"no connection: {error}")
            self._end_lane(number)
            return
        self._send_next(connection)

    def _send_next(self, connection: Connection) -> None:
        now = time.perf_counter()
        is_enough = self.plan.requests_max and self._sent >= self.plan.requests_max
        if now >= self._ends_at or is_enough:
            connection.close()
            self._end_lane(connection.number)
            return
        self._sent += 1
        outgoing = self._requests.next(connection.number)
        self._under_way[connection.number] = (outgoing, time.perf_counter())
        connection.send(outgoing.request)

    def answered(self, connection: Connection, response: Response) -> None:
        now = time.perf_counter()
        outgoing, sent_at = self._under_way[connection.number]
        load = self.load
        load.requests_in_all += 1
        load.statuses[str(response.status)] = load.statuses.get(str(response.status), 0) + 1
        wrong = self._requests.check(connection.number, outgoing, response)
        if wrong:
            self._note_error(wrong)
        load.items_in_all += self.plan.items
        # Speed is what is answered between two moments; what began before the first makes up for what ends after the
        # second. A latency is counted whole, or not at all.
        if self._measured_from <= now <= self._ends_at:
            load.requests += 1
            load.items += 0 if wrong else self.plan.items
            self._last_answer_at = now
        if sent_at >= self._measured_from:
            load.latencies_ms.append((now - sent_at) * 1000)
        self._send_next(connection)

    def lost(self, connection: Connection, words: str) -> None:
        """Connects anew, a bounded number of times; what became of the request is unknown."""
        if connection.number not in self._under_way:
            return
        outgoing, _ = self._under_way[connection.number]
        self.load.keys_unanswered += outgoing.keys if outgoing.first_answer is None else ()
        self._note_error(f"connection lost: {words}")
        self._lost += 1
        if self._lost > CONNECTIONS_LOST_MAX:
            self._end_lane(connection.number)
            return
        task = asyncio.ensure_future(self._connect(connection.number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end_lane(self, number: int) -> None:
        self._under_way.pop(number, None)
        if not self._under_way and self._finished is not None and not self._finished.done():
            self._finished.set_result(None)

    def _give_up_waiting(self) -> None:
        for outgoing, _ in self._under_way.values():
            self.load.keys_unanswered += outgoing.keys if outgoing.first_answer is None else ()
            self._note_error(f"no answer after {LAST_SECONDS:.0f} s")

    def _note_error(self, words: str) -> None:
        self.load.errors += 1
        if len(self.load.error_words) < ERROR_WORDS_MAX:
            self.load.error_words.append(words)


def run_plan(plan: Plan) -> Load:
    if find_spec("uvloop") is None:
        return asyncio.run(Loader(plan).run())
    import uvloop

    return uvloop.run(Loader(plan).run())


if __name__ == "__main__":
    json.dump(asdict(run_plan(Plan(**json.load(sys.stdin)))), sys.stdout)
