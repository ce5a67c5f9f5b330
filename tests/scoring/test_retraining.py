"""Training on a schedule: when it is due, one at a time, in a process of its own; a failure is told."""

import sys
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.conf import LazySettings as Settings
from django.db import connection

from ledger.models import AuditEntry, RecordMark
from rules.models import Alarm
from scoring.models import ModelPromotion, ModelVersion
from scoring.services import retraining
from scoring.services.retraining import UNDER_WAY, model_retrain
from sentinel.core.ids import uuid7
from tests.scoring.registry import no_champion

DAY = timedelta(days=1)
NOW = datetime(2027, 5, 1, 12, tzinfo=UTC)
TRAINS = (sys.executable, "-c", "print('card-2027-05-01.1 is a challenger')")
FAILS = (sys.executable, "-c", "print('some words', flush=True); raise SystemExit('too few frauds')")
HANGS = (sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(60)")

pytestmark = pytest.mark.django_db


def model(version: str, state: str, created_at: datetime) -> ModelVersion:
    return ModelVersion.objects.create(
        version=version,
        kind="isolation_forest",
        catalogue_version=1,
        sha256="a" * 64,
        manifest={},
        state=state,
        created_at=created_at,
    )


@pytest.fixture(autouse=True)
def champion(settings: Settings) -> None:
    """Trained eight days ago; a week is set."""
    settings.RETRAIN_DAYS = 7
    no_champion()
    found = model("retrained-2027-04-23.1", "candidate", NOW - 8 * DAY)
    ModelPromotion.objects.create(model=found, promoted_by="olivia", promoted_at=NOW - 8 * DAY)
    ModelVersion.objects.filter(pk=found.pk).update(state="champion")


def retrain(command=TRAINS, *, now: datetime = NOW, **how) -> str:
    return model_retrain(clock=lambda: now, command=command, **how)


def alarms() -> list[str]:
    return list(Alarm.objects.filter(kind="model.retraining_failed").values_list("words", flat=True))


def test_a_training_that_is_due_runs_and_its_words_are_the_result():
    assert retrain() == "card-2027-05-01.1 is a challenger"
    assert alarms() == []
    assert RecordMark.objects.get(name="retraining").read_until == NOW


def test_the_next_one_is_due_a_week_later():
    retrain()

    assert retrain(now=NOW + 7 * DAY - timedelta(seconds=1)) == ""
    assert retrain(now=NOW + 7 * DAY) != ""


def test_a_model_trained_by_hand_puts_it_off():
    model("retrained-2027-04-30.1", "candidate", NOW - DAY)

    assert retrain() == ""


def test_none_is_due_when_it_is_off_or_without_a_champion(settings: Settings):
    settings.RETRAIN_DAYS = 0
    assert retrain() == ""

    settings.RETRAIN_DAYS = 7
    no_champion()
    assert retrain() == ""


def test_a_failure_is_told_and_is_not_tried_again_at_once():
    assert retrain(FAILS) == "some words\ntoo few frauds\nIt ended with exit code 1."

    assert alarms() == [
        "The scheduled training failed. It ended with exit code 1. too few frauds The champion goes on. Train by "
        "hand to see all of it: manage.py train_model --challenger."
    ]
    assert retrain(now=NOW + timedelta(hours=1)) == ""


def test_one_that_takes_too_long_is_stopped():
    assert retrain(HANGS, seconds_max=1) == "begun\nIt was stopped after 1 seconds."
    assert len(alarms()) == 1


def test_two_never_train_at_once():
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [retraining._LOCK])
        assert retrain() == UNDER_WAY
        # Closing the connection would do so too, a moment later.
        other.execute("SELECT pg_advisory_unlock(%s)", [retraining._LOCK])

    assert retrain() != UNDER_WAY


def test_it_makes_a_challenger_never_a_champion():
    assert retraining.COMMAND[1:][-2:] == ("train_model", "--challenger")


def test_old_challengers_of_training_make_room_and_others_stay():
    for number in range(1, 6):
        version = f"retrained-2027-04-0{number}.1"
        model(version, "challenger", NOW - (20 - number) * DAY)
        actor = "olivia" if number == 1 else "manage.py train_model"
        said = {"action": "model.challenges", "subject": f"model {version}", "recorded_at": NOW}
        AuditEntry.objects.create(id=uuid7(), actor=actor, **said)
    retrain()

    left = ModelVersion.objects.filter(state="challenger", version__startswith="retrained").order_by("version")
    assert [each.version[-4:-2] for each in left] == ["01", "03", "04", "05"]
