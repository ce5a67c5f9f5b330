"""One small model of each kind for the whole folder: loading scikit-learn takes seconds."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scoring.domain.dataset import Dataset
from scoring.serving.champion import Champion
from scoring.serving.manifest import signing_key
from scoring.training.artefact import artefact_make
from scoring.training.dataset import dataset_read

DATA = Path(__file__).resolve().parents[2] / "scoring" / "data"
TRANSACTIONS = DATA / "own_ci_400cards_75d_transactions.csv.gz"
LABELS = DATA / "own_ci_400cards_75d_fraud_labels.csv.gz"
VERSION = "card-2026-01-30.1"
KEY = signing_key("a secret of this test")
NOW = datetime(2026, 1, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """A month of payments with the frauds among them."""
    return dataset_read(TRANSACTIONS, LABELS, limit=24_000)


@pytest.fixture(scope="session")
def artefact(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a forest. Tests that change files copy it."""
    folder = tmp_path_factory.mktemp("models")
    artefact_make(dataset, version=VERSION, now=NOW, folder=folder, key=KEY, kind="isolation_forest")
    return folder / VERSION


@pytest.fixture(scope="session")
def supervised_artefact(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of boosted trees with their forest."""
    folder = tmp_path_factory.mktemp("models")
    artefact_make(dataset, version=VERSION, now=NOW, folder=folder, key=KEY)
    return folder / VERSION


@pytest.fixture(scope="session")
def champion(artefact: Path) -> Champion:
    return Champion.load(artefact, KEY)


@pytest.fixture(scope="session")
def supervised(supervised_artefact: Path) -> Champion:
    return Champion.load(supervised_artefact, KEY)


@pytest.fixture(scope="session")
def snapshots(dataset: Dataset) -> list[bytes]:
    return [row.tobytes() for row in dataset.columns[-1000:]]
