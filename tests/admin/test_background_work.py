"""Schedules and outcomes of tasks, as an operator meets them."""

import re

import pytest
from django.conf import settings
from django.urls import reverse
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import ModelEntry
from django_celery_results.models import TaskResult

from sentinel.celery import app

SCHEDULES = reverse("admin:django_celery_beat_periodictask_changelist")
RESULTS = reverse("admin:django_celery_results_taskresult_changelist")
MAY = (
    "django_celery_beat.view_periodictask",
    "django_celery_beat.change_periodictask",
    "django_celery_results.view_taskresult",
)


@pytest.fixture
def operator(sign_in):
    return sign_in("olivia", *MAY)


def write_schedules() -> None:
    """As each start of beat does; beat itself would hang up the test's connection."""
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        ModelEntry.from_entry(name, app=app, **entry)


@pytest.fixture
def scheduled(db):
    write_schedules()
    return PeriodicTask.objects


def test_each_schedule_of_a_release_is_seen_by_its_task(operator, scheduled):
    words = operator.get(SCHEDULES).content.decode()

    assert set(settings.CELERY_BEAT_SCHEDULE) <= set(scheduled.values_list("name", flat=True))
    assert [name for name in settings.CELERY_BEAT_SCHEDULE if name not in words] == []


def test_a_start_of_beat_keeps_what_was_paused_and_doubles_nothing(scheduled):
    scheduled.filter(name="prune-tokens").update(enabled=False)
    count = scheduled.count()

    write_schedules()

    assert scheduled.count() == count
    assert not scheduled.get(name="prune-tokens").enabled


def test_a_schedule_is_paused_on_the_list(operator, scheduled):
    one = scheduled.get(name="prune-tokens")

    answer = operator.post(SCHEDULES, {"action": "disable_tasks", "_selected_action": [one.pk]})

    assert answer.status_code == 302
    one.refresh_from_db()
    assert not one.enabled


def test_an_outcome_stands_under_the_name_of_its_task(operator):
    result = TaskResult.objects.create(
        task_id="t1", task_name="ledger.tasks.tokens_prune", status="SUCCESS", result="3"
    )

    assert "ledger.tasks.tokens_prune" in operator.get(RESULTS).content.decode()
    page = operator.get(reverse("admin:django_celery_results_taskresult_change", args=[result.pk]))
    assert page.status_code == 200


@pytest.mark.parametrize("page", [SCHEDULES, RESULTS])
def test_the_pages_run_no_script_of_their_own(operator, scheduled, page):
    scripts = re.findall(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", operator.get(page).content.decode()
    )

    assert scripts == []


@pytest.mark.parametrize("page", [SCHEDULES, RESULTS])
def test_nobody_else_sees_them(sign_in, page):
    assert sign_in("vera", "ledger.view_transaction").get(page).status_code == 403


def test_who_may_look_only_pauses_nothing(sign_in, scheduled):
    one = scheduled.get(name="prune-tokens")

    sign_in("vera", "django_celery_beat.view_periodictask").post(
        SCHEDULES, {"action": "disable_tasks", "_selected_action": [one.pk]}
    )

    one.refresh_from_db()
    assert one.enabled


def test_what_is_run_cannot_be_changed(operator, scheduled):
    one = scheduled.get(name="prune-tokens")

    operator.post(
        reverse("admin:django_celery_beat_periodictask_change", args=[one.pk]), {"task": "os.system", "name": "x"}
    )

    one.refresh_from_db()
    assert (one.name, one.task, one.enabled) == ("prune-tokens", "ledger.tasks.tokens_prune", False)
