"""System status, calls, warnings and limits as operators see them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboard.domain.ids import first_id
from dashboard.models import ApiCall, FigureLimit, KeptWarning, Reading, SystemAlarm
from ledger.models import AuditEntry
from rules.services.alarms import alarm_raise
from sentinel.core.ids import uuid7

SEES = ("apicall", "keptwarning", "reading", "requestminute", "systemalarm", "figurelimit")
STATUS = "/admin/system/"


@pytest.fixture
def watcher(sign_in):
    for model in (ApiCall, KeptWarning, Reading, SystemAlarm, FigureLimit):
        model.objects.all().delete()
    return sign_in("wanda", *(f"dashboard.view_{model}" for model in SEES))


@pytest.fixture
def changer(sign_in):
    FigureLimit.objects.all().delete()
    actions = ("add", "change", "delete", "view")
    return sign_in("olga", "dashboard.view_systemalarm", *(f"dashboard.{each}_figurelimit" for each in actions))


def call(client, **fields):
    usual = {"route": "/api/v1/labels", "method": "GET", "status": 200, "latency_ms": 12.0}
    return ApiCall.objects.create(id=uuid7(), client=client, **usual | fields)


def found(browser, **asked):
    page = browser.get(reverse("admin:dashboard_apicall_changelist"), asked)
    assert page.status_code == 200
    return list(page.context["cl"].result_list)


def test_calls_are_filtered_and_found_by_their_id(watcher, gateway_client):
    good = call(gateway_client)
    bad = call(gateway_client, status=422, code="key_reused", method="POST", route="/api/v1/transactions")
    slow = call(None, status=503, latency_ms=3000.0, request_id="trace-of-a-caller")

    assert found(watcher) == [slow, bad, good]
    assert found(watcher, status="4") == [bad]
    assert found(watcher, status="5") == [slow]
    assert found(watcher, client__id__exact=str(gateway_client.pk)) == [bad, good]
    assert found(watcher, route_is="/api/v1/tr") == [bad]
    assert found(watcher, slower="1000") == [slow]
    assert found(watcher, slower="1e3") == [slow, bad, good]
    assert found(watcher, recorded="hour") == [slow, bad, good]
    assert found(watcher, q=bad.request_name) == [bad]
    assert found(watcher, q="trace-of-a-caller") == [slow]
    assert found(watcher, q="key_reused") == [bad]
    assert found(watcher, q="nothing") == []


def test_what_is_rare_is_looked_for_in_the_last_day_unless_told(watcher, gateway_client):
    old = call(gateway_client, latency_ms=9000.0)
    ApiCall.objects.filter(pk=old.pk).update(id=first_id(timezone.now() - timedelta(days=3)))

    assert found(watcher, slower="1000") == found(watcher, route_is="/api") == []
    assert len(found(watcher, slower="1000", recorded="week")) == 1
    assert len(found(watcher, route_is="/api", recorded="week")) == 1


def test_a_call_is_looked_at_and_never_changed(watcher, gateway_client):
    row = call(gateway_client, status=404, code="not_found")
    url = reverse("admin:dashboard_apicall_change", args=[row.pk])

    assert "not_found" in watcher.get(url).content.decode()
    assert watcher.post(url, {"status": 200}).status_code == 403
    assert watcher.post(reverse("admin:dashboard_apicall_delete", args=[row.pk])).status_code == 403
    assert ApiCall.objects.get().status == 404


def test_warnings_are_found_by_what_they_say(watcher):
    KeptWarning.objects.create(level="warning", logger="ledger.services", message="rows wait", process="b:1")
    other = KeptWarning.objects.create(level="error", logger="scoring.tasks", message="it failed", process="b:1")
    page = watcher.get(reverse("admin:dashboard_keptwarning_changelist"), {"q": "FAILED", "level": "error"})

    assert list(page.context["cl"].result_list) == [other]


def test_the_status_page_says_first_what_is_wrong(watcher):
    now = timezone.now()
    Reading.objects.create(
        minute=now.replace(second=0, microsecond=0), figure="disk_percent", subject="bank-1", value=93.5
    )
    told = alarm_raise(kind="system.disk_percent", subject="system:bank-1", words="Disk in use", now=now)
    alarm = SystemAlarm.objects.create(
        figure="disk_percent", subject="bank-1", limit=90, worst=95, last=93.5, words="Disk in use (bank-1): 93.5 %.",
        opened_at=now - timedelta(minutes=7), alarm=told,
    )  # fmt: skip
    KeptWarning.objects.create(level="error", logger="scoring.tasks", message="it failed", process="b:1")

    page = watcher.get(STATUS)
    text = page.content.decode()

    assert text.index("Open alarms") < text.index("Services</h2>")
    assert alarm.words in text
    assert "it failed" in text
    assert [row.told for row in page.context["figures"]] == ["93.5 %"]
    assert [row.is_past for row in page.context["figures"]] == [True]
    assert [chart.name for chart in page.context["charts"]] == ["disk"]
    assert "change the limit" not in text


def test_without_readings_it_says_who_should_have_measured(watcher):
    assert "Are both running?" in watcher.get(STATUS).content.decode()


def test_it_takes_a_permission(nobody):
    assert nobody.get(STATUS).status_code == 403
    assert STATUS not in nobody.get("/admin/").content.decode()


def test_it_stands_among_the_pages_of_those_who_may(watcher):
    assert STATUS in watcher.get("/admin/").content.decode()


def test_a_limit_is_set_changed_and_taken_back(changer):
    add = reverse("admin:dashboard_figurelimit_add")
    form = changer.get(add, {"figure": "cpu_percent"}).context["adminform"].form
    assert form.initial == {"figure": "cpu_percent", "limit": 95, "minutes": 10}

    changer.post(add, {"figure": "cpu_percent", "limit": "80", "minutes": "3"})
    limit = FigureLimit.objects.get()
    assert (limit.figure, limit.limit, limit.minutes, limit.changed_by) == ("cpu_percent", 80.0, 3, "olga")

    change = reverse("admin:dashboard_figurelimit_change", args=["cpu_percent"])
    changer.post(change, {"limit": "", "minutes": "3"})
    assert FigureLimit.objects.get().limit is None

    changer.post(reverse("admin:dashboard_figurelimit_delete", args=["cpu_percent"]), {"post": "yes"})
    assert not FigureLimit.objects.exists()
    audited = AuditEntry.objects.filter(subject="limit cpu_percent").order_by("id").values_list("action", flat=True)
    assert list(audited) == ["figure_limit.set", "figure_limit.set", "figure_limit.forgotten"]


@pytest.mark.parametrize("wrong", [{"limit": "-1"}, {"minutes": "0"}, {"minutes": "61"}, {"figure": "moon"}])
def test_a_limit_that_means_nothing_is_refused(changer, wrong):
    sent = {"figure": "cpu_percent", "limit": "80", "minutes": "3"} | wrong
    answer = changer.post(reverse("admin:dashboard_figurelimit_add"), sent)

    assert answer.context["adminform"].form.errors.keys() == wrong.keys()
    assert not FigureLimit.objects.exists()
