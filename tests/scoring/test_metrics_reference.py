"""Our figures beside those of the published protocol's reference, where the data folder beside the project has it."""

import importlib.util
import runpy
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from scoring.domain.calibration import expected_calibration_error
from scoring.domain.metrics import card_precision, recall_at_budget

FILE = Path("shared", "data", "metrics_reference.py")
FOUND = next((parent / FILE for parent in Path(__file__).resolve().parents if (parent / FILE).is_file()), None)
HAS_PANDAS = importlib.util.find_spec("pandas") is not None
pytestmark = pytest.mark.skipif(FOUND is None, reason=f"NOT COMPARED: {FILE} is not beside the project")


@pytest.fixture
def reference(monkeypatch) -> dict:
    if not HAS_PANDAS:
        monkeypatch.setitem(sys.modules, "pandas", ModuleType("pandas"))  # only card precision needs it
    return runpy.run_path(str(FOUND))


@pytest.fixture(params=range(3))
def payments(request) -> dict:
    chance = np.random.default_rng(request.param)
    scores = chance.random(5000)
    return {
        "is_fraud": chance.random(5000) < 0.03 * scores,
        "scores": scores,
        "cards": chance.integers(400, size=5000),
        "days": chance.integers(10, size=5000),
    }


def test_calibration_error_and_recall(reference, payments):
    truth, scores = payments["is_fraud"], payments["scores"]

    assert expected_calibration_error(truth, scores) == pytest.approx(reference["ece"](truth, scores), abs=1e-12)
    for budget in (0.001, 0.005, 0.01):
        assert recall_at_budget(truth, scores, budget) == reference["rec_at"](truth, scores, budget)[0]


@pytest.mark.skipif(not HAS_PANDAS, reason="NOT COMPARED: the reference's card precision needs pandas")
@pytest.mark.parametrize("cards_a_day", [1, 20, 100, 500])
def test_card_precision(reference, payments, cards_a_day):
    told = reference["cp_at_k"](
        payments["days"], payments["cards"], payments["is_fraud"].astype(int), payments["scores"], cards_a_day
    )

    assert card_precision(**payments, cards_a_day=cards_a_day) == pytest.approx(told[0], abs=1e-12)
