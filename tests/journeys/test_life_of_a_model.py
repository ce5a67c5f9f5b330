"""Weeks of a bank's record: a forest at first, then a classifier, and a gate that nothing passes unseen."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from ledger.models import AuditEntry
from scoring.domain.dataset import Dataset
from scoring.models import ModelEvaluation, ModelVersion
from scoring.selectors.known_payments import payments_known
from scoring.selectors.models import champion_load
from scoring.services.model_evaluation import NothingToMeasure, model_evaluate
from scoring.services.models import model_register, model_train
from scoring.services.policy_shipped import shipped_policy_publish
from scoring.services.promotions import model_promote
from scoring.training.dataset import dataset_read
from sentinel.core.catalogue import PACKED_INDEX
from tests.scoring.conftest import LABELS, TRANSACTIONS
from tests.scoring.record import record_write
from tests.scoring.registry import no_champion

pytestmark = pytest.mark.journey

DAY = timedelta(days=1)
LEARNED_AGO = 26 * DAY


@pytest.fixture(scope="module")
def past() -> Dataset:
    """75 days of payments."""
    return dataset_read(TRANSACTIONS, LABELS)


@pytest.fixture(scope="module")
def now(past, django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[datetime]:
    """The moment up to which the record goes. Rolled back after the last of these tests."""
    moment, folder = timezone.now(), django_settings.MODEL_DIR
    django_settings.MODEL_DIR = tmp_path_factory.mktemp("models")
    with django_db_blocker.unblock(), transaction.atomic():
        record_write(past, now=moment)
        no_champion()
        shipped_policy_publish(
            thresholds={"review_percentile": 0.995, "review_probability": 0.3}, note="", now=moment
        )
        yield moment
        transaction.set_rollback(True)
    django_settings.MODEL_DIR = folder


@pytest.fixture(scope="module")
def known(now) -> Dataset:
    """What of the record is known today."""
    return payments_known(start=now - 90 * DAY, end=now, known_at=now)


@pytest.fixture
def kept(now) -> Iterator[None]:
    """What a test does to the registry is taken back."""
    point = transaction.savepoint()
    yield
    transaction.savepoint_rollback(point)


def train(rows: Dataset, now: datetime, kind: str | None = None) -> str:
    manifest = model_train(dataset=rows, kind=kind, now=now)
    return model_register(manifest=manifest, now=now).version


@pytest.fixture(scope="module")
def forest(known, now) -> str:
    """A forest, trained three weeks ago, the champion."""
    version = train(until(known, now - LEARNED_AGO), now - LEARNED_AGO, "isolation_forest")
    model_promote(version=version, actor="olivia", now=now)
    return version


@pytest.fixture(scope="module")
def classifier(known, now) -> str:
    """Boosted trees, trained at the same time on the labels that were known by then."""
    return train(until(known, now - LEARNED_AGO), now - LEARNED_AGO)


def until(rows: Dataset, moment: datetime) -> Dataset:
    return rows.rows(np.asarray(rows.occurred_at < moment.timestamp()))


def evaluate(version: str, now: datetime) -> ModelEvaluation:
    return model_evaluate(version=version, actor="olivia", now=now)


def refused(evaluation: ModelEvaluation) -> set[str]:
    return {line["code"] for line in evaluation.lines if not line["passed"]}


def test_the_record_gives_back_what_was_written(past, known, now):
    mature = past.occurred_at <= past.occurred_at[-1] + 60 - 7 * DAY.total_seconds()

    # Other tests leave payments behind.
    assert len(known) >= mature.sum() - 3
    assert known.is_fraud.sum() >= past.is_fraud[mature].sum()
    fields = [PACKED_INDEX[name] for name in ("amount", "usual_amount_30d", "merchant_fraud_rate_last_day")]
    written, read = ({row.tobytes() for row in rows.columns[:, fields]} for rows in (past.rows(mature), known))
    assert len(written - read) <= 3
    assert (known.known_at - known.occurred_at >= 7 * 86_400 - 1).mean() > 0.99
    assert len(set(known.accounts.tolist())) >= len(set(past.accounts.tolist()))


def test_a_classifier_passes_the_gate_beside_a_forest_and_decides(forest, classifier, now, kept):
    evaluation = evaluate(classifier, now)

    assert not refused(evaluation), [line["words"] for line in evaluation.lines if not line["passed"]]
    assert evaluation.frauds >= 100
    figures = evaluation.figures
    assert figures[classifier]["average_precision"] > figures[forest]["average_precision"] + 0.1
    assert evaluation.proposed_threshold is not None  # the forest's threshold is on another scale

    model_promote(version=classifier, actor="olivia", now=now, evaluation=evaluation)
    champion = champion_load()
    assert champion is not None
    assert (champion.version, champion.kind) == (classifier, "boosted_trees")


@pytest.fixture
def champion(forest, classifier, now, kept) -> str:
    """The classifier, promoted."""
    model_promote(version=classifier, actor="olivia", now=now, evaluation=evaluate(classifier, now))
    return classifier


def test_a_worse_model_is_refused_by_its_ranking(champion, known, now):
    rows = until(known, now - LEARNED_AGO)
    chance = np.random.default_rng(1)
    worse = replace(rows, is_fraud=chance.permutation(rows.is_fraud))

    evaluation = evaluate(train(worse, now - LEARNED_AGO), now)
    assert "average_precision" in refused(evaluation)
    assert not evaluation.passed


def test_a_leaky_model_is_not_believed(champion, known, now):
    """The answer sits in one of the inputs, as when a label slips into a feature."""
    leaky = replace(known, columns=leaked(known))
    challenger = train(until(leaky, now - LEARNED_AGO), now - LEARNED_AGO)

    with pytest.MonkeyPatch.context() as patch:
        later = leaky.rows(leaky.occurred_at > (now - LEARNED_AGO).timestamp())
        patch.setattr("scoring.services.model_evaluation.payments_known", lambda **_: later)
        evaluation = evaluate(challenger, now)
    assert {"leak.model", "leak.input"} <= refused(evaluation)
    words = next(line["words"] for line in evaluation.lines if line["code"] == "leak.model")
    assert "is not believed" in words


def leaked(rows: Dataset) -> Any:
    columns = rows.columns.copy()
    columns[:, PACKED_INDEX["frauds_of_merchant_7d"]] = rows.is_fraud
    return columns


def test_a_model_of_too_few_labels_is_refused(champion, known, now):
    rows = until(known, now - LEARNED_AGO)
    frauds = np.flatnonzero(rows.is_fraud)
    is_told = np.zeros(len(rows), dtype=np.bool_)
    is_told[frauds[:: len(frauds) // 20]] = True
    few = replace(rows, is_fraud=is_told)
    evaluation = evaluate(train(few, now - LEARNED_AGO, "logistic_regression"), now)

    assert "training_frauds" in refused(evaluation)


def test_a_model_of_today_has_nothing_to_be_measured_on(champion, known, now):
    version = train(known, now, "isolation_forest")
    ModelVersion.objects.get(version=version)

    evaluation = evaluate(version, now)
    assert evaluation.first_at > now - 28 * DAY  # the weeks it was measured on, which it never saw
    with pytest.raises(NothingToMeasure, match="Wait"):
        evaluate(version, now - 30 * DAY)


def test_the_commands_tell_the_same(forest, classifier, now, kept):
    User.objects.create_superuser("olivia-the-operator")
    out = StringIO()
    call_command("evaluate_model", classifier, stdout=out)
    assert "passed  average_precision" in out.getvalue()
    assert "It passed." in out.getvalue()

    with pytest.raises(CommandError, match="no log-in nobody"):
        call_command("promote_model", classifier, "--by", "nobody", stdout=out)
    call_command("promote_model", classifier, "--by", "olivia-the-operator", stdout=out)
    assert f"{classifier} is the champion." in out.getvalue()
    call_command("rollback_model", "--by", "olivia-the-operator", stdout=out)
    assert f"{forest} is the champion again." in out.getvalue()
    call_command("list_models", stdout=out)
    assert "card precision 100 0." in out.getvalue()
    assert AuditEntry.objects.filter(action="model.rolled_back", actor="olivia-the-operator").exists()


def test_training_on_the_record_by_command(forest, now, kept):
    out = StringIO()
    call_command("train_model", "--challenger", stdout=out)

    assert "boosted_trees on payments of the record" in out.getvalue()
    assert "is a challenger" in out.getvalue()
    row = ModelVersion.objects.get(state="challenger")
    assert row.manifest["classifier"]["training"]["frauds"] >= 100


def test_a_moment_of_replayed_history_needs_a_zone():
    with pytest.raises(CommandError, match="names no zone"):
        call_command("train_model", "--as-of", "2018-07-25T00:00:00", stdout=StringIO())
