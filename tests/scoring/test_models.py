"""The registry against PostgreSQL: one champion, proven files, nothing half done."""

import gzip
from io import StringIO
from itertools import islice
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction
from pytest_django import Settings

from scoring.domain.payment_files import count_rows
from scoring.models import ModelVersion
from scoring.selectors.models import champion_load, manifest_key
from scoring.services.models import AlreadyChampion, model_promote, model_register
from scoring.serving.errors import ArtefactError, ModelAltered
from scoring.serving.manifest import Manifest
from scoring.training.artefact import artefact_make
from scoring.training.dataset import Dataset
from sentinel.core.errors import NotFound
from tests.scoring.conftest import LABELS, NOW, TRANSACTIONS

FIRST, SECOND = "card-2026-01-30.1", "card-2026-01-30.2"

pytestmark = pytest.mark.django_db


@pytest.fixture
def manifests(dataset: Dataset, tmp_path: Path, settings: Settings) -> dict[str, Manifest]:
    """Two trained models in an empty MODEL_DIR, not registered."""
    settings.MODEL_DIR = tmp_path
    return {
        version: artefact_make(dataset, version=version, now=NOW, folder=tmp_path, key=manifest_key())
        for version in (FIRST, SECOND)
    }


@pytest.fixture
def registered(manifests: dict[str, Manifest]) -> None:
    ModelVersion.objects.all().delete()
    for manifest in manifests.values():
        model_register(manifest=manifest, now=NOW)


def _promote(version: str) -> ModelVersion:
    return model_promote(version=version, promoted_by="olivia", now=NOW)


def _states() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("version", "state"))


@pytest.mark.usefixtures("registered")
def test_without_promotion_there_is_no_champion() -> None:
    assert champion_load() is None
    assert _states() == {FIRST: "candidate", SECOND: "candidate"}


@pytest.mark.usefixtures("registered")
def test_a_promotion_retires_the_champion_before() -> None:
    _promote(FIRST)
    row = _promote(SECOND)

    assert _states() == {FIRST: "retired", SECOND: "champion"}
    assert (row.promoted_by, row.promoted_at) == ("olivia", NOW)
    champion = champion_load()
    assert champion is not None
    assert champion.version == SECOND


@pytest.mark.usefixtures("registered")
def test_a_champion_that_is_known_is_kept_until_there_is_another() -> None:
    _promote(FIRST)
    known = champion_load()

    assert champion_load(known) is known
    _promote(SECOND)
    successor = champion_load(known)
    assert successor is not None
    assert successor.version == SECOND


@pytest.mark.usefixtures("registered")
def test_the_database_keeps_one_champion() -> None:
    _promote(FIRST)

    with pytest.raises(IntegrityError, match="model_one_champion"), transaction.atomic():
        ModelVersion.objects.filter(version=SECOND).update(state="champion", promoted_at=NOW, promoted_by="x")


@pytest.mark.usefixtures("registered")
def test_an_unusable_model_is_not_promoted_and_the_champion_stays(tmp_path: Path) -> None:
    _promote(FIRST)
    (tmp_path / SECOND / "model.onnx").write_bytes(b"planted")

    with pytest.raises(ArtefactError):
        _promote(SECOND)
    assert _states() == {FIRST: "champion", SECOND: "candidate"}


@pytest.mark.usefixtures("registered")
def test_files_other_than_the_registered_ones_are_refused() -> None:
    _promote(FIRST)
    ModelVersion.objects.filter(version=FIRST).update(sha256="0" * 64)

    with pytest.raises(ModelAltered, match="registered"):
        champion_load()


@pytest.mark.usefixtures("registered")
def test_unknown_and_repeated_promotions_are_refused() -> None:
    _promote(FIRST)

    with pytest.raises(NotFound):
        _promote("card-2020-01-01.1")
    with pytest.raises(AlreadyChampion):
        _promote(FIRST)


def test_the_first_trained_model_promotes_itself_and_later_ones_wait(tmp_path: Path, settings: Settings) -> None:
    settings.MODEL_DIR = tmp_path
    ModelVersion.objects.all().delete()
    data = _first_rows(tmp_path / "some_transactions.csv")

    first = _train("--data", str(data))
    second = _train("--data", str(data))
    third = _train("--if-missing")

    assert "is the champion" in first
    assert "is a candidate; the champion is card-" in second
    assert "nothing to train" in third
    assert sorted(_states().values()) == ["candidate", "champion"]


def test_a_champion_without_files_is_replaced(tmp_path: Path, settings: Settings) -> None:
    settings.MODEL_DIR = tmp_path / "models"
    ModelVersion.objects.all().delete()
    data = _first_rows(tmp_path / "some_transactions.csv")
    _train("--data", str(data))
    settings.MODEL_DIR.rename(tmp_path / "lost")

    assert "is the champion" in _train("--data", str(data), "--if-missing")
    assert sorted(_states().values()) == ["champion", "retired"]


def test_a_file_that_cannot_be_read_registers_nothing(tmp_path: Path, settings: Settings) -> None:
    settings.MODEL_DIR = tmp_path
    before = ModelVersion.objects.count()

    with pytest.raises(CommandError, match="absent"):
        _train("--data", "absent.csv")
    assert (ModelVersion.objects.count(), list(tmp_path.iterdir())) == (before, [])


def test_bundled_rows_and_labels_are_there() -> None:
    assert (count_rows(TRANSACTIONS), count_rows(LABELS)) == (56_036, 681)


def _train(*arguments: str) -> str:
    out = StringIO()
    call_command("train_model", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def _first_rows(path: Path, rows: int = 2000) -> Path:
    with gzip.open(TRANSACTIONS, "rt") as lines:
        path.write_text("".join(islice(lines, rows + 1)))
    return path
