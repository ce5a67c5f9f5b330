import asyncio
import signal
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from scoring.demo.history import bank_make
from scoring.demo.randomness import randomness
from scoring.demo.stream import Stream, people_for
from scoring.demo.tally import Tally
from scoring.demo.traffic import IN_FLIGHT_MAX, Sender, TrafficStopped
from scoring.replay.calling import open_client
from sentinel.env import env_secret, env_str
from sentinel.ops.state import read_json, running, var_folder

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Command(BaseCommand):
    help = (
        "Keeps sending believable payments, with fraud woven in, until it is stopped (Ctrl-C). Accounts are opened "
        "and topped up as they are needed. Needs a key with the scopes transactions:write and accounts:write."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rate", type=_above_zero, default=2.0, help="Payments a second. Default: 2.")
        parser.add_argument("--seconds", type=_above_zero, help="Stop after so long.")
        parser.add_argument("--every", type=_above_zero, default=5.0, help="Seconds between two lines. Default: 5.")
        parser.add_argument("--url", help="Base URL. Default: the service that `up` started here.")
        parser.add_argument(
            "--api-key", help="Default: SENTINEL_API_KEY, else the demo gateway's for a service here."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        base_url, api_key = _target(options["url"], options["api_key"])
        self.stdout.write(f"Sending {options['rate']:g} payments a second to {base_url}.")
        try:
            tally = asyncio.run(self._send(base_url, api_key, options))
        except TrafficStopped as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Stopped. In all {tally.line()}")

    async def _send(self, base_url: str, api_key: str, options: dict[str, Any]) -> Tally:
        stop, total = _stop_event(options["seconds"]), Tally()
        rng = randomness("traffic", datetime.now(UTC).isoformat())
        stream = Stream(bank_make(people_for(options["rate"])), rng)
        async with open_client(base_url, api_key, IN_FLIGHT_MAX) as client:
            sender = Sender(client, stream)
            reporting = asyncio.create_task(self._report(sender, total, options["every"]))
            try:
                await sender.run(options["rate"], stop)
            finally:
                reporting.cancel()
        total.merge(sender.tally)
        return total

    async def _report(self, sender: Sender, total: Tally, every_seconds: float) -> None:
        while True:
            await asyncio.sleep(every_seconds)
            recent, sender.tally = sender.tally, Tally()
            total.merge(recent)
            self.stdout.write(f"{datetime.now(UTC):%H:%M:%S}  {recent.line()}")
            self.stdout.flush()


def _stop_event(seconds: float | None) -> asyncio.Event:
    """Set by Ctrl-C, by SIGTERM, or when the time is over."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if seconds is not None:
        loop.call_later(seconds, stop.set)
    return stop


def _target(url: str | None, api_key: str | None) -> tuple[str, str]:
    """Base URL and API key. The demo gateway's key is never sent to another machine."""
    about = running(var_folder())
    base_url = url or env_str("SENTINEL_BASE_URL") or about.get("base_url", "")
    if not base_url:
        raise CommandError("No service runs here. Start one with `python3 manage.py up`, or name it with --url.")
    key = api_key or env_secret("SENTINEL_API_KEY")
    if not key and urlsplit(base_url).hostname in _LOOPBACK:
        key = about.get("api_key") or read_json(settings.VAR_DIR / "demo.json").get("api_key", "")
    if not key:
        raise CommandError("Name the API key of the service with --api-key or SENTINEL_API_KEY.")
    return base_url.rstrip("/"), key


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number above zero.")
    return number
