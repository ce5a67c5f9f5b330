import asyncio
import json
import os
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from scoring.domain.payment_files import PaymentFileError, count_rows, fraud_labels
from scoring.replay.calling import ReplayStopped, open_client
from scoring.replay.predictions import Predictions
from scoring.replay.report import Report
from scoring.replay.results import Result
from scoring.replay.retraining import Retrained
from scoring.replay.run import Plan, Replay
from sentinel.core.money import AmountError
from sentinel.env import env_secret
from sentinel.ops.state import running, var_folder, write_private

STOPPED = 130


class Command(BaseCommand):
    help = (
        "Sends a transactions file (handbook or Sparkov columns) through the running service in time order. With "
        "labels, each becomes known at its moment of the replayed clock, and every replayed week is measured. Needs "
        "a key with the scopes accounts:write, transactions:write, transactions:backdate and decisions:explain, and "
        "labels:write to send labels. Ctrl-C stops it; started again it sends the same keys and goes on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="Transactions, CSV or CSV.gz.")
        parser.add_argument("--labels", type=Path, help="Fraud labels of the same payments; sent once they are due.")
        parser.add_argument("--no-label-release", action="store_true", help="Labels only measure, and are not sent.")
        parser.add_argument("--limit", type=_positive, help="Send the first so many rows only.")
        parser.add_argument("--predictions", type=Path, help="Write transaction_id,score to this CSV file.")
        parser.add_argument("--json", type=Path, help="Write the report to this file too.")
        parser.add_argument(
            "--retrain-every",
            type=_positive,
            metavar="DAYS",
            help="Every so many replayed days train a challenger on what is known by then, and promote it when the "
            "gate lets it pass. Only for the service that `up` started here.",
        )
        parser.add_argument(
            "--promote-by", metavar="NAME", help="The person who answers for promotions that need one."
        )
        parser.add_argument("--url", help="Base URL. Default: the service that `up` started here.")
        parser.add_argument("--lanes", type=_positive, default=8, help="Payments under way at once. Default: 8.")
        parser.add_argument("--currency", default="INR", help="The file names none. Default: INR.")

    def handle(self, *args: Any, **options: Any) -> None:
        about = running(var_folder())
        base_url, api_key = _target(options["url"], about)
        _refuse_what_does_not_fit(options, base_url, about)
        try:
            report, seconds, is_stopped = self._replay(base_url, api_key, options)
        except (PaymentFileError, AmountError, ReplayStopped, OSError) as error:
            raise CommandError(str(error)) from None
        for line in report.lines(seconds):
            self.stdout.write(line)
        if options["json"]:
            told = {**report.as_dict(seconds), "stopped": is_stopped}
            write_private(options["json"], json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        if is_stopped:
            self.stdout.write("Stopped. The same command goes on: what was answered is answered again alike.")
            raise SystemExit(STOPPED)
        if report.lost:
            words = f"{report.lost} payments or labels have no answer."
            raise CommandError(f"{words} Replay again: the same keys are sent.")

    def _replay(self, base_url: str, api_key: str, options: dict[str, Any]) -> tuple[Report, float, bool]:
        """The report, the seconds it took, and whether somebody stopped it."""
        plan = _plan(options)
        total = min(count_rows(plan.path), plan.limit or sys.maxsize)
        predictions = Predictions(options["predictions"]) if options["predictions"] else None
        bar = tqdm(total=total, unit=" payments", disable=options["verbosity"] == 0 or not sys.stderr.isatty())

        def on_result(result: Result) -> None:
            bar.update()
            if predictions:
                predictions.add(result)

        def on_retrained(retrained: Retrained) -> None:
            with bar.external_write_mode():
                self.stdout.write(retrained.line)

        replay = Replay(plan, on_result, on_retrained)
        started, is_stopped = time.perf_counter(), False
        with bar, predictions or nullcontext():
            try:
                asyncio.run(_run(replay, base_url, api_key))
            except KeyboardInterrupt:
                is_stopped = True
        return replay.report, time.perf_counter() - started, is_stopped


async def _run(replay: Replay, base_url: str, api_key: str) -> None:
    async with open_client(base_url, api_key, replay.plan.lanes) as client:
        await replay.run(client)


def _plan(options: dict[str, Any]) -> Plan:
    """Errors: PaymentFileError."""
    return Plan(
        path=options["file"],
        currency=options["currency"],
        limit=options["limit"],
        frauds=fraud_labels(options["labels"]) if options["labels"] else None,
        releases_labels=not options["no_label_release"],
        retrain_every=timedelta(days=options["retrain_every"]) if options["retrain_every"] else None,
        promoter=options["promote_by"],
        lanes=options["lanes"],
    )


def _target(url: str | None, about: dict[str, Any]) -> tuple[str, str]:
    """Base URL and API key; of `up` on this machine unless another URL is named."""
    api_key = env_secret("SENTINEL_API_KEY") or ("" if url else about.get("api_key", ""))
    base_url = url or about.get("base_url", "")
    if not base_url:
        raise CommandError("No service runs here. Start one with `python3 manage.py up`, or name it with --url.")
    if not api_key:
        raise CommandError("Put the API key of the service into SENTINEL_API_KEY.")
    return base_url.rstrip("/"), api_key


def _refuse_what_does_not_fit(options: dict[str, Any], base_url: str, about: dict[str, Any]) -> None:
    if options["promote_by"] is not None and not options["retrain_every"]:
        raise CommandError("--promote-by needs --retrain-every: nothing else is promoted.")
    if options["no_label_release"] and not options["labels"]:
        raise CommandError("--no-label-release needs --labels.")
    if options["json"] and not options["json"].absolute().parent.is_dir():
        raise CommandError(f"--json: there is no folder {options['json'].parent}.")
    if options["retrain_every"] and not _is_of_this_installation(base_url, about):
        raise CommandError(
            "--retrain-every trains on the record of this installation, and the service at "
            f"{base_url} is another one. Replay there without it, or here without --url."
        )


def _is_of_this_installation(base_url: str, about: dict[str, Any]) -> bool:
    """The service that `up` runs here, on the database that commands of this environment see."""
    is_here = base_url == about.get("base_url", "").rstrip("/")
    return is_here and os.environ.get("DATABASE_URL") == about.get("database_url")


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a whole number above zero.")
    return int(text)
