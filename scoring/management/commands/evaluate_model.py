import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from scoring.domain.family_names import MOBILE_NAME
from scoring.domain.payment_files import PaymentFileError
from scoring.management.arguments import moment
from scoring.models import ModelEvaluation
from scoring.services.model_evaluation import Known, model_evaluate, verdict_lines
from sentinel.core.errors import SentinelError

ACTOR = "manage.py evaluate_model"
REFUSED = 1


class Command(BaseCommand):
    help = (
        "Measures a model beside the champion on matured payments later than either training, and says which lines "
        "of the gate it passes. Exit code 1 when one refuses it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", help="Such as card-2026-01-30.2; `list_models` names them.")
        parser.add_argument("--as-of", type=moment, help="As known at this moment of replayed history.")
        parser.add_argument("--data", type=Path, help="Later payments of mobile money, which is not recorded.")
        parser.add_argument("--begins", type=moment, help="The moment of step 0 in --data.")
        parser.add_argument("--json", action="store_true", help="One object on standard output.")

    def handle(self, *args: Any, **options: Any) -> None:
        as_of = options["as_of"]
        try:
            with tqdm(unit=" payments", disable=not sys.stderr.isatty()) as bar:
                evaluation = model_evaluate(
                    version=options["version"],
                    actor=ACTOR,
                    now=as_of or timezone.now(),
                    known=_known(options),
                    is_replay=as_of is not None,
                    on_progress=bar.update,
                )
        except SentinelError as error:
            raise CommandError(f"{error.title}. {error.detail or ''}".strip()) from None
        except PaymentFileError as error:
            raise CommandError(str(error)) from None
        self._tell(evaluation, as_json=options["json"])
        if not evaluation.passed:
            sys.exit(REFUSED)

    def _tell(self, evaluation: ModelEvaluation, *, as_json: bool) -> None:
        if as_json:
            told = ("passed", "needs_approval", "proposed_threshold", "payments", "frauds", "lines")
            names = {"model": evaluation.model.version, "champion": evaluation.champion.version}
            self.stdout.write(json.dumps(names | {name: getattr(evaluation, name) for name in told}))
            return
        self.stdout.write(
            f"{evaluation.model.version} beside {evaluation.champion.version}, {evaluation.payments:,} payments from "
            f"{evaluation.first_at:%Y-%m-%d %H:%M} to {evaluation.until:%Y-%m-%d %H:%M}, {evaluation.frauds:,} frauds"
        )
        for line in verdict_lines(evaluation):
            self.stdout.write(f"  {line}")
        if evaluation.passed:
            advice = "Promote it with `promote_model`"
            person = ", in the name of a person who answers for it" if evaluation.needs_approval else ""
            self.stdout.write(self.style.SUCCESS(f"It passed. {advice}{person}."))


def _known(options: dict[str, Any]) -> Known | None:
    """Payments out of a file, for a model of mobile money. Errors: CommandError."""
    is_mobile = options["version"].startswith(f"{MOBILE_NAME}-")
    if not is_mobile and not (options["data"] or options["begins"]):
        return None
    if not is_mobile or not (options["data"] and options["begins"]):
        raise CommandError("Models of mobile money take --data with --begins; all others are measured on the record.")
    # Loads numpy and the training's readers: only where they are needed.
    from scoring.training.mobile_money import KnownPayments

    return KnownPayments(options["data"], options["begins"])
