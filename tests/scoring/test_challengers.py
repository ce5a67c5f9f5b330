"""Challengers score what was decided without them, each payment once."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from ledger.models import Decision
from scoring.domain.dataset import Dataset
from scoring.models import ChallengerScore, ModelVersion
from scoring.selectors.models import model_load
from scoring.services.challengers import challengers_score
from scoring.services.models import model_register
from scoring.services.promotions import model_challenge
from tests.scoring.record import record_write
from tests.scoring.registry import copied, no_champion

FIRST, SECOND = "card-2026-01-30.1", "card-2026-01-30.2"
ROWS = 300

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def registered(
    artefact: Path, supervised_artefact: Path, dataset: Dataset, tmp_path: Path, settings: Settings
) -> datetime:
    """A forest that challenges, a supervised candidate, and payments decided since; a moment two minutes later."""
    settings.MODEL_DIR = tmp_path
    no_champion()
    before = timezone.now()
    for version, source in ((FIRST, artefact), (SECOND, supervised_artefact)):
        model_register(manifest=copied(source, tmp_path / version), now=before)
    challenge(FIRST)
    record_write(dataset.rows(slice(5000, 5000 + ROWS)), now=before)
    return before + timedelta(minutes=2)


def challenge(version: str) -> None:
    model_challenge(version=version, actor="olivia", now=timezone.now())


def scores(version: str) -> dict:
    found = ChallengerScore.objects.filter(model__version=version)
    return {each.transaction_id: (each.fraud_probability, each.score_percentile) for each in found}


def test_each_payment_is_scored_once_as_the_model_would_have_scored_it(registered):
    assert challengers_score(now=registered) == ROWS
    assert challengers_score(now=registered) == 0

    decisions = Decision.objects.filter(pk__in=scores(FIRST))
    model = model_load(ModelVersion.objects.get(version=FIRST))
    expected = model.score([bytes(each.snapshot) for each in decisions])
    assert scores(FIRST) == {
        each.pk: (None, score.score_percentile) for each, score in zip(decisions, expected, strict=True)
    }


def test_a_candidate_scores_nothing_until_it_challenges(registered):
    challengers_score(now=registered)
    assert not scores(SECOND)

    challenge(SECOND)
    assert challengers_score(now=registered) == ROWS
    assert all(probability is not None for probability, _ in scores(SECOND).values())


def test_payments_that_may_still_be_under_way_wait(registered):
    assert challengers_score(now=timezone.now()) == 0


def test_a_challenger_without_its_files_does_not_stop_the_others(registered, tmp_path):
    challenge(SECOND)
    (tmp_path / FIRST / "forest.onnx").unlink()

    assert challengers_score(now=registered) == ROWS
    assert (len(scores(FIRST)), len(scores(SECOND))) == (0, ROWS)
