"""Training by command, and the files of registered models."""

import gzip
from io import StringIO
from itertools import islice
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from scoring.domain.payment_files import count_rows
from scoring.models import ModelVersion
from tests.scoring.conftest import LABELS, TRANSACTIONS
from tests.scoring.registry import no_champion, states

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, settings: Settings) -> None:
    settings.MODEL_DIR = tmp_path / "models"
    no_champion()


def test_the_first_trained_model_promotes_itself_and_later_ones_wait(tmp_path: Path) -> None:
    data = first_rows(tmp_path / "some_transactions.csv")

    first = train("--data", str(data))
    second = train("--data", str(data))
    third = train("--data", str(data), "--challenger")
    fourth = train("--if-missing")

    assert "is the champion" in first
    assert "is a candidate; the champion is card-" in second
    assert "is a challenger; the champion is card-" in third
    assert "nothing to train" in fourth
    assert sorted(states().values()) == ["candidate", "challenger", "champion"]


def test_labels_allow_a_supervised_model(tmp_path: Path) -> None:
    data = first_rows(tmp_path / "some_transactions.csv", 14_000)

    told = train("--data", str(data), "--labels", str(LABELS))

    (model,) = ModelVersion.objects.filter(state="champion")
    assert model.is_supervised
    assert model.manifest["classifier"]["training"]["frauds"] >= 20
    assert f"{model.version}: {model.kind}" in told
    assert "classifier: " in told


def test_the_bundled_data_make_a_forest_alone() -> None:
    train("--bundled")

    assert ModelVersion.objects.get(state="champion").kind == "isolation_forest"


def test_a_champion_without_files_is_replaced(tmp_path: Path, settings: Settings) -> None:
    data = first_rows(tmp_path / "some_transactions.csv")
    train("--data", str(data))
    settings.MODEL_DIR.rename(tmp_path / "lost")

    assert "is the champion" in train("--data", str(data), "--if-missing")
    assert sorted(states().values()) == ["champion", "retired"]


def test_a_file_that_cannot_be_read_registers_nothing(settings: Settings) -> None:
    before = ModelVersion.objects.count()

    with pytest.raises(CommandError, match="absent"):
        train("--data", "absent.csv")
    assert (ModelVersion.objects.count(), settings.MODEL_DIR.exists()) == (before, False)


def test_a_time_without_fraud_registers_nothing(tmp_path: Path, settings: Settings) -> None:
    data, labels = first_rows(tmp_path / "some_transactions.csv"), tmp_path / "labels.csv"
    labels.write_text("transaction_id,is_fraud\n")

    with pytest.raises(CommandError, match="no fraud in the time to learn from"):
        train("--data", str(data), "--labels", str(labels))
    assert not settings.MODEL_DIR.exists()


def test_bundled_rows_and_labels_are_there() -> None:
    assert (count_rows(TRANSACTIONS), count_rows(LABELS)) == (56_036, 681)


def train(*arguments: str) -> str:
    out = StringIO()
    call_command("train_model", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def first_rows(path: Path, rows: int = 2000) -> Path:
    with gzip.open(TRANSACTIONS, "rt") as lines:
        path.write_text("".join(islice(lines, rows + 1)))
    return path
