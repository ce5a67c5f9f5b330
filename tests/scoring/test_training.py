from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from scoring.domain.classifier_inputs import ClassifierInputs, currency_units
from scoring.domain.dataset import Dataset
from scoring.domain.gate import PARITY_MAX
from scoring.serving.champion import Champion
from scoring.serving.manifest import Manifest
from scoring.serving.runtime import ClassifierRuntime, ForestRuntime
from scoring.training.artefact import artefact_make, version_next
from scoring.training.classifier import BOOSTED, LOGISTIC, fit_classifier, kind_for
from scoring.training.dataset import dataset_read
from scoring.training.errors import TrainingRefused
from scoring.training.forest import fit_forest
from scoring.training.parity import classifier_difference, forest_difference
from scoring.training.split import split_for_training
from sentinel.core.catalogue import CATALOGUE_VERSION, unpack
from tests.scoring.conftest import KEY, LABELS, NOW, TRANSACTIONS, VERSION

INPUTS = ["amount", "amount_vs_usual_30d", "amount_deviation_30d", "confirmed_frauds_of_merchant_90d", "hour"]


def at(dataset: Dataset, place: int) -> datetime:
    return datetime.fromtimestamp(dataset.occurred_at[place], tz=UTC)


def relabelled(dataset: Dataset, is_fraud: bool) -> Dataset:
    return replace(dataset, is_fraud=np.full(len(dataset), is_fraud))


def test_a_file_becomes_rows_in_time_order_with_labels() -> None:
    done: list[int] = []
    dataset = dataset_read(TRANSACTIONS, LABELS, limit=2500, on_progress=done.append)

    assert len(dataset) == sum(done) == 2500
    assert (np.diff(dataset.occurred_at) >= 0).all()
    assert dataset.is_fraud.sum() == 10
    assert (dataset.known_at - dataset.occurred_at == 7 * 86_400).all()


def test_without_labels_nobody_knows() -> None:
    dataset = dataset_read(TRANSACTIONS, limit=10)

    assert not dataset.has_labels
    assert len(dataset.known_by(NOW.timestamp())) == 0


def test_rows_see_only_what_came_before(dataset: Dataset) -> None:
    first = unpack(dataset.columns[0].tobytes())

    assert first["amount"] == 108_30
    assert (first["payments_30d"], first["usual_amount_30d"], first["seconds_since_last"]) == (0, None, None)
    assert (first["merchant_payments_30d"], first["confirmed_frauds_of_merchant_90d"]) == (0, 0)


def test_a_label_counts_in_features_from_the_moment_it_was_known(dataset: Dataset) -> None:
    frauds = [unpack(row.tobytes())["confirmed_frauds_of_merchant_90d"] for row in dataset.columns]
    first_known_at = dataset.known_at[dataset.is_fraud].min()

    assert not any(count for count, at in zip(frauds, dataset.occurred_at, strict=True) if at < first_known_at)
    assert any(frauds)


def test_a_model_is_measured_on_rows_later_than_those_it_learned_from(dataset: Dataset) -> None:
    split = split_for_training(dataset, NOW.timestamp())
    cut = split.measured.occurred_at[0]

    assert split.unlabelled.occurred_at[-1] < cut
    assert (split.labelled.known_at <= cut).all()
    assert split.labelled.occurred_at[-1] <= cut - 7 * 86_400


def test_nothing_is_learned_from_labels_that_were_not_known_yet(dataset: Dataset) -> None:
    now = dataset.occurred_at[-1]
    split = split_for_training(dataset, now)

    assert (split.measured.known_at <= now).all()


def test_the_number_of_frauds_says_which_kind_is_trained() -> None:
    assert [kind_for(frauds) for frauds in (0, 19, 20, 29, 30)] == [None, None, LOGISTIC, LOGISTIC, BOOSTED]


def test_the_manifest_says_what_the_model_was_made_of(supervised: Champion, dataset: Dataset) -> None:
    manifest = supervised.manifest
    classifier = manifest.classifier

    assert classifier is not None
    assert (manifest.kind, manifest.catalogue_version) == (BOOSTED, CATALOGUE_VERSION)
    assert classifier.training.end < manifest.forest.training.end < manifest.measured.start
    assert manifest.forest.metrics["frauds"] == classifier.metrics["frauds"] == manifest.measured.frauds
    assert manifest.maturity_days == 7
    assert list(classifier.units_minor) == ["INR"]
    assert set(manifest.libraries) == {"scikit-learn", "numpy", "onnx", "onnxruntime", "joblib"}


