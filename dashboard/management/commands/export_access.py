from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from dashboard.selectors.access import COLUMNS, access_rows
from ledger.admin.csv_response import csv_text


class Command(BaseCommand):
    help = "Writes who may do what as CSV, for a review of access: people, groups, permissions, log-ins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, help="A file; without it the text goes to the standard output.")

    def handle(self, *args: Any, output: Path | None, **options: Any) -> None:
        text = csv_text([COLUMNS, *access_rows()])
        if output is None:
            self.stdout.write(text, ending="")
        else:
            output.write_text(text, encoding="utf-8", newline="")
