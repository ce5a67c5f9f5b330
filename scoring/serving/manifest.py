"""The manifest beside every model: what it was trained on, what it reads, and the proof that nobody changed it.

It carries the SHA-256 of the artefact's other files and an HMAC-SHA256 over itself, with a key derived from the
installation's secret.
"""

import hmac
import json
from hashlib import sha256
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scoring.domain.family_names import family_name
from scoring.serving.errors import ModelAltered, ModelTruncated, ModelVersionMismatch

FOREST_FILE, CLASSIFIER_FILE = "forest.onnx", "classifier.onnx"
_SIGNATURE = "hmac_sha256"
Metrics = dict[str, float | int | None]
Kind = Literal["isolation_forest", "logistic_regression", "boosted_trees"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Window(_Value):
    """Rows of the data from `start` to `end`, both inclusive, UTC. `frauds` is None without labels."""

    start: str
    end: str
    rows: int
    frauds: int | None


class Part(_Value):
    """One ONNX file of the artefact. `medians` are of the training rows by input, None where all were missing."""

    inputs: list[str]
    medians: list[float | None]
    parameters: dict[str, float | int]
    training: Window
    metrics: Metrics  # of the measured rows
    parity: float  # the largest difference of the served form from the trained one
    parity_rows: int  # on so many rows
    bins: dict[str, Any]  # by input, how the training rows spread: what drifts is seen against them
    importances: dict[str, float]  # by input: what the average precision of the measured rows loses without it
    sha256: str
    bytes: int


class ForestPart(Part):
    """Raw scores: anomaly, 0 to 1, higher is stranger."""

    fills: dict[str, float]
    path_length_scale: float  # anomaly = 2 ** (-sum of path lengths / this)
    quantile_levels: list[float]
    quantile_scores: list[float]
    review_percentile: float  # its findings from here on are reviewed beside a classifier's


class ClassifierPart(Part):
    """Raw scores: log-odds of fraud. `units_minor`: currency -> the amount that sums are told in."""

    units_minor: dict[str, int]


class Manifest(_Value):
    """Everything serving needs to know. `kind` is that of the classifier, when there is one."""

    version: str = Field(pattern=r"^[a-z]+-\d{4}-\d{2}-\d{2}\.\d+$")
    kind: Kind
    catalogue_version: int
    dtype: Literal["float32"]
    libraries: dict[str, str]
    trained_at: str
    source: str
    maturity_days: float  # a payment without a label counts as legitimate from this age on
    inputs_sha256: str  # over names, types and places of what the model reads
    measured: Window  # later than training: metrics are of these rows
    baseline: Metrics  # of the same rows, sorted by amount
    curves: dict[str, Any]  # of the same rows, by what decides: lists for plots
    forest: ForestPart
    classifier: ClassifierPart | None
    pipeline_sha256: str

    @property
    def family(self) -> str:
        return family_name(self.version)

    @property
    def parts(self) -> dict[str, Part]:
        """File name -> the part in it."""
        parts: dict[str, Part] = {FOREST_FILE: self.forest}
        return parts | ({CLASSIFIER_FILE: self.classifier} if self.classifier else {})

    @property
    def sha256(self) -> str:
        """Of everything it says, so of every file as well."""
        return sha256(_canonical(self.model_dump(mode="json"))).hexdigest()

    def to_bytes(self, key: bytes) -> bytes:
        body = self.model_dump(mode="json")
        return json.dumps({**body, _SIGNATURE: _signature(body, key)}, indent=1, sort_keys=True).encode() + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes, key: bytes) -> "Manifest":
        """Errors: ModelTruncated, ModelAltered (checked first), ModelVersionMismatch."""
        body = _parse(data)
        signature = body.pop(_SIGNATURE, None)
        if not hmac.compare_digest(str(signature).encode(), _signature(body, key).encode()):
            raise ModelAltered("The manifest's signature does not fit: changed, or signed with another secret.")
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            raise ModelVersionMismatch(f"The manifest is of another form: {error.errors()[0]['loc']}.") from None


def signing_key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"sentinelstream/model-manifest/1", "sha256")


def _parse(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError:
        raise ModelTruncated("The manifest is not complete JSON.") from None
    if not isinstance(body, dict):
        raise ModelTruncated("The manifest is not a JSON object.")
    return body


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def _signature(body: dict[str, Any], key: bytes) -> str:
    return hmac.digest(key, _canonical(body), "sha256").hex()
