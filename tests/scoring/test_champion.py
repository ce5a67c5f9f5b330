import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scoring.serving.champion import Champion
from scoring.serving.errors import ModelAltered, ModelMissing, ModelTruncated, ModelVersionMismatch
from scoring.serving.manifest import Manifest, signing_key
from tests.scoring.conftest import KEY, VERSION
from tests.scoring.payments import large_payment, snapshot


@pytest.fixture
def copy(supervised_artefact: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(supervised_artefact, tmp_path / VERSION))


def _sign_again(folder: Path, part: str, **changes: object) -> None:
    path = folder / "manifest.json"
    manifest = Manifest.from_bytes(path.read_bytes(), KEY)
    if part:
        changes = {part: getattr(manifest, part).model_copy(update=changes)}
    path.write_bytes(manifest.model_copy(update=changes).to_bytes(KEY))


def test_a_stranger_payment_scores_higher(champion: Champion) -> None:
    ordinary, large, huge = champion.score([snapshot(), large_payment(3.0), large_payment(40.0)])

    assert ordinary.score_percentile < large.score_percentile < huge.score_percentile <= 1.0
    assert huge.score_percentile > 0.999
    assert ordinary.fraud_probability is None


def test_scores_are_on_a_fixed_scale(champion: Champion, snapshots: list[bytes]) -> None:
    for score in champion.score(snapshots):
        assert 0.0 <= score.score_percentile <= 1.0
        assert score.score_percentile == round(score.score_percentile, 4)


def test_a_supervised_model_tells_how_likely_fraud_is_and_how_strange(
    champion: Champion, supervised: Champion, snapshots: list[bytes]
) -> None:
    scores = supervised.score(snapshots)

    assert supervised.kind == "boosted_trees"
    for score in scores:
        assert score.fraud_probability is not None
        assert 0.0 <= score.fraud_probability == round(score.fraud_probability, 4) <= 1.0
    assert [score.score_percentile for score in scores] == [
        score.score_percentile for score in champion.score(snapshots)
    ]


@pytest.mark.parametrize("group", [1, 2, 7, 63, 64, 65, 1000])
def test_the_group_never_changes_a_score(
    champion: Champion, supervised: Champion, snapshots: list[bytes], group: int
) -> None:
    starts = range(0, len(snapshots), group)
    for model in (champion, supervised):
        grouped = [score for start in starts for score in model.score(snapshots[start : start + group])]

        assert grouped == model.score(snapshots)


def test_no_snapshots_give_no_scores(champion: Champion) -> None:
    assert champion.score([]) == []


@pytest.mark.parametrize("name", ["forest.onnx", "classifier.onnx", "manifest.json"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()

    with pytest.raises(ModelMissing, match=name):
        Champion.load(copy, KEY)


@pytest.mark.parametrize("name", ["forest.onnx", "classifier.onnx", "manifest.json"])
def test_a_truncated_file_is_refused(copy: Path, name: str) -> None:
    whole = (copy / name).read_bytes()
    (copy / name).write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ModelTruncated):
        Champion.load(copy, KEY)


@pytest.mark.parametrize("tamper", [lambda data: data[:-1] + bytes([data[-1] ^ 1]), lambda data: data + b"\0"])
def test_an_altered_model_is_refused(copy: Path, tamper: Callable[[bytes], bytes]) -> None:
    model = copy / "classifier.onnx"
    model.write_bytes(tamper(model.read_bytes()))

    with pytest.raises(ModelAltered):
        Champion.load(copy, KEY)


def test_an_altered_manifest_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_bytes())
    manifest["forest"]["medians"][0] = 9.0
    (copy / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(ModelAltered, match="signature"):
        Champion.load(copy, KEY)


def test_a_manifest_of_another_installation_is_refused(copy: Path) -> None:
    with pytest.raises(ModelAltered, match="another secret"):
        Champion.load(copy, signing_key("somebody else's"))


def test_a_renamed_artefact_is_refused(copy: Path) -> None:
    with pytest.raises(ModelAltered, match=VERSION):
        Champion.load(copy.rename(copy.with_name("card-2026-01-30.2")), KEY)


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("", {"catalogue_version": 99}),
        ("", {"kind": "crystal_ball"}),
        ("", {"dtype": "float64"}),
        ("forest", {"inputs": ["amount_excess_30d", "no_such_input"]}),
        ("forest", {"fills": {"speed_kmh": 1.0}}),
        ("forest", {"medians": [0.0]}),
        ("forest", {"inputs": ["amount_excess_30d"], "medians": [0.0]}),
        ("classifier", {"inputs": ["amount", "no_such_field"]}),
        ("classifier", {"medians": []}),
        ("classifier", {"inputs": ["amount"], "medians": [0.0]}),
    ],
)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
def test_a_model_that_does_not_fit_this_code_is_refused(copy: Path, part: str, changes: dict[str, object]) -> None:
    _sign_again(copy, part, **changes)

    with pytest.raises(ModelVersionMismatch):
        Champion.load(copy, KEY)


def test_a_planted_pickle_is_never_opened(copy: Path) -> None:
    (copy / "pipeline.joblib").write_bytes(b"cos\nsystem\n(S'false'\ntR.")

    assert Champion.load(copy, KEY).score([snapshot()])


def test_serving_loads_no_training_library() -> None:
    program = (
        "import sys, scoring.serving.champion, scoring.domain.metrics, scoring.domain.payment_files\n"
        "heavy = {'sklearn', 'onnx', 'joblib', 'pandas', 'scipy', 'scoring.training'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or None)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
