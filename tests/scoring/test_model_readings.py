"""An alarm when a figure of the champion leaves its band: once, in words, and again after it was back."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from ledger.models import RecordMark
from rules.models import Alarm
from scoring.models import ModelDay, ModelReading, ModelVersion
from scoring.services.model_readings import model_readings_take
from scoring.services.models import model_register
from scoring.services.promotions import model_promote
from scoring.tasks import models_watch
from tests.scoring.conftest import NOW
from tests.scoring.registry import copied, no_champion

VERSION = "watched-2026-01-30.1"
LAST = NOW.date()

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(supervised_artefact: Path, tmp_path: Path, settings) -> ModelVersion:
    settings.MODEL_DIR = tmp_path
    no_champion()
    found = model_register(manifest=copied(supervised_artefact, tmp_path / VERSION), now=NOW)
    model_promote(version=VERSION, actor="olivia", now=NOW)
    return found


def calm(model: ModelVersion, last: date = LAST) -> None:
    for ago in range(1, 29):
        day = last - timedelta(days=ago)
        ModelDay.objects.create(model=model, day=day, payments=10_000, alerts=70, calibration=[[0, 0, 0, 0]] * 10)


def add(model: ModelVersion, day: date, **counts) -> None:
    ModelDay.objects.create(model=model, day=day, calibration=[[0, 0, 0, 0]] * 10, **counts)


def alarms() -> list[tuple[str, str]]:
    return list(Alarm.objects.filter(subject=f"model:{VERSION}").order_by("id").values_list("kind", "words"))


def test_a_calm_day_raises_nothing_and_is_kept(model):
    calm(model)
    add(model, LAST, payments=10_000, alerts=72)

    assert model_readings_take(now=NOW) == 0
    assert alarms() == []
    reading = ModelReading.objects.get(model=model, code="alert_rate")
    assert (reading.value, reading.day, reading.out_since) == (0.0072, LAST, None)


def test_a_figure_that_leaves_its_band_raises_one_alarm_with_what_to_do(model):
    calm(model)
    add(model, LAST, payments=10_000, alerts=140)

    assert model_readings_take(now=NOW) == 1
    assert alarms() == [
        (
            "model.alert_rate",
            f"{VERSION} alerts more or less often than usual. 1.40% of the day's payments are alerts; usual is "
            "0.70%, from 0.37% to 1.03%. Look at its latest alerts: payments or fraud have changed, or the policy. "
            "Then train a challenger, or move the threshold.",
        )
    ]
    assert ModelReading.objects.get(model=model, code="alert_rate").out_since == LAST


def test_it_is_not_told_again_while_it_stays_out_and_told_again_after_it_was_back(model):
    calm(model)
    for ahead, alerts in enumerate((140, 145, 70, 150)):
        add(model, LAST + timedelta(days=ahead), payments=10_000, alerts=alerts)
        model_readings_take(now=NOW + timedelta(days=ahead))
        model_readings_take(now=NOW + timedelta(days=ahead, hours=1))

    assert [kind for kind, _ in alarms()] == ["model.alert_rate"] * 2
    assert ModelReading.objects.get(model=model, code="alert_rate").out_since == LAST + timedelta(days=3)


def test_what_cannot_be_measured_any_more_stays_out(model):
    calm(model)
    add(model, LAST, payments=10_000, alerts=140)
    model_readings_take(now=NOW)
    add(model, LAST + timedelta(days=1), payments=0)
    model_readings_take(now=NOW + timedelta(days=1))

    reading = ModelReading.objects.get(model=model, code="alert_rate")
    assert (reading.value, reading.out_since, len(alarms())) == (None, LAST, 1)


def test_many_inputs_that_move_together_are_one_alarm(model):
    names = model.manifest["classifier"]["inputs"][:5]
    widths = {name: len(model.manifest["classifier"]["bins"][name]["shares"]) + 1 for name in names}
    spreads = {name: [0] * (width - 1) + [2000] for name, width in widths.items()}
    add(model, LAST, payments=2000, spreads=spreads)

    model_readings_take(now=NOW)

    assert [kind for kind, _ in alarms()] == ["model.stability", "model.missing"]
    assert "2 more have left their band." in alarms()[0][1]
    assert "Missing in 100.0% of payments" in alarms()[1][1]
    assert ModelReading.objects.filter(model=model, out_since=LAST).count() == 10


def test_an_hour_counts_judges_and_reads(model):
    calm(model)
    add(model, LAST, payments=10_000, alerts=140)

    models_watch()

    assert [kind for kind, _ in alarms()] == ["model.alert_rate"]
    assert set(RecordMark.objects.filter(name__startswith="model-").values_list("name", flat=True)) == {
        "model-days",
        "model-labels",
        "model-matured",
    }


def test_without_a_champion_or_a_day_nothing_is_read(model):
    assert model_readings_take(now=NOW) == 0
    no_champion()
    add(model, LAST, payments=10_000, alerts=5000)

    assert model_readings_take(now=NOW) == 0
    assert not ModelReading.objects.exists()
