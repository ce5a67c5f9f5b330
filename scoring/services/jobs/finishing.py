"""Puts the results of the parts together: one file in the order of the lines, and one summary."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from heapq import merge
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from scoring.domain.jobs.results import COLUMNS, Summary
from scoring.models import ScoreJob
from scoring.services.jobs.files import file_keep, job_storage

_LINES_AT_ONCE = 10_000


def results_join(
    job: ScoreJob, names: Iterable[str], keep_as: str, *, on_rows: Callable[[int], object] = int
) -> None:
    """`names` are files of result rows, each in the order of its lines; every row is one line of text."""
    with NamedTemporaryFile() as kept:
        rows = _rows_join(kept, names, on_rows)
        if rows != job.rows:
            raise RuntimeError(f"There are {rows} results for the {job.rows} rows of {job.public_id}.")
        file_keep(keep_as, Path(kept.name))


def _rows_join(kept: IO[bytes], names: Iterable[str], on_rows: Callable[[int], object]) -> int:
    kept.write(",".join(COLUMNS).encode() + b"\n")
    rows = 0
    with ExitStack() as stack:
        parts = [_lines(stack.enter_context(job_storage().open(name, "rb"))) for name in names]
        lines = (line for _, line in merge(*parts))
        while some := list(islice(lines, _LINES_AT_ONCE)):
            kept.write("".join(some).encode())
            rows += len(some)
            on_rows(rows)
    kept.flush()
    return rows


def _lines(content: IO[bytes]) -> Iterator[tuple[int, str]]:
    for line in TextIOWrapper(content, encoding="utf-8", newline="\n"):
        yield int(line.partition(",")[0]), line


def summary_of(parts: Iterable[dict[str, object]], refused: Summary) -> Summary:
    for told in parts:
        refused.add(Summary.of_json(told))
    return refused
