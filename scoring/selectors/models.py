"""The model that decides, read from the registry and proven against its files."""

from pathlib import Path

from django.conf import settings

from scoring.domain.family_names import CARD_NAME
from scoring.models import ModelVersion
from scoring.serving.champion import Champion
from scoring.serving.errors import ModelAltered
from scoring.serving.manifest import signing_key


def champion_row(family: str = CARD_NAME) -> ModelVersion | None:
    """What the registry says of a family's champion; that of card payments is the one that decides."""
    return ModelVersion.objects.filter(family=family, state=ModelVersion.State.CHAMPION).first()


def champion_load(known: Champion | None = None, family: str = CARD_NAME) -> Champion | None:
    """The family's champion, ready to score; None when none was promoted yet. `known` is kept when it still is it.

    Errors: ArtefactError when its files are missing, altered or do not fit this version.
    """
    row = champion_row(family)
    if row is None:
        return None
    is_known = known is not None and (known.version, known.sha256) == (row.version, row.sha256)
    return known if is_known else model_load(row)


def model_load(row: ModelVersion) -> Champion:
    """Any registered model. Errors: ArtefactError."""
    model = Champion.load(model_folder(row.version), manifest_key())
    if model.sha256 != row.sha256:
        raise ModelAltered(f"The files of {row.version} are not those that were registered.")
    return model


def model_folder(version: str) -> Path:
    return Path(settings.MODEL_DIR) / version


def manifest_key() -> bytes:
    """Signs and checks manifests. Follows SECRET_KEY: after a change of the secret, models are trained again."""
    return signing_key(settings.SECRET_KEY)
