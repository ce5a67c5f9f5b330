"""A model on its way in the Admin, by keyboard alone: seen, evaluated beside the champion, promoted, rolled back.

Both models are trained on the bundled payments and measured on later ones of them. The keys are Tab, Enter and
letters; no test clicks.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from scoring.domain.dataset import Dataset
from scoring.models import EvaluationRun, ModelVersion
from scoring.selectors.models import manifest_key
from scoring.services.evaluation_runs import evaluation_run
from scoring.services.models import model_register
from scoring.services.policy_shipped import shipped_policy_publish
from scoring.services.promotions import model_promote
from scoring.tasks import evaluation_run as evaluation_task
from scoring.training.artefact import artefact_make, version_next
from scoring.training.dataset import dataset_read
from sentinel.ops.epochs import CONFIGURATION, epoch_touch
from tests.browser.conftest import unique
from tests.browser.keys import press
from tests.scoring.conftest import LABELS, TRANSACTIONS
from tests.scoring.registry import known_out_of, no_champion
from tests.servers import celery_worker

pytestmark = pytest.mark.journey

WORKER_SECONDS = 60
TRAINED_AT, SEEN_AT = datetime(2024, 2, 20, 9, 30, tzinfo=UTC), datetime(2024, 3, 23, 8, 15, tzinfo=UTC)
THRESHOLDS = {"review_percentile": 0.995, "review_probability": 0.3}
OPERATOR = ("scoring.view_modelversion", "scoring.promote_modelversion", "ledger.view_auditentry")


@pytest.fixture(scope="module")
def payments() -> Dataset:
    return dataset_read(TRANSACTIONS, LABELS)


@pytest.fixture
def models(
    committed, quiet_afterwards, payments: Dataset, tmp_path: Path, settings, monkeypatch
) -> Iterator[list[str]]:
    """The champion, a forest, and boosted trees, both of the first weeks. No champion stays behind."""
    settings.MODEL_DIR = tmp_path
    monkeypatch.setenv("SENTINEL_MODEL_DIR", str(tmp_path))
    no_champion()
    shipped_policy_publish(
        thresholds={"review_percentile": 0.995, "review_probability": 0.3}, note="", now=timezone.now()
    )
    first_weeks = payments.rows(payments.occurred_at < TRAINED_AT.timestamp())
    versions = [made(first_weeks, kind) for kind in ("isolation_forest", "boosted_trees")]
    model_promote(version=versions[0], actor="olivia", now=timezone.now())
    yield versions
    no_champion()
    epoch_touch(CONFIGURATION)


@pytest.fixture
def queue(monkeypatch) -> str:
    """A queue of its own on the real broker: other tests have workers and databases of theirs."""
    name = unique("queue")
    monkeypatch.setattr(evaluation_task, "delay", lambda pk: evaluation_task.apply_async((pk,), queue=name))
    return name


def made(payments: Dataset, kind: str) -> str:
    from django.conf import settings

    version = version_next(ModelVersion.objects.values_list("version", flat=True), TRAINED_AT)
    folder, key = settings.MODEL_DIR, manifest_key()
    manifest = artefact_make(payments, version=version, now=TRAINED_AT, folder=folder, key=key, kind=kind)
    return model_register(manifest=manifest, now=TRAINED_AT).version


def test_a_model_goes_its_way_by_keyboard_alone(
    new_page, log_in, axe, screenshot, queue, models, payments, monkeypatch
):
    champion, version = models
    page = new_page()
    log_in(page, unique("olivia"), *OPERATOR)
    page.goto("/admin/scoring/modelversion/")
    look(page, axe)
    press(page, page.get_by_role("link", name=version, exact=True))
    expect(page.get_by_text(f"It was not evaluated beside {champion}")).to_be_visible()

    with celery_worker(queue):  # of what other tests left in the record
        ask(page)
        wait_until_finished(page)
    monkeypatch.setattr("scoring.services.model_evaluation.payments_known", known_out_of(payments))
    ask(page)
    model_page = page.url
    page.goto("/admin/")  # where nobody sees that the worker's clock is of another year
    evaluation_run(run_id=EvaluationRun.objects.latest("id").pk, clock=lambda: SEEN_AT)
    page.goto(model_page)
    expect(page.get_by_text("Passed at all 18 lines.")).to_be_visible()
    screenshot(page, "model", "#content")
    page.emulate_media(color_scheme="dark")
    screenshot(page, "model-dark", "#content")
    look(page, axe)
    press(page, page.get_by_role("link", name="Every line, and both models' figures"))
    screenshot(page, "evaluation", "#content")
    look(page, axe)
    page.go_back()

    press(page, page.get_by_role("link", name="Promote…", exact=True))
    expect(page.get_by_text(f"{champion}, isolation forest; it is retired by this")).to_be_visible()
    look(page, axe)
    press(page, page.get_by_role("button", name="Promote"))
    expect(page.get_by_text("It is the champion now.")).to_be_visible()
    press(page, page.get_by_role("link", name="Roll back…"))
    press(page, page.get_by_role("button", name="Roll back"))
    expect(page.get_by_text(f"Rolled back to {champion}").first).to_be_visible()
    assert ModelVersion.objects.get(state="champion").version == champion


def ask(page: Page) -> None:
    press(page, page.get_by_role("link", name="Evaluate beside the champion…"))
    press(page, page.get_by_role("button", name="Evaluate"))
    expect(page.locator("#running").or_(page.locator(".warn"))).to_be_visible()


def wait_until_finished(page: Page) -> None:
    """The page looks again by itself, and says what came of it."""
    expect(page.locator("#running")).to_have_count(0, timeout=WORKER_SECONDS * 1000)
    run = EvaluationRun.objects.latest("id")
    assert run.is_finished
    if run.failure:
        expect(page.get_by_text(run.failure)).to_be_visible()


def look(page: Page, axe) -> None:
    """Nothing is wrong in the light, in the dark or on a phone."""
    themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for theme in themes:
        page.emulate_media(color_scheme=theme)
        page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")  # links change slowly
        assert axe(page, "#content") == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert axe(page, "#content") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.emulate_media(color_scheme="light")
