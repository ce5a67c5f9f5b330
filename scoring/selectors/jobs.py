"""Jobs as they are looked at: whose they are, and how far they have come."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from scoring.models import ScoreJob
from sentinel.api.directory import identity_of
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import NotFound
from sentinel.core.ids import parse_public_id

State = ScoreJob.State
# People of the bank see all its accounts.
_BANK = ClientIdentity(UUID(int=0), "the bank", frozenset(), livemode=True, all_accounts=True)


@dataclass(frozen=True, slots=True)
class Progress:
    """`rows` is None until the file is split; rate and time left are None while nothing moves."""

    rows: int | None
    rows_done: int
    parts: int
    parts_done: int
    rows_per_second: float | None
    seconds_left: float | None

    @property
    def share(self) -> float:
        return self.rows_done / self.rows if self.rows else 0.0


def job_client(job: ScoreJob) -> ClientIdentity:
    """Whose accounts it is scored with."""
    return identity_of(job.client) if job.client else _BANK


def jobs_of(client: ClientIdentity) -> QuerySet[ScoreJob]:
    return ScoreJob.objects.filter(client_id=client.client_id)


def job_of(client: ClientIdentity, name: str) -> ScoreJob:
    """Errors: NotFound, also when it is somebody else's."""
    job_id = parse_public_id("job", name)
    found = jobs_of(client).filter(pk=job_id).first() if job_id else None
    if found is None:
        raise NotFound
    return found


def progress_of(job: ScoreJob, *, now: datetime) -> Progress:
    counts = job.parts.aggregate(
        parts=Count("pk"),
        parts_done=Count("pk", filter=Q(is_done=True)),
        to_score=Sum("rows"),
        scored=Sum("rows_done"),
    )
    refused = 0 if job.rows is None else job.rows - (counts["to_score"] or 0)
    done = min((counts["scored"] or 0) + refused, job.rows or 0)
    if job.state == State.DONE and job.rows:
        done = job.rows
    rate = _rate(job, done, now)
    left = (job.rows - done) / rate if rate and job.rows is not None and job.state == State.SCORING else None
    return Progress(job.rows, done, counts["parts"], counts["parts_done"], rate, left)


def _rate(job: ScoreJob, done: int, now: datetime) -> float | None:
    """Rows a second since it was last started, until now or its end."""
    if job.resumed_at is None or job.state not in (State.SCORING, State.FINISHING, State.DONE):
        return None
    seconds = ((job.ended_at or now) - job.resumed_at).total_seconds()
    rows = done - job.rows_at_resume
    return round(rows / seconds, 1) if seconds > 0 and rows > 0 else None
