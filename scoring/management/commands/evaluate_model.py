import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from scoring.management.arguments import moment
from scoring.models import ModelEvaluation
from scoring.services.model_evaluation import model_evaluate, verdict_lines
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
        parser.add_argument("--json", action="store_true", help="One object on standard output.")

    def handle(self, *args: Any, **options: Any) -> None:
        as_of = options["as_of"]
        try:
            with tqdm(unit=" payments", disable=not sys.stderr.isatty()) as bar:
                evaluation = model_evaluate(
                    version=options["version"],
                    actor=ACTOR,
                    now=as_of or timezone.now(),
                    is_replay=as_of is not None,
                    on_progress=bar.update,
                )
        except SentinelError as error:
            raise CommandError(f"{error.title}. {error.detail or ''}".strip()) from None
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
