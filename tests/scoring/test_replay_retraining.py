"""What a replay makes of a new model. The commands it runs are tested by themselves."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.management import CommandError, call_command
from pytest_django import Settings

from ledger.models import AuditEntry
from scoring.models import ModelEvaluation, ModelPromotion, ModelVersion
from scoring.replay.retraining import ACTOR, Retrained, Retrainer, learned_words, manage
from scoring.selectors.models import manifest_key
from scoring.services.models import model_register
from scoring.services.promotions import model_challenge, model_promote
from scoring.serving.manifest import Manifest
from tests.scoring.conftest import KEY, NOW, TRANSACTIONS
from tests.scoring.registry import evaluate, no_champion, states

FOREST, TREES, NEW_TREES = "card-2026-01-30.1", "card-2026-01-30.2", "card-2026-01-30.3"
MOMENT = datetime(2024, 4, 21, tzinfo=UTC)
FOUND = Retrained(MOMENT, NEW_TREES, "boosted trees of 9 payments", passed=True)


@pytest.fixture
def registered(db, artefact: Path, supervised_artefact: Path, tmp_path: Path, settings: Settings) -> None:
    """A forest and two supervised models."""
    settings.MODEL_DIR = tmp_path
    no_champion()
    for version, source in ((FOREST, artefact), (TREES, supervised_artefact), (NEW_TREES, supervised_artefact)):
        shutil.copytree(source, tmp_path / version)
        manifest = Manifest.from_bytes((source / "manifest.json").read_bytes(), KEY)
        manifest = manifest.model_copy(update={"version": version})
        (tmp_path / version / "manifest.json").write_bytes(manifest.to_bytes(manifest_key()))
        model_register(manifest=manifest, now=NOW)


def promoted(evaluation: ModelEvaluation, promoter: str | None = None) -> Retrained:
    found: Retrained = async_to_sync(Retrainer(promoter).promote)(FOUND, evaluation)
    return found


def champion(version: str) -> None:
    model_promote(version=version, actor="olivia", now=NOW)


def test_a_supervised_champion_gives_way_to_a_model_that_passed_the_gate(registered: None) -> None:
    champion(TREES)

    found = promoted(evaluate(NEW_TREES, TREES))

    assert (found.promoted, found.words) == (True, "")
    assert states()[NEW_TREES] == "champion"
    assert ModelPromotion.objects.get(model__version=NEW_TREES).promoted_by == ACTOR


def test_an_unsupervised_champion_gives_way_in_the_name_of_a_person_only(registered: None) -> None:
    champion(FOREST)

    found = promoted(evaluate(NEW_TREES, FOREST))

    assert (found.promoted, found.words) == (False, "a person must answer for it: --promote-by")
    assert states()[FOREST] == "champion"


def test_a_verdict_that_asks_for_a_person_waits_for_one(registered: None) -> None:
    champion(TREES)
    evaluation = evaluate(NEW_TREES, TREES)
    evaluation.needs_approval = True

    assert not promoted(evaluation).promoted
    assert states()[TREES] == "champion"


def test_what_hinders_a_promotion_is_told(registered: None, settings: Settings) -> None:
    champion(TREES)
    (Path(settings.MODEL_DIR) / NEW_TREES / "classifier.onnx").write_bytes(b"another")

    found = promoted(evaluate(NEW_TREES, TREES))

    assert not found.promoted
    assert found.words
    assert states()[TREES] == "champion"


def test_a_challenger_that_was_not_promoted_is_put_away_before_the_next(registered: None) -> None:
    champion(FOREST)
    model_challenge(version=TREES, actor="olivia", now=NOW)

    async_to_sync(Retrainer(previous=TREES).put_away)()
    async_to_sync(Retrainer(previous=FOREST).put_away)()  # it was promoted

    assert (states()[TREES], states()[FOREST]) == ("retired", "champion")
    assert AuditEntry.objects.filter(action="model.retired", subject=f"model {TREES}", actor=ACTOR).exists()


def test_a_model_is_told_with_what_it_learned_from(registered: None) -> None:
    words = learned_words(ModelVersion.objects.get(version=TREES))

    assert words.startswith("boosted trees of ")
    assert " frauds, 2024-01-01 to 2024-01-" in words


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({"promoted": True}, "boosted trees of 9 payments; the gate lets it pass; promoted"),
        (
            {"passed": False, "refused_by": {"frauds": "9 frauds.", "recall": "It fell."}},
            "boosted trees of 9 payments; refused by frauds, recall; not promoted",
        ),
        ({"passed": None, "words": "Wait."}, "boosted trees of 9 payments; no verdict; not promoted (Wait.)"),
        ({"version": None, "passed": None, "words": "Too few."}, "no model; no verdict; not promoted (Too few.)"),
    ],
)
def test_each_retraining_is_one_line(changes: dict[str, Any], ending: str) -> None:
    line = replace(FOUND, **changes).line

    assert line.startswith("2024-04-21 00:00: ")
    assert line.endswith(ending)


def test_a_command_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_API_KEY", "sk_live_0_0")
    refused = ("replay", "x.csv", "--url", "http://127.0.0.1:1", "--no-label-release")

    assert async_to_sync(manage)(*refused) == "--no-label-release needs --labels."
    assert async_to_sync(manage)("replay").endswith("the following arguments are required: file")
    assert async_to_sync(manage)("help") == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"retrain_every": 7}, "--retrain-every trains on the record of this installation"),
        ({"promote_by": "olivia"}, "--promote-by needs --retrain-every"),
        ({"no_label_release": True}, "--no-label-release needs --labels"),
        ({"json": Path("/nowhere/report.json")}, "there is no folder /nowhere"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_sent(
    options: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTINEL_API_KEY", "sk_live_0_0")

    with pytest.raises(CommandError, match=words):
        call_command("replay", TRANSACTIONS, url="http://127.0.0.1:1", stdout=StringIO(), **options)