def test_a_supervised_model_ranks_fraud_better_than_the_forest(supervised: Champion) -> None:
    classifier = supervised.manifest.classifier
    assert classifier is not None

    found = [part.metrics["average_precision"] for part in (classifier, supervised.manifest.forest)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0] > found[1]


def test_what_never_varies_is_no_input(supervised: Champion) -> None:
    classifier = supervised.manifest.classifier
    assert classifier is not None

    assert "amount_vs_usual_30d" in classifier.inputs
    assert "distance_km" not in classifier.inputs  # the file has no coordinates


def test_the_artefact_is_written_whole(artefact: Path, supervised_artefact: Path) -> None:
    assert {path.name for path in artefact.iterdir()} == {"forest.onnx", "manifest.json", "pipeline.joblib"}
    assert {path.name for path in supervised_artefact.iterdir()} - {"classifier.onnx"} == {
        path.name for path in artefact.iterdir()
    }
    assert [path.name for path in artefact.parent.iterdir()] == [VERSION]


def test_the_served_forest_equals_the_pipeline(champion: Champion, dataset: Dataset) -> None:
    fitted = fit_forest(split_for_training(dataset, NOW.timestamp()).unlabelled.columns)
    columns = dataset.columns[-1000:]

    assert np.abs(-fitted.pipeline.score_samples(columns) - champion.forest.anomalies(columns)).max() <= PARITY_MAX


@pytest.mark.parametrize("kind", [LOGISTIC, BOOSTED])
def test_a_converted_classifier_equals_the_pipeline_and_another_one_does_not(dataset: Dataset, kind: str) -> None:
    reader = ClassifierInputs(INPUTS, currency_units(dataset.columns))
    inputs = reader.of(dataset.columns)
    one, other = (fit_classifier(kind, inputs[:rows], dataset.is_fraud[:rows]) for rows in (12_000, 20_000))
    right, wrong = (ClassifierRuntime(fitted.model, len(INPUTS)) for fitted in (one, other))

    assert np.isnan(inputs).any()
    assert classifier_difference(one, right, reader, dataset.columns) <= PARITY_MAX
    assert classifier_difference(one, wrong, reader, dataset.columns) > PARITY_MAX


def test_parity_notices_a_forest_that_differs(dataset: Dataset) -> None:
    one, other = (fit_forest(dataset.columns[:rows]) for rows in (2000, 3000))
    inputs = one.forest.n_features_in_
    good, wrong = (ForestRuntime(each.model, each.path_length_scale, inputs) for each in (one, other))

    assert forest_difference(one, good, dataset.columns) <= PARITY_MAX
    assert forest_difference(one, wrong, dataset.columns) > PARITY_MAX


def test_the_same_data_gives_the_same_model(supervised_artefact: Path, dataset: Dataset, tmp_path: Path) -> None:
    artefact_make(dataset, version=VERSION, now=NOW, folder=tmp_path, key=KEY)

    for name in ("forest.onnx", "classifier.onnx"):
        assert (tmp_path / VERSION / name).read_bytes() == (supervised_artefact / name).read_bytes()


def test_payments_of_the_future_are_refused_and_nothing_is_written(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingRefused, match="in the future"):
        artefact_make(dataset, version=VERSION, now=at(dataset, -1) - timedelta(days=1), folder=tmp_path, key=KEY)

    assert not list(tmp_path.iterdir())


def test_too_few_payments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingRefused, match="training needs 1000"):
        artefact_make(dataset_read(TRANSACTIONS, limit=10), version=VERSION, now=NOW, folder=tmp_path, key=KEY)


@pytest.mark.parametrize("kind", [None, LOGISTIC, BOOSTED])
def test_a_time_without_fraud_teaches_no_classifier(dataset: Dataset, tmp_path: Path, kind: str | None) -> None:
    with pytest.raises(TrainingRefused, match="fraud"):
        artefact_make(relabelled(dataset, False), version=VERSION, now=NOW, folder=tmp_path, key=KEY, kind=kind)

    assert not list(tmp_path.iterdir())


def test_versions_count_up_within_a_day() -> None:
    taken = ["card-2026-01-30.1", "card-2026-01-30.10", "card-2026-01-29.40", ".partial-x"]

    assert version_next([], NOW) == "card-2026-01-30.1"
    assert version_next(taken, NOW) == "card-2026-01-30.11"


def test_a_manifest_survives_its_own_writing(champion: Champion, supervised: Champion) -> None:
    for manifest in (champion.manifest, supervised.manifest):
        assert Manifest.from_bytes(manifest.to_bytes(KEY), KEY) == manifest
