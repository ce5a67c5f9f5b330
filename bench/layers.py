"""Where the microseconds of one decision go, layer by layer.

The real ASGI application runs in this process, on the real database and cache, with payments one at a time and 64 at
once. cProfile counts the time inside each function; a function belongs to the layer of its file, and what is written
in C to the layer of whoever called it. The profiler slows Python down more than C, so its shares are applied to the
CPU that the same payments took without it. The HTTP server itself (uvicorn) is not in it.
"""

import asyncio
import cProfile
import pstats
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from bench.http_client import Response
from bench.plan import PAYMENT, Load, Plan
from bench.requests import Outgoing, Payments
from bench.run import Runner
from sentinel.ops.console import Refusal, say

GROUPS = (1, 64)
_REQUESTS = {1: 200, 64: 1280}
_plans = count()
BENCH, OTHER, THREADS = "(the bench)", "other", "in other threads"

# The first fragment that a file's path contains decides. Order matters: the special before the general.
LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (BENCH, ("/bench/",)),
    ("authentication and rate limit", (
        "/sentinel/api/authentication", "/sentinel/api/directory", "/sentinel/api/tokens", "/sentinel/api/rate_limit",
        "/sentinel/api/scopes", "/django_ratelimit/", "/rest_framework_simplejwt/", "/jwt/", "/django_redis/",
        "/django/core/cache/",
    )),
    ("parse and validate", (
        "/scoring/api/", "/sentinel/api/parsing", "/sentinel/api/fields", "/sentinel/api/idempotency", "/pydantic",
        "/ledger/domain/fingerprints", "/sentinel/core/card_numbers", "/sentinel/core/money", "/jiter",
    )),
    ("gather and remember (Redis)", (
        "/scoring/services/contexts", "/scoring/services/entit", "/scoring/domain/history",
        "/scoring/domain/entities", "/redis/", "/ledger/selectors/", "/json/",
    )),
    ("features", ("/scoring/domain/features", "/sentinel/core/catalogue", "/sentinel/core/geo", "/zoneinfo/")),
    ("rules", ("/rules/", "<compiled", "<rule")),
    ("model", ("/scoring/serving/", "/scoring/domain/forest_inputs", "/scoring/domain/classifier_inputs",
               "/scoring/domain/snapshots", "/numpy/", "/onnxruntime/")),
    ("decide, book and make rows", (
        "/scoring/domain/", "/scoring/services/assessing", "/ledger/domain/", "/sentinel/core/", "/uuid.py",
    )),
    ("lock, write and commit", ("/ledger/services/", "/psycopg", "/sentinel/ops/connections")),
    ("groups and event loop", (
        "/scoring/services/", "/asyncio/", "/uvloop/", "/asgiref/", "/threading.py",
        "/concurrent/", "/selectors.py", "/queue.py",
    )),
    ("request, view and answer", ("/django/", "/rest_framework/", "/adrf/", "/sentinel/")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """CPU of one payment in microseconds: in all, and by layer."""

    in_flight: int
    cpu_us: float
    layers_us: dict[str, float]


def profile_measure(runner: Runner) -> None:
    """Puts `profile` into the results and shows it."""
    profiles = asyncio.run(_profiles(runner))
    runner.results.extra["profile"] = [asdict(profile) for profile in profiles]
    say(f"\n{as_lines(profiles)}")


async def _profiles(runner: Runner) -> list[Profile]:
    # The application has pages too, whose static files nobody collected here.
    warnings.filterwarnings("ignore", message="No directory at")
    from scoring.services.warming import warm_up
    from sentinel.asgi import application
    from sentinel.ops.connections import close_connections

    found = []
    await warm_up()
    try:
        for in_flight in GROUPS:
            await _pay(application, runner, in_flight)  # warms up
            cpu_us, here_us = await _pay(application, runner, in_flight)
            # CPU of this thread, so that waiting costs nothing.
            profiler = cProfile.Profile(time.thread_time)
            await _pay(application, runner, in_flight, profiler)
            layers_us = scaled(times_by_layer(profiler), here_us) | {THREADS: round(cpu_us - here_us, 1)}
            found.append(Profile(in_flight, cpu_us, layers_us))
    finally:
        await close_connections()
    return found


async def _pay(
    application: Callable[..., Any], runner: Runner, in_flight: int, profiler: cProfile.Profile | None = None
) -> tuple[float, float]:
    """The CPU microseconds of a payment, with so many under way: of the process, and of this thread."""
    load = Load()
    payments = Payments(_plan(runner, in_flight), load)
    each = _REQUESTS[in_flight] // in_flight
    started, started_here = time.process_time(), time.thread_time()
    with profiler or nullcontext():
        await asyncio.gather(*(_lane(application, payments, load, lane, each) for lane in range(in_flight)))
    took, took_here = time.process_time() - started, time.thread_time() - started_here
    if runner.target.clock:
        runner.target.clock.advance(ordinary=load.keys_sent, hot=0)
    if load.errors:
        raise Refusal(f"A payment of the profile was refused: {load.error_words[0]}")
    paid = each * in_flight
    return took / paid * 1e6, took_here / paid * 1e6


def _plan(runner: Runner, in_flight: int) -> Plan:
    target, clock = runner.target, runner.target.clock
    start, step_seconds = (clock.next_seconds, clock.step_seconds) if clock else (0.0, 0.0)
    return Plan(
        host="127.0.0.1", port=80, target="POST /api/v1/transactions", kind=PAYMENT, lanes=in_flight,
        credentials=target.credentials(), account_prefix=target.account_prefix, accounts=target.accounts,
        key_prefix=f"{target.run}-p{next(_plans)}-", clock_start_seconds=start, clock_step_seconds=step_seconds,
    )  # fmt: skip


async def _lane(application: Callable[..., Any], payments: Payments, load: Load, lane: int, requests: int) -> None:
    for _ in range(requests):
        sent = payments.next(lane)
        wrong = payments.check(lane, sent, await _ask(application, sent))
        if wrong:
            load.errors += 1
            load.error_words.append(wrong)


async def _ask(application: Callable[..., Any], sent: Outgoing) -> Response:
    """One request as an ASGI server passes it on."""
    head, _, body = sent.request.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, path, _ = first.decode().split(" ")
    pairs = (line.split(b": ", 1) for line in lines)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "headers": [(name.lower(), value) for name, value in pairs],
    }  # fmt: skip
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    answer: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        if waiting:
            return waiting.pop()
        await asyncio.get_running_loop().create_future()  # the client never hangs up
        raise AssertionError

    async def send(message: Mapping[str, Any]) -> None:
        answer.append(message)

    await application(scope, receive, send)
    return Response(answer[0]["status"], b"", b"".join(message.get("body", b"") for message in answer[1:]))


