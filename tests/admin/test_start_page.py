import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from dashboard.site import GROUPS
from sentinel.core.errors import SentinelError
from sentinel.ops.health import ProbeResult
from tests.admin.webhook_rows import delivery_row, endpoint_row
from tests.factories import make_account, make_payment

START = reverse("admin:index")


@pytest.fixture(autouse=True)
def probes(monkeypatch):
    """Probes that answer at once and open no connections."""
    results = [ProbeResult("database", True, True, "PostgreSQL 18", 1.0), ProbeResult("broker", True, False, "", 1.0)]
    monkeypatch.setattr("dashboard.start_page.run_probes", lambda: results)
    return results


def test_the_root_leads_to_the_start_page(admin_client):
    for path in ("/", "/admin"):
        assert admin_client.get(path).url == START


def test_the_numbers_are_true(admin_client, held, paid):
    context = admin_client.get(START).context

    assert ("review", 1) in [(word, count) for word, count, _ in context["payments"]["outcomes"]]
    assert context["reviews"]["count"] == 1
    assert context["reviews"]["money"] == [("5,400 INR", 1)]
    assert context["pending_events"] == 2


def test_test_money_is_counted_apart(admin_client, paid):
    from tests.factories import make_client

    tester = make_client(livemode=False)
    make_payment(make_account("acc_test", livemode=False), tester)

    payments = admin_client.get(START).context["payments"]
    assert (payments["total"], payments["test"]) == (1, 1)


def test_an_empty_bank_has_a_start_page(admin_client):
    page = admin_client.get(START).content.decode()

    assert "Nothing waits for a person." in page
    assert "Everything works." in page


def test_what_is_down_is_said(admin_client, probes):
    probes[1] = ProbeResult("broker", False, False, "ConnectionError", 1.0)

    assert "without: broker" in admin_client.get(START).content.decode()


def test_people_see_what_they_may(reviewer, nobody, held):
    shown = reviewer.get(START).content.decode()
    assert "Open reviews" in shown
    assert "What decides now" not in shown
    assert 'href="/admin/rules/rule/"' not in shown

    assert "Open reviews" not in nobody.get(START).content.decode()


def test_strangers_are_asked_to_sign_in(client, db):
    assert client.get(START).url.startswith(reverse("admin:login"))


def test_one_query_a_number(admin_client, held, paid, django_assert_max_num_queries):
    with django_assert_max_num_queries(11):  # session, user, six numbers, and three of webhooks
        admin_client.get(START)


def test_what_is_wrong_with_webhooks_is_seen(admin_client, no_other_endpoints):
    endpoint = endpoint_row(failing_since=timezone.now())
    endpoint_row(state="disabled")
    delivery_row(endpoint, state="dead")
    delivery_row(endpoint)
    response = admin_client.get(START)

    found = response.context["webhooks"]
    assert (found.states, found.failing) == ({"active": 1, "paused": 0, "disabled": 1}, 1)
    assert (found.dead, found.waiting_since is not None) == (1, True)
    assert "Disabled endpoints" in response.content.decode()


def test_every_model_has_its_place(admin_client, rf):
    groups = admin_client.get(START).context["app_list"]

    assert [group["name"] for group in groups] == list(GROUPS)


def test_nothing_inline_and_nothing_from_elsewhere(admin_client, held):
    urls = [
        START,
        reverse("admin:ledger_hold_changelist"),
        reverse("admin:ledger_transaction_change", args=[held.pk]),
        reverse("admin:ledger_account_change", args=["acc_alice"]),
        reverse("api-docs"),
        reverse("api-problems"),
    ]
    for url in urls:
        answer = admin_client.get(url)
        page = answer.content.decode()
        assert "unsafe" not in answer["Content-Security-Policy"]
        for forbidden in (
            "<style",
            " style=",
            "<script>",
            " onclick=",
            'src="http',
            '<link rel="stylesheet" href="http',
        ):
            assert forbidden not in page, (url, forbidden)


def test_every_problem_code_has_its_anchor(client):
    page = client.get(reverse("api-problems")).content.decode()

    for kind in SentinelError.__subclasses__():
        assert f'<section id="{kind.code}">' in page
        assert kind.title.replace("'", "&#x27;") in page


def test_a_refusal_is_a_page_for_people(nobody):
    page = nobody.get(reverse("admin:ledger_hold_changelist"))

    assert page.status_code == 403
    assert "You may not do this" in page.content.decode()


def test_no_second_site_is_promised():
    assert settings.LOGIN_REDIRECT_URL == "admin:index"
