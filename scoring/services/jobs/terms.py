"""What a job is scored with: fixed when it starts, and the same for all of its parts, whoever scores them when."""

import csv
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from scoring.domain.jobs.readings import Reading, plan_of
from scoring.domain.jobs.shapes import MOBILE
from scoring.domain.redecision import NotPossible
from scoring.models import ScoreJob
from scoring.selectors.jobs import job_client
from scoring.services.configuration import Configuration
from scoring.services.jobs.files import file_blocks, job_file
from scoring.services.jobs.scoring import Scoring
from scoring.services.past_configuration import Past
from sentinel.core.csv_files import UnusableFile


@lru_cache(maxsize=2)
def job_terms(job_id: UUID) -> Scoring:
    """The same for all parts: what was in force when the job was started."""
    job = ScoreJob.objects.select_related("client").get(pk=job_id)
    plan = plan_of(Reading.of_json(job.reading), job.header)
    return Scoring(plan, _configuration(job), job_client(job), _started_at(job), _repeated(job))


def _repeated(job: ScoreJob) -> dict[int, int]:
    name = job_file(job.pk, job.summary["folder"], "repeated")
    rows = csv.reader(b"".join(file_blocks(name)).decode().splitlines())
    return {int(line): int(first) for line, first in rows}


def _configuration(job: ScoreJob) -> Configuration:
    """Errors: UnusableFile when what it was started with is not there any more."""
    try:
        found = Past().configuration(job, _started_at(job))
        if job.reading["shape"] == MOBILE:
            return replace(found, champion=None, mobile_champion=found.champion)
        return found
    except NotPossible as why:
        raise UnusableFile(f"What the job was started with cannot be used: {why}.") from None


def _started_at(job: ScoreJob) -> datetime:
    """A constraint of the database makes sure that there is one."""
    return job.started_at or job.created_at
