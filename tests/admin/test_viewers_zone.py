"""Everybody sees moments in their own zone, and types them in it."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from dashboard.viewers_zone import viewers_zone
from ledger.admin.words import moment, zone_words
from ledger.models import AuditEntry, Label
from sentinel.api.models import ApiKey
from tests.factories import make_payment

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
NONSENSE = ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "asia/kolkata", "", "A" * 3000]


@pytest.fixture
def labeller(sign_in):
    return sign_in("lina", "ledger.view_transaction", "ledger.view_label", "ledger.add_label")


@pytest.fixture
def old(account_alice, gateway_client):
    return make_payment(account_alice, gateway_client, now=NOON)


def test_moments_are_in_the_zone_of_the_browser_and_in_utc_for_who_points_at_them(reviewer, old):
    reviewer.cookies["zone"] = "Asia/Kolkata"

    page = reviewer.get(reverse("admin:ledger_transaction_change", args=[old.pk])).content.decode()

    assert (
        '<time datetime="2026-07-01T12:00:00+00:00" title="1 Jul 2026 12:00:00 UTC">1 Jul 2026 17:30:00</time>'
        in (page)
    )
    assert "1 Jul 2026 17:30:00</time> Kolkata time" in page
    assert "</time> UTC" not in page


def test_summer_time_is_that_of_the_moment(reviewer, account_alice, gateway_client):
    for now in (NOON, NOON + timedelta(days=150)):
        make_payment(account_alice, gateway_client, now=now)
    reviewer.cookies["zone"] = "America/New_York"

    page = reviewer.get(reverse("admin:ledger_account_change", args=["acc_alice"])).content.decode()

    assert "1 Jul 2026 08:00:00</time>" in page
    assert "28 Nov 2026 07:00:00</time>" in page
    assert "Happened (New York time)" in page


def test_without_a_cookie_all_is_utc(reviewer, old):
    page = reviewer.get(reverse("admin:ledger_transaction_change", args=[old.pk])).content.decode()

    assert "1 Jul 2026 12:00:00</time> UTC" in page
    assert "Times are in UTC" in page


@pytest.mark.parametrize("sent", NONSENSE)
def test_a_zone_that_is_none_is_ignored(reviewer, old, sent):
    reviewer.cookies["zone"] = sent

    page = reviewer.get(reverse("admin:ledger_transaction_change", args=[old.pk]))

    assert page.status_code == 200
    assert "1 Jul 2026 12:00:00</time> UTC" in page.content.decode()


@pytest.mark.parametrize(("zone", "words"), [("", "Recorded (UTC)"), ("Asia/Kolkata", "Recorded (Kolkata time)")])
def test_the_headings_of_lists_say_the_zone(reviewer, paid, zone, words):
    reviewer.cookies["zone"] = zone

    assert words in reviewer.get(reverse("admin:ledger_transaction_changelist")).content.decode()


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
        ("Asia/Kolkata", "Kolkata time"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("Etc/GMT+5", "UTC-05"),
        ("Japan", "Japan time"),
    ],
)
def test_a_zone_is_called_by_its_place(zone, words):
    with timezone.override(ZoneInfo(zone)):
        assert zone_words() == words


def test_a_moment_is_typed_in_the_zone_that_the_form_names(labeller, paid):
    labeller.cookies["zone"] = "Asia/Kolkata"
    seen = timezone.now().astimezone(ZoneInfo("Asia/Kolkata")).replace(microsecond=0)
    url = reverse("admin:ledger_label_add")

    assert "in Kolkata time." in labeller.get(url).content.decode()
    assert labeller.post(url, _label(paid, seen)).status_code == 302

    assert Label.objects.get(transaction=paid).observed_at == seen


def test_an_hour_that_the_clocks_leave_out_is_refused(labeller, old):
    labeller.cookies["zone"] = "America/New_York"
    left_out = datetime(2026, 3, 8, 2, 30)  # noqa: DTZ001 - what somebody types

    page = labeller.post(reverse("admin:ledger_label_add"), _label(old, left_out)).content.decode()

    assert "interpreted in time zone America/New_York; it may be ambiguous or it may not exist." in page
    assert not Label.objects.exists()
    assert not AuditEntry.objects.filter(actor="lina").exists()


def test_an_hour_that_comes_twice_is_refused(labeller, old):
    labeller.cookies["zone"] = "America/New_York"
    twice = datetime(2026, 11, 1, 1, 30)  # noqa: DTZ001 - what somebody types

    assert (
        "it may be ambiguous" in labeller.post(reverse("admin:ledger_label_add"), _label(old, twice)).content.decode()
    )
    assert not Label.objects.exists()


def test_a_key_ends_when_it_is_said_to_end(operator, gateway_client):
    operator.cookies["zone"] = "Asia/Kolkata"
    url = reverse("admin:api_apikey_add")
    assert "In Kolkata time. Empty: until it is revoked." in operator.get(url).content.decode()

    told = {"client": gateway_client.pk, "name": "x", "expires_at_0": "2040-01-02", "expires_at_1": "03:00:00"}
    operator.post(url, told)

    assert ApiKey.objects.get(client=gateway_client).expires_at == datetime(2040, 1, 1, 21, 30, tzinfo=UTC)


def test_days_of_the_dashboard_stay_those_of_utc(sign_in):
    client = sign_in("dora", "dashboard.view_dashboard")
    client.cookies["zone"] = "Pacific/Kiritimati"

    page = client.get(reverse("admin:dashboard"), {"from": "2026-01-01", "to": "2026-01-02"}).content.decode()

    assert "1 Jan 2026, 00:00 to 3 Jan 2026, 00:00 UTC, as all days and hours on this page" in page
    assert 'name="from" required value="2026-01-01"' in page
    assert 'name="to" required value="2026-01-02"' in page


@pytest.mark.parametrize("path", ["/api/v1/transactions", "/transaction"])
def test_the_api_knows_of_no_zone(path):
    handle = viewers_zone(lambda request: HttpResponse(zone_words()))

    assert handle(_asked("Asia/Kolkata", path)).content == b"UTC"


def test_a_zone_ends_with_its_request():
    handle = viewers_zone(lambda request: HttpResponse(zone_words()))

    for zone, words in (("Asia/Kolkata", b"Kolkata time"), ("", b"UTC"), ("America/New_York", b"New York time")):
        assert handle(_asked(zone)).content == words
        assert zone_words() == "UTC"


def test_a_zone_ends_with_a_request_that_fails():
    def fail(request):
        raise LookupError

    with pytest.raises(LookupError):
        viewers_zone(fail)(_asked("Asia/Kolkata"))

    assert zone_words() == "UTC"


def test_requests_on_one_loop_keep_their_zones_apart():
    async def view(request):
        before = zone_words()
        await both.wait()  # until the other one is under way too
        return HttpResponse(f"{before}, {zone_words()}")

    async def together():
        handle = viewers_zone(view)
        answers = await asyncio.gather(*(handle(_asked(zone)) for zone in ("Asia/Kolkata", "America/New_York", "")))
        return [answer.content.decode() for answer in answers], zone_words()

    both = asyncio.Barrier(3)

    assert asyncio.run(together()) == (
        ["Kolkata time, Kolkata time", "New York time, New York time", "UTC, UTC"],
        "UTC",
    )


def test_a_mail_says_utc_whoever_caused_it():
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        for name in ("mail/alert.txt", "mail/alert.html"):
            assert "since 1 Jul 2026 12:00 UTC" in re.sub(
                r"</?strong>", "", render_to_string(name, {"count": 2, "since": NOON})
            )


def test_a_moment_from_another_zone_is_the_same_moment():
    there = NOON.astimezone(ZoneInfo("Asia/Tokyo"))

    assert moment(there) == moment(NOON)


def test_no_page_calls_a_moment_by_a_zone_that_may_not_be_its_own():
    """`|moment` shows the viewer's zone: {% zone_words %} in templates and `zoned` in Admin headings say which."""
    fixed = re.compile(r"\|moment ?\}\}(</\w+>)? UTC|<th[^>]*>[^<{]*\(UTC\)</th>|description=\"[^\"]*\(UTC\)\"")
    files = [
        *ROOT.glob("templates/**/*.html"),
        *(
            path
            for app in ("ledger", "rules", "scoring", "webhooks", "dashboard")
            for path in ROOT.glob(f"{app}/**/*.py")
        ),
    ]

    assert [
        f"{path.relative_to(ROOT)}: {found[0]}" for path in files for found in fixed.finditer(path.read_text())
    ] == []


def _label(payment, observed_at: datetime) -> dict[str, str]:
    return {
        "transaction_name": payment.public_id,
        "verdict": "fraud",
        "source": "review",
        "observed_at_0": f"{observed_at:%Y-%m-%d}",
        "observed_at_1": f"{observed_at:%H:%M:%S}",
        "note": "",
    }


def _asked(zone: str, path: str = "/admin/"):
    request = RequestFactory().get(path)
    request.COOKIES["zone"] = zone
    return request
