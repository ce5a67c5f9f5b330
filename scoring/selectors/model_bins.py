"""How the rows that a model was trained and measured on spread: what its days are compared with."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scoring.domain.scores import SCORE_DECIMALS
from scoring.domain.stability import Bins
from scoring.serving.runtime import PercentileTable

_SCORE_BIN_SHARE_MIN = 0.001
_ROW_LEVELS = 1000  # of the training rows one in so many stands for its neighbours


def bins_of(manifest: Mapping[str, Any]) -> dict[str, Bins]:
    """By score and input, those of the classifier before those of the forest."""
    parts = [part for part in (manifest.get("classifier"), manifest["forest"]) if part]
    inputs = {name: _bins(bins) for part in parts for name, bins in part["bins"].items()}
    return _score_bins(manifest) | inputs


def _bins(stored: Mapping[str, Any]) -> Bins:
    return Bins(tuple(stored["edges"]), tuple(stored["shares"]), stored["missing"])


def _score_bins(manifest: Mapping[str, Any]) -> dict[str, Bins]:
    """Of the percentile by the training rows, out of their quantiles; of the probability by the measured rows."""
    forest = manifest["forest"]
    scores, levels = forest["quantile_scores"], forest["quantile_levels"]
    rows = np.interp(np.arange(_ROW_LEVELS) / _ROW_LEVELS, levels, scores)
    found = {"score_percentile": Bins.of_training(np.round(PercentileTable(scores, levels).of(rows), SCORE_DECIMALS))}
    if manifest.get("classifier") and (distribution := manifest["curves"].get("distribution")):
        found["fraud_probability"] = _bins_of_distribution(distribution)
    return found


def _bins_of_distribution(distribution: Sequence[Mapping[str, Any]]) -> Bins:
    """Neighbours together until they hold a thousandth of the rows."""
    rows = sum(each["legitimate"] + each["frauds"] for each in distribution)
    edges, shares = list[float](), [0.0]
    for each in distribution:
        if shares[-1] >= _SCORE_BIN_SHARE_MIN:
            edges.append(each["start"])
            shares.append(0.0)
        shares[-1] += (each["legitimate"] + each["frauds"]) / rows
    return Bins(tuple(edges), tuple(shares), 0.0)
