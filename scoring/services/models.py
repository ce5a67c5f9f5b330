"""Training and registering models. Callers pass the moment; nothing here reads a clock."""

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from scoring.domain.dataset import Dataset, Progress
from scoring.domain.family_names import CARD_NAME, MOBILE_NAME
from scoring.models import ModelVersion
from scoring.selectors.known_payments import payments_known
from scoring.selectors.models import manifest_key
from scoring.serving.manifest import Manifest

# A month to learn from, the weeks to measure on, and what is too young for labels.
REACH = timedelta(days=60)


def model_train_on_file(
    *, transactions: Path, labels: Path | None, kind: str | None, now: datetime, on_progress: Progress
) -> Manifest:
    """Trains on a file and writes the artefact; registers nothing.

    Errors: PaymentFileError, TrainingRefused; nothing is written then.
    """
    from scoring.training.dataset import dataset_read

    return model_train(dataset=dataset_read(transactions, labels, on_progress=on_progress), kind=kind, now=now)


def model_train_on_record(
    *, kind: str | None, now: datetime, is_replay: bool = False, on_progress: Progress = lambda rows: None
) -> Manifest:
    """Trains on what is known at `now` of the recorded payments of the last REACH, and writes the artefact; registers
    nothing. With `is_replay` only the gateways' clock counts. Errors: TrainingRefused; nothing is written then.
    """
    rows = payments_known(start=now - REACH, end=now, known_at=now, is_replay=is_replay, on_progress=on_progress)
    return model_train(dataset=rows, kind=kind, now=now)


def model_train_on_mobile_file(
    *, transactions: Path, begins: datetime, kind: str | None, now: datetime, on_progress: Progress
) -> Manifest:
    """A model of mobile money. `begins` is the moment of step 0; whether a payment is fraud stands in the file.

    Errors: PaymentFileError, TrainingRefused; nothing is written then.
    """
    from scoring.training.mobile_money import mobile_dataset_read

    dataset = mobile_dataset_read(transactions, begins=begins, on_progress=on_progress)
    return model_train(dataset=dataset, kind=kind, now=now, family=MOBILE_NAME)


def model_train_on_simulation(*, kind: str | None, now: datetime, on_progress: Progress) -> Manifest:
    """A model of mobile money for who has no payments yet. Errors: TrainingRefused; nothing is written then."""
    from scoring.training.mobile_money import mobile_dataset_simulated

    dataset = mobile_dataset_simulated(on_progress=on_progress)
    return model_train(dataset=dataset, kind=kind, now=now, family=MOBILE_NAME)


def model_train(*, dataset: Dataset, kind: str | None, now: datetime, family: str = CARD_NAME) -> Manifest:
    """Trains and writes the artefact; registers nothing. Errors: TrainingRefused; nothing is written then."""
    # Loading scikit-learn costs seconds and 130 MB: only where a model is made.
    from scoring.training.artefact import artefact_make, version_next

    folder = Path(settings.MODEL_DIR)
    version = version_next(_names_taken(folder), now, family)
    return artefact_make(dataset, version=version, now=now, folder=folder, key=manifest_key(), kind=kind)


def model_register(*, manifest: Manifest, now: datetime) -> ModelVersion:
    """A candidate. Errors: IntegrityError when the version is registered already."""
    return ModelVersion.objects.create(
        version=manifest.version,
        family=manifest.family,
        kind=manifest.kind,
        catalogue_version=manifest.catalogue_version,
        sha256=manifest.sha256,
        manifest=manifest.model_dump(mode="json"),
        created_at=now,
    )


def _names_taken(folder: Path) -> set[str]:
    """By a registered model or by a folder: either may have been left behind by the other."""
    folders = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return folders | set(ModelVersion.objects.values_list("version", flat=True))
