import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from scoring.models import ModelVersion

_FIGURES = ("frauds", "average_precision", "auc", "card_precision_100", "recall_at_half_percent", "calibration_error")


class Command(BaseCommand):
    help = "The registered models, the newest first, with what was measured when they were trained."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="Retired ones too.")
        parser.add_argument("--json", action="store_true", help="A list on standard output.")

    def handle(self, *args: Any, **options: Any) -> None:
        models = ModelVersion.objects.all() if options["all"] else ModelVersion.objects.exclude(state="retired")
        rows = [_row(model) for model in models]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            figures = ", ".join(f"{name.replace('_', ' ')} {_text(row[name])}" for name in _FIGURES)
            self.stdout.write(f"{row['version']:<22} {row['state']:<10} {row['kind']:<20} {figures}")
        if not rows:
            self.stdout.write("No model is registered. Train one with `train_model`.")


def _row(model: ModelVersion) -> dict[str, Any]:
    metrics = model.deciding_metrics
    told = {name: metrics.get(name) for name in _FIGURES}
    return {"version": model.version, "state": model.state, "kind": model.kind, **told}


def _text(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"
