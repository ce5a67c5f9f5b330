"""A logistic regression with its preparation of inputs as a handful of ONNX nodes, in float64.

In float64, because a runtime adds in whatever order suits the size of the group: the differences then lie far below
the scale that scores are rounded to.
"""

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from sklearn.pipeline import Pipeline

from scoring.serving.runtime import INPUT_NAME, OUTPUT_NAME
from scoring.training.onnx_model import model_bytes


def logistic_to_onnx(pipeline: Pipeline) -> bytes:
    """Of the steps fill, squeeze, scale, classify (scoring.training.classifier). The raw score is the log-odds."""
    fill, scale, classify = (pipeline.named_steps[name] for name in ("fill", "scale", "classify"))
    weights = classify.coef_[0] / scale.scale_
    offset = classify.intercept_ - scale.mean_ @ weights
    one = np.ones(1)
    constants = {"filled_with": fill.statistics_, "weights": weights[:, np.newaxis], "offset": offset, "one": one}
    nodes = [
        helper.make_node("Cast", [INPUT_NAME], ["exact"], to=TensorProto.DOUBLE),
        helper.make_node("IsNaN", ["exact"], ["is_missing"]),
        helper.make_node("Where", ["is_missing", "filled_with", "exact"], ["filled"]),
        helper.make_node("Abs", ["filled"], ["size"]),
        helper.make_node("Add", ["size", "one"], ["size_and_one"]),
        helper.make_node("Log", ["size_and_one"], ["squeezed_size"]),
        helper.make_node("Sign", ["filled"], ["sign"]),
        helper.make_node("Mul", ["sign", "squeezed_size"], ["squeezed"]),
        helper.make_node("MatMul", ["squeezed", "weights"], ["weighed"]),
        helper.make_node("Add", ["weighed", "offset"], [OUTPUT_NAME]),
    ]
    return model_bytes(
        "logistic_regression",
        nodes,
        len(weights),
        output_type=TensorProto.DOUBLE,
        constants=[numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
