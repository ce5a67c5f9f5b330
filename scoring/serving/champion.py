"""The model that decides: proven unchanged, fit for this code's catalogue, quick for one payment and for a group."""

from collections.abc import Sequence
from pathlib import Path

from scoring.domain.model_inputs import FILLS, INPUTS_BY_NAME, matrix
from scoring.domain.scores import SCORE_DECIMALS, Contribution, Score
from scoring.serving.artefact import read_artefact
from scoring.serving.errors import ModelVersionMismatch
from scoring.serving.manifest import Manifest
from scoring.serving.reasons import Explainer
from scoring.serving.runtime import ForestRuntime, PercentileTable
from sentinel.core.catalogue import CATALOGUE_VERSION


class Champion:
    """Safe to share between threads; holds no state between calls."""

    def __init__(self, manifest: Manifest, model: bytes) -> None:
        """Errors: ModelVersionMismatch."""
        _check_fit(manifest)
        self.manifest = manifest
        self._runtime = ForestRuntime(model, manifest.path_length_scale, len(manifest.inputs))
        self._percentiles = PercentileTable(manifest.quantile_scores, manifest.quantile_levels)
        self._explainer = Explainer(manifest.inputs, manifest.medians, self._runtime.anomaly)

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
        anomalies = self._runtime.anomaly(matrix(snapshots, self.manifest.inputs))
        return [Score(None, round(level, SCORE_DECIMALS)) for level in self._percentiles.of(anomalies)]

    def explain(self, snapshots: Sequence[bytes]) -> list[list[Contribution]]:
        """For each packed snapshot at most three reasons that raised its score, the strongest first; none for an
        ordinary payment. Like the score, they do not depend on the group.
        """
        return self._explainer.contributions(snapshots)


def _check_fit(manifest: Manifest) -> None:
    if manifest.catalogue_version != CATALOGUE_VERSION:
        raise ModelVersionMismatch(
            f"{manifest.version} reads catalogue version {manifest.catalogue_version}, this is {CATALOGUE_VERSION}."
        )
    unknown = [name for name in manifest.inputs if name not in INPUTS_BY_NAME]
    if unknown:
        raise ModelVersionMismatch(f"{manifest.version} needs inputs that do not exist: {', '.join(unknown)}.")
    if manifest.fills != FILLS:
        raise ModelVersionMismatch(f"{manifest.version} was trained with other values for missing fields.")
    if len(manifest.medians) != len(manifest.inputs):
        raise ModelVersionMismatch(f"{manifest.version} does not have one median per input.")
