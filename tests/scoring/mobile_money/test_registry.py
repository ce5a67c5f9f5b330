"""Two families in one registry: each has its champion, its gate and its way back."""

import csv
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from pytest_django import Settings

from dashboard.start_page import champion as start_page_champion
from scoring.domain.mobile_money.files import COLUMNS
from scoring.domain.mobile_money.payments import amount_text
from scoring.domain.mobile_money.simulator import payments_simulated
from scoring.models import ModelEvaluation, ModelPromotion, ModelVersion
from scoring.selectors.models import champion_load, champion_row
from scoring.selectors.registry import model_standing
from scoring.services.evaluation_runs import NothingBeside, evaluation_ask
from scoring.services.model_brake import model_brake
from scoring.services.model_evaluation import NothingToMeasure, model_evaluate
from scoring.services.model_readings import model_readings_take
from scoring.services.models import model_register
from scoring.services.promotions import GateClosed, WrongState, model_challenge, model_promote, model_roll_back
from scoring.services.retraining import model_retrain
from tests.scoring.conftest import NOW
from tests.scoring.registry import copied, evaluate, no_champion

pytestmark = pytest.mark.django_db
CARD, FIRST, SECOND = "card-2026-01-30.1", "mobile-2026-01-30.1", "mobile-2026-01-30.2"
BEGINS = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def registered(artefact: Path, mobile_artefact: Path, tmp_path: Path, settings: Settings) -> None:
    settings.MODEL_DIR = tmp_path
    no_champion()
    for source, version in ((artefact, CARD), (mobile_artefact, FIRST), (mobile_artefact, SECOND)):
        model_register(manifest=copied(source, tmp_path / version), now=NOW)


def promote(version: str, **fields) -> ModelVersion:
    return model_promote(version=version, actor="olivia", now=NOW, **fields)


def champions() -> set[str]:
    return set(ModelVersion.objects.filter(state="champion").values_list("version", flat=True))


