"""Raw scores out of model bytes: one ONNX session a model, one thread, groups of at most 64 rows.

The leaf weights of trees are whole multiples of a power of two so large that every sum of them is exact in float32
(see scoring.training.onnx_trees), a linear model is computed in float64, and the last step runs in Python floats row
by row. So a row's score is the same in every group.
"""

from collections.abc import Sequence
from math import exp

import numpy as np
import onnxruntime

from scoring.domain.snapshots import Inputs
from scoring.serving.errors import ModelVersionMismatch

GROUP_MAX = 64  # the runtime takes a slower path for larger groups: 1,000 rows cost three times as much at once
INPUT_NAME, OUTPUT_NAME = "inputs", "raw_score"


class Session:
    """One number for each row of inputs. `model` must have been proven unchanged by the caller."""

    def __init__(self, model: bytes, inputs: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's own classes share no public base
            raise ModelVersionMismatch(f"The runtime does not accept the model: {error}") from error
        if [(each.name, each.shape[-1]) for each in session.get_inputs()] != [(INPUT_NAME, inputs)]:
            raise ModelVersionMismatch("The model takes other inputs than its manifest says.")
        self._session = session

    def run(self, inputs: Inputs) -> list[float]:
        numbers: list[float] = []
        for start in range(0, len(inputs), GROUP_MAX):
            found = self._session.run([OUTPUT_NAME], {INPUT_NAME: inputs[start : start + GROUP_MAX]})[0]
            numbers += found[:, 0].tolist()
        return numbers


class ForestRuntime:
    """`path_length_scale`: what a sum of path lengths is divided by to become an exponent."""

    def __init__(self, model: bytes, path_length_scale: float, inputs: int) -> None:
        self._session, self._scale = Session(model, inputs), path_length_scale

    def anomaly(self, inputs: Inputs) -> list[float]:
        """One anomaly score per row, 0 to 1: scikit-learn's -score_samples within 1e-6."""
        return [2.0 ** (-total / self._scale) for total in self._session.run(inputs)]


class ClassifierRuntime:
    def __init__(self, model: bytes, inputs: int) -> None:
        self._session = Session(model, inputs)

    def log_odds(self, inputs: Inputs) -> list[float]:
        return self._session.run(inputs)

    def probability(self, inputs: Inputs) -> list[float]:
        """One fraud probability per row: scikit-learn's predict_proba within 1e-6."""
        return [1.0 / (1.0 + exp(-odds)) for odds in self._session.run(inputs)]


class PercentileTable:
    """The share of training rows whose score is strictly lower, between table points by straight lines."""

    def __init__(self, scores: Sequence[float], levels: Sequence[float]) -> None:
        table = np.asarray(scores, dtype=np.float64)
        first_of_tie = np.append(True, np.diff(table) > 0)
        self._scores = table[first_of_tie]
        self._levels = np.asarray(levels, dtype=np.float64)[first_of_tie]

    def of(self, scores: Sequence[float]) -> list[float]:
        found: list[float] = np.interp(scores, self._scores, self._levels).tolist()
        return found
