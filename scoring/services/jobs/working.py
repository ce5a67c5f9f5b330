"""What a worker does with a job: one step, and then it says how many more workers have something to do.

A step can be cut off at any moment and begun again by somebody else. Files get names that are used once, and count
only when the database says so in the same moment as the step is done.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from ledger.services.failures import kind_and_place
from scoring.domain.jobs.readings import Reading, reading_faults
from scoring.domain.jobs.results import Summary
from scoring.models import JobPart, ScoreJob
from scoring.services.jobs.checking import job_check
from scoring.services.jobs.files import file_blocks, file_keep, files_forget, job_file, job_storage
from scoring.services.jobs.finishing import results_join, summary_of
from scoring.services.jobs.leases import (
    ATTEMPTS_MAX,
    JobLease,
    LeaseLost,
    PartLease,
    job_lease_give_back,
    job_lease_take,
    part_lease_give_back,
    part_lease_take,
)
from scoring.services.jobs.scoring import part_score, results_write
from scoring.services.jobs.splitting import job_split
from scoring.services.jobs.steering import UNDER_WAY, job_start
from scoring.services.jobs.terms import job_terms
from scoring.services.jobs.uploading import job_audit
from sentinel.core.errors import SentinelError, Unavailable

State = ScoreJob.State
WORKER = "worker"
_logger = logging.getLogger(__name__)


def jobs_idle() -> list[UUID]:
    """Jobs that want a worker and have none: a message or a worker was lost."""
    now = timezone.now()
    found = ScoreJob.objects.filter(state__in=UNDER_WAY, is_local=False).exclude(lease_until__gt=now)
    return list(found.exclude(parts__lease_until__gt=now).values_list("pk", flat=True))


def job_work(job_id: UUID) -> int:
    """One step of a job; how many workers have something to do afterwards, this one among them."""
    job = ScoreJob.objects.filter(pk=job_id, state__in=UNDER_WAY).first()
    if job is None:
        return 0
    if job.state == State.SCORING:
        return _score_next(job)
    lease = job_lease_take(job)
    if lease is None:
        return 0
    return _alone(
        lease, {State.UPLOADED: _check, State.SPLITTING: _split, State.FINISHING: _finish}[State(job.state)]
    )


def _alone(lease: JobLease, step: Callable[[JobLease], int]) -> int:
    job = lease.job
    if job.attempts > ATTEMPTS_MAX:
        return _fail(job, f"{ATTEMPTS_MAX} workers began this step, and none came to its end.")
    try:
        return step(lease)
    except LeaseLost:
        return 0
    except KeyboardInterrupt:
        job_lease_give_back(lease)
        raise
    except SentinelError as error:
        return _fail(job, error.detail)
    except DatabaseError:
        raise
    except Exception as error:
        _logger.error("%s, %s: %s", job.public_id, job.state, kind_and_place(error))
        if job.attempts == ATTEMPTS_MAX:
            return _fail(job, f"It could not be {job.get_state_display().removeprefix('being ')}: see the log.")
        job_lease_give_back(lease)
        return 1


def _check(lease: JobLease) -> int:
    """A file whose columns nobody understands yet waits for somebody to say what they are."""
    is_understood = not reading_faults(Reading.of_json(lease.job.reading), lease.job.header)
    checked: dict[str, Any] = {}
    if is_understood:
        found = job_check(lease.job, now=timezone.now(), on_rows=lambda rows: lease.renew(rows=rows))
        checked = found.to_json()
    with transaction.atomic():
        job = _held(lease)
        job.state, job.checked = State.CHECKED, checked
        _step_done(job)
        if not job.starts_by_itself:
            return 0
        job_start(actor=job.made_by, job=job, now=timezone.now())
    return 1


def _split(lease: JobLease) -> int:
    job = lease.job
    with job_split(job, on_rows=lambda rows: lease.renew(rows=rows)) as split:
        folder = lease.token.hex
        parts = [
            JobPart(job=job, number=number, name=job_file(job.id, folder, split.part(number).name), rows=rows)
            for number, rows in sorted(split.rows.items())
        ]
        for part in parts:
            file_keep(part.name, split.part(part.number))
            lease.renew()
        file_keep(job_file(job.id, folder, "refused.csv"), split.refused_rows)
        repeated = split.folder / "repeated"
        repeated.write_text("".join(f"{line},{first}\n" for line, first in split.repeated.items()))
        file_keep(job_file(job.id, folder, "repeated"), repeated)
        with transaction.atomic():
            held = _held(lease)
            JobPart.objects.bulk_create(parts, batch_size=500)
            held.state, held.rows = State.SCORING if parts else State.FINISHING, split.total
            held.summary = {"folder": folder, "refused": split.refused.to_json()}
            _step_done(held)
    return min(len(parts), settings.JOB_TASKS_MAX) or 1


def _score_next(job: ScoreJob) -> int:
    """The next free part. When none is left, the last one to be done has told so already."""
    lease = part_lease_take(job)
    if lease is None:
        return 0
    part = lease.part
    if part.attempts > ATTEMPTS_MAX:
        why = part.error or "The workers that tried did not survive it."
        return _fail(job, f"Part {part.number} could not be scored in {ATTEMPTS_MAX} tries. {why}")
    try:
        _score(job, lease)
    except LeaseLost:
        part_lease_give_back(lease, is_tried=False)
        return 0
    except KeyboardInterrupt:
        part_lease_give_back(lease, is_tried=False)
        raise
    except (DatabaseError, Unavailable) as error:  # no fault of the part: it is tried again when the database is back
        _logger.warning("%s waits: %s", part, type(error).__name__)
        with suppress(DatabaseError):
            part_lease_give_back(lease, is_tried=False)
        return 0
    except Exception as error:
        _logger.error("%s: %s", part, kind_and_place(error))
        part_lease_give_back(lease, is_tried=True, error=_words(error))
    return 1


def _score(job: ScoreJob, lease: PartLease) -> None:
    part = lease.part
    with TemporaryDirectory() as folder:
        rows, results = Path(folder) / "rows", Path(folder) / "results"
        _fetch(part.name, rows)
        scored = part_score(rows, job_terms(job.pk), on_rows=lease.renew)
        if len(scored.rows) != part.rows:
            raise RuntimeError(f"{part} has {part.rows} rows and {len(scored.rows)} results.")
        results_write(results, scored.rows)
        name = job_file(job.pk, "results", f"part-{part.number:04d}-{lease.token.hex}.csv")
        file_keep(name, results)
    with transaction.atomic():
        job = ScoreJob.objects.select_for_update().get(pk=job.pk)
        mine = JobPart.objects.filter(pk=part.pk, lease_token=lease.token, is_done=False)
        done = {"is_done": True, "rows_done": part.rows, "results_name": name, "error": ""}
        told = {"summary": scored.summary.to_json(), "lease_token": None, "lease_until": None}
        if job.state != State.SCORING or not mine.update(**done, **told):
            job_storage().delete(name)
            raise LeaseLost
        if not job.parts.filter(is_done=False).exists():
            job.state = State.FINISHING
            _step_done(job)


def _finish(lease: JobLease) -> int:
    job = lease.job
    folder, refused = job.summary["folder"], Summary.of_json(job.summary["refused"])
    parts = list(job.parts.values_list("results_name", "summary"))
    names = [job_file(job.pk, folder, "refused.csv"), *(name for name, _ in parts)]
    results_name = job_file(job.pk, f"results-{lease.token.hex}.csv")
    results_join(job, names, results_name, on_rows=lambda rows: lease.renew(rows=rows))
    now = timezone.now()
    with transaction.atomic():
        held = _held(lease)
        held.summary = summary_of((told for _, told in parts), refused).to_json()
        held.state, held.results_name, held.ended_at = State.DONE, results_name, now
        held.expires_at = now + timedelta(days=settings.JOB_DAYS)
        _step_done(held)
        job_audit(WORKER, "done", held, now)
    files_forget(job.pk, but=results_name)
    return 0


def _held(lease: JobLease) -> ScoreJob:
    """The job's row, locked, as long as the lease holds. Errors: LeaseLost."""
    job = ScoreJob.objects.select_for_update().get(pk=lease.job.pk)
    if job.state != lease.job.state or job.lease_token != lease.token:
        raise LeaseLost
    return job


def _step_done(job: ScoreJob) -> None:
    job.lease_token = job.lease_until = None
    job.attempts = 0
    job.save()


def _fail(job: ScoreJob, words: str) -> int:
    """Nothing is answered of a job that failed: its files are deleted."""
    now = timezone.now()
    with transaction.atomic():
        locked = ScoreJob.objects.select_for_update().get(pk=job.pk)
        if locked.state != job.state:
            return 0
        locked.state, locked.error, locked.ended_at = State.FAILED, words, now
        _step_done(locked)
        job_audit(WORKER, "failed", locked, now)
    files_forget(job.pk)
    return 0


def _words(error: Exception) -> str:
    """For people: the data stays in the log's keeping."""
    return error.detail if isinstance(error, SentinelError) else f"{type(error).__name__}: see the log."


def _fetch(name: str, path: Path) -> None:
    with path.open("wb") as file:
        for block in file_blocks(name):
            file.write(block)
