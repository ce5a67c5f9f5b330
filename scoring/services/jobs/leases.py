"""Who works at what. A lease that is not renewed in time is given to somebody else, and its holder finds out."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from scoring.models import JobPart, ScoreJob

State = ScoreJob.State
ATTEMPTS_MAX = 3


class LeaseLost(Exception):
    """Somebody else works at it now, or nobody shall any more: it was paused or cancelled."""


@dataclass(slots=True)
class JobLease:
    """Of one step of a job that one worker does alone."""

    job: ScoreJob
    token: UUID
    renewed_at: float = field(default_factory=time.monotonic)

    def renew(self, *, rows: int = 0) -> None:
        """Cheap to call often. Errors: LeaseLost."""
        if not _is_due(self.renewed_at):
            return
        self.renewed_at = time.monotonic()
        held = ScoreJob.objects.filter(pk=self.job.pk, state=self.job.state, lease_token=self.token)
        if not held.update(lease_until=_until()):
            raise LeaseLost


@dataclass(slots=True)
class PartLease:
    part: JobPart
    token: UUID
    renewed_at: float = field(default_factory=time.monotonic)

    def renew(self, *, rows: int) -> None:
        """With the rows that are done. Errors: LeaseLost."""
        if not _is_due(self.renewed_at):
            return
        self.renewed_at = time.monotonic()
        if ScoreJob.objects.filter(pk=self.part.job_id).values_list("state", flat=True).get() != State.SCORING:
            raise LeaseLost
        held = JobPart.objects.filter(pk=self.part.pk, lease_token=self.token, is_done=False)
        if not held.update(lease_until=_until(), rows_done=rows):
            raise LeaseLost


def job_lease_take(job: ScoreJob) -> JobLease | None:
    """None while somebody else has it. The job is read anew."""
    token = uuid4()
    free = _free().filter(pk=job.pk, state=job.state)
    if not free.update(lease_token=token, lease_until=_until(), attempts=F("attempts") + 1):
        return None
    job.refresh_from_db()
    return JobLease(job, token)


def job_lease_give_back(lease: JobLease) -> None:
    """The try counts all the same."""
    ScoreJob.objects.filter(pk=lease.job.pk, lease_token=lease.token).update(lease_token=None, lease_until=None)


def part_lease_take(job: ScoreJob) -> PartLease | None:
    """The next part that nobody works at; None when there is none. Those that failed before come last."""
    token = uuid4()
    while True:
        free = JobPart.objects.filter(_is_free(), job=job, is_done=False).order_by("attempts", "number")
        number = free.values_list("pk", flat=True).first()
        if number is None:
            return None
        taken = JobPart.objects.filter(_is_free(), pk=number, is_done=False)
        if taken.update(lease_token=token, lease_until=_until(), attempts=F("attempts") + 1, rows_done=0):
            return PartLease(JobPart.objects.get(pk=number), token)


def part_lease_give_back(lease: PartLease, *, is_tried: bool, error: str = "") -> None:
    """`is_tried` is False when the part was left for no fault of its own: that does not count as a try."""
    attempts = F("attempts") if is_tried else F("attempts") - 1
    held = JobPart.objects.filter(pk=lease.part.pk, lease_token=lease.token, is_done=False)
    held.update(lease_token=None, lease_until=None, rows_done=0, attempts=attempts, error=error[:300])


def _free() -> QuerySet[ScoreJob]:
    return ScoreJob.objects.filter(_is_free())


def _is_free() -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=timezone.now())


def _is_due(renewed_at: float) -> bool:
    return time.monotonic() - renewed_at > settings.JOB_LEASE_SECONDS / 10


def _until() -> datetime:
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
