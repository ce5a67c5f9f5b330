import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dashboard.management.arguments import moment
from dashboard.selectors.exporting import COLUMNS, export_pages
from dashboard.services.exporting import export_note
from sentinel.core.csv_files import csv_text


class Command(BaseCommand):
    help = "Writes decisions with their dimensions to a CSV file, safe to open in a spreadsheet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from", dest="start", type=moment, required=True, help="occurred from this day or moment"
        )
        parser.add_argument("--to", dest="end", type=moment, required=True, help="… to before this one")
        parser.add_argument("--out", type=Path, required=True, help="the file; one that exists is refused")
        parser.add_argument("--actor", default="command", help="whose name the audit carries")

    def handle(self, *args: Any, **options: Any) -> None:
        start, end, out = options["start"], options["end"], options["out"]
        if end <= start:
            raise CommandError("--to: it must lie behind --from.")
        written = 0
        try:
            with open(
                os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8", newline=""
            ) as file:
                export_note(start=start, end=end, actor=options["actor"], now=timezone.now())
                file.write(csv_text([COLUMNS]))
                for page in export_pages(start, end):
                    file.write(csv_text(page))
                    written += len(page)
        except OSError as error:
            raise CommandError(f"--out: {error.strerror}: {out}") from None
        if options["verbosity"]:
            self.stdout.write(f"{written:,} decisions in {out}.")


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
