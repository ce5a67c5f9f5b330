from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from scoring.domain.model_inputs import inputs_of
from scoring.serving.champion import Champion
from scoring.serving.manifest import Manifest
from scoring.training.artefact import TrainingRefused, artefact_make, version_next
from scoring.training.dataset import Dataset, dataset_read
from scoring.training.forest import fit_pipeline, forest_of
from scoring.training.onnx_forest import forest_to_onnx, path_length_scale
from scoring.training.parity import PARITY_MAX, largest_difference
from sentinel.core.catalogue import CATALOGUE_VERSION, unpack
from tests.scoring.conftest import KEY, LABELS, NOW, TRANSACTIONS, VERSION


def test_a_file_becomes_rows_in_time_order_with_labels() -> None:
    done: list[int] = []
    dataset = dataset_read(TRANSACTIONS, LABELS, limit=2500, on_progress=done.append)

    assert len(dataset) == sum(done) == 2500
    assert dataset.times == sorted(dataset.times)
    assert dataset.is_fraud is not None
    assert dataset.is_fraud.sum() == 10


def test_rows_see_only_what_came_before(dataset: Dataset) -> None:
    first = unpack(dataset.columns[0].tobytes())

    assert first["amount"] == 108_30
    assert (first["payments_30d"], first["usual_amount_30d"], first["seconds_since_last"]) == (0, None, None)


def test_the_manifest_says_what_the_model_was_made_of(champion: Champion, dataset: Dataset) -> None:
    manifest = champion.manifest

    assert manifest.catalogue_version == CATALOGUE_VERSION
    assert manifest.training.rows + manifest.measured.rows == len(dataset)
    assert manifest.training.end < manifest.measured.start
    assert manifest.metrics["frauds"] == manifest.measured.frauds
    assert set(manifest.libraries) == {"scikit-learn", "numpy", "onnx", "onnxruntime", "joblib"}


def test_the_artefact_is_written_whole(artefact: Path) -> None:
    assert {path.name for path in artefact.iterdir()} == {"model.onnx", "manifest.json", "pipeline.joblib"}
    assert [path.name for path in artefact.parent.iterdir()] == [VERSION]


def test_scores_equal_the_pipeline_through_the_whole_way(champion: Champion, dataset: Dataset) -> None:
    pipeline = fit_pipeline(dataset.columns[: champion.manifest.training.rows])
    columns = dataset.columns[-1000:]
    served = champion._runtime.anomaly(inputs_of(columns))

    assert np.abs(-pipeline.score_samples(columns) - served).max() <= PARITY_MAX


def test_parity_notices_a_model_that_differs(dataset: Dataset) -> None:
    from scoring.serving.runtime import ForestRuntime

    one, other = (forest_of(fit_pipeline(dataset.columns[:rows])) for rows in (2000, 3000))
    inputs = inputs_of(dataset.columns)
    good = ForestRuntime(forest_to_onnx(one), path_length_scale(one), inputs.shape[1])
    wrong = ForestRuntime(forest_to_onnx(other), path_length_scale(other), inputs.shape[1])

    assert largest_difference(one, good, inputs) <= PARITY_MAX < largest_difference(one, wrong, inputs)


def test_the_same_data_gives_the_same_model(artefact: Path, dataset: Dataset, tmp_path: Path) -> None:
    artefact_make(dataset, version=VERSION, now=NOW, folder=tmp_path, key=KEY)

    assert (tmp_path / VERSION / "model.onnx").read_bytes() == (artefact / "model.onnx").read_bytes()


def test_payments_of_the_future_are_refused_and_nothing_is_written(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingRefused, match="in the future"):
        artefact_make(dataset, version=VERSION, now=dataset.times[-1] - timedelta(days=1), folder=tmp_path, key=KEY)

    assert not list(tmp_path.iterdir())


def test_too_few_payments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingRefused, match="training needs 1000"):
        artefact_make(dataset_read(TRANSACTIONS, limit=10), version=VERSION, now=NOW, folder=tmp_path, key=KEY)


def test_versions_count_up_within_a_day() -> None:
    taken = ["card-2026-01-30.1", "card-2026-01-30.10", "card-2026-01-29.40", ".partial-x"]

    assert version_next([], NOW) == "card-2026-01-30.1"
    assert version_next(taken, NOW) == "card-2026-01-30.11"


def test_a_manifest_survives_its_own_writing(champion: Champion) -> None:
    assert Manifest.from_bytes(champion.manifest.to_bytes(KEY), KEY) == champion.manifest
