"""Figures of the system: read where they are known, written by the minute, forgotten in time."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from dashboard.domain.ids import first_id
from dashboard.domain.system_figures import FIGURES
from dashboard.models import ApiCall, KeptWarning, Reading, RequestMinute
from dashboard.selectors import system_figures
from dashboard.selectors.monitoring import newest_readings, series
from dashboard.selectors.request_minutes import minute_figures, newest_complete_minute
from dashboard.selectors.system_figures import figures_now
from dashboard.services import monitoring_forget as forgetting
from dashboard.services.monitoring_forget import monitoring_forget
from dashboard.services.readings import readings_take
from ledger.domain.decision_times import band_of
from ledger.models import OutboxPending
from sentinel.core.ids import uuid7
from sentinel.ops.machine import host_name

# Long ago, so that no payment of another test lies in it.
MINUTE = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def nothing(db):
    for model in (ApiCall, KeptWarning, Reading, RequestMinute):
        model.objects.all().delete()


def answered(requests, milliseconds, status_class=2, route="/api/v1/transactions", method="POST", process="bank-1:7"):
    RequestMinute.objects.create(
        minute=MINUTE, process=process, route=route, method=method, status_class=status_class, requests=requests,
        bands={str(band_of(milliseconds)): requests},
    )  # fmt: skip


def test_a_minute_over_all_processes(nothing):
    answered(80, 10.0)
    answered(18, 10.0, process="bank-1:8")
    answered(2, 180.0, route="/transaction")
    answered(10, 500.0, status_class=4)
    answered(5, 900.0, status_class=5)
    answered(5, 900.0, route="/health", method="GET")

    found = minute_figures(MINUTE)

    assert found["request_rate", ""] == 2.0
    assert found["error_percent", ""] == pytest.approx(100 * 5 / 120)
    assert found["payment_ms_p50", ""] == pytest.approx(10, rel=0.05)
    assert found["payment_ms_p95", ""] == pytest.approx(10, rel=0.05)
    assert found["payment_ms_p99", ""] == pytest.approx(180, rel=0.05)
    assert (found["payment_rate", ""], found["degraded_percent", ""]) == (0, 0)


def test_a_minute_without_requests_has_failed_nobody_and_taken_no_time(nothing):
    found = minute_figures(MINUTE)

    assert found == {
        ("request_rate", ""): 0, ("error_percent", ""): 0, ("payment_rate", ""): 0, ("degraded_percent", ""): 0,
    }  # fmt: skip


@pytest.mark.parametrize(("second", "ago"), [(0, 2), (14, 2), (15, 1), (59, 1)])
def test_a_minute_is_complete_when_every_process_has_told(second, ago):
    now = MINUTE.replace(minute=30, second=second)

    assert newest_complete_minute(now) == now.replace(second=0) - timedelta(minutes=ago)


def test_what_is_known_of_now(nothing):
    OutboxPending.objects.create(event_id=uuid7(), created_at=timezone.now() - timedelta(seconds=600))

    found = figures_now(timezone.now())

    assert {figure for figure, _ in found} <= FIGURES.keys()
    assert found["service_down", "database"] == 0.0
    assert found["outbox_age_seconds", ""] >= 600
    assert found["outbox_events", ""] >= 1
    assert found["queue_depth", "sentinel.tasks"] >= 0
    assert 0 < found["database_connections_percent", ""] <= 100
    assert 0 < found["memory_percent", host_name()] <= 100
    assert 0 < found["disk_percent", host_name()] <= 100
    assert ("entity_history_missing", "") in found


def test_what_cannot_be_asked_is_missing_and_the_rest_is_told(nothing, monkeypatch):
    def away(now):
        raise ConnectionError("redis://:password@cache")

    monkeypatch.setattr(system_figures, "_SOURCES", (away, system_figures._machine))

    assert {subject for _, subject in figures_now(timezone.now())} == {host_name()}


def test_they_are_written_once_a_minute_and_read_back(nothing):
    now = timezone.now()

    written = readings_take(now=now)
    assert Reading.objects.count() == written
    readings_take(now=now)
    assert Reading.objects.count() == written

    measured = {(each.figure.name, each.subject): each for each in newest_readings(now)}
    assert measured["service_down", "database"].value == 0
    assert measured["memory_percent", host_name()].limit.value == 90
    assert newest_readings(now + timedelta(minutes=10)) == []


def test_a_series_tells_the_highest_of_each_step_and_where_nobody_measured(nothing):
    for minute, value in enumerate((1.0, 5.0, 2.0, None, None, None, 3.0)):
        if value is not None:
            at = MINUTE + timedelta(minutes=minute)
            Reading.objects.create(minute=at, figure="cpu_percent", subject="bank-1", value=value)

    end = MINUTE + timedelta(minutes=9)
    found = series("cpu_percent", "bank-1", start=MINUTE, end=end, step=timedelta(minutes=3))

    assert [value for _, value in found] == [5.0, None, 3.0]
    assert [at for at, _ in found] == [MINUTE + timedelta(minutes=step) for step in (0, 3, 6)]


def test_they_are_forgotten_in_time_and_no_sooner(nothing, monkeypatch, settings):
    settings.MONITORING_DAYS = 30
    monkeypatch.setattr(forgetting, "ROWS_AT_ONCE", 2)
    now = timezone.now()
    for days in (31, 31, 31, 31, 31, 29):
        at = now - timedelta(days=days, minutes=Reading.objects.count())
        row_id = uuid7(int(at.timestamp() * 1e9))
        Reading.objects.create(minute=at, figure="cpu_percent", subject="bank-1", value=1)
        RequestMinute.objects.create(
            minute=at, process="p", route="/", method="GET", status_class=2, requests=1, bands={}
        )
        ApiCall.objects.create(id=row_id, route="/", method="GET", status=200, latency_ms=1)
        KeptWarning.objects.create(id=row_id, level="error", logger="x", message="x", process="p")

    assert monitoring_forget(now=now) == 20
    assert monitoring_forget(now=now) == 0
    assert [model.objects.count() for model in (ApiCall, KeptWarning, Reading, RequestMinute)] == [1, 1, 1, 1]
    assert ApiCall.objects.get().pk > first_id(now - timedelta(days=30))
