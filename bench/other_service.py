"""A bench of a running service: over HTTP only, as a gateway. What needs processes of our own is left out."""

import argparse
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from bench.correctness import KeysUsed, ask_again, replays
from bench.finish import finish
from bench.payments import account_ids
from bench.plan import Sample
from bench.run import Results, Runner, Target
from bench.scenarios import IN_PROCESS, NAMES, SCENARIOS, Scenario
from bench.stack import WEB, Server
from sentinel.ops.children import loopback
from sentinel.ops.console import Refusal, say, step
from sentinel.ops.supervisor import StopRequested

OPENING_BALANCE = "10000000000.00"


def measure(options: argparse.Namespace, *, run: str) -> int:
    names, left_out = chosen(options.only or NAMES)
    say(f"Only over HTTP, so without {', '.join(left_out)}; payments happen when they arrive.")
    credential = f"X-API-Key: {options.api_key}"
    target = Target(
        {WEB: _server(options.url)}, lambda: (credential,), f"bench_{run}_", options.accounts,
        f"bench_{run}_hot_000000", run,
    )  # fmt: skip
    with step(f"{options.accounts:,} accounts"):
        for account_id in [*account_ids(target.account_prefix, target.accounts), target.hot_account]:
            _open_account(options.url, options.api_key, account_id)
    results = Results()
    ask = ask_again(options.url.rstrip("/"), credential)

    def check(used: KeysUsed, samples: Sequence[Sample], scenario: Scenario) -> list[str]:
        return replays(samples, ask)

    runner = Runner(target, results, check, {}, None, options.seconds, options.in_flight)
    with suppress(StopRequested, KeyboardInterrupt):
        for number in range(1, options.rounds + 1):
            runner.round(names, f"round {number}/{options.rounds}")
    return finish(results, options, {"measured": options.url})


def chosen(asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """What HTTP alone can measure, and what it cannot."""
    left_out = [name for name in asked if name in IN_PROCESS or SCENARIOS[name].server != WEB]
    return [name for name in NAMES if name in asked and name not in left_out], left_out


def _server(url: str) -> Server:
    parts = urlsplit(url)
    return Server(parts.hostname or "", parts.port or 80)


def _open_account(url: str, api_key: str, account_id: str) -> None:
    body = {"currency": "INR", "home_country": "IN", "home_zone": "Asia/Kolkata", "opening_balance": OPENING_BALANCE}
    request = urllib.request.Request(  # noqa: S310 - http only, checked when the arguments were read
        f"{url.rstrip('/')}/api/v1/accounts/{account_id}", method="PUT", data=json.dumps(body).encode(),
        headers={"X-API-Key": api_key, "Content-Type": "application/json"},
    )  # fmt: skip
    try:
        loopback.open(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        raise Refusal(f"The service refuses an account: {error.code} {error.read(300).decode()}") from None
    except OSError as error:
        raise Refusal(f"The service cannot be reached: {error}") from None
