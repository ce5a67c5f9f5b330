"""From a dataset to an accepted artefact on disk: fit, convert, prove equal, measure, describe, sign, write."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.metadata import version as library_version
from io import BytesIO
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from scoring.domain.metrics import ranking_quality
from scoring.domain.model_inputs import FILLS, INPUT_NAMES, Columns, inputs_of
from scoring.serving.artefact import MANIFEST_FILE, MODEL_FILE, PIPELINE_FILE
from scoring.serving.manifest import Manifest, Window
from scoring.serving.runtime import ForestRuntime, PercentileTable
from scoring.training.dataset import Dataset
from scoring.training.forest import RANDOM_STATE, ROWS_PER_TREE, TREES, fit_pipeline, forest_of
from scoring.training.onnx_forest import forest_to_onnx, path_length_scale
from scoring.training.parity import PARITY_MAX, largest_difference
from sentinel.core.catalogue import CATALOGUE_VERSION

MEASURED_SHARE = 0.2  # the last part of the file's time is for measuring and never fitted
ROWS_MIN = 1000
_LIBRARIES = ("scikit-learn", "numpy", "onnx", "onnxruntime", "joblib")


class TrainingRefused(ValueError):
    """The data cannot make a model; the message says what is wrong. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Trained:
    """One fitted forest, in both forms."""

    pipeline: Any
    model: bytes
    scale: float

    def runtime(self) -> ForestRuntime:
        return ForestRuntime(self.model, self.scale, len(INPUT_NAMES))


def artefact_make(dataset: Dataset, *, version: str, now: datetime, folder: Path, key: bytes) -> Manifest:
    """Trains on the earlier part of the dataset and writes `folder`/<version>/ whole or not at all.

    Errors: TrainingRefused for too few rows, rows in the future, or a converted model that differs.
    """
    split = _split(dataset, now)
    trained = _train(dataset.columns[:split])
    manifest = _manifest(dataset, split, trained, version=version, now=now)
    pipeline = _joblib_bytes(trained.pipeline)
    manifest = manifest.model_copy(update={"pipeline_sha256": sha256(pipeline).hexdigest()})
    files = {MODEL_FILE: trained.model, PIPELINE_FILE: pipeline, MANIFEST_FILE: manifest.to_bytes(key)}
    _write(folder / version, files)
    return manifest


def version_next(taken: Iterable[str], now: datetime) -> str:
    """The name after all of today's, such as card-2026-01-30.2. `taken` may hold any other names too."""
    prefix = f"card-{now.astimezone(UTC):%Y-%m-%d}."
    numbers = [name.removeprefix(prefix) for name in taken if name.startswith(prefix)]
    return f"{prefix}{max((int(number) for number in numbers if number.isdigit()), default=0) + 1}"


def _split(dataset: Dataset, now: datetime) -> int:
    """The number of rows to fit. Rows of the last MEASURED_SHARE of time are left for measuring."""
    if len(dataset) < ROWS_MIN:
        raise TrainingRefused(f"{dataset.source} has {len(dataset)} payments; training needs {ROWS_MIN}.")
    first, last = dataset.times[0], dataset.times[-1]
    if last > now:
        raise TrainingRefused(f"{dataset.source} has payments in the future, the last at {last:%Y-%m-%d %H:%M}.")
    cut = last - timedelta(seconds=(last - first).total_seconds() * MEASURED_SHARE)
    return sum(1 for moment in dataset.times if moment < cut)


def _train(columns: Columns) -> Trained:
    pipeline = fit_pipeline(columns)
    forest = forest_of(pipeline)
    trained = Trained(pipeline, forest_to_onnx(forest), path_length_scale(forest))
    difference = largest_difference(forest, trained.runtime(), inputs_of(columns))
    if difference > PARITY_MAX:
        raise TrainingRefused(f"The converted model differs from the pipeline by {difference:.2e}.")
    return trained


def _manifest(dataset: Dataset, split: int, trained: Trained, *, version: str, now: datetime) -> Manifest:
    inputs = inputs_of(dataset.columns)
    anomalies = np.asarray(trained.runtime().anomaly(inputs))
    levels = _quantile_levels()
    quantiles = np.quantile(anomalies[:split], levels, method="inverted_cdf")
    return Manifest(
        version=version,
        kind="isolation_forest",
        catalogue_version=CATALOGUE_VERSION,
        inputs=list(INPUT_NAMES),
        fills=FILLS,
        dtype="float32",
        libraries={name: library_version(name) for name in _LIBRARIES},
        trained_at=now.isoformat(),
        source=dataset.source,
        training=_window(dataset, slice(0, split)),
        measured=_window(dataset, slice(split, None)),
        metrics=_metrics(dataset, split, PercentileTable(quantiles.tolist(), levels).of(anomalies.tolist())),
        parameters={"n_estimators": TREES, "max_samples": ROWS_PER_TREE, "random_state": RANDOM_STATE},
        path_length_scale=trained.scale,
        medians=np.median(inputs[:split], axis=0).tolist(),
        quantile_levels=levels,
        quantile_scores=quantiles.tolist(),
        model_sha256=sha256(trained.model).hexdigest(),
        model_bytes=len(trained.model),
        pipeline_sha256="",
    )


def _metrics(dataset: Dataset, split: int, percentiles: list[float]) -> dict[str, float | int | None]:
    """Of the measured rows. Labels are used here and nowhere else."""
    if dataset.is_fraud is None:
        return {}
    return ranking_quality(dataset.is_fraud[split:], percentiles[split:]).as_dict()


def _quantile_levels() -> list[float]:
    """Every thousandth below 0.99, every ten-thousandth from there: 1,091 levels."""
    coarse = [number / 1000 for number in range(990)]
    return coarse + [number / 10_000 for number in range(9900, 10_001)]


def _window(dataset: Dataset, part: slice) -> Window:
    times = dataset.times[part]
    frauds = None if dataset.is_fraud is None else int(dataset.is_fraud[part].sum())
    return Window(start=times[0].isoformat(), end=times[-1].isoformat(), rows=len(times), frauds=frauds)


def _joblib_bytes(pipeline: Any) -> bytes:
    buffer = BytesIO()
    joblib.dump(pipeline, buffer, compress=3)
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
