"""How the system is, by API: who may read it, what it says, what cannot be asked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.domain.system_figures import FIGURES
from dashboard.models import Reading, SystemAlarm
from dashboard.services.readings import readings_take
from rules.services.alarms import alarm_raise, alarm_see

pytestmark = pytest.mark.contract

PATHS = ("overview", "services", "metrics?figure=cpu_percent", "alerts")


@pytest.fixture
def alarm(committed):
    """One that is open; it is gone afterwards, as others count on. What people were told is kept, and seen."""
    now = timezone.now()
    told = alarm_raise(kind="system.disk_percent", subject="system:bank-9", words="Disk in use", now=now)
    made = SystemAlarm.objects.create(
        figure="disk_percent", subject="bank-9", limit=90, worst=95.1234, last=94, words="Disk in use (bank-9).",
        opened_at=now, alarm=told,
    )  # fmt: skip
    yield made
    SystemAlarm.objects.filter(pk=made.pk).delete()
    alarm_see(actor="tests", alarm=told, now=now)


@pytest.mark.parametrize("path", PATHS)
def test_they_take_a_scope_of_their_own(new_gateway, path):
    assert new_gateway(scopes=["analytics:read", "alerts:read"]).get(f"monitoring/{path}").status_code == 403
    assert new_gateway(scopes=["monitoring:read"]).get(f"monitoring/{path}").status_code == 200


def test_the_whole_in_a_sentence_with_the_newest_figures(gateway, alarm):
    readings_take(now=timezone.now())

    told = gateway.get("monitoring/overview").json()

    assert told["state"] in {"degraded", "unhealthy"}
    assert told["alarms_open"] >= 1
    assert told["measured_at"].endswith("Z")
    memory = next(each for each in told["figures"] if each["name"] == "memory_percent")
    assert (memory["unit"], memory["limit"], memory["is_past_limit"]) == ("%", 90.0, memory["value"] >= 90)


def test_services_with_state_latency_and_version(gateway):
    services = {each["name"]: each for each in gateway.get("monitoring/services").json()["services"]}

    database = services["database"]
    assert (database["state"], database["is_critical"]) == ("up", True)
    assert database["version"].startswith("PostgreSQL ")
    assert database["latency_ms"] > 0


def test_a_figure_of_the_last_hours(gateway):
    now = timezone.now().replace(second=0, microsecond=0)
    Reading.objects.update_or_create(
        minute=now - timedelta(minutes=5), figure="queue_depth", subject="test.queue", defaults={"value": 7.0}
    )

    told = gateway.get("monitoring/metrics", params={"figure": "queue_depth", "hours": "2"}).json()

    assert (told["unit"], told["limit"], told["step_seconds"]) == ("messages", 10_000, 60)
    (of_queue,) = [each for each in told["results"] if each["subject"] == "test.queue"]
    assert len(of_queue["points"]) == 120
    assert [point["value"] for point in of_queue["points"] if point["value"] is not None] == [7.0]
    assert len(gateway.get("monitoring/metrics?figure=queue_depth&hours=720").json()["results"][0]["points"]) <= 288


def test_alarms_by_state(gateway, alarm):
    opened = gateway.get("monitoring/alerts?state=open").json()["results"]
    (told,) = [each for each in opened if each["id"] == f"alm_{alarm.pk.hex}"]
    assert (told["state"], told["worst"], told["closed_at"], told["unit"]) == ("open", 95.123, None, "%")

    SystemAlarm.objects.filter(pk=alarm.pk).update(closed_at=timezone.now())
    closed = gateway.get("monitoring/alerts", params={"state": "closed", "limit": "1"}).json()["results"]
    assert [each["state"] for each in closed] == ["closed"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("metrics", "figure"),
        ("metrics?figure=moon", "figure"),
        ("metrics?figure=cpu_percent&hours=0", "hours"),
        ("metrics?figure=cpu_percent&hours=721", "hours"),
        ("metrics?figure=cpu_percent&hours=9999999999999999999999", "hours"),
        ("metrics?figure=cpu_percent&hours=%D9%A3", "hours"),
        ("alerts?state=sleeping", "state"),
        ("overview?days=3", "days"),
        ("services?x=1", "x"),
    ],
)
def test_what_cannot_be_asked_is_named(gateway, path, field):
    answer = gateway.get(f"monitoring/{path}")

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])


def test_every_figure_can_be_asked(gateway):
    assert {gateway.get(f"monitoring/metrics?figure={name}&hours=1").status_code for name in FIGURES} == {200}
