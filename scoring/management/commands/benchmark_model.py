import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from scoring.domain.dataset import Dataset
from scoring.domain.payment_files import PaymentFileError, count_rows

# Le Borgne, Siblini, Lebichot, Bontempi: Reproducible Machine Learning for Credit Card Fraud Detection, ULB 2022: the
# best of each figure, whichever model had it. Chapter 3 has the split, chapters 5 to 7 the four weeks.
PUBLISHED_SPLIT = {"ap": 0.658, "auc": 0.871, "cp100": 0.291, "ece": None}
PUBLISHED_WEEKS = {"ap": 0.687, "auc": 0.879, "cp100": 0.305, "ece": None}
_NAMES = {"ap": "AP", "auc": "AUC", "cp100": "CP@100", "ece": "ECE"}


class Command(BaseCommand):
    help = (
        "Runs the Fraud Detection Handbook's published protocol, and its four weeks one after the other, with this "
        "project's features and boosted trees, and prints them beside the published figures. Needs the handbook's "
        "simulated data (1.5 million payments); takes several minutes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, required=True, help="The handbook's transactions, CSV or CSV.gz.")
        parser.add_argument("--labels", type=Path, required=True, help="Its fraud labels with label_available_at.")
        parser.add_argument("--training-days", type=int, default=14, help="Default: 14; published are 7.")
        parser.add_argument("--json", action="store_true", help="One object on standard output.")

    def handle(self, *args: Any, **options: Any) -> None:
        # scikit-learn, which takes seconds to load, stands behind these.
        from scoring.training.protocol import PREQUENTIAL_STARTS, PUBLISHED_TEST_START, mean_of, measure_week

        dataset = self._read(options["data"], options["labels"])
        days = options["training_days"]
        weeks = [measure_week(dataset, start, days) for start in tqdm(PREQUENTIAL_STARTS, disable=not _is_watched())]
        split = weeks[PREQUENTIAL_STARTS.index(PUBLISHED_TEST_START)]
        mean = mean_of(weeks)
        if options["json"]:
            told: dict[str, Any] = {"published_split": asdict(split.figures), "prequential": asdict(mean)}
            told["weeks"] = [asdict(week.figures) for week in weeks]
            told["rows"] = {"training": split.training, "test": split.test}
            self.stdout.write(json.dumps(told))
            return
        (rows, frauds), (test_rows, test_frauds) = split.training, split.test
        learned = f"{rows:,} payments to learn from ({days} days, {frauds:,} frauds)"
        self.stdout.write(f"published split: {learned}, {test_rows:,} to test ({test_frauds:,} frauds)")
        for line in _table("published split", asdict(split.figures), PUBLISHED_SPLIT):
            self.stdout.write(line)
        for line in _table("mean of four weeks", asdict(mean), PUBLISHED_WEEKS):
            self.stdout.write(line)

    def _read(self, data: Path, labels: Path) -> Dataset:
        from scoring.training.dataset import dataset_read

        try:
            with tqdm(total=count_rows(data), unit=" rows", disable=not _is_watched()) as bar:
                return dataset_read(data, labels, on_progress=bar.update)
        except PaymentFileError as error:
            raise CommandError(str(error)) from None


def _table(title: str, ours: dict[str, float], published: dict[str, float | None]) -> Iterator[str]:
    yield f"{title:<20} {'ours':>8} {'published best':>15}"
    for name, label in _NAMES.items():
        best = published[name]
        yield f"  {label:<18} {ours[name]:>8.4f} {'-' if best is None else f'{best:.3f}':>15}"


def _is_watched() -> bool:
    return sys.stderr.isatty()
