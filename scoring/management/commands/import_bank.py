import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from scoring.bank_import.checking import Checked, bank_check
from scoring.bank_import.files import BankFiles
from scoring.bank_import.run import bank_import
from sentinel.api.directory import identity_of
from sentinel.api.models import GatewayClient
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import SentinelError

FAULTS_SHOWN = 100
STOPPED = 130


class Command(BaseCommand):
    help = (
        "Takes over a bank's past from accounts.csv, transactions.csv and labels.csv, packed with gzip or not: "
        "accounts with opening balances, transactions as they were decided elsewhere, and labels. Nothing is decided "
        "again and nobody is told. Nothing is written while any row has a fault. Ctrl-C stops it; started again with "
        "the same files it goes on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="FOLDER|FILE")
        parser.add_argument("--client", required=True, help="The name of the gateway client whose past it is.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be imported.")
        parser.add_argument("--actor", default="manage.py import_bank", help="Who says so, in labels and audit.")

    def handle(self, *args: Any, **options: Any) -> None:
        client, written = _client(options["client"]), None
        try:
            files = BankFiles.found(options["paths"])
            with tqdm(unit=" rows", disable=options["verbosity"] == 0 or not sys.stderr.isatty()) as bar:

                def on_progress(what: str, rows: int) -> None:
                    bar.set_description(what, refresh=False)
                    bar.update(rows)

                if options["dry_run"]:
                    checked = bank_check(files, client, now=timezone.now(), on_progress=on_progress)
                else:
                    checked, written = bank_import(
                        files=files, client=client, actor=options["actor"], on_progress=on_progress
                    )
        except SentinelError as error:
            raise CommandError(error.detail) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from None
        except KeyboardInterrupt:
            self.stdout.write("Stopped. The same command goes on where it was.")
            raise SystemExit(STOPPED) from None
        self._tell(checked, written)

    def _tell(self, checked: Checked, written: Counter[str] | None) -> None:
        for fault in checked.faults[:FAULTS_SHOWN]:
            self.stderr.write(str(fault))
        if (more := checked.faulty - FAULTS_SHOWN) > 0:
            self.stderr.write(f"And {more:,} more.")
        if checked.faulty:
            raise CommandError(f"{checked.faulty:,} rows have a fault. Nothing was imported.")
        if written is None:
            self.stdout.write(f"Would import: {_listed(checked.counts)}.")
        else:
            self.stdout.write(f"Imported: {_listed(written)}.")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {what}" for what, number in counts.items() if number) or "nothing new"


def _client(name: str) -> ClientIdentity:
    client = GatewayClient.objects.filter(name=name).first()
    if client is None:
        raise CommandError(f"There is no gateway client named {name!r}. Make it in the Admin first.")
    return identity_of(client)
