"""A model that can score: proven unchanged, fit for what this code reads, quick for one payment and for a group.

It always has a forest, which tells how strange a payment is; a supervised one has a classifier as well, which tells
how likely it is fraud.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scoring.domain.families import Family, family_of
from scoring.domain.scores import SCORE_DECIMALS, Contribution, Score
from scoring.domain.snapshots import Columns
from scoring.serving.artefact import read_artefact
from scoring.serving.errors import ModelVersionMismatch
from scoring.serving.manifest import CLASSIFIER_FILE, FOREST_FILE, ClassifierPart, ForestPart, Manifest, Part
from scoring.serving.reasons import REASONS_MAX, Explainer
from scoring.serving.runtime import ClassifierRuntime, ForestRuntime, PercentileTable
from sentinel.core.catalogue import Value

# Below, a reason would be noise.
ANOMALY_FALL_MIN = 0.01
LOG_ODDS_FALL_MIN = 0.3

Explained = list[list[Contribution]]


class Champion:
    """Safe to share between threads; holds no state between calls."""

    def __init__(self, manifest: Manifest, models: Mapping[str, bytes]) -> None:
        """`models`: file name -> its bytes. Errors: ModelVersionMismatch."""
        family = family_of(manifest.version)
        if manifest.catalogue_version > family.shape_version:  # fields of an older one keep name, place and meaning
            words = f"{manifest.version} reads catalogue version {manifest.catalogue_version}"
            raise ModelVersionMismatch(f"{words}, this is {family.shape_version}.")
        self.family, self.manifest, self.sha256 = family, manifest, manifest.sha256
        self.forest = Forest(family, manifest.forest, models[FOREST_FILE])
        self.classifier = None
        if manifest.classifier:
            self.classifier = Classifier(family, manifest.classifier, models[CLASSIFIER_FILE])

    @classmethod
    def load(cls, folder: Path, key: bytes) -> "Champion":
        """The artefact in `folder`. Errors: ArtefactError and its subclasses; nothing is parsed before its proof."""
        return cls(*read_artefact(folder, key))

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def kind(self) -> str:
        return self.manifest.kind

    def score(self, snapshots: Sequence[bytes]) -> list[Score]:
        """One Score per packed snapshot, in order. A payment's score does not depend on its group."""
        return self.score_columns(self.family.columns_of(snapshots))

    def score_columns(self, columns: Columns) -> list[Score]:
        percentiles = self.forest.percentiles(columns)
        if self.classifier is None:
            return [Score(None, round(level, SCORE_DECIMALS)) for level in percentiles]
        probabilities = self.classifier.probabilities(columns)
        return [
            Score(round(probability, SCORE_DECIMALS), round(level, SCORE_DECIMALS))
            for probability, level in zip(probabilities, percentiles, strict=True)
        ]

    def deciding_scores(self, columns: Columns) -> npt.NDArray[np.float64]:
        """What the policy goes by first, rounded: the classifier's probability, else the forest's percentile."""
        found = self.classifier.probabilities(columns) if self.classifier else self.forest.percentiles(columns)
        return np.round(found, SCORE_DECIMALS)

    def explain(self, snapshots: Sequence[bytes]) -> Explained:
        """For each packed snapshot at most three reasons that raised its scores, the strongest first, those of the
        classifier before those of the forest; none for an ordinary payment. They do not depend on the group.
        """
        columns, values = self.family.columns_of(snapshots), [self.family.unpack(each) for each in snapshots]
        strange = self.forest.explain(columns, values)
        if self.classifier is None:
            return strange
        likely = self.classifier.explain(columns, values)
        return [_joined(*found) for found in zip(likely, strange, strict=True)]


class Forest:
    def __init__(self, family: Family, part: ForestPart, model: bytes) -> None:
        _check_inputs(part, family.forest_groups)
        if part.fills != family.forest_fills:
            raise ModelVersionMismatch("The forest was trained with other values for missing fields.")
        self._names, self._inputs = part.inputs, family.forest_inputs
        self.runtime = ForestRuntime(model, part.path_length_scale, len(part.inputs))
        self._percentiles = PercentileTable(part.quantile_scores, part.quantile_levels)
        self._explainer = Explainer(
            group_of={name: family.forest_groups[name] for name in part.inputs},
            medians=part.medians,
            raw=self.runtime.anomaly,
            describe=family.describe_forest,
            least=ANOMALY_FALL_MIN,
        )

    def anomalies(self, columns: Columns) -> list[float]:
        return self.runtime.anomaly(self._inputs(columns, self._names))

    def percentiles(self, columns: Columns) -> list[float]:
        return self._percentiles.of(self.anomalies(columns))

    def explain(self, columns: Columns, values: Sequence[Mapping[str, Value]]) -> Explained:
        return self._explainer.contributions(self._inputs(columns, self._names), values)


class Classifier:
    def __init__(self, family: Family, part: ClassifierPart, model: bytes) -> None:
        _check_inputs(part, family.classifier_groups)
        self.inputs = family.classifier_reader(part.inputs, part.units_minor)
        self.runtime = ClassifierRuntime(model, len(part.inputs))
        self._explainer = Explainer(
            group_of={name: family.classifier_groups[name] for name in part.inputs},
            medians=part.medians,
            raw=self.runtime.log_odds,
            describe=family.describe_classifier,
            least=LOG_ODDS_FALL_MIN,
        )

    def probabilities(self, columns: Columns) -> list[float]:
        return self.runtime.probability(self.inputs.of(columns))

    def explain(self, columns: Columns, values: Sequence[Mapping[str, Value]]) -> Explained:
        return self._explainer.contributions(self.inputs.of(columns), values)


def _check_inputs(part: Part, known: Mapping[str, object]) -> None:
    unknown = [name for name in part.inputs if name not in known]
    if unknown:
        raise ModelVersionMismatch(f"The model needs inputs that do not exist: {', '.join(unknown)}.")
    if len(part.medians) != len(part.inputs):
        raise ModelVersionMismatch("The model does not have one median per input.")


def _joined(likely: list[Contribution], strange: list[Contribution]) -> list[Contribution]:
    told = {reason.code for reason in likely}
    return [*likely, *(reason for reason in strange if reason.code not in told)][:REASONS_MAX]
