"""A model of mobile money in the Admin: found by its family, with a page of what it looks at and what it may."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from scoring.models import ModelVersion
from scoring.selectors.models import manifest_key
from scoring.services.models import model_register
from scoring.services.promotions import model_promote
from scoring.training.artefact import artefact_make
from scoring.training.mobile_money import mobile_dataset_simulated
from sentinel.ops.epochs import CONFIGURATION, epoch_touch
from tests.browser.conftest import unique
from tests.browser.test_model_story import look
from tests.scoring.registry import no_champion

pytestmark = pytest.mark.journey
TRAINED_AT = datetime(2024, 2, 20, 9, 30, tzinfo=UTC)
FIRST, SECOND = "mobile-2024-02-20.1", "mobile-2024-02-20.2"


@pytest.fixture
def models(committed, quiet_afterwards, tmp_path: Path, settings) -> Iterator[None]:
    """A champion and a candidate. No champion stays behind."""
    settings.MODEL_DIR = tmp_path
    no_champion()
    payments = mobile_dataset_simulated()
    for version in (FIRST, SECOND):
        manifest = artefact_make(payments, version=version, now=TRAINED_AT, folder=tmp_path, key=manifest_key())
        model_register(manifest=manifest, now=TRAINED_AT)
    model_promote(version=FIRST, actor="olivia", now=timezone.now())
    yield
    no_champion()
    epoch_touch(CONFIGURATION)


def test_a_model_of_mobile_money_is_found_and_looked_at(new_page, log_in, axe, screenshot, models):
    page = new_page()
    log_in(page, unique("olivia"), "scoring.view_modelversion", "scoring.promote_modelversion")
    page.goto("/admin/scoring/modelversion/?family=mobile")
    expect(page.locator("#result_list tbody tr")).to_have_count(ModelVersion.objects.filter(family="mobile").count())
    look(page, axe)

    page.get_by_role("link", name=FIRST, exact=True).click()
    expect(page.get_by_text("the amount is the whole balance of the account").first).to_be_visible()
    assert page.get_by_role("link", name="How it fares on live payments").count() == 0
    screenshot(page, "mobile-model", "#content")
    look(page, axe)
    page.goto("/admin/scoring/modelversion/?family=mobile")
    page.get_by_role("link", name=SECOND, exact=True).click()
    expect(page.get_by_text(f"It was not evaluated beside {FIRST}")).to_be_visible()
    expect(page.get_by_text(f"manage.py evaluate_model {SECOND} --data")).to_be_visible()
    look(page, axe)
    assert page.get_by_role("link", name="Let it challenge…").count() == 0
    assert page.get_by_role("link", name="Evaluate beside the champion…").count() == 0
