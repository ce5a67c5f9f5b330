"""A job without workers: processes of the command that asked for it, on the same leases as workers have.

So it can be killed at any moment, and goes on when it is asked for again.
"""

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable
from datetime import datetime
from multiprocessing.context import ForkProcess
from uuid import UUID

from django.db import connections
from django.utils import timezone

from scoring.models import ScoreJob
from scoring.selectors.jobs import Progress, progress_of
from scoring.services.jobs.steering import UNDER_WAY
from scoring.services.jobs.working import job_work

State = ScoreJob.State
_LOOK_SECONDS = 0.25
_STOP_SECONDS = 30


def job_find(*, file_sha256: str) -> ScoreJob | None:
    """The newest unfinished job of a command for the same file."""
    unfinished = (*UNDER_WAY, State.PAUSED)
    return ScoreJob.objects.filter(is_local=True, file_sha256=file_sha256, state__in=unfinished).first()


def job_run(job_id: UUID, *, processes: int, on_progress: Callable[[Progress], object]) -> ScoreJob:
    """Works at a job until it ends, or nobody is left to do so. KeyboardInterrupt stops all and loses nothing, and so
    does SIGTERM.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    while _state(job_id) in (State.UPLOADED, State.SPLITTING):
        if not job_work(job_id):
            time.sleep(_LOOK_SECONDS)
    _hang_up()  # a process must not use the connections of another one
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=_work, args=(job_id, os.getpid())) for _ in range(processes)]
    try:
        for child in children:
            child.start()
        while alive := [child for child in children if child.is_alive()]:
            _tell(job_id, on_progress, timezone.now())
            alive[0].join(_LOOK_SECONDS)
    finally:
        _stop(children)
    return _tell(job_id, on_progress, timezone.now())


def peak_mib(processes: int) -> float:
    """The memory that this process and its children have had at most, were all at their peaks at once."""
    own, largest = (resource.getrusage(of).ru_maxrss for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (own + processes * largest) / 1024


def _work(job_id: UUID, parent: int) -> None:
    """In a process of its own."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while os.getppid() == parent and _state(job_id) in UNDER_WAY:
            if not job_work(job_id):
                time.sleep(_LOOK_SECONDS)  # others have what is left; if they die, their leases end
    except KeyboardInterrupt:
        pass
    finally:
        _hang_up()


def _hang_up() -> None:
    for connection in connections.all(initialized_only=True):
        connection.close()
        if connection.settings_dict["OPTIONS"].get("pool"):
            connection.close_pool()  # type: ignore[attr-defined]


def _stop(children: list[ForkProcess]) -> None:
    for child in children:
        if child.is_alive():
            child.terminate()
    for child in children:
        if child.pid is not None:
            child.join(_STOP_SECONDS)


def _tell(job_id: UUID, on_progress: Callable[[Progress], object], now: datetime) -> ScoreJob:
    job = ScoreJob.objects.get(pk=job_id)
    on_progress(progress_of(job, now=now))
    return job


def _state(job_id: UUID) -> str:
    return ScoreJob.objects.values_list("state", flat=True).get(pk=job_id)
