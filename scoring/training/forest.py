"""The isolation forest, as a scikit-learn pipeline: snapshots as stored -> inputs -> forest. It sees no label."""

from dataclasses import dataclass

from sklearn.ensemble import IsolationForest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from scoring.domain.families import CARD, Family
from scoring.domain.snapshots import Columns
from scoring.training.onnx_trees import forest_to_onnx, path_length_scale

# 256 rows a tree, the usual choice, seldom hold one busy hour: a tree cannot split on what it has not seen.
TREES, ROWS_PER_TREE, RANDOM_STATE = 100, 1024, 20240101


@dataclass(frozen=True, slots=True)
class FittedForest:
    pipeline: Pipeline
    model: bytes  # ONNX
    path_length_scale: float

    @property
    def forest(self) -> IsolationForest:
        forest: IsolationForest = self.pipeline.named_steps["forest"]
        return forest


def fit_forest(columns: Columns, family: Family = CARD) -> FittedForest:
    """Fitted on snapshot columns; the forest sees float32, as in serving."""
    forest = IsolationForest(n_estimators=TREES, max_samples=ROWS_PER_TREE, random_state=RANDOM_STATE)
    pipeline = Pipeline([("inputs", FunctionTransformer(family.forest_inputs)), ("forest", forest)]).fit(columns)
    return FittedForest(pipeline, forest_to_onnx(forest), path_length_scale(forest))
