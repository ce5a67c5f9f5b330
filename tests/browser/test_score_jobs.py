"""A file of payments, scored by somebody who looks at it first."""

from threading import Thread
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from scoring.models import ScoreJob
from scoring.services.jobs.working import job_work
from scoring.tasks import job_continue
from tests.browser.conftest import unique
from tests.rulesets import live_rules
from tests.scoring.jobs.conftest import job_folder  # noqa: F401 - files of the test's own
from tests.scoring.jobs.files import row

pytestmark = pytest.mark.journey

VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
HEADER = "id,customer,value,currency,type,time,shop"


@pytest.fixture
def no_worker(monkeypatch):
    monkeypatch.setattr(job_continue, "delay", lambda _: None)


def work(page: Page, steps: int = 1) -> None:
    """What a worker does, in a thread of its own, and the page a moment later."""

    def steps_of_work() -> None:
        left = steps
        while left and job_work(job.pk):
            left -= 1
        connections.close_all()

    job = ScoreJob.objects.latest("created_at")
    worker = Thread(target=steps_of_work)
    worker.start()
    worker.join()
    page.reload()


def is_as_wide_as_the_window(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("view", VIEWS)
def test_a_file_is_mapped_checked_scored_and_looked_at(new_page, log_in, axe, screenshot, no_worker, settings, view):
    settings.JOB_PART_BYTES = 3_000
    name = unique("acc")
    lines = [row(number, f"{name}_{number % 25}", f"{20 + number}.00") for number in range(300)]
    lines += [row(7, f"{name}_7"), row(301, "=cmd()"), row(302, f"{name}_1", "ten"), "too,short"]
    page = new_page(**VIEWS[view])
    log_in(page, unique("olga"), "scoring.add_scorejob", "scoring.view_scorejob", "ledger.view_auditentry")
    page.goto("/admin/scoring/scorejob/")
    page.get_by_role("link", name="Score a file").click()
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)

    header = HEADER.replace("value", "how much")
    file = {"name": "january.csv", "mimeType": "text/csv", "buffer": "\n".join([header, *lines]).encode()}
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    work(page)
    expect(page.get_by_text("No column says the amount.")).to_be_visible()
    page.get_by_label("how much").select_option("amount")
    page.get_by_role("button", name="Check it again").click()
    work(page)
    expect(page.get_by_text("The row has 2 cells")).to_be_visible()
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)
    if view == "light":
        screenshot(page, "score-file-check", "#content")

    high = {"field": "amount", "operator": "greater_than", "value": {"amount": "250", "currency": "INR"}}
    many = {"field": "payments_1h", "operator": "at_least", "value": 2}
    with live_rules(review=many, decline=high):
        page.get_by_role("button", name="Score it").click()
        work(page, steps=4)
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_text("of 304 rows")).to_be_visible()
        assert axe(page) == []
        assert is_as_wide_as_the_window(page)
        if view == "light":
            screenshot(page, "score-file-progress", "#content")
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Go on")).to_be_visible()
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        work(page, steps=100)
    expect(page.get_by_role("region", name="Outcomes")).to_be_visible()
    expect(page.get_by_role("region", name="Why rows were refused")).to_be_visible()
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)
    if view == "light":
        screenshot(page, "score-file-results", "#content")
    expect(page.get_by_role("link", name="Download the results")).to_be_visible()
    job = ScoreJob.objects.latest("created_at")
    assert (job.rows, job.summary["refused"]) == (304, 4)
