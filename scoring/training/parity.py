"""Proof that a converted model is the fitted one, before an artefact is accepted."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.domain.families import CARD, Family, Reader
from scoring.domain.gate import PARITY_MAX, PARITY_ROWS_MIN
from scoring.domain.snapshots import Columns, Inputs
from scoring.serving.runtime import ClassifierRuntime, ForestRuntime
from scoring.training.classifier import BOOSTED, FittedClassifier
from scoring.training.errors import TrainingRefused
from scoring.training.forest import FittedForest
from scoring.training.onnx_trees import boosted_nodes

Thresholds = list[tuple[int, float]]  # the input's place and the value of each branch of each tree
Scores = npt.NDArray[np.float64]


def forest_difference(fitted: FittedForest, runtime: ForestRuntime, columns: Columns, family: Family = CARD) -> float:
    """The largest over PARITY_ROWS_MIN rows, half of them placed exactly on, just below and just above thresholds."""
    forest = fitted.forest
    trees = [(each.tree_.feature, each.tree_.threshold) for each in forest.estimators_]
    return _difference(
        lambda rows: -forest.score_samples(rows),
        runtime.anomaly,
        family.forest_inputs(columns),
        _thresholds([(feature[feature >= 0], threshold[feature >= 0]) for feature, threshold in trees]),
    )


def classifier_difference(
    fitted: FittedClassifier, runtime: ClassifierRuntime, inputs: Reader, columns: Columns
) -> float:
    """As `forest_difference`, of probabilities; a linear model has no thresholds to stand on."""
    return _difference(
        lambda rows: fitted.pipeline.predict_proba(rows)[:, 1],
        runtime.probability,
        inputs.of(columns),
        _classifier_thresholds(fitted),
    )


def accepted(difference: float) -> float:
    """The difference, when it is small enough. Errors: TrainingRefused."""
    if not difference <= PARITY_MAX:
        raise TrainingRefused(f"The converted model differs from the pipeline by {difference:.2e}.")
    return difference


def _classifier_thresholds(fitted: FittedClassifier) -> Thresholds:
    if fitted.kind != BOOSTED:
        return []
    branches = [nodes[nodes["is_leaf"] == 0] for nodes in boosted_nodes(fitted.pipeline.named_steps["classify"])]
    return _thresholds([(nodes["feature_idx"], nodes["num_threshold"]) for nodes in branches])


def _thresholds(trees: Sequence[tuple[Any, Any]]) -> Thresholds:
    return [
        (int(place), float(value))
        for places, values in trees
        for place, value in zip(places, values, strict=True)
        if np.isfinite(value)
    ]


def _difference(
    fitted: Callable[[Inputs], Scores],
    served: Callable[[Inputs], list[float]],
    inputs: Inputs,
    thresholds: Thresholds,
) -> float:
    rows = _sample(inputs, thresholds)
    return float(np.abs(fitted(rows) - np.asarray(served(rows))).max())


def _sample(inputs: Inputs, thresholds: Thresholds) -> Inputs:
    chance = np.random.default_rng(PARITY_ROWS_MIN)
    rows = inputs[chance.integers(len(inputs), size=PARITY_ROWS_MIN)].copy()
    for row in rows[: PARITY_ROWS_MIN // 2] if thresholds else ():
        place, threshold = thresholds[chance.integers(len(thresholds))]
        nearest = np.float32(threshold)
        towards = np.float32(chance.choice((-np.inf, np.inf)))
        row[place] = nearest if chance.random() < 0.5 else np.nextafter(nearest, towards)
    return rows