# -- from functions to layers


def layer_of(path: str) -> str:
    found = (name for name, fragments in LAYERS if any(fragment in path for fragment in fragments))
    return next(found, OTHER)


def times_by_layer(profiler: cProfile.Profile) -> dict[str, float]:
    """Seconds inside the functions of each layer; built-in functions count to their callers."""
    times: dict[str, float] = defaultdict(float)
    stats: Mapping[Any, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    for (path, _, _), (_, _, own_seconds, _, callers) in stats.items():
        if path != "~":
            times[layer_of(path)] += own_seconds
            continue
        for (caller, _, _), (_, _, seconds, _) in callers.items():
            times[layer_of(caller)] += seconds
    return dict(times)


def scaled(times: Mapping[str, float], cpu_us: float) -> dict[str, float]:
    """The shares of the layers, without the bench's own, applied to the CPU of one payment. The largest first."""
    own = {name: seconds for name, seconds in times.items() if name != BENCH}
    total = sum(own.values())
    pairs = sorted(own.items(), key=lambda pair: pair[1], reverse=True)
    return {name: round(seconds / total * cpu_us, 1) for name, seconds in pairs}


def as_lines(profiles: Iterable[Profile]) -> str:
    lines = []
    for profile in profiles:
        lines.append(f"{profile.cpu_us:,.0f} µs of CPU a payment, {profile.in_flight} in flight, in the web process:")
        for name, microseconds in profile.layers_us.items():
            lines.append(f"  {name:<32} {microseconds:8,.0f} µs  {microseconds / profile.cpu_us:5.1%}")
    return "\n".join(lines)
