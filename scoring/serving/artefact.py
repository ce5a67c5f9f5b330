"""A model on disk: the folder MODEL_DIR/<version>/ with manifest.json, one ONNX file a part, and pipeline.joblib.

The joblib pipeline is the operator's and is never opened by a web or worker process. Whatever is planted in the
folder is refused before it is parsed: the manifest by its signature, the other files by their SHA-256.
"""

from hashlib import sha256
from pathlib import Path

from scoring.serving.errors import ArtefactError as ArtefactError
from scoring.serving.errors import ModelAltered, ModelMissing, ModelTruncated
from scoring.serving.manifest import Manifest, Part

MANIFEST_FILE, PIPELINE_FILE = "manifest.json", "pipeline.joblib"
MANIFEST_BYTES_MAX = 1_000_000


def read_artefact(folder: Path, key: bytes) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest, and file name -> bytes of each part, all proven unchanged. Errors: every ArtefactError but a
    mismatch.
    """
    manifest = Manifest.from_bytes(_read(folder / MANIFEST_FILE, MANIFEST_BYTES_MAX), key)
    if manifest.version != folder.name:
        raise ModelAltered(f"The folder {folder.name} holds the model {manifest.version}.")
    return manifest, {name: _read_part(folder / name, part) for name, part in manifest.parts.items()}


def _read_part(path: Path, part: Part) -> bytes:
    data, of = _read(path, part.bytes), f"{path.name} of {path.parent.name}"
    if len(data) < part.bytes:
        raise ModelTruncated(f"{of} has {len(data)} of {part.bytes} bytes.")
    if sha256(data).hexdigest() != part.sha256:
        raise ModelAltered(f"{of} is not the file that was trained.")
    return data


def _read(path: Path, bytes_max: int) -> bytes:
    """At most one byte more than `bytes_max`, so that a swollen file is refused and not loaded."""
    try:
        with path.open("rb") as file:
            return file.read(bytes_max + 1)
    except OSError as error:
        raise ModelMissing(f"{path.parent.name}/{path.name} cannot be read: {error.strerror}.") from None
