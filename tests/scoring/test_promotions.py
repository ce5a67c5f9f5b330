"""The registry against PostgreSQL: one champion, proven files, past the gate, nothing half done."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from pytest_django import Settings

from ledger.models import AuditEntry
from scoring.models import ModelEvaluation, ModelPromotion, ModelVersion
from scoring.selectors.models import champion_load
from scoring.services.models import model_register
from scoring.services.policy_shipped import shipped_policy_publish
from scoring.services.promotions import (
    AlreadyChampion,
    GateClosed,
    PolicyMissing,
    WrongState,
    model_challenge,
    model_promote,
    model_retire,
    model_roll_back,
)
from scoring.serving.errors import ArtefactError, ModelAltered
from sentinel.core.errors import NotFound
from tests.scoring.conftest import NOW
from tests.scoring.registry import copied, evaluate, no_champion, states

FIRST, SECOND, SUPERVISED = "card-2026-01-30.1", "card-2026-01-30.2", "card-2026-01-30.3"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def registered(artefact: Path, supervised_artefact: Path, tmp_path: Path, settings: Settings) -> None:
    """Two forests and a supervised model, all of them candidates."""
    settings.MODEL_DIR = tmp_path
    no_champion()
    for version, source in ((FIRST, artefact), (SECOND, artefact), (SUPERVISED, supervised_artefact)):
        model_register(manifest=copied(source, tmp_path / version), now=NOW)


def promote(version: str, **how) -> ModelVersion:
    return model_promote(version=version, actor="olivia", now=NOW, **how)


def refused(match: str):
    return pytest.raises(IntegrityError, match=match)


def test_without_promotion_there_is_no_champion():
    assert champion_load() is None
    assert states() == dict.fromkeys((FIRST, SECOND, SUPERVISED), "candidate")


def test_the_first_champion_needs_no_gate():
    promote(FIRST)

    assert states()[FIRST] == "champion"
    assert ModelPromotion.objects.filter(model__version=FIRST, replaced=None, promoted_by="olivia").exists()


def test_a_model_that_passed_the_gate_retires_the_champion_before():
    promote(FIRST)
    evaluation = evaluate(SECOND, FIRST)
    promote(SECOND, evaluation=evaluation)

    assert states() == {FIRST: "retired", SECOND: "champion", SUPERVISED: "candidate"}
    promotion = ModelPromotion.objects.first()
    assert promotion is not None
    assert (promotion.model.version, promotion.replaced, promotion.evaluation) == (
        SECOND,
        ModelVersion.objects.get(version=FIRST),
        evaluation,
    )
    champion = champion_load()
    assert champion is not None
    assert champion.version == SECOND
    assert AuditEntry.objects.filter(action="model.promoted", subject=f"model {SECOND}", actor="olivia").exists()


def test_a_champion_that_is_known_is_kept_until_there_is_another():
    promote(FIRST)
    known = champion_load()

    assert champion_load(known) is known
    promote(SECOND, evaluation=evaluate(SECOND, FIRST))
    successor = champion_load(known)
    assert successor is not None
    assert successor.version == SECOND


def test_nothing_passes_without_an_evaluation():
    promote(FIRST)

    with pytest.raises(GateClosed, match=f"{SECOND} was not evaluated beside {FIRST}"):
        promote(SECOND)
    assert states()[FIRST] == "champion"


def test_a_refused_model_is_not_promoted_and_the_line_is_named():
    promote(FIRST)

    with pytest.raises(GateClosed, match="It finds less than the champion"):
        promote(SECOND, evaluation=evaluate(SECOND, FIRST, passed=False))
    assert states()[FIRST] == "champion"


def test_an_evaluation_beside_another_champion_does_not_count():
    promote(FIRST)
    stale = evaluate(SUPERVISED, FIRST)
    promote(SECOND, evaluation=evaluate(SECOND, FIRST))

    with pytest.raises(GateClosed, match=f"beside {SECOND}"):
        promote(SUPERVISED, evaluation=stale)


def test_somebody_may_answer_for_a_model_with_a_reason_that_is_kept():
    promote(FIRST)
    promote(SECOND, evaluation=evaluate(SECOND, FIRST, passed=False), override_reason="card testing wave, see #12")

    assert states()[SECOND] == "champion"
    entry = AuditEntry.objects.get(action="model.promoted", subject=f"model {SECOND}")
    assert entry.details["override_reason"] == "card testing wave, see #12"


def test_a_roll_back_brings_the_model_before_back():
    promote(FIRST)
    promote(SECOND, evaluation=evaluate(SECOND, FIRST))

    assert model_roll_back(actor="olivia", now=NOW).version == FIRST
    assert states() == {FIRST: "champion", SECOND: "retired", SUPERVISED: "candidate"}
    assert AuditEntry.objects.filter(action="model.rolled_back", subject=f"model {FIRST}").exists()


def test_there_is_no_way_back_from_the_first_champion():
    promote(FIRST)

    with pytest.raises(NotFound, match="before this one"):
        model_roll_back(actor="olivia", now=NOW)


def test_a_candidate_becomes_a_challenger_and_may_be_put_away():
    assert model_challenge(version=SECOND, actor="olivia", now=NOW).state == "challenger"
    with pytest.raises(WrongState, match="only a candidate"):
        model_challenge(version=SECOND, actor="olivia", now=NOW)

    assert model_retire(version=SECOND, actor="olivia", now=NOW).state == "retired"
    with pytest.raises(WrongState, match="only a candidate or challenger"):
        model_retire(version=SECOND, actor="olivia", now=NOW)


def test_a_supervised_model_needs_a_policy_for_its_score_and_a_forest_one_for_its_own():
    shipped_policy_publish(thresholds={"review_percentile": 0.995}, note="", now=NOW)
    promote(FIRST)
    evaluation = evaluate(SUPERVISED, FIRST)

    with pytest.raises(PolicyMissing, match="no threshold on the fraud probability"):
        promote(SUPERVISED, evaluation=evaluation)
    assert states()[FIRST] == "champion"

    shipped_policy_publish(thresholds={"review_probability": 0.5}, note="", now=NOW)
    promote(SUPERVISED, evaluation=evaluation)
    with pytest.raises(PolicyMissing, match="no threshold on the score percentile"):
        model_roll_back(actor="olivia", now=NOW)
    assert states()[SUPERVISED] == "champion"


def test_an_unusable_model_is_not_promoted_and_the_champion_stays(tmp_path: Path):
    promote(FIRST)
    (tmp_path / SECOND / "forest.onnx").write_bytes(b"planted")

    with pytest.raises(ArtefactError):
        promote(SECOND, evaluation=evaluate(SECOND, FIRST))
    with pytest.raises(ArtefactError):
        model_challenge(version=SECOND, actor="olivia", now=NOW)
    assert states()[FIRST] == "champion"


def test_files_other_than_the_registered_ones_are_refused(supervised_artefact: Path, tmp_path: Path):
    promote(FIRST)
    shutil.rmtree(tmp_path / FIRST)
    copied(supervised_artefact, tmp_path / FIRST)

    with pytest.raises(ModelAltered, match="registered"):
        champion_load()


def test_unknown_and_repeated_promotions_are_refused():
    promote(FIRST)

    with pytest.raises(NotFound):
        promote("card-2020-01-01.1")
    with pytest.raises(AlreadyChampion):
        promote(FIRST)


# -- what the database keeps, whoever writes


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # TRUNCATE does not wait for checks that are due
        cursor.execute(sql)


def write_promotion(version: str, **fields) -> None:
    model = ModelVersion.objects.get(version=version)
    with transaction.atomic():
        ModelPromotion.objects.create(model=model, promoted_by="x", promoted_at=NOW, **fields)


def test_the_database_makes_nothing_champion_that_was_not_promoted():
    promote(FIRST)

    with refused("was not promoted"), transaction.atomic():
        ModelVersion.objects.filter(version=SECOND).update(state="champion")


def test_the_database_keeps_one_champion():
    promote(FIRST)
    write_promotion(SECOND, replaced=ModelVersion.objects.get(version=FIRST), override_reason="because")

    with refused("model_one_champion"), transaction.atomic():
        ModelVersion.objects.filter(version=SECOND).update(state="champion")


@pytest.mark.parametrize("how", ["nothing", "refused", "other", "roll back", "stale"])
def test_the_database_refuses_a_promotion_past_the_gate(how: str):
    promote(FIRST)
    champion = ModelVersion.objects.get(version=FIRST)
    all_fields: dict[str, dict[str, Any]] = {
        "nothing": {},
        "refused": {"evaluation": evaluate(SECOND, FIRST, passed=False)},
        "other": {"evaluation": evaluate(SUPERVISED, FIRST)},
        "roll back": {"is_roll_back": True},
        "stale": {"replaced": None},
    }

    with refused("promoting is refused"):
        write_promotion(SECOND, **{"replaced": champion, **all_fields[how]})


def test_the_database_keeps_models_as_they_were_registered():
    changes: list[dict[str, Any]] = [{"kind": "x"}, {"sha256": "0" * 64}, {"manifest": {}}, {"version": "x"}]
    for change in changes:
        with refused("only its state may change"), transaction.atomic():
            ModelVersion.objects.filter(version=FIRST).update(**change)
    for sql in ("DELETE FROM scoring_modelversion", "TRUNCATE scoring_modelversion CASCADE"):
        with pytest.raises(DatabaseError, match="is refused"):
            execute(sql)


@pytest.mark.parametrize("model", [ModelEvaluation, ModelPromotion])
def test_the_database_keeps_what_the_gate_said_and_who_promoted(model):
    promote(FIRST)
    evaluate(SECOND, FIRST)

    assert model.insert_only
    for sql in ("UPDATE {} SET id = id", "DELETE FROM {}"):
        with pytest.raises(DatabaseError, match="is refused"):
            execute(sql.format(model._meta.db_table))
