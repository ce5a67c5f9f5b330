"""The dashboard's page, the lists behind its numbers, and the file of decisions."""

import csv
import re
import time
from datetime import timedelta
from html import unescape

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from dashboard.models import FactMark
from dashboard.selectors.exporting import COLUMNS, export_pages
from dashboard.services.facts import facts_fill
from ledger.models import AuditEntry
from ledger.selectors import settled
from ledger.services.review_terms import reporting_rate_set
from sentinel.core.outcomes import Outcome
from tests.dashboard.told import facts_begin, label, resolve
from tests.factories import make_account, make_client, make_payment

PAGE, CSV = "/admin/dashboard/", "/admin/dashboard/decisions.csv"
VIEWER = ("dashboard.view_dashboard",)


@pytest.fixture
def viewer(sign_in):
    return sign_in("vera", *VIEWER)


@pytest.fixture
def filled(monkeypatch, account_alice, gateway_client):
    """An approved, a lost, a held and a blocked payment, an hour ago."""
    monkeypatch.setattr(settled, "MARGIN", timedelta(0))
    facts_begin()
    earlier = timezone.now() - timedelta(hours=1)

    def pay(outcome=Outcome.APPROVE, **fields):
        return make_payment(account_alice, gateway_client, outcome=outcome, now=earlier, **fields)

    made = [pay(), pay(amount_minor=700), pay(Outcome.REVIEW), pay(Outcome.DECLINE, merchant_name="=SUM(A1)")]
    label(made[1], is_fraud=True)
    fill()
    return made


def fill() -> None:
    time.sleep(0.002)  # ids carry milliseconds
    facts_fill(now=timezone.now())


def test_a_manager_sees_money_first(viewer, filled):
    page = viewer.get(PAGE)
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.content.decode())))

    assert page.status_code == 200
    assert "INR 61.00 INR 2 payments 54.00 INR 1 payment 54.00 INR 1 payment 7.00 INR 1 payment" in text.replace(
        "\xa0", " "
    )
    assert "4 payments" in text
    assert re.search(r"Updated (under 1 s|\d+ s) ago|Updated .* ago", text)


def test_every_number_leads_to_as_many_rows(viewer, filled):
    """The links of the money table, and of all other numbers."""
    links = links_of(viewer.get(PAGE).content.decode())
    assert len(links) > 20

    for url, number in links:
        assert viewer.get(url).context["cl"].result_count == number, url


def links_of(page: str) -> set[tuple[str, int]]:
    found = re.findall(r'<a href="(/admin/dashboard/decisionfact/\?[^"]+)">([\d,]+)</a>', page)
    return {(unescape(url), int(number.replace(",", ""))) for url, number in found}


def test_a_row_of_the_list_leads_to_its_payment(viewer, filled):
    url = reverse("admin:dashboard_decisionfact_change", args=[filled[0].pk])

    assert viewer.get(url).url == reverse("admin:ledger_transaction_change", args=[filled[0].pk])


@pytest.mark.parametrize("query", ["occurred=then", "score=high", "week=8-09", "week=monday"])
def test_a_list_that_cannot_be_narrowed_so_is_shown_whole(viewer, filled, query):
    assert "e=1" in viewer.get(f"/admin/dashboard/decisionfact/?{query}").url


def test_the_period_and_the_currency_are_in_the_address(viewer, filled):
    day = timezone.now().date()
    page = viewer.get(PAGE, {"from": day - timedelta(days=400 // 2), "to": day, "currency": "EUR"}).content.decode()

    assert "No payment of this period." in page
    assert viewer.get(PAGE, {"period": "24h"}).context["asked"].period.is_by_hour


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"mode": "demo"}, "mode"),
        ({"only": "shoe:9"}, "only"),
        ({"period": "1y"}, "period"),
        ({"from": "x", "to": "y"}, "from"),
        ({"currency": "<b>"}, "currency"),
    ],
)
def test_what_cannot_be_shown_is_named(viewer, filled, query, field):
    page = viewer.get(PAGE, query)

    assert set(page.context["asked"].errors) == {field}
    assert f"<strong>{field}</strong>" in page.content.decode()
    assert "<b>" not in page.content.decode()


