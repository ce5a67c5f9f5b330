from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.services.reconciliation import reconciliation_compare, reconciliation_write
from sentinel.core.errors import SentinelError

UNUSABLE = 2


class Command(BaseCommand):
    help = (
        "Writes the day (UTC) of every account for the bank's core ledger, or holds it against the core's own file: "
        "each difference is named, and the exit code is 1 when there is one, 2 when the file cannot be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--day", type=_day, required=True, metavar="YYYY-MM-DD")
        parser.add_argument("--out", type=Path, help="Write the file here.")
        parser.add_argument(
            "--against", type=Path, help="The core's file of the same day and columns, CSV or CSV.gz."
        )
        parser.add_argument("--actor", default="manage.py reconcile", help="Who writes it, for the audit.")

    def handle(self, *args: Any, **options: Any) -> None:
        day, out, against = options["day"], options["out"], options["against"]
        if out is None and against is None:
            raise CommandError("Say what to do: --out FILE, --against FILE, or both.", returncode=UNUSABLE)
        try:
            if out is not None:
                accounts = reconciliation_write(day=day, path=out, actor=options["actor"], now=timezone.now())
                self.stdout.write(f"{accounts:,} accounts in {out}.")
            if against is not None:
                self._compare(day, against)
        except SentinelError as error:
            raise CommandError(error.detail, returncode=UNUSABLE) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.", returncode=UNUSABLE) from None

    def _compare(self, day: date, path: Path) -> None:
        count = 0
        for difference in reconciliation_compare(day=day, path=path, now=timezone.now()):
            self.stdout.write(difference.words)
            count += 1
        if count:
            raise CommandError(f"{count:,} differences on {day}.")
        self.stdout.write(f"No difference on {day}.")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day such as 2026-01-31.") from None
