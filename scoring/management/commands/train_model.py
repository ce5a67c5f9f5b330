import sys
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from scoring.domain.family_names import CARD_NAME, MOBILE_NAME
from scoring.domain.payment_files import PaymentFileError, count_rows
from scoring.management.arguments import moment
from scoring.models import ModelVersion
from scoring.selectors.models import champion_load, champion_row
from scoring.services.models import (
    model_register,
    model_train_on_file,
    model_train_on_mobile_file,
    model_train_on_record,
    model_train_on_simulation,
)
from scoring.services.promotions import model_challenge, model_promote
from scoring.serving.errors import ArtefactError
from scoring.serving.manifest import Manifest, Part, Window

_DATA = Path(__file__).resolve().parents[2] / "data"
BUNDLED_TRANSACTIONS = _DATA / "own_ci_400cards_75d_transactions.csv.gz"
BUNDLED_LABELS = _DATA / "own_ci_400cards_75d_fraud_labels.csv.gz"
ACTOR = "manage.py train_model"


class Command(BaseCommand):
    help = (
        "Trains a model on the record and registers it as a candidate. The first model of a family becomes its "
        "champion; every other one has to pass the gate (evaluate_model, promote_model)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--family", choices=ModelVersion.Family.values, default=CARD_NAME)
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--data", type=Path, help="Transactions, CSV or CSV.gz, in the place of the record.")
        source.add_argument("--bundled", action="store_true", help="The bundled data, for a bank without a past.")
        parser.add_argument("--begins", type=moment, help="The moment of step 0 of mobile money in --data.")
        parser.add_argument("--labels", type=Path, help="Fraud labels of the payments of --data.")
        parser.add_argument(
            "--as-of",
            type=moment,
            help="As the record was known at this moment of replayed history; only the gateways' clock counts then.",
        )
        parser.add_argument(
            "--kind",
            choices=ModelVersion.Kind.values,
            help="Default: what the number of confirmed frauds allows; a forest alone on the bundled data of cards.",
        )
        parser.add_argument("--if-missing", action="store_true", help="Do nothing when a usable champion is there.")
        parser.add_argument("--challenger", action="store_true", help="Let it score live payments from now on.")
        parser.add_argument("--no-promote", action="store_true", help="Leave it a candidate in any case.")

    def handle(self, *args: Any, **options: Any) -> None:
        self._is_quiet = options["verbosity"] == 0
        _refuse_together(options)
        champion = self._champion_version(options["family"])
        if options["if_missing"] and champion:
            self._say(f"{champion} is there and fits; nothing to train.")
            return
        now = timezone.now()
        manifest = self._train(options, now)
        model_register(manifest=manifest, now=now)
        self._describe(manifest)
        self._place(manifest, champion, options, now)

    def _say(self, words: str) -> None:
        if not self._is_quiet:
            self.stdout.write(words)

    def _champion_version(self, family: str) -> str | None:
        """The champion's name; None when there is none, or its files cannot serve (said on stderr)."""
        try:
            champion = champion_load(family=family)
        except ArtefactError as error:
            self.stderr.write(f"The champion cannot be used: {error.detail}")
            return None
        return champion.version if champion else None

    def _train(self, options: dict[str, Any], now: datetime) -> Manifest:
        from scoring.training.errors import TrainingRefused

        try:
            with tqdm(unit=" rows", disable=self._is_quiet or not sys.stderr.isatty()) as bar:
                return self._train_on(options, now, bar)
        except (PaymentFileError, TrainingRefused) as error:
            raise CommandError(str(error)) from None

    def _train_on(self, options: dict[str, Any], now: datetime, bar: "tqdm[Any]") -> Manifest:
        kind, as_of = options["kind"], options["as_of"]
        if options["family"] == MOBILE_NAME:
            return _train_mobile(options, now, bar)
        if options["bundled"]:
            bar.total = count_rows(BUNDLED_TRANSACTIONS)
            # What the bundled labels teach is not true of anybody's bank.
            return model_train_on_file(
                transactions=BUNDLED_TRANSACTIONS,
                labels=BUNDLED_LABELS,
                kind=kind or ModelVersion.Kind.ISOLATION_FOREST.value,
                now=now,
                on_progress=bar.update,
            )
        if data := options["data"]:
            bar.total = count_rows(data)
            return model_train_on_file(
                transactions=data, labels=options["labels"], kind=kind, now=now, on_progress=bar.update
            )
        return model_train_on_record(kind=kind, now=as_of or now, is_replay=as_of is not None, on_progress=bar.update)

    def _place(self, manifest: Manifest, champion: str | None, options: dict[str, Any], now: datetime) -> None:
        version = manifest.version
        if not (champion or options["no_promote"]):
            # A champion that cannot serve is no champion: nothing can be measured beside it.
            reason = "the champion cannot serve" if champion_row(manifest.family) else ""
            model_promote(version=version, actor=ACTOR, now=now, override_reason=reason)
            self._say(self.style.SUCCESS(f"{version} is the champion."))
            return
        if options["challenger"]:
            model_challenge(version=version, actor=ACTOR, now=now)
        state = "challenger" if options["challenger"] else "candidate"
        self._say(f"{version} is a {state}; the champion is {champion or 'none'}.")

    def _describe(self, manifest: Manifest) -> None:
        self._say(f"{manifest.version}: {manifest.kind} on payments of {manifest.source}.")
        self._say_part("forest", manifest.forest, manifest.measured)
        if manifest.classifier:
            self._say_part("classifier", manifest.classifier, manifest.measured)

    def _say_part(self, name: str, part: Part, measured: Window) -> None:
        window = part.training
        frauds = "" if window.frauds is None else f", {window.frauds:,} frauds"
        words = f"{name}: {window.rows:,} payments{frauds}, {window.start:.10} to {window.end:.10}"
        self._say(f"{words}. On the {measured.rows:,} later payments: {_figures(part.metrics)}.")


def _refuse_together(options: dict[str, Any]) -> None:
    """What does not fit together. Errors: CommandError."""
    if options["family"] == CARD_NAME:
        if options["begins"]:
            raise CommandError("--begins is for files of mobile money: payments of cards tell their moment.")
        return
    if options["labels"] or options["as_of"]:
        raise CommandError("Mobile money takes neither --labels nor --as-of: its files have the truth in isFraud.")
    if options["challenger"]:
        raise CommandError("Mobile money is not recorded, so there is nothing a challenger could score.")
    if options["bundled"] == bool(options["begins"]) or bool(options["data"]) != bool(options["begins"]):
        raise CommandError("Mobile money is not recorded: give --bundled, or --data with --begins.")


def _train_mobile(options: dict[str, Any], now: datetime, bar: "tqdm[Any]") -> Manifest:
    if options["bundled"]:
        return model_train_on_simulation(kind=options["kind"], now=now, on_progress=bar.update)
    bar.total = count_rows(options["data"])
    return model_train_on_mobile_file(
        transactions=options["data"],
        begins=options["begins"],
        kind=options["kind"],
        now=now,
        on_progress=bar.update,
    )


def _figures(metrics: dict[str, float | int | None]) -> str:
    told = (f"{name.replace('_', ' ')} {_figure(value)}" for name, value in metrics.items() if name != "rows")
    return ", ".join(told) or "nothing to measure by"


def _figure(value: float | int | None) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