def test_a_page_that_is_narrowed_says_so_and_leads_to_narrowed_lists(viewer, account_alice, gateway_client, filled):
    make_payment(account_alice, gateway_client, channel="pos", now=timezone.now() - timedelta(hours=1))
    fill()
    page = viewer.get(PAGE, {"only": "channel:pos", "period": "24h"})
    text = page.content.decode()

    assert page.context["payments"] == "1"
    assert "<strong>Channels: shop</strong>: this narrows money" in text
    assert '<option value="channel:pos" selected>shop</option>' in text
    assert "?period=7d&amp;only=channel%3Apos" in text
    assert viewer.get(page.context["payments_url"]).context["cl"].result_count == 1
    for url, number in links_of(text):
        assert viewer.get(url).context["cl"].result_count == number, url


def test_test_payments_are_seen_by_themselves(viewer, sign_in, filled):
    account = make_account("acc_test", livemode=False)
    make_payment(account, make_client(livemode=False), amount_minor=900, now=timezone.now() - timedelta(hours=1))
    fill()
    page = viewer.get(PAGE, {"mode": "test"})
    text = page.content.decode()

    assert page.context["payments"] == "1"
    assert "Test payments only. No money moved." in text
    for url, number in links_of(text):
        assert viewer.get(url).context["cl"].result_count == number, url
    exporter = sign_in("olga", *VIEWER, "dashboard.export_facts")
    assert "Decisions as CSV" in exporter.get(PAGE).content.decode()
    assert "Decisions as CSV" not in exporter.get(PAGE, {"mode": "test"}).content.decode()


def test_a_currency_without_a_rate_is_named(viewer, filled, gateway_client, settings):
    settings.REPORTING_CURRENCY = "INR"
    assert "All, in INR" not in viewer.get(PAGE).content.decode()  # rupees alone need no sum
    euros = make_account("acc_eur", currency="EUR")
    make_payment(euros, gateway_client, amount_minor=1000, now=timezone.now() - timedelta(hours=1))
    fill()
    assert "no rate is set for EUR" in viewer.get(PAGE).content.decode()

    day = timezone.now().date() - timedelta(days=30)
    reporting_rate_set(currency="EUR", from_day=day, rate_micro=90_000_000, actor="olga", now=timezone.now())
    page = viewer.get(PAGE).content.decode()
    assert "All, in INR" in page
    assert "961.00" in page  # 61 rupees and ten euros of 90 each


def test_money_stands_beside_that_of_the_time_before(viewer, account_alice, gateway_client, filled):
    make_payment(account_alice, gateway_client, amount_minor=4880, now=timezone.now() - timedelta(days=8))
    fill()
    page = viewer.get(PAGE).content.decode()

    assert "2 payments, +25.0%" in page
    assert "Changes are against the 7 days before" in page


def test_old_figures_say_that_they_are(viewer, filled):
    assert "These figures are old" not in viewer.get(PAGE).content.decode()
    FactMark.objects.filter(name="decisions").update(moved_at=timezone.now() - timedelta(minutes=9))

    assert "These figures are old" in viewer.get(PAGE).content.decode()


def test_the_queue_is_linked_for_whoever_may_see_it(viewer, sign_in, filled):
    link = f'<a href="{reverse("admin:queue")}">1</a>'

    assert link not in viewer.get(PAGE).content.decode()
    rita = sign_in("rita", *VIEWER, "ledger.view_case")
    assert link in rita.get(PAGE).content.decode()
    links = rita.get(PAGE, {"mode": "test", "only": "channel:pos", "currency": "INR"}).context["queue_links"]
    assert links["overdue"] == f"{reverse('admin:queue')}?overdue=yes&currency=INR&mode=test"


