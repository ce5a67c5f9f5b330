"""Tree ensembles as one ONNX node, a hundred times quicker than scikit-learn for a single row.

An isolation forest's score_samples is -2 ** (-(sum over trees of depth + c(n_leaf)) / (trees * c(max_samples))) with
c(n) the mean path length of an unsuccessful search (Liu, Ting, Zhou, Isolation Forest, ICDM 2008). A
TreeEnsembleRegressor sums leaf weights, so the leaves carry depth + c(n_leaf) and the caller takes the power. Boosted
trees are a sum of leaf values as they are.

Two details make it exact. scikit-learn compares with float64 thresholds; rounding a threshold *down* to float32 keeps
every comparison of float32 inputs. And leaf weights are multiples of a power of two so large that any sum of them is
exact in float32: the order in which a runtime adds the trees cannot matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, log, log2
from typing import Any

import numpy as np
from onnx import helper
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest

from scoring.serving.runtime import INPUT_NAME, OUTPUT_NAME
from scoring.training.onnx_model import model_bytes

_FLOAT32_BITS = 24
# Trees put equal payments into leaves of few sizes, so of few weights. Rounded alike, their errors would add up over
# the trees; each tree rounds from a place of its own, evenly spread, and they cancel out.
_GOLDEN_RATIO = 0.6180339887498949
_EULER = 0.5772156649015329


def mean_path_length(samples: int) -> float:
    """c(n): 0 for one sample, 1 for two, then 2 H(n - 1) - 2 (n - 1) / n."""
    if samples <= 2:
        return float(samples - 1) if samples else 0.0
    return 2.0 * (log(samples - 1) + _EULER) - 2.0 * (samples - 1) / samples


def path_length_scale(forest: IsolationForest) -> float:
    """What a sum of path lengths is divided by to become the exponent of an anomaly score."""
    return len(forest.estimators_) * mean_path_length(int(forest.max_samples_))


def forest_to_onnx(forest: IsolationForest) -> bytes:
    """The raw score is the sum of path lengths."""
    trees = [_isolation_tree(number, estimator.tree_) for number, estimator in enumerate(forest.estimators_)]
    quantum = exact_quantum(tree.weights.values() for tree in trees)
    for tree in trees:
        shift = (tree.number * _GOLDEN_RATIO % 1.0 - 0.5) * quantum
        tree.weights = {node: rounded(weight + shift, quantum) for node, weight in tree.weights.items()}
    return _ensemble("isolation_forest", trees, int(forest.n_features_in_))


def boosted_to_onnx(model: HistGradientBoostingClassifier) -> bytes:
    """The raw score is the log-odds. Leaf values must have been rounded (`boosted_round`)."""
    trees = [_boosted_tree(number, nodes) for number, nodes in enumerate(boosted_nodes(model))]
    return _ensemble("boosted_trees", trees, int(model.n_features_in_), base=boosted_baseline(model).item())


def boosted_round(model: HistGradientBoostingClassifier) -> None:
    """Part of the fit: leaf values and baseline become multiples of a quantum, so that their sums are exact."""
    trees = boosted_nodes(model)
    leaves = [nodes["value"][nodes["is_leaf"].astype(bool)].tolist() for nodes in trees]
    quantum = exact_quantum([boosted_baseline(model).ravel().tolist(), *leaves])
    for nodes in trees:
        nodes["value"] = np.round(nodes["value"] / quantum) * quantum
    model._baseline_prediction = np.round(boosted_baseline(model) / quantum) * quantum


def boosted_nodes(model: HistGradientBoostingClassifier) -> "list[np.typing.NDArray[Any]]":
    """The trees as scikit-learn keeps them: one structured array each."""
    return [predictor.nodes for (predictor,) in model._predictors]


def boosted_baseline(model: HistGradientBoostingClassifier) -> "np.typing.NDArray[np.float64]":
    baseline: np.typing.NDArray[np.float64] = model._baseline_prediction
    return baseline


def exact_quantum(weights: "Iterable[Iterable[float]]") -> float:
    """The power of two whose multiples can be added in float32 without loss, one of each group."""
    largest_sum = sum(max(map(abs, group)) + 1.0 for group in weights)
    return float(2.0 ** (ceil(log2(largest_sum)) - _FLOAT32_BITS))


def rounded(weight: float, quantum: float) -> float:
    return round(weight / quantum) * quantum


@dataclass(slots=True)
class _TreeNodes:
    """One tree; lists are by node. Leaves have no children (-1) and a weight. What is missing goes to the child
    that `missing_left` says.
    """

    number: int
    left: list[int]
    right: list[int]
    feature: list[int]
    threshold: list[float]
    missing_left: list[int]
    weights: dict[int, float] = field(default_factory=dict)

    def append_to(self, attributes: dict[str, Any]) -> None:
        nodes = len(self.left)
        attributes["nodes_treeids"] += [self.number] * nodes
        attributes["nodes_nodeids"] += range(nodes)
        attributes["nodes_featureids"] += [max(0, place) for place in self.feature]
        attributes["nodes_values"] += self.threshold
        attributes["nodes_modes"] += ["LEAF" if node in self.weights else "BRANCH_LEQ" for node in range(nodes)]
        attributes["nodes_truenodeids"] += [max(0, node) for node in self.left]
        attributes["nodes_falsenodeids"] += [max(0, node) for node in self.right]
        attributes["nodes_missing_value_tracks_true"] += self.missing_left
        attributes["target_treeids"] += [self.number] * len(self.weights)
        attributes["target_nodeids"] += self.weights
        attributes["target_ids"] += [0] * len(self.weights)
        attributes["target_weights"] += self.weights.values()


_ATTRIBUTES = (
    "nodes_treeids nodes_nodeids nodes_featureids nodes_values nodes_modes nodes_truenodeids nodes_falsenodeids "
    "nodes_missing_value_tracks_true target_treeids target_nodeids target_ids target_weights"
).split()


def _ensemble(name: str, trees: Sequence[_TreeNodes], inputs: int, base: float = 0.0) -> bytes:
    attributes: dict[str, Any] = {name: [] for name in _ATTRIBUTES}
    for tree in trees:
        tree.append_to(attributes)
    node = helper.make_node(
        "TreeEnsembleRegressor",
        [INPUT_NAME],
        [OUTPUT_NAME],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        base_values=[base],
        **attributes,
    )
    return model_bytes(name, [node], inputs)


def _isolation_tree(number: int, tree: Any) -> _TreeNodes:
    left, right = tree.children_left.tolist(), tree.children_right.tolist()
    nodes = _TreeNodes(number, left, right, tree.feature.tolist(), _round_down(tree.threshold), [0] * len(left))
    depths = {0: 0}
    for node, (lower, upper) in enumerate(zip(left, right, strict=True)):  # parents come before children
        if lower == -1:
            nodes.weights[node] = depths[node] + mean_path_length(int(tree.n_node_samples[node]))
        else:
            depths[lower] = depths[upper] = depths[node] + 1
    return nodes


def _boosted_tree(number: int, nodes: "np.typing.NDArray[Any]") -> _TreeNodes:
    is_leaf = nodes["is_leaf"].astype(bool)
    return _TreeNodes(
        number,
        np.where(is_leaf, -1, nodes["left"].astype(np.int64)).tolist(),
        np.where(is_leaf, -1, nodes["right"].astype(np.int64)).tolist(),
        nodes["feature_idx"].astype(np.int64).tolist(),
        _round_down(nodes["num_threshold"]),
        nodes["missing_go_to_left"].astype(np.int64).tolist(),
        dict(zip(np.flatnonzero(is_leaf).tolist(), nodes["value"][is_leaf].tolist(), strict=True)),
    )


def _round_down(thresholds: "np.typing.NDArray[np.float64]") -> list[float]:
    nearest = thresholds.astype(np.float32)
    below = np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest)
    found: list[float] = below.astype(np.float64).tolist()
    return found
