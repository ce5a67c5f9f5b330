"""The scikit-learn pipeline: snapshots as stored -> model inputs -> isolation forest."""

from sklearn.ensemble import IsolationForest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from scoring.domain.model_inputs import Columns, inputs_of

# 256 rows a tree, the usual choice, seldom hold one busy hour: a tree cannot split on what it has not seen.
TREES, ROWS_PER_TREE, RANDOM_STATE = 100, 1024, 20240101


def fit_pipeline(columns: Columns) -> Pipeline:
    """Fitted on snapshot columns, shape (payments, PACKED_FIELDS); the forest sees float32, as in serving."""
    forest = IsolationForest(n_estimators=TREES, max_samples=ROWS_PER_TREE, random_state=RANDOM_STATE)
    return Pipeline([("inputs", FunctionTransformer(inputs_of)), ("forest", forest)]).fit(columns)


def forest_of(pipeline: Pipeline) -> IsolationForest:
    forest: IsolationForest = pipeline.named_steps["forest"]
    return forest
