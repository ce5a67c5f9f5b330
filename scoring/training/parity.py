"""Proof that the converted forest is the fitted one, before an artefact is accepted."""

import numpy as np
from sklearn.ensemble import IsolationForest

from scoring.domain.model_inputs import Inputs
from scoring.serving.runtime import ForestRuntime

PARITY_ROWS = 1000
PARITY_MAX = 1e-6


def largest_difference(forest: IsolationForest, runtime: ForestRuntime, inputs: Inputs) -> float:
    """Over PARITY_ROWS rows, half of them placed exactly on, just below and just above the forest's thresholds."""
    rows = _sample(forest, inputs)
    return float(np.abs(-forest.score_samples(rows) - np.asarray(runtime.anomaly(rows))).max())


def _sample(forest: IsolationForest, inputs: Inputs) -> Inputs:
    chance = np.random.default_rng(PARITY_ROWS)
    rows = inputs[chance.integers(len(inputs), size=PARITY_ROWS)].copy()
    places, thresholds = _branches(forest)
    for row in rows[: PARITY_ROWS // 2]:
        branch = chance.integers(len(places))
        nearest = np.float32(thresholds[branch])
        towards = np.float32(chance.choice((-np.inf, np.inf)))
        row[places[branch]] = nearest if chance.random() < 0.5 else np.nextafter(nearest, towards)
    return rows


def _branches(forest: IsolationForest) -> "tuple[np.typing.NDArray[np.int64], np.typing.NDArray[np.float64]]":
    """Input place and threshold of every branch of every tree."""
    trees = [estimator.tree_ for estimator in forest.estimators_]
    places = np.concatenate([tree.feature[tree.feature >= 0] for tree in trees])
    return places, np.concatenate([tree.threshold[tree.feature >= 0] for tree in trees])
