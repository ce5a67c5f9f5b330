"""A model on disk: the folder MODEL_DIR/<version>/ with model.onnx, manifest.json and pipeline.joblib.

The joblib pipeline is the operator's and is never opened by a web or worker process. Whatever is planted in the
folder is refused before it is parsed: the manifest by its signature, the model by its SHA-256.
"""

from hashlib import sha256
from pathlib import Path

from scoring.serving.errors import ArtefactError as ArtefactError
from scoring.serving.errors import ModelAltered, ModelMissing, ModelTruncated
from scoring.serving.manifest import Manifest

MODEL_FILE, MANIFEST_FILE, PIPELINE_FILE = "model.onnx", "manifest.json", "pipeline.joblib"
MANIFEST_BYTES_MAX = 1_000_000


def read_artefact(folder: Path, key: bytes) -> tuple[Manifest, bytes]:
    """The manifest and the bytes of model.onnx, both proven unchanged. Errors: every ArtefactError but a mismatch."""
    manifest = Manifest.from_bytes(_read(folder / MANIFEST_FILE, MANIFEST_BYTES_MAX), key)
    if manifest.version != folder.name:
        raise ModelAltered(f"The folder {folder.name} holds the model {manifest.version}.")
    model = _read(folder / MODEL_FILE, manifest.model_bytes)
    if len(model) < manifest.model_bytes:
        raise ModelTruncated(f"{MODEL_FILE} of {manifest.version} has {len(model)} of {manifest.model_bytes} bytes.")
    if sha256(model).hexdigest() != manifest.model_sha256:
        raise ModelAltered(f"{MODEL_FILE} of {manifest.version} is not the file that was trained.")
    return manifest, model


def _read(path: Path, bytes_max: int) -> bytes:
    """At most one byte more than `bytes_max`, so that a swollen file is refused and not loaded."""
    try:
        with path.open("rb") as file:
            return file.read(bytes_max + 1)
    except OSError as error:
        raise ModelMissing(f"{path.parent.name}/{path.name} cannot be read: {error.strerror}.") from None
