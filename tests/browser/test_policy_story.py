"""The whole way of a policy between two people, by keyboard alone: written, simulated, asked for, refused, published.

The keys are Tab, Space, Enter and letters; no test clicks.
"""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from ledger.models import Label
from scoring.models import PolicyRelease, PolicyVersion
from scoring.tasks import policy_simulate
from sentinel.core.ids import uuid7
from tests.browser.conftest import unique
from tests.browser.keys import fill_in, press, tab_to
from tests.factories import make_account, make_client, make_payment
from tests.servers import celery_worker

pytestmark = pytest.mark.journey

WORKER_MS = 60_000
ANALYST = ("scoring.view_policyversion", "scoring.add_policyversion", "scoring.view_policyrelease")
APPROVER = (*ANALYST, "scoring.publish_policy", "ledger.view_auditentry")


@pytest.fixture
def queue(monkeypatch) -> str:
    """A queue of its own on the real broker: other tests have workers and databases of theirs."""
    name = unique("queue")
    monkeypatch.setattr(policy_simulate, "delay", lambda pk: policy_simulate.apply_async((pk,), queue=name))
    return name


@pytest.fixture
def scored(committed) -> None:
    """A hundred payments with scores, the five highest of them confirmed as fraud."""
    account, client, now = (
        make_account(unique("acc"), opening_balance_minor=100_000_000),
        make_client(),
        timezone.now(),
    )
    for number in range(100):
        told = {"score_percentile": number / 100}
        channel = ("ecommerce", "pos")[number % 2]
        at = now - timedelta(hours=number + 1)
        payment = make_payment(account, client, amount_minor=600_000, channel=channel, verdict_changes=told, now=at)
        if number >= 95:
            Label.objects.create(
                id=uuid7(),
                transaction=payment,
                account=account,
                is_fraud=True,
                source=Label.Source.REVIEW,
                actor="mia",
                observed_at=now,
                recorded_at=now,
            )


def test_a_policy_goes_its_way_by_keyboard_alone(new_page, log_in, axe, screenshot, queue, scored, quiet_afterwards):
    ana, ben = new_page(), new_page()
    author = log_in(ana, unique("ana"), *APPROVER)
    log_in(ben, unique("ben"), *APPROVER)

    policy = write(ana, axe)
    assert policy.author == author
    assert policy.thresholds["review_percentile"] == 0.97
    assert policy.thresholds["bands"] == [
        {"channels": ["ecommerce"], "currency": "INR", "amount_from": "5000.00", "review_percentile": 0.9}
    ]
    with celery_worker(queue):
        simulate(ana)
    assert axe(ana, "#content") == []
    turn_the_slider(ana)
    ask(ana)
    assert axe(ana, "#content") == []
    publish(ana)
    expect(ana.get_by_text("a colleague has to decide")).to_be_visible()
    assert live() != policy.number

    ben.goto(f"/admin/scoring/policyversion/{policy.number}/change/")
    publish(ben)
    expect(ben.get_by_text(f"version {policy.number} is live")).to_be_visible()
    assert live() == policy.number
    assert axe(ben, "#content") == []
    screenshot(ben, "policy", "#content")
    ben.emulate_media(color_scheme="dark")
    assert axe(ben, "#content") == []
    for page in (ana, ben):
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def write(page: Page, axe) -> PolicyVersion:
    page.goto("/admin/scoring/policyversion/add/")
    fill_in(page, "Review from score percentile", "0.97")
    band = page.get_by_role("group", name="Band 1")
    tab_to(page, band.get_by_label("online"))
    page.keyboard.press("Space")
    for label, value in (("Currency", "INR"), ("Amount from", "5000.00"), ("Review from percentile", "0.9")):
        tab_to(page, band.get_by_label(label))
        page.keyboard.type(value)
    fill_in(page, "Why", "Cards of a breach are used online")
    assert axe(page, "#content") == []
    press(page, page.get_by_role("button", name="Save as a draft"))
    expect(page.get_by_text("It decides nothing yet.")).to_be_visible()
    return PolicyVersion.objects.latest("number")


def simulate(page: Page) -> None:
    press(page, page.get_by_role("link", name="Simulate…"))
    fill_in(page, "Over the last days", "7")
    press(page, page.get_by_role("button", name="Simulate"))
    expect(page.get_by_text("would be judged more strictly")).to_be_visible(timeout=WORKER_MS)


def turn_the_slider(page: Page) -> None:
    slider, said = page.get_by_role("slider"), page.locator("#said")
    tab_to(page, slider)
    before = said.inner_text()
    page.keyboard.press("End")
    expect(said).not_to_have_text(before)
    expect(slider).to_have_attribute("aria-valuetext", said.inner_text())


def ask(page: Page) -> None:
    press(page, page.get_by_role("link", name="Ask for approval…"))
    fill_in(page, "For your colleague", "Reviews go up by three a day")
    press(page, page.get_by_role("button", name="Ask for approval"))
    expect(page.get_by_role("heading", name="asks to publish this policy")).to_be_visible()


def publish(page: Page) -> None:
    press(page, page.get_by_role("link", name="Approve and publish…"))
    tab_to(page, page.get_by_label("Shadow: it is compared"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Live: it decides for every account")).to_be_checked()
    press(page, page.get_by_role("button", name="Approve and publish"))


def live() -> int | None:
    return PolicyRelease.objects.values_list("live", flat=True).first()
