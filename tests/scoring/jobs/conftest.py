"""Files of jobs lie in a folder of the test."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from scoring.models import ScoreJob
from scoring.services.jobs.steering import UNDER_WAY, job_start
from scoring.services.jobs.working import job_work


@pytest.fixture(autouse=True)
def job_folder(tmp_path: Path, settings) -> Path:
    folder = tmp_path / "jobs"
    settings.STORAGES = {
        **settings.STORAGES,
        "jobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder}},
    }
    assert storages["jobs"].path("x") == str(folder / "x")
    return folder


@pytest.fixture
def work() -> Callable[..., ScoreJob]:
    """What one worker does until nothing is left to do; the job afterwards."""

    def work_until_idle(job: ScoreJob, steps: int = 100) -> ScoreJob:
        while steps and job_work(job.pk):
            steps -= 1
        job.refresh_from_db()
        return job

    return work_until_idle


@pytest.fixture
def run(work) -> Callable[[ScoreJob], ScoreJob]:
    """The whole way of a job."""

    def start_and_work(job: ScoreJob) -> ScoreJob:
        job_start(actor="tests", job=job, now=timezone.now())
        job = work(job)
        assert job.state not in UNDER_WAY, job.state
        return job

    return start_and_work


def kept_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
