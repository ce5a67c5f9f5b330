"""The model of mobile money that a new installation starts with, and what it is worth."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scoring.domain.dataset import Dataset
from scoring.domain.families import MOBILE
from scoring.domain.input_digest import input_digest
from scoring.domain.metrics import area_under_roc, average_precision
from scoring.domain.mobile_money.payments import MobilePayment
from scoring.domain.scores import confidence
from scoring.serving.champion import Champion
from scoring.serving.errors import ModelAltered, ModelVersionMismatch
from scoring.serving.manifest import Manifest
from scoring.training.mobile_money import mobile_dataset_read
from tests.scoring.conftest import KEY
from tests.scoring.mobile_money.payments import drained, paid, paysim_file


def probability(model: Champion, payment: MobilePayment) -> float:
    (score,) = model.score([payment.packed()])
    assert score.fraud_probability is not None
    return score.fraud_probability


def test_a_transfer_that_drains_an_account_scores_high_and_says_why(mobile: Champion) -> None:
    assert probability(mobile, drained()) >= 0.5
    assert probability(mobile, paid()) < 0.01

    (reasons,) = mobile.explain([drained().packed()])
    assert "model.account_drained" in [reason.code for reason in reasons]
    assert all(reason.words for reason in reasons)


@pytest.mark.parametrize("scale", [1, 100, 1_000_000])
def test_the_currency_does_not_matter(mobile: Champion, scale: int) -> None:
    large = drained(amount_minor=181 * scale, origin_before_minor=181 * scale)

    assert mobile.score([large.packed()]) == mobile.score([drained().packed()])


def test_a_score_does_not_depend_on_its_group(mobile: Champion, mobile_dataset: Dataset) -> None:
    snapshots = [row.tobytes() for row in mobile_dataset.columns[-200:]]

    assert mobile.score(snapshots) == [mobile.score([each])[0] for each in snapshots]


def test_it_is_described_by_a_signed_manifest_of_its_family(mobile: Champion) -> None:
    manifest = mobile.manifest

    assert (manifest.family, manifest.kind, mobile.family) == ("mobile", "boosted_trees", MOBILE)
    assert manifest.classifier is not None
    digest = input_digest(manifest.forest.inputs, manifest.classifier.inputs, MOBILE)
    assert (manifest.inputs_sha256, manifest.classifier.units_minor) == (digest, {})
    assert max(part.parity for part in manifest.parts.values()) <= 1e-6


def test_it_ranks_later_payments_better_than_the_amount_does(mobile: Champion) -> None:
    classifier, baseline = mobile.manifest.classifier, mobile.manifest.baseline
    assert classifier is not None

    assert (classifier.metrics["frauds"] or 0) >= 20
    assert 0.6 < (classifier.metrics["average_precision"] or 0) < 0.98
    assert (classifier.metrics["average_precision"] or 0) > 2 * (baseline["average_precision"] or 0)
    assert (classifier.metrics["auc"] or 0) > 0.95


def test_altered_files_and_another_family_are_refused(mobile_artefact: Path, tmp_path: Path) -> None:
    altered = tmp_path / mobile_artefact.name
    shutil.copytree(mobile_artefact, altered)
    part = altered / "classifier.onnx"
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelAltered):
        Champion.load(altered, KEY)

    folder = tmp_path / mobile_artefact.name.replace("mobile", "card")
    shutil.copytree(mobile_artefact, folder)
    manifest = Manifest.from_bytes((mobile_artefact / "manifest.json").read_bytes(), KEY)
    manifest = manifest.model_copy(update={"version": folder.name})
    (folder / "manifest.json").write_bytes(manifest.to_bytes(KEY))
    with pytest.raises(ModelVersionMismatch, match="inputs that do not exist"):
        Champion.load(folder, KEY)


def test_frauds_of_the_public_file_are_found(mobile: Champion, record_property) -> None:
    """Of 4,999 payments it has never seen, made by another simulator. docs/models.md has the figures."""
    path = paysim_file()
    if path is None:
        pytest.skip("NOT MEASURED: shared/data/paysim_first4999.csv.gz is not beside the project")
    rows = mobile_dataset_read(path, begins=datetime(2024, 1, 1, tzinfo=UTC))
    scores = mobile.deciding_scores(rows.columns)

    auc, precision = area_under_roc(rows.is_fraud, scores), average_precision(rows.is_fraud, scores)
    record_property("auc", auc)
    record_property("average_precision", precision)
    assert (len(rows), int(rows.is_fraud.sum())) == (4999, 40)
    assert auc > 0.9
    assert precision > 0.3


@pytest.mark.parametrize(("probability", "sure"), [(0.0, 1.0), (0.5, 0.5), (0.2, 0.8), (0.97, 0.97), (None, None)])
def test_confidence_is_the_larger_share(probability: float | None, sure: float | None) -> None:
    assert confidence(probability) == sure
