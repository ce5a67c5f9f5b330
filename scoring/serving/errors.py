"""Why a model artefact is not used. Whoever loads one logs the detail and goes on with rules only, degraded."""

from sentinel.core.errors import SentinelError


class ArtefactError(SentinelError):
    """Base: the artefact cannot serve. A web process keeps the champion it has, or none."""

    code = "model_unusable"
    http_status = 503
    title = "The model cannot be used"


class ModelMissing(ArtefactError):
    """A file of the artefact is not there or cannot be read."""

    code = "model_missing"
    title = "The model's files are missing"


class ModelTruncated(ArtefactError):
    """The manifest is not complete JSON, or an ONNX file is shorter than the manifest says."""

    code = "model_truncated"
    title = "The model's files are incomplete"


class ModelAltered(ArtefactError):
    """A hash or the manifest's signature does not fit: changed after training, or signed with another secret."""

    code = "model_altered"
    title = "The model's files were altered"


class ModelVersionMismatch(ArtefactError):
    """The model needs another catalogue version, other inputs or another kind of serving than this code has."""

    code = "model_version_mismatch"
    title = "The model does not fit this version"
