import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from scoring.domain.payment_files import PaymentFileError, count_rows
from scoring.selectors.models import champion_load
from scoring.services.models import model_promote, model_register, model_train
from scoring.serving.errors import ArtefactError
from scoring.serving.manifest import Manifest

_DATA = Path(__file__).resolve().parents[2] / "data"
BUNDLED_TRANSACTIONS = _DATA / "own_ci_400cards_75d_transactions.csv.gz"
BUNDLED_LABELS = _DATA / "own_ci_400cards_75d_fraud_labels.csv.gz"
PROMOTED_BY = "manage.py train_model"


class Command(BaseCommand):
    help = "Trains an isolation forest on a transactions file and registers it. The first model becomes the champion."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, help="Transactions, CSV or CSV.gz. Default: the bundled data.")
        parser.add_argument("--labels", type=Path, help="Fraud labels, used to measure only.")
        parser.add_argument("--if-missing", action="store_true", help="Do nothing when a usable champion is there.")
        promotion = parser.add_mutually_exclusive_group()
        promotion.add_argument("--promote", action="store_true", help="Make it the champion, also if there is one.")
        promotion.add_argument("--no-promote", action="store_true", help="Leave it a candidate in any case.")

    def handle(self, *args: Any, **options: Any) -> None:
        self._is_quiet = options["verbosity"] == 0
        champion = self._champion_version()
        if options["if_missing"] and champion:
            self._say(f"{champion} is there and fits; nothing to train.")
            return
        manifest = self._train(options["data"], options["labels"])
        model_register(manifest=manifest, now=timezone.now())
        self._describe(manifest)
        if options["promote"] or not (champion or options["no_promote"]):
            model_promote(version=manifest.version, promoted_by=PROMOTED_BY, now=timezone.now())
            self._say(self.style.SUCCESS(f"{manifest.version} is the champion."))
        else:
            self._say(f"{manifest.version} is a candidate; the champion is {champion or 'none'}.")

    def _say(self, words: str) -> None:
        if not self._is_quiet:
            self.stdout.write(words)

    def _champion_version(self) -> str | None:
        """The champion's name; None when there is none, or its files cannot serve (said on stderr)."""
        try:
            champion = champion_load()
        except ArtefactError as error:
            self.stderr.write(f"The champion cannot be used: {error.detail}")
            return None
        return champion.version if champion else None

    def _train(self, data: Path | None, labels: Path | None) -> Manifest:
        from scoring.training.artefact import TrainingRefused

        transactions = data or BUNDLED_TRANSACTIONS
        try:
            with tqdm(
                total=count_rows(transactions), unit=" rows", disable=self._is_quiet or not sys.stderr.isatty()
            ) as bar:
                return model_train(
                    transactions=transactions,
                    labels=labels or (None if data else BUNDLED_LABELS),
                    now=timezone.now(),
                    on_progress=bar.update,
                )
        except (PaymentFileError, TrainingRefused) as error:
            raise CommandError(str(error)) from None

    def _describe(self, manifest: Manifest) -> None:
        window = manifest.training
        self._say(
            f"{manifest.version}: {manifest.kind} on {window.rows:,} payments of {manifest.source}, "
            f"{window.start:.10} to {window.end:.10}."
        )
        if manifest.metrics:
            self._say(f"On the {manifest.measured.rows:,} later payments: {_figures(manifest.metrics)}.")


def _figures(metrics: dict[str, float | int | None]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {_figure(value)}" for name, value in metrics.items() if name != "rows"
    )


def _figure(value: float | int | None) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
