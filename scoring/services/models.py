"""Training, registering and promoting models. Callers pass the moment; nothing here reads a clock."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from scoring.models import ModelVersion
from scoring.selectors.models import manifest_key, model_load
from scoring.serving.manifest import Manifest
from sentinel.core.errors import Conflict, NotFound
from sentinel.ops.epochs import CONFIGURATION, epoch_touch

if TYPE_CHECKING:
    from scoring.training.dataset import Progress


class AlreadyChampion(Conflict):
    """The model to promote is the champion already. Nothing was changed."""

    code = "already_champion"
    title = "This model is the champion already"


def model_train(*, transactions: Path, labels: Path | None, now: datetime, on_progress: "Progress") -> Manifest:
    """Trains on a file and writes the artefact; registers nothing.

    Errors: PaymentFileError, TrainingRefused; nothing is written then.
    """
    # Loading scikit-learn costs seconds and 130 MB: only where a model is made.
    from scoring.training.artefact import artefact_make, version_next
    from scoring.training.dataset import dataset_read

    dataset = dataset_read(transactions, labels, on_progress=on_progress)
    folder = Path(settings.MODEL_DIR)
    version = version_next(_names_taken(folder), now)
    return artefact_make(dataset, version=version, now=now, folder=folder, key=manifest_key())


def model_register(*, manifest: Manifest, now: datetime) -> ModelVersion:
    """A candidate. Errors: IntegrityError when the version is registered already."""
    return ModelVersion.objects.create(
        version=manifest.version,
        kind=manifest.kind,
        catalogue_version=manifest.catalogue_version,
        sha256=manifest.model_sha256,
        metrics=manifest.metrics,
        created_at=now,
    )


@transaction.atomic
def model_promote(*, version: str, promoted_by: str, now: datetime) -> ModelVersion:
    """Makes a registered model the champion and retires the one before; processes follow within a second.

    Errors: NotFound, AlreadyChampion, ArtefactError when its files cannot serve; the champion stays then.
    Locks: every row of the registry in order of id, so that two promotions follow each other.
    """
    rows = {row.version: row for row in ModelVersion.objects.select_for_update().order_by("id")}
    if version not in rows:
        raise NotFound(f"There is no model {version}.")
    row = rows.pop(version)
    if row.state == ModelVersion.State.CHAMPION:
        raise AlreadyChampion(f"{version} is the champion already.")
    model_load(row)
    _retire_champion(rows.values())
    row.state, row.promoted_at, row.promoted_by = ModelVersion.State.CHAMPION, now, promoted_by
    row.save(update_fields=("state", "promoted_at", "promoted_by"))
    transaction.on_commit(lambda: epoch_touch(CONFIGURATION))
    return row


def _names_taken(folder: Path) -> set[str]:
    """By a registered model or by a folder: either may have been left behind by the other."""
    folders = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return folders | set(ModelVersion.objects.values_list("version", flat=True))


def _retire_champion(rows: Iterable[ModelVersion]) -> None:
    for row in rows:
        if row.state == ModelVersion.State.CHAMPION:
            row.state = ModelVersion.State.RETIRED
            row.save(update_fields=("state",))
