"""What people and clients do with a job.

uploaded → checked → splitting → scoring → finishing → done
any before done → failed, or cancelled        splitting, scoring → paused → where it was        done → expired
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from scoring.domain.jobs.readings import Reading, plan_of
from scoring.domain.jobs.shapes import MOBILE
from scoring.errors import JobNotReady
from scoring.models import ScoreJob
from scoring.services.configuration import configuration_load
from scoring.services.jobs.files import files_forget
from scoring.services.jobs.uploading import job_audit

State = ScoreJob.State
UNDER_WAY = (State.UPLOADED, State.SPLITTING, State.SCORING, State.FINISHING)
_EXPIRED_AT_ONCE = 100
ENDED = (State.DONE, State.CANCELLED, State.FAILED, State.EXPIRED)


@transaction.atomic
def job_read_as(*, actor: str, job: ScoreJob, reading: Reading, now: datetime) -> None:
    """Reads the columns in another way, and has the file checked again.

    Errors: UnusableFile when no row could be read so, JobNotReady. Locks: the job's row.
    """
    locked = _locked(job, State.UPLOADED, State.CHECKED)
    plan_of(reading, locked.header)
    locked.reading, locked.state, locked.checked, locked.error = reading.to_json(), State.UPLOADED, {}, ""
    _free(locked)
    job_audit(actor, "mapped", locked, now)


@transaction.atomic
def job_start(*, actor: str, job: ScoreJob, now: datetime) -> None:
    """Has it scored, with the rules, policy and model of this moment. Errors: JobNotReady, UnusableFile."""
    locked = _locked(job, State.CHECKED, State.UPLOADED)
    plan_of(Reading.of_json(locked.reading), locked.header)
    if locked.checked and locked.checked["rows"] == locked.checked["faulty"] and locked.checked["is_whole"]:
        raise JobNotReady("No row of the file can be scored.")
    configuration = configuration_load()
    locked.ruleset_version, locked.policy_version = configuration.ruleset_version, configuration.policy.version
    is_mobile = locked.reading["shape"] == MOBILE
    model = configuration.mobile_champion if is_mobile else configuration.champion
    locked.model_version = model.version if model else None
    locked.state, locked.started_at, locked.resumed_at = State.SPLITTING, now, now
    locked.checked.pop("examples", None)  # what rows say is kept no longer than somebody looks at it
    _free(locked)
    job_audit(actor, "started", locked, now)


@transaction.atomic
def job_pause(*, actor: str, job: ScoreJob, now: datetime) -> None:
    """Whoever works at it stops within moments; what is done stays done. Errors: JobNotReady. Locks: its row."""
    locked = _locked(job, State.SPLITTING, State.SCORING)
    locked.state = State.PAUSED
    _free(locked)
    job_audit(actor, "paused", locked, now)


@transaction.atomic
def job_continue(*, actor: str, job: ScoreJob, now: datetime) -> None:
    """Goes on after a pause; starts what was checked. Errors: JobNotReady, UnusableFile. Locks: the job's row."""
    locked = ScoreJob.objects.select_for_update().get(pk=job.pk)
    if locked.state == State.CHECKED:
        job_start(actor=actor, job=locked, now=now)
        return
    locked = _locked(job, State.PAUSED)
    locked.state = State.SCORING if locked.rows is not None else State.SPLITTING
    locked.resumed_at = now
    locked.rows_at_resume = locked.parts.aggregate(rows=Sum("rows_done"))["rows"] or 0
    _free(locked)
    job_audit(actor, "continued", locked, now)


def job_cancel(*, actor: str, job: ScoreJob, now: datetime) -> None:
    """Gives it up, and deletes its files. Errors: JobNotReady. Locks: the job's row."""
    with transaction.atomic():
        locked = _locked(job, *UNDER_WAY, State.CHECKED, State.PAUSED)
        locked.state, locked.ended_at = State.CANCELLED, now
        _free(locked)
        job_audit(actor, "cancelled", locked, now)
    files_forget(job.pk)


def jobs_expire(*, now: datetime) -> int:
    """Deletes results whose time has come, and files that nobody started or that ended otherwise. How many jobs."""
    done = ScoreJob.objects.filter(state=State.DONE, expires_at__lte=now)
    left = ScoreJob.objects.filter(created_at__lte=now - timedelta(days=settings.JOB_DAYS)).exclude(state__in=ENDED)
    found = [*done[:_EXPIRED_AT_ONCE], *left[:_EXPIRED_AT_ONCE]]
    return sum(job_forget(job=job, now=now) for job in found)


def job_forget(*, job: ScoreJob, now: datetime) -> bool:
    """Deletes the files of a job; False when it has moved on meanwhile. Locks: the job's row."""
    with transaction.atomic():
        locked = ScoreJob.objects.select_for_update().get(pk=job.pk)
        if locked.state != job.state:
            return False
        locked.state, locked.ended_at = State.EXPIRED, locked.ended_at or now
        _free(locked)
    files_forget(job.pk)
    return True


def _locked(job: ScoreJob, *states: ScoreJob.State) -> ScoreJob:
    locked = ScoreJob.objects.select_for_update().get(pk=job.pk)
    if locked.state not in states:
        raise JobNotReady(f"The job is {locked.get_state_display()}.")
    return locked


def _free(locked: ScoreJob) -> None:
    """Whoever worked at the step before finds its lease gone."""
    locked.lease_token = locked.lease_until = None
    locked.attempts = 0
    locked.save()
