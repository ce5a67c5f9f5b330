"""What the Admin shows of how a model fares: plots without scripts, each with its table, and marks."""

import re
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from scoring.admin.model_watch import panel
from scoring.admin.plots import Plot, nice_above
from scoring.models import ModelDay, ModelReading, ModelVersion
from tests.scoring.conftest import NOW

LAST = date(2026, 1, 30)
NO_BINS = [[0, 0.0, 0.0, 0]] * 10


@pytest.fixture
def model(db) -> ModelVersion:
    return ModelVersion.objects.create(
        version="shown-2026-01-30.1",
        kind="boosted_trees",
        catalogue_version=1,
        sha256="a" * 64,
        manifest={"forest": {}, "classifier": {}},
        created_at=NOW,
    )


def add_days(model: ModelVersion, count: int = 30) -> None:
    for ago in reversed(range(count)):
        alerts = 140 if ago == 0 else 70
        ModelDay.objects.create(
            model=model,
            day=LAST - timedelta(days=ago),
            payments=10_000,
            alerts=alerts,
            forest_alerts=alerts // 10,
            calibration=[*NO_BINS[:9], [4, 3.8, 0.18, 3]],
        )


def add_reading(model: ModelVersion, code: str, value: float | None, *, out: date | None = None, words: str = "w"):
    ModelReading.objects.create(
        model=model, code=code, value=value, low=0, high=0.1, words=words, day=LAST, out_since=out, read_at=NOW
    )


def test_a_model_of_which_nothing_is_counted_says_so(model):
    shown = panel(model)

    assert "Nothing is counted of this model yet." in shown
    assert "<svg" not in shown


def test_each_plot_has_words_and_its_table(model):
    add_days(model)
    shown = panel(model)

    assert re.findall(r'<svg class="plot"[^>]* aria-label="([^"]*)"', shown) == [
        "Alerts of 30 days: 1.40% on the last; 1 out of their band.",
        "Share of fraud among matured alerts over their probability; the dashed line is what was promised.",
        "The forest&#x27;s share of the alerts, day by day: 10% on the last day with any.",
    ]
    assert shown.count("The same as a table") == 3
    assert shown.count('<circle class="out"') == 1
    assert "0.37% to 1.03%" in shown
    assert '<th scope="row">0.9 to 1.0</th><td class="right">120</td>' in shown
    assert '<td class="right">95.0%</td><td class="right">75.0%</td>' in shown
    assert not re.search(r"<script|style=|on\w+=", shown)


def test_a_forest_has_no_probabilities_to_come_true(model):
    forest = ModelVersion.objects.create(
        version="shown-2026-01-30.2",
        kind="isolation_forest",
        catalogue_version=1,
        sha256="b" * 64,
        manifest={"forest": {}},
        created_at=NOW,
    )
    add_days(forest)
    shown = panel(forest)

    assert "come true" not in shown
    assert shown.count('<svg class="plot"') == 1


def test_figures_and_inputs_out_of_their_bands_are_marked_and_stand_first(model):
    add_days(model, 1)
    add_reading(model, "alert_rate", 0.014, out=LAST, words="1.40% of the day's payments are alerts.")
    add_reading(model, "matured_share", None, words="Not measured: 0 cases; at least 30 needed.")
    add_reading(model, "stability.amount", 0.09)
    add_reading(model, "stability.hour", 0.02)
    add_reading(model, "missing.hour", 0.5, out=LAST)
    add_reading(model, "stability.travel", None)
    shown = panel(model)

    assert "Since 30 Jan: 1.40% of the day&#x27;s payments are alerts." in shown
    assert shown.count("out of its band") == 1
    assert re.findall(r"<code>(\w+)</code>", shown) == ["hour", "amount", "travel"]
    assert "out since 30 Jan" in shown
    assert "50.0%" in shown
    assert "too few" in shown


def test_the_page_is_for_whoever_may_see_models(model, client: Client):
    url = reverse("admin:scoring_modelversion_watch", args=[model.pk])
    user = User.objects.create_user("vera", is_staff=True)
    client.force_login(user)
    assert client.get(url).status_code == 403

    user.user_permissions.add(Permission.objects.get(codename="view_modelversion"))
    answer = client.get(url)

    assert answer.status_code == 200
    assert "How shown-2026-01-30.1 fares" in answer.content.decode()
    assert client.get(url.replace(str(model.pk), "999999")).status_code == 404
    assert url in client.get(reverse("admin:scoring_modelversion_change", args=[model.pk])).content.decode()


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1.0), (0.014, 0.02), (0.02, 0.02), (0.3, 0.5), (1, 1), (7, 10), (130, 200)]
)
def test_an_axis_ends_at_a_round_number(value: float, top: float):
    assert nice_above(value) == pytest.approx(top)


def test_what_is_above_the_axis_is_drawn_at_its_edge():
    plot = Plot(10, 0.5)

    assert plot.at(0, 0) == (52, 172)
    assert plot.at(10, 0.5) == plot.at(10, 9) == (628, 14)
