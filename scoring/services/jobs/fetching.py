"""The results of a job, to be sent to whoever asks for them."""

import csv
from collections.abc import Iterator

from scoring.domain.jobs.results import COLUMNS, PLAIN_COLUMNS
from scoring.errors import JobNotReady
from scoring.models import ScoreJob
from scoring.services.jobs.files import file_blocks
from sentinel.core.csv_files import csv_text


def results_blocks(job: ScoreJob, *, may_explain: bool) -> Iterator[bytes]:
    """CSV, block by block; without scores and reasons for whoever may not see them. Errors: JobNotReady."""
    if job.state != ScoreJob.State.DONE:
        raise JobNotReady(f"The job is {job.get_state_display()}: there are no results.")
    return file_blocks(job.results_name) if may_explain else _plain(job.results_name)


def _plain(name: str) -> Iterator[bytes]:
    chosen = [COLUMNS.index(column) for column in PLAIN_COLUMNS]
    rest = b""
    for block in file_blocks(name):
        whole, end, rest = (rest + block).rpartition(b"\n")
        rows = csv.reader((whole + end).decode().split("\n"))
        yield csv_text([[row[place] for place in chosen] for row in rows if row]).encode()
