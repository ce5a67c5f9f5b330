import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from ledger.services.label_files import LabelsChecked, labels_check, labels_import
from ledger.services.label_imports import file_read
from sentinel.core.errors import SentinelError

FAULTS_SHOWN = 100
_BLOCK_BYTES = 1024 * 1024


class Command(BaseCommand):
    help = (
        "Records labels from a CSV or CSV.gz file with the columns transaction_id (or reference, or "
        "idempotency_key), label, source, observed_at and, if you like, note. Nothing is recorded while any line "
        "has a fault."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be recorded.")
        parser.add_argument("--leave-out-faulty", action="store_true", help="Record the lines without a fault.")
        parser.add_argument("--actor", default="manage.py import_labels", help="Who says so, in labels and audit.")

    def handle(self, *args: Any, **options: Any) -> None:
        path, leaves_out = options["file"], options["leave_out_faulty"]
        try:
            with tqdm(unit=" lines", disable=options["verbosity"] == 0 or not sys.stderr.isatty()) as bar:
                data, now = self._data(path), timezone.now()
                if options["dry_run"]:
                    checked = labels_check([data], now=now, on_progress=bar.update)
                else:
                    checked = labels_import(
                        data=data,
                        file_name=path.name,
                        actor=options["actor"],
                        leave_out_faulty=leaves_out,
                        now=now,
                        on_progress=bar.update,
                    )
        except SentinelError as error:
            raise CommandError(error.detail) from None
        self._tell(checked, options["dry_run"], leaves_out)

    def _data(self, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                return file_read(iter(lambda: file.read(_BLOCK_BYTES), b""))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from None

    def _tell(self, checked: LabelsChecked, is_dry: bool, leaves_out: bool) -> None:
        for fault in checked.faults[:FAULTS_SHOWN]:
            self.stderr.write(f"Line {fault.line}, {fault.column or 'columns'}: {fault.words}")
        if (more := len(checked.faults) - FAULTS_SHOWN) > 0:
            self.stderr.write(f"And {more:,} more.")
        counts = checked.counts
        what = f"{counts['new']:,} labels ({counts['fraud']:,} fraud, {counts['legitimate']:,} legitimate)"
        if checked.faults and not leaves_out:
            raise CommandError(
                f"{counts['faulty']:,} of {counts['lines']:,} lines have a fault. Nothing was recorded. Correct them,"
                f" or record the other {what} with --leave-out-faulty."
            )
        left_out = f" {counts['faulty']:,} lines were left out." if checked.faults else ""
        self.stdout.write(f"{'Would record' if is_dry else 'Recorded'} {what}.{left_out}")
