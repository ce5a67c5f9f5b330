"""Supervised models of fraud, as scikit-learn pipelines over the inputs of scoring.domain.classifier_inputs.

Unweighted: the share of fraud in the training is what it is in life, so the probability needs no correction.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from scoring.domain.snapshots import Inputs
from scoring.training.onnx_linear import logistic_to_onnx
from scoring.training.onnx_trees import boosted_round, boosted_to_onnx

RANDOM_STATE = 20240101
# So many confirmed frauds, and a kind of model is better than what comes before it. Measured on the handbook's data:
# with 15 frauds boosted trees find nothing on some draws, with 30 they are better than a logistic regression on all.
LOGISTIC_FROM_FRAUDS = 20
BOOSTED_FROM_FRAUDS = 30

LOGISTIC, BOOSTED = "logistic_regression", "boosted_trees"
PARAMETERS: dict[str, dict[str, float | int]] = {
    LOGISTIC: {"C": 0.03},
    BOOSTED: {
        "max_iter": 200,
        "learning_rate": 0.05,
        "max_leaf_nodes": 8,
        "min_samples_leaf": 20,
        "l2_regularization": 1.0,
    },
}


@dataclass(frozen=True, slots=True)
class FittedClassifier:
    kind: str
    pipeline: Any
    model: bytes  # ONNX


def kind_for(frauds: int) -> str | None:
    """Which kind so many confirmed frauds allow; None when there are too few for any."""
    if frauds >= BOOSTED_FROM_FRAUDS:
        return BOOSTED
    return LOGISTIC if frauds >= LOGISTIC_FROM_FRAUDS else None


def fit_classifier(kind: str, inputs: Inputs, is_fraud: npt.NDArray[np.bool_]) -> FittedClassifier:
    fit = {LOGISTIC: _fit_logistic, BOOSTED: _fit_boosted}[kind]
    pipeline, model = fit(inputs, is_fraud)
    return FittedClassifier(kind, pipeline, model)


def _fit_logistic(inputs: Inputs, is_fraud: npt.NDArray[np.bool_]) -> tuple[Pipeline, bytes]:
    pipeline = Pipeline(
        [
            ("fill", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("squeeze", FunctionTransformer(squeeze)),
            ("scale", StandardScaler()),
            ("classify", LogisticRegression(max_iter=2000, **PARAMETERS[LOGISTIC])),
        ]
    ).fit(inputs.astype(np.float64), is_fraud)
    return pipeline, logistic_to_onnx(pipeline)


def _fit_boosted(inputs: Inputs, is_fraud: npt.NDArray[np.bool_]) -> tuple[Pipeline, bytes]:
    trees = HistGradientBoostingClassifier(early_stopping=False, random_state=RANDOM_STATE, **PARAMETERS[BOOSTED])
    pipeline = Pipeline([("classify", trees)]).fit(inputs, is_fraud)
    boosted_round(trees)
    return pipeline, boosted_to_onnx(trees)


def squeeze(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sums and counts range over many sizes: their logarithm, with the sign kept."""
    return np.asarray(np.sign(values) * np.log(np.abs(values) + 1.0))