def test_what_payments_told_is_text(viewer, account_alice, gateway_client, monkeypatch):
    monkeypatch.setattr(settled, "MARGIN", timedelta(0))
    facts_begin()
    make_payment(account_alice, gateway_client, merchant_name="<script>alert(1)</script>", channel="<i>")
    fill()

    for url in (PAGE, "/admin/dashboard/decisionfact/"):
        page = viewer.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<i>" not in page


def test_nobody_else_sees_it(nobody, viewer, client, filled):
    assert nobody.get(PAGE).status_code == 403
    assert nobody.get("/admin/dashboard/decisionfact/").status_code == 403
    assert client.get(PAGE).url.startswith(reverse("admin:login"))
    assert PAGE in viewer.get("/admin/").content.decode()
    assert PAGE not in nobody.get("/admin/").content.decode()


def test_the_page_asks_a_bounded_number_of_questions(viewer, filled, django_assert_max_num_queries):
    for period in ("24h", "30d"):
        with django_assert_max_num_queries(17):  # session, user, its rights, and fourteen of the page's own
            viewer.get(PAGE, {"period": period})


def test_decisions_leave_as_rows_that_are_safe_to_open(filled):
    start, end = filled[0].occurred_at, filled[0].occurred_at + timedelta(hours=1)
    rows = [dict(zip(COLUMNS, row, strict=True)) for page in export_pages(start, end, rows=3) for row in page]

    assert [row["transaction_id"] for row in rows] == sorted(each.public_id for each in filled)
    found = {row["transaction_id"]: row for row in rows}
    lost, blocked = found[filled[1].public_id], found[filled[3].public_id]
    assert (lost["amount"], lost["currency"], lost["label"], lost["outcome"]) == ("7.00", "INR", "fraud", "approve")
    assert (blocked["merchant_name"], blocked["declined_for"]) == ("'=SUM(A1)", "risk")
    assert (lost["account_home_country"], lost["merchant_id"], lost["degraded"]) == ("IN", "m_17", "false")


def test_who_took_decisions_out_is_noted(sign_in, filled):
    exporter = sign_in("olga", *VIEWER, "dashboard.export_facts")
    answer = exporter.post(f"{CSV}?period=24h")

    assert answer.status_code == 200
    assert 'filename="decisions-' in answer["Content-Disposition"]
    assert AuditEntry.objects.filter(action="facts.exported", actor="olga").count() == 1


def test_without_the_right_or_with_a_wrong_period_nothing_leaves(viewer, sign_in, filled):
    exporter = sign_in("olga", "dashboard.export_facts")

    assert viewer.post(CSV).status_code == 403
    assert exporter.get(CSV).status_code == 405
    assert exporter.post(f"{CSV}?period=1y").status_code == 400
    assert AuditEntry.objects.filter(action="facts.exported").count() == 0


def test_the_command_writes_the_same_rows(filled, tmp_path):
    out, day = tmp_path / "facts.csv", filled[0].occurred_at.date()
    resolve(filled[2], "declined")
    fill()
    span = {"start": day.isoformat(), "end": (day + timedelta(days=1)).isoformat()}
    call_command("export_facts", f"--from={span['start']}", f"--to={span['end']}", f"--out={out}", verbosity=0)

    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert (len(rows), tuple(rows[0])) == (4, COLUMNS)
    assert {row["status"] for row in rows} == {"approved", "declined"}
    assert out.stat().st_mode & 0o077 == 0

    with pytest.raises(CommandError, match="--out: File exists"):
        call_command("export_facts", f"--from={span['start']}", f"--to={span['end']}", f"--out={out}")
    with pytest.raises(CommandError, match="--to: it must lie behind --from"):
        call_command("export_facts", f"--from={span['end']}", f"--to={span['start']}", f"--out={tmp_path / 'x'}")
    assert not (tmp_path / "x").exists()
