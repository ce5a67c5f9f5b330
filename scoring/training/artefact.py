"""From rows to an accepted artefact on disk: split, train, describe, sign, write."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version as library_version
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import joblib

from scoring.domain.dataset import Dataset
from scoring.domain.families import Family, family_of
from scoring.domain.family_names import CARD_NAME
from scoring.domain.input_digest import input_digest
from scoring.domain.model_figures import curves_of, figures_of, not_known_compromised
from scoring.serving.artefact import MANIFEST_FILE, PIPELINE_FILE
from scoring.serving.champion import Champion
from scoring.serving.manifest import CLASSIFIER_FILE, FOREST_FILE, Kind, Manifest
from scoring.training.classifier import kind_for
from scoring.training.errors import TrainingRefused
from scoring.training.parts import train_classifier, train_forest, window_of
from scoring.training.split import split_for_training

FOREST_ALONE = "isolation_forest"
_LIBRARIES = ("scikit-learn", "numpy", "onnx", "onnxruntime", "joblib")


def artefact_make(
    dataset: Dataset, *, version: str, now: datetime, folder: Path, key: bytes, kind: str | None = None
) -> Manifest:
    """Trains on the earlier part of the dataset and writes `folder`/<version>/ whole or not at all.

    `version` begins with the family of models that reads the dataset. `kind`: isolation_forest, logistic_regression
    or boosted_trees; None for what the number of frauds allows. Errors: TrainingRefused for too few rows or frauds,
    rows in the future, or a converted model that differs.
    """
    family = family_of(version)
    split = split_for_training(dataset, now.timestamp())
    kind = kind or _kind_allowed(dataset, split.labelled)
    measured = not_known_compromised(split.known, since=split.cut)
    forest, forest_part = train_forest(split.unlabelled, measured, family)
    models, pipelines, classifier_part = {FOREST_FILE: forest.model}, {"forest": forest.pipeline}, None
    if kind != FOREST_ALONE:
        classifier, classifier_part = train_classifier(kind, split.labelled, measured, family)
        models[CLASSIFIER_FILE], pipelines["classifier"] = classifier.model, classifier.pipeline
    pipeline = _joblib_bytes(pipelines)
    manifest = Manifest(
        version=version,
        kind=cast(Kind, kind),
        catalogue_version=family.shape_version,
        dtype="float32",
        libraries={name: library_version(name) for name in _LIBRARIES},
        trained_at=now.isoformat(),
        source=dataset.source,
        maturity_days=dataset.maturity.total_seconds() / 86_400,
        inputs_sha256=input_digest(forest_part.inputs, classifier_part.inputs if classifier_part else [], family),
        measured=window_of(measured),
        baseline=_baseline(measured, family),
        curves={},
        forest=forest_part,
        classifier=classifier_part,
        pipeline_sha256=sha256(pipeline).hexdigest(),
    )
    manifest = manifest.model_copy(update={"curves": _curves(manifest, models, measured)})
    _write(folder / version, {**models, PIPELINE_FILE: pipeline, MANIFEST_FILE: manifest.to_bytes(key)})
    return manifest


def version_next(taken: Iterable[str], now: datetime, family: str = CARD_NAME) -> str:
    """The name after all of today's, such as card-2026-01-30.2. `taken` may hold any other names too."""
    prefix = f"{family}-{now.astimezone(UTC):%Y-%m-%d}."
    numbers = [name.removeprefix(prefix) for name in taken if name.startswith(prefix)]
    return f"{prefix}{max((int(number) for number in numbers if number.isdigit()), default=0) + 1}"


def _kind_allowed(dataset: Dataset, labelled: Dataset) -> str:
    frauds = int(labelled.is_fraud.sum())
    if dataset.has_labels and not frauds:
        raise TrainingRefused(
            f"{dataset.source} has labels, but no fraud in the time to learn from. Choose the kind "
            f"{FOREST_ALONE} to train without them."
        )
    return kind_for(frauds) or FOREST_ALONE


def _baseline(measured: Dataset, family: Family) -> Any:
    """Sorted by amount."""
    amounts = measured.columns[:, family.amount]
    return figures_of(measured, amounts, is_probability=False) if measured.has_labels else {}


def _curves(manifest: Manifest, models: Mapping[str, bytes], measured: Dataset) -> Any:
    """Of the score that decides, as it is served."""
    scores = Champion(manifest, models).deciding_scores(measured.columns)
    return curves_of(measured, scores) if measured.has_labels else {}


def _joblib_bytes(pipelines: dict[str, Any]) -> bytes:
    buffer = BytesIO()
    joblib.dump(pipelines, buffer, compress=3)
    return buffer.getvalue()


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """All files under another name first: a reader sees the whole artefact or none."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
    try:
        partial.chmod(0o755)
        for name, data in files.items():
            with (partial / name).open("wb") as file:
                file.write(data)
                os.fsync(file.fileno())
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