def manage(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def later_file(path: Path, days: int = 20) -> Path:
    """Payments of another month, with the truth."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*COLUMNS, "isFraud"])
        for paid, is_fraud in payments_simulated(11, days=days, customers=600):
            money = (paid.amount_minor, paid.origin_before_minor, paid.origin_after_minor)
            amount, before, after = map(amount_text, money)
            other = map(amount_text, (paid.destination_before_minor, paid.destination_after_minor))
            rows.writerow([paid.step, paid.type, amount, paid.origin, before, after, paid.destination, *other,
                           int(is_fraud)])  # fmt: skip
    return path


def test_each_family_has_a_champion_of_its_own() -> None:
    promote(CARD)
    promote(FIRST)

    assert champions() == {CARD, FIRST}
    assert [str(champion_row()), str(champion_row("mobile"))] == [CARD, FIRST]
    loaded = [champion_load(), champion_load(family="mobile")]
    assert [each and each.version for each in loaded] == [CARD, FIRST]
    assert ModelVersion.objects.get(version=FIRST).family == "mobile"


def test_the_gate_stands_before_the_second_of_a_family_only() -> None:
    promote(CARD)
    promote(FIRST)

    with pytest.raises(GateClosed, match=f"beside {FIRST}"):
        promote(SECOND)
    with pytest.raises(GateClosed):
        promote(SECOND, evaluation=evaluate(SECOND, CARD))
    assert champions() == {CARD, FIRST}
    promote(SECOND, evaluation=evaluate(SECOND, FIRST))
    assert champions() == {CARD, SECOND}


def test_a_roll_back_goes_back_within_the_family() -> None:
    promote(FIRST)
    promote(SECOND, evaluation=evaluate(SECOND, FIRST))
    promote(CARD)  # the newest promotion is another family's

    assert model_roll_back(actor="olivia", now=NOW, family="mobile").version == FIRST
    assert champions() == {CARD, FIRST}
    assert str(model_standing(ModelVersion.objects.get(version=SECOND), NOW).champion) == FIRST


def test_the_database_keeps_a_champion_a_family_whoever_writes() -> None:
    promote(FIRST)
    second = ModelVersion.objects.get(version=SECOND)
    with pytest.raises(IntegrityError, match="was not promoted"), transaction.atomic():
        ModelVersion.objects.filter(pk=second.pk).update(state="champion")
    with pytest.raises(IntegrityError, match="did not let this model pass"), transaction.atomic():
        ModelPromotion.objects.create(model=second, replaced=champion_row("mobile"), promoted_by="x", promoted_at=NOW)
    ModelPromotion.objects.create(
        model=second, replaced=champion_row("mobile"), promoted_by="x", promoted_at=NOW, override_reason="because"
    )
    with pytest.raises(IntegrityError, match="model_one_champion"), transaction.atomic():
        ModelVersion.objects.filter(pk=second.pk).update(state="champion")


def test_the_database_keeps_the_family_in_the_name() -> None:
    with pytest.raises(IntegrityError, match="only its state"), transaction.atomic():
        ModelVersion.objects.filter(version=FIRST).update(family="card")
    fields = {"kind": "isolation_forest", "catalogue_version": 1, "sha256": "0" * 64, "manifest": {}}
    with pytest.raises(IntegrityError, match="model_version_names_family"), transaction.atomic():
        ModelVersion.objects.create(version="mobile-2020-01-01.1", created_at=NOW, **fields)


def test_what_hangs_on_the_record_is_of_cards_alone() -> None:
    promote(FIRST)
    assert model_retrain(clock=lambda: NOW + timedelta(days=30), command=("false",)) == ""
    assert (model_readings_take(now=NOW), model_brake(now=NOW)) == (0, False)
    assert start_page_champion() is None

    promote(CARD)
    assert (start_page_champion() or {})["model"].version == CARD


def test_it_neither_challenges_nor_is_measured_on_the_record() -> None:
    promote(CARD)
    promote(FIRST)
    second = ModelVersion.objects.get(version=SECOND)

    with pytest.raises(WrongState, match="not recorded"):
        model_challenge(version=SECOND, actor="olivia", now=NOW)
    with pytest.raises(NothingBeside, match="with a file"):
        evaluation_ask(actor="olivia", model=second, now=NOW)
    with pytest.raises(NothingToMeasure, match="on a file"):
        model_evaluate(version=SECOND, actor="olivia", now=NOW)
    assert ModelVersion.objects.get(version=SECOND).state == "candidate"
    assert not ModelEvaluation.objects.filter(model=second).exists()


def test_the_gate_measures_it_on_a_file_of_later_payments(tmp_path: Path) -> None:
    promote(FIRST)
    data = str(later_file(tmp_path / "later.csv"))
    with suppress(SystemExit):  # whether twins pass is not the point here
        manage("evaluate_model", SECOND, "--data", data, "--begins", f"{BEGINS:%Y-%m-%dT%H:%MZ}")

    found = ModelEvaluation.objects.get(model__version=SECOND)
    lines = {line["code"]: line["passed"] for line in found.lines}
    assert (found.champion.version, found.first_at >= BEGINS) == (FIRST, True)
    assert found.until <= datetime.now(UTC) - timedelta(days=7)
    assert found.frauds > 20
    assert {"segment.transfers", "segment.cash_outs", "leak.model"} <= lines.keys()
    assert all(lines[code] for code in ("inputs", "parity", "window_later", "average_precision"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train_model", "--family", "mobile"], "not recorded: give --bundled"),
        (["train_model", "--family", "mobile", "--data", "x.csv"], "--data with --begins"),
        (["train_model", "--family", "mobile", "--bundled", "--challenger"], "nothing a challenger could score"),
        (["train_model", "--family", "mobile", "--bundled", "--labels", "x.csv"], "neither --labels"),
        (["train_model", "--bundled", "--begins", "2026-01-01T00:00Z"], "files of mobile money"),
        (["train_model", "--family", "mobile", "--data", "x.csv", "--begins", "2026-01-01T00:00Z"], "cannot be read"),
        (["evaluate_model", SECOND], "--data with --begins"),
        (["evaluate_model", CARD, "--data", "x.csv", "--begins", "2026-01-01T00:00Z"], "measured on the record"),
    ],
)
def test_commands_say_what_does_not_fit_and_register_nothing(arguments: list[str], words: str) -> None:
    before = ModelVersion.objects.count()

    with pytest.raises(CommandError, match=words):
        manage(*arguments)
    assert (ModelVersion.objects.count(), ModelEvaluation.objects.count()) == (before, 0)


def test_the_starter_is_trained_by_the_same_command_once() -> None:
    told = manage("train_model", "--family", "mobile", "--bundled")
    again = manage("train_model", "--family", "mobile", "--bundled", "--if-missing")

    (version,) = champions()
    assert version.startswith("mobile-")
    assert f"{version} is the champion." in told
    assert f"{version} is there and fits" in again
    assert f"{version} " in manage("list_models")


def test_a_file_trains_a_candidate_beside_it(tmp_path: Path) -> None:
    promote(FIRST)
    data = str(later_file(tmp_path / "later.csv", days=31))

    told = manage("train_model", "--family", "mobile", "--data", data, "--begins", f"{BEGINS:%Y-%m-%dT%H:%MZ}")

    newest = ModelVersion.objects.first()
    assert newest is not None
    assert (newest.state, newest.manifest["source"]) == ("candidate", "later.csv")
    assert f"is a candidate; the champion is {FIRST}" in told
