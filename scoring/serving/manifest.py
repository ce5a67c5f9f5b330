"""The manifest beside every model: what it was trained on, what it reads, and the proof that nobody changed it.

It carries the SHA-256 of the artefact's other files and an HMAC-SHA256 over itself, with a key derived from the
installation's secret.
"""

import hmac
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scoring.serving.errors import ModelAltered, ModelTruncated, ModelVersionMismatch

_SIGNATURE = "hmac_sha256"


class Window(BaseModel):
    """Rows of the data file from `start` to `end`, both inclusive, UTC. `frauds` is None without labels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: str
    end: str
    rows: int
    frauds: int | None


class Manifest(BaseModel):
    """Everything serving needs to know. Raw scores: anomaly, 0 to 1, higher is stranger."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    version: str = Field(pattern=r"^[a-z]+-\d{4}-\d{2}-\d{2}\.\d+$")
    kind: Literal["isolation_forest"]
    catalogue_version: int
    inputs: list[str]
    fills: dict[str, float]
    dtype: Literal["float32"]
    libraries: dict[str, str]
    trained_at: str
    source: str
    training: Window
    measured: Window  # later than training: metrics are of these rows
    metrics: dict[str, float | int | None]
    parameters: dict[str, float | int]
    path_length_scale: float  # anomaly = 2 ** (-sum of path lengths / this)
    medians: list[float]  # of the training rows, one per input
    quantile_levels: list[float]
    quantile_scores: list[float]
    model_sha256: str
    model_bytes: int
    pipeline_sha256: str

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


def _signature(body: dict[str, Any], key: bytes) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return hmac.digest(key, canonical, "sha256").hex()
