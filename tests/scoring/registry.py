"""Models in the registry of a test whose rows are rolled back."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scoring.domain.dataset import Dataset
from scoring.models import ModelEvaluation, ModelVersion
from scoring.selectors.models import manifest_key
from scoring.serving.manifest import Manifest
from tests.scoring.conftest import KEY, NOW


def no_champion() -> None:
    """As before the first training; what other tests left behind is out of the way."""
    ModelVersion.objects.exclude(state="retired").update(state="retired")


def states() -> dict[str, str]:
    return dict(ModelVersion.objects.exclude(state="retired", created_at__lt=NOW).values_list("version", "state"))


def copied(source: Path, folder: Path) -> Manifest:
    """An artefact under another name, signed by this installation."""
    shutil.copytree(source, folder)
    manifest = Manifest.from_bytes((source / "manifest.json").read_bytes(), KEY)
    manifest = manifest.model_copy(update={"version": folder.name})
    (folder / "manifest.json").write_bytes(manifest.to_bytes(manifest_key()))
    return manifest


def known_out_of(dataset: Dataset) -> Callable[..., Dataset]:
    """Stands in for `payments_known`: the payments of a file in the place of the record's."""

    def known(*, start: datetime, end: datetime, known_at: datetime, **_: Any) -> Dataset:
        rows = dataset.occurred_at
        return dataset.rows((rows >= start.timestamp()) & (rows < end.timestamp())).known_by(known_at.timestamp())

    return known


def evaluate(
    model: str, champion: str, *, passed: bool = True, now: datetime = NOW, **fields: Any
) -> ModelEvaluation:
    """What the gate might have said."""
    lines = [{"code": "frauds", "words": "148 frauds, at least 100 are needed.", "passed": True}]
    if not passed:
        lines.append({"code": "average_precision", "words": "It finds less than the champion.", "passed": False})
    return ModelEvaluation.objects.create(
        model=ModelVersion.objects.get(version=model),
        champion=ModelVersion.objects.get(version=champion),
        first_at=now - timedelta(days=14),
        until=now - timedelta(days=7),
        payments=10_615,
        frauds=148,
        passed=passed,
        lines=lines,
        figures={},
        evaluated_by="olivia",
        evaluated_at=now,
        **fields,
    )
