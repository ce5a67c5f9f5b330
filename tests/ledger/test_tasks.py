from datetime import timedelta
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.utils import timezone

from ledger import tasks
from sentinel.api.models import RevokedToken

OPERATIONS = Path(settings.BASE_DIR / "docs/operations.md").read_text()


def test_every_scheduled_task_exists_and_operators_are_told_of_it():
    current_app.loader.import_default_modules()
    for schedule in settings.CELERY_BEAT_SCHEDULE.values():
        name = str(schedule["task"])
        assert name in current_app.tasks
        assert f"`{name.rpartition('.')[2]}`" in OPERATIONS


def test_revoked_tokens_are_forgotten_once_they_have_expired(db):
    now = timezone.now()
    RevokedToken.objects.create(jti="over", expires_at=now - timedelta(seconds=1))
    RevokedToken.objects.create(jti="still_good", expires_at=now + timedelta(hours=1))

    tasks.tokens_prune()

    assert list(RevokedToken.objects.filter(jti__in=["over", "still_good"]).values_list("jti", flat=True)) == [
        "still_good"
    ]
