"""A forest and a classifier, each fitted, converted, proved equal, measured and described."""

from hashlib import sha256
from typing import Any

import numpy as np

from scoring.domain.dataset import Dataset
from scoring.domain.families import CARD, Family
from scoring.domain.gate import PARITY_ROWS_MIN
from scoring.domain.model_figures import figures_of, importances_of
from scoring.domain.snapshots import Inputs
from scoring.domain.stability import Bins
from scoring.serving.manifest import ClassifierPart, ForestPart, Window
from scoring.serving.runtime import ClassifierRuntime, ForestRuntime
from scoring.training.classifier import PARAMETERS, FittedClassifier, fit_classifier
from scoring.training.dataset import moment_text
from scoring.training.errors import TrainingRefused
from scoring.training.forest import RANDOM_STATE, ROWS_PER_TREE, TREES, FittedForest, fit_forest
from scoring.training.parity import accepted, classifier_difference, forest_difference

# A classifier's reviews are about one payment in two hundred; a tenth as many go to what the forest alone finds.
REVIEW_PERCENTILE = 0.9995


def train_forest(rows: Dataset, measured: Dataset, family: Family = CARD) -> tuple[FittedForest, ForestPart]:
    """Errors: TrainingRefused when the conversion differs."""
    fitted, names = fit_forest(rows.columns, family), family.forest_names
    runtime = ForestRuntime(fitted.model, fitted.path_length_scale, len(names))
    parity = accepted(forest_difference(fitted, runtime, rows.columns, family))
    inputs = family.forest_inputs(rows.columns)
    medians, levels = _medians(inputs), _quantile_levels()
    measured_inputs = family.forest_inputs(measured.columns)
    return fitted, ForestPart(
        inputs=list(names),
        medians=medians,
        parameters={"n_estimators": TREES, "max_samples": ROWS_PER_TREE, "random_state": RANDOM_STATE},
        training=window_of(rows),
        metrics=_figures(measured, runtime.anomaly(measured_inputs), is_probability=False),
        parity=parity,
        parity_rows=PARITY_ROWS_MIN,
        importances=importances_of(measured, measured_inputs, names, medians, runtime.anomaly),
        bins=_bins(inputs, names),
        sha256=sha256(fitted.model).hexdigest(),
        bytes=len(fitted.model),
        fills=dict(family.forest_fills),
        path_length_scale=fitted.path_length_scale,
        quantile_levels=levels,
        quantile_scores=np.quantile(runtime.anomaly(inputs), levels, method="inverted_cdf").tolist(),
        review_percentile=REVIEW_PERCENTILE,
    )


def train_classifier(
    kind: str, rows: Dataset, measured: Dataset, family: Family = CARD
) -> tuple[FittedClassifier, ClassifierPart]:
    """Errors: TrainingRefused without fraud, and when the conversion differs."""
    if not rows.is_fraud.any():
        raise TrainingRefused(f"{rows.source} has no confirmed fraud to learn from.")
    units = family.units_of(rows.columns)
    reader = family.classifier_reader(telling_inputs(rows, units, family), units)
    inputs = reader.of(rows.columns)
    fitted = fit_classifier(kind, inputs, rows.is_fraud)
    runtime = ClassifierRuntime(fitted.model, len(reader.names))
    medians, measured_inputs = _medians(inputs), reader.of(measured.columns)
    return fitted, ClassifierPart(
        inputs=list(reader.names),
        medians=medians,
        parameters=PARAMETERS[kind],
        training=window_of(rows),
        metrics=_figures(measured, runtime.probability(measured_inputs), is_probability=True),
        parity=accepted(classifier_difference(fitted, runtime, reader, rows.columns)),
        parity_rows=PARITY_ROWS_MIN,
        importances=importances_of(measured, measured_inputs, reader.names, medians, runtime.log_odds),
        bins=_bins(inputs, reader.names),
        sha256=sha256(fitted.model).hexdigest(),
        bytes=len(fitted.model),
        units_minor=units,
    )


def window_of(rows: Dataset) -> Window:
    return Window(
        start=moment_text(rows.occurred_at[0]),
        end=moment_text(rows.occurred_at[-1]),
        rows=len(rows),
        frauds=int(rows.is_fraud.sum()) if rows.has_labels else None,
    )


def telling_inputs(rows: Dataset, units: dict[str, int], family: Family = CARD) -> list[str]:
    """Those that differ between the rows: from what is always the same, or always missing, nothing can be learned."""
    inputs = family.classifier_reader(family.classifier_names, units).of(rows.columns)
    lowest = np.fmin.reduce(inputs, axis=0)
    varies = (lowest < np.fmax.reduce(inputs, axis=0)) | (np.isnan(inputs).any(axis=0) & ~np.isnan(lowest))
    return [name for name, tells in zip(family.classifier_names, varies, strict=True) if tells]


def _figures(measured: Dataset, scores: list[float], *, is_probability: bool) -> Any:
    """Of the measured rows. None without labels."""
    return figures_of(measured, np.array(scores), is_probability=is_probability) if measured.has_labels else {}


def _bins(inputs: Inputs, names: Any) -> dict[str, Any]:
    """How the training rows spread, to see later what drifts."""
    return {name: _plain(Bins.of_training(inputs[:, place])) for place, name in enumerate(names)}


def _plain(bins: Bins) -> dict[str, Any]:
    return {"edges": list(bins.edges), "shares": list(bins.shares), "missing": bins.missing}


def _medians(inputs: Inputs) -> list[float | None]:
    has_value = ~np.isnan(inputs).all(axis=0)
    medians = np.full(inputs.shape[1], np.nan)
    medians[has_value] = np.nanmedian(inputs[:, has_value], axis=0)
    return [None if np.isnan(median) else median for median in medians.tolist()]


def _quantile_levels() -> list[float]:
    """Every thousandth below 0.99, every ten-thousandth from there: 1,091 levels."""
    coarse = [number / 1000 for number in range(990)]
    return coarse + [number / 10_000 for number in range(9900, 10_001)]
