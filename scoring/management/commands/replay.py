import asyncio
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from itertools import chain, islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from scoring.domain.payment_files import PaymentFileError, count_rows, fraud_labels, payment_rows
from scoring.replay.report import Report, Result
from scoring.replay.sending import ReplayStopped, open_client, replay_send
from scoring.replay.translation import Translation
from sentinel.core.money import AmountError
from sentinel.env import env_secret
from sentinel.ops.state import running, var_folder


class Command(BaseCommand):
    help = (
        "Sends a transactions file (handbook or Sparkov columns) through the running service in time order and "
        "prints outcomes, latencies and, with labels, how well the scores rank fraud. Needs a key with the scopes "
        "accounts:write, transactions:write, transactions:backdate and decisions:explain."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="Transactions, CSV or CSV.gz.")
        parser.add_argument("--labels", type=Path, help="Fraud labels of the same payments.")
        parser.add_argument("--limit", type=_positive, help="Send the first so many rows only.")
        parser.add_argument("--url", help="Base URL. Default: the service that `up` started here.")
        parser.add_argument("--lanes", type=_positive, default=8, help="Payments under way at once. Default: 8.")
        parser.add_argument("--currency", default="INR", help="The file names none. Default: INR.")

    def handle(self, *args: Any, **options: Any) -> None:
        base_url, api_key = _target(options["url"])
        try:
            report, seconds = self._replay(base_url, api_key, options)
        except (PaymentFileError, AmountError, ReplayStopped) as error:
            raise CommandError(str(error)) from None
        for line in report.lines(seconds):
            self.stdout.write(line)
        if report.lost:
            raise CommandError(f"{report.lost} payments have no answer. Replay again: the same keys are sent.")

    def _replay(self, base_url: str, api_key: str, options: dict[str, Any]) -> tuple[Report, float]:
        path: Path = options["file"]
        report = Report(fraud_labels(options["labels"]) if options["labels"] else None)
        rows = islice(payment_rows(path), options["limit"])
        first = next(rows, None)
        if first is None:
            return report, 0.0
        translation = Translation.of(path, options["currency"], first)
        total = min(count_rows(path), options["limit"] or sys.maxsize)

        async def send() -> None:
            async with open_client(base_url, api_key, options["lanes"]) as client:
                await replay_send(
                    client, chain([first], rows), translation, lanes=options["lanes"], on_result=on_result
                )

        with tqdm(total=total, unit=" payments", disable=not sys.stderr.isatty()) as bar:

            def on_result(result: Result) -> None:
                report.add(result)
                bar.update()

            started = time.perf_counter()
            asyncio.run(send())
            return report, time.perf_counter() - started


def _target(url: str | None) -> tuple[str, str]:
    """Base URL and API key; of `up` on this machine unless another URL is named."""
    about = running(var_folder())
    api_key = env_secret("SENTINEL_API_KEY") or ("" if url else about.get("api_key", ""))
    base_url = url or about.get("base_url", "")
    if not base_url:
        raise CommandError("No service runs here. Start one with `python3 manage.py up`, or name it with --url.")
    if not api_key:
        raise CommandError("Put the API key of the service into SENTINEL_API_KEY.")
    return base_url.rstrip("/"), api_key


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a whole number above zero.")
    return int(text)
