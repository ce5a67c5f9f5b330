"""kill -9 of whoever scores a file, in the middle of it: it finishes, and each row is answered once.

FAULTS_ROWS says how many rows the file has.
"""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from scoring.models import JobPart, ScoreJob
from scoring.services.jobs.files import file_blocks
from scoring.services.jobs.steering import job_start
from sentinel.ops import queues
from sentinel.ops.state import ROOT
from tests.faults.brokers import valkey_broker
from tests.faults.stack import Process
from tests.scoring.jobs.files import file_of, rows, uploaded
from tests.servers import service_environment

pytestmark = pytest.mark.faults

ROWS = int(os.environ.get("FAULTS_ROWS", "20000"))
WAIT_SECONDS = 180


@pytest.fixture
def environment(committed, tmp_path, settings) -> dict[str, str]:
    folder = tmp_path / "jobs"
    settings.STORAGES = {
        **settings.STORAGES,
        "jobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder}},
    }
    assert storages["jobs"]
    settings.JOB_PART_BYTES = 30_000
    return service_environment() | {
        "SENTINEL_JOB_DIR": str(folder),
        "SENTINEL_JOB_PART_BYTES": "30000",
        "SENTINEL_JOB_LEASE_SECONDS": "2",
    }


def payments() -> bytes:
    mark = uuid4().hex[:8]
    return file_of(line.replace("acc_", f"acc_{mark}_") for line in rows(ROWS, accounts=400))


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def is_half_done(job_id) -> bool:
    parts = JobPart.objects.filter(job_id=job_id)
    done, left = parts.filter(is_done=True).count(), parts.filter(is_done=False).count()
    return done > 0 and left > 0 and parts.filter(is_done=False, lease_token__isnull=False).exists()


def each_row_once(text: str) -> None:
    found = list(csv.DictReader(text.splitlines()))
    assert [each["line"] for each in found] == [str(number) for number in range(2, ROWS + 2)]
    assert {each["outcome"] for each in found} == {"approve"}


def test_a_worker_is_killed_at_half_and_others_finish_what_it_had(environment, tmp_path):
    job = uploaded(payments())
    job_start(actor="tests", job=job, now=timezone.now())
    command = [sys.executable, "-m", "celery", "-A", "sentinel.celery", "worker", "-Q", queues.TASKS]
    command += [
        "--concurrency",
        "2",
        "--loglevel",
        "warning",
        "--without-gossip",
        "--without-mingle",
        "-n",
        "jobs@%h",
    ]
    with valkey_broker(tmp_path) as broker:
        told = os.environ | environment | {"BROKER_URL": broker.url}
        worker = Process(command, told, tmp_path / "worker.log")
        waker = [sys.executable, "-c", _WAKE, str(job.pk)]
        try:
            subprocess.run(waker, env=told, cwd=ROOT, check=True)
            wait_until(lambda: is_half_done(job.pk), "nothing was scored")
            done = dict(job.parts.filter(is_done=True).values_list("number", "results_name"))
            worker.kill_and_start()
            deadline = time.monotonic() + WAIT_SECONDS
            while ScoreJob.objects.get(pk=job.pk).state != "done" and time.monotonic() < deadline:
                subprocess.run(waker, env=told, cwd=ROOT, check=True)  # what beat does every half minute
                time.sleep(1)
        finally:
            worker.kill()
    job.refresh_from_db()
    assert (job.state, job.rows, job.error) == ("done", ROWS, "")
    assert done.items() <= dict(job.parts.values_list("number", "results_name")).items()
    assert max(job.parts.values_list("attempts", flat=True)) == 2
    each_row_once(b"".join(file_blocks(job.results_name)).decode())


_WAKE = """
import django, sys
django.setup()
from scoring.services.jobs.working import jobs_idle
from scoring.tasks import job_continue
if sys.argv[1] in map(str, jobs_idle()):
    job_continue.delay(sys.argv[1])
"""


@pytest.mark.parametrize("whom", ["all", "one", "asked to stop"])
def test_the_command_is_killed_at_half_and_goes_on_when_it_is_started_again(environment, tmp_path, whom):
    name = f"payments-{uuid4().hex[:8]}.csv"
    path, out = tmp_path / name, tmp_path / "results.csv"
    path.write_bytes(payments())
    command = [
        sys.executable,
        str(ROOT / "manage.py"),
        "score_file",
        str(path),
        "--out",
        str(out),
        "--processes",
        "2",
    ]
    told = os.environ | environment
    first = subprocess.Popen(command, env=told, start_new_session=True, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: ScoreJob.objects.filter(file_name=name, rows=ROWS).exists(), "no job")
    job = ScoreJob.objects.get(file_name=name)
    wait_until(lambda: is_half_done(job.pk), "nothing was scored")
    done = dict(job.parts.filter(is_done=True).values_list("number", "results_name"))
    if whom != "one":
        if whom == "all":
            os.killpg(first.pid, signal.SIGKILL)
            first.communicate()
        else:
            first.terminate()
            assert "The same command goes on from here." in first.communicate(timeout=WAIT_SECONDS)[0]
            assert first.returncode == 130
        assert not out.exists()
        again = subprocess.run(command, env=told, capture_output=True, text=True, timeout=WAIT_SECONDS)
        printed = again.stdout
        assert f"Goes on with {job.public_id}" in printed, again.stderr
    else:
        os.kill(_children(first.pid)[0], signal.SIGKILL)
        printed, _ = first.communicate(timeout=WAIT_SECONDS)
    assert printed.splitlines()[-1].startswith(f"{ROWS:,} rows, {ROWS:,} scored, 0 rejected, "), printed
    assert done.items() <= dict(job.parts.values_list("number", "results_name")).items()
    each_row_once(out.read_text())


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
