"""One model of mobile money for the whole folder: training takes seconds."""

from pathlib import Path

import pytest

from scoring.domain.dataset import Dataset
from scoring.serving.champion import Champion
from scoring.training.artefact import artefact_make
from scoring.training.mobile_money import mobile_dataset_simulated
from tests.scoring.conftest import KEY, NOW

VERSION = "mobile-2026-01-30.1"


@pytest.fixture(scope="session")
def mobile_dataset() -> Dataset:
    return mobile_dataset_simulated()


@pytest.fixture(scope="session")
def mobile_artefact(mobile_dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the starter. Tests that change files copy it."""
    folder = tmp_path_factory.mktemp("mobile")
    artefact_make(mobile_dataset, version=VERSION, now=NOW, folder=folder, key=KEY)
    return folder / VERSION


@pytest.fixture(scope="session")
def mobile(mobile_artefact: Path) -> Champion:
    return Champion.load(mobile_artefact, KEY)
