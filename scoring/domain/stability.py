"""The population stability index: how far the values of an input or a score have moved since training."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PSI_BINS = 10
PSI_EMPTY_SHARE = 1e-4  # stands in for a share of 0, whose logarithm there is not: one row in ten thousand

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bins:
    """The shares of the training rows. Bin i holds values above edges[i - 1] up to and with edges[i]; the last bin
    those above every edge; `missing` those that are not a number.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]  # one more than edges; together with `missing` they are 1
    missing: float

    def counts(self, values: npt.NDArray[np.floating]) -> Counts:
        """How many of the values lie in each bin, and last how many are missing. Counts of chunks may be added."""
        return _counts(np.asarray(self.edges), values)

    @classmethod
    def of_training(cls, values: npt.NDArray[np.floating], count: int = PSI_BINS) -> "Bins":
        """At quantiles of the values that are there; fewer than `count` where many are equal."""
        present = values[~np.isnan(values)]
        levels = np.arange(1, count) / count
        edges = np.unique(np.quantile(present, levels, method="inverted_cdf")) if len(present) else np.empty(0)
        *shares, missing = (_counts(edges, values) / len(values)).tolist()
        return cls(tuple(edges.tolist()), tuple(shares), missing)


def population_stability_index(bins: Bins, counts: Counts) -> float:
    """Sum over bins of (share now - share then) x ln(share now / share then); 0 when nothing moved.

    What is missing is a bin of its own. No share counts as less than PSI_EMPTY_SHARE.
    """
    then = np.maximum([*bins.shares, bins.missing], PSI_EMPTY_SHARE)
    now = np.maximum(counts / counts.sum(), PSI_EMPTY_SHARE)
    return float(((now - then) * np.log(now / then)).sum())


def _counts(edges: npt.NDArray[np.floating], values: npt.NDArray[np.floating]) -> Counts:
    is_missing = np.isnan(values)
    places = np.searchsorted(edges, values[~is_missing], side="left")
    return np.append(np.bincount(places, minlength=len(edges) + 1), is_missing.sum()).astype(np.int64)
