"""Splits a file once, by account, so that each part has all payments of its accounts and parts need not wait for
each other. What cannot be read as a row, and ids that come twice, are found here: no part sees the whole file.
"""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from django.conf import settings

from scoring.domain.jobs.readings import Reading, plan_of
from scoring.domain.jobs.results import Cells, Summary, refused_cells
from scoring.models import ScoreJob
from scoring.services.jobs.checking import ragged
from scoring.services.jobs.files import file_blocks, job_file, rows_read
from scoring.services.jobs.uploading import SOURCE
from sentinel.core.csv_files import UnusableFile

PARTS_MAX = 512
# Of ids that come twice. A file with more has another column in the place of its ids.
REPEATED_MAX = 100_000
_ROWS_IN_MEMORY = 50_000
_ID_FILES = 64
_ID_BYTES_IN_MEMORY = 4 * 1024 * 1024
_ID_BYTES = 8
_ROWS_PER_TURN = 5_000


@dataclass(slots=True)
class Split:
    """Local files. `rows` of each part by its number; a part without rows has no file. `refused` are the result rows
    of lines that are no rows; `repeated` says of the line of an id that came before which line that was.
    """

    folder: Path
    rows: dict[int, int] = field(default_factory=dict)
    repeated: dict[int, int] = field(default_factory=dict)
    refused: Summary = field(default_factory=Summary)

    @property
    def total(self) -> int:
        return sum(self.rows.values()) + self.refused.refused

    def part(self, number: int) -> Path:
        return self.folder / f"part-{number:04d}.csv"

    @property
    def refused_rows(self) -> Path:
        return self.folder / "refused.csv"


def parts_wanted(unpacked_bytes: int) -> int:
    return min(max(1, ceil(unpacked_bytes / settings.JOB_PART_BYTES)), PARTS_MAX)


@contextmanager
def job_split(job: ScoreJob, *, on_rows: Callable[[int], object] = int) -> Iterator[Split]:
    """The file in parts, until the end of the block. Memory does not grow with the file. Errors: UnusableFile."""
    rows = rows_read(file_blocks(job_file(job.id, SOURCE)))
    _, header = next(rows)
    plan = plan_of(Reading.of_json(job.reading), [cell.strip() for cell in header])
    parts = parts_wanted(job.unpacked_bytes)
    with TemporaryDirectory() as folder:
        split = Split(Path(folder))
        writer, ids = _PartWriter(split), _Ids(split.folder)
        number = 0
        for number, (line, cells) in enumerate(rows, start=1):
            if (error := ragged(plan, cells)) is not None:
                split.refused.add_refused([error])
                writer.refuse(refused_cells(line, "", [error]))
                continue
            part = 0 if plan.account is None else crc32(cells[plan.account].strip().encode()) % parts
            writer.add(part, [str(line), *cells])
            if plan.transaction is not None and (name := cells[plan.transaction].strip()):
                ids.add(name, line)
            if number % _ROWS_PER_TURN == 0:
                on_rows(number)
        if not number:
            raise UnusableFile("The file has a header and no rows.")
        writer.close()
        split.repeated = ids.repeated()
        yield split


class _PartWriter:
    """Gathers rows and appends them to the files of their parts, a few open files at a time."""

    def __init__(self, split: Split) -> None:
        self._split = split
        self._waiting: dict[int, list[list[str]]] = {}
        self._refused: list[Cells] = []
        self._count = 0

    def add(self, part: int, cells: list[str]) -> None:
        self._waiting.setdefault(part, []).append(cells)
        self._split.rows[part] = self._split.rows.get(part, 0) + 1
        self._gather()

    def refuse(self, cells: Cells) -> None:
        self._refused.append(cells)
        self._gather()

    def close(self) -> None:
        for part, rows in self._waiting.items():
            _append(self._split.part(part), rows)
        _append(self._split.refused_rows, self._refused)
        self._waiting, self._refused, self._count = {}, [], 0

    def _gather(self) -> None:
        self._count += 1
        if self._count >= _ROWS_IN_MEMORY:
            self.close()


def _append(path: Path, rows: list[list[str]] | list[Cells]) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


class _Ids:
    """Finds ids that come twice: digests of all, spread over files of which each is looked through alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting = [bytearray() for _ in range(_ID_FILES)]
        self._size = 0

    def add(self, name: str, line: int) -> None:
        digest = blake2b(name.encode(), digest_size=_ID_BYTES).digest()
        self._waiting[digest[0] % _ID_FILES] += digest + line.to_bytes(_ID_BYTES, "little")
        self._size += 2 * _ID_BYTES
        if self._size >= _ID_BYTES_IN_MEMORY:
            self._write()

    def repeated(self) -> dict[int, int]:
        """Line of an id that came before -> the line where it came first. Errors: UnusableFile for too many."""
        self._write()
        found: dict[int, int] = {}
        for number in range(_ID_FILES):
            path = self._path(number)
            if path.exists():
                found |= _repeated_in(path.read_bytes())
                path.unlink()
            if len(found) > REPEATED_MAX:
                words = f"Over {REPEATED_MAX:,} rows have a transaction id that came before. Is it the right column?"
                raise UnusableFile(words)
        return found

    def _write(self) -> None:
        for number, waiting in enumerate(self._waiting):
            if waiting:
                with self._path(number).open("ab") as file:
                    file.write(waiting)
                waiting.clear()
        self._size = 0

    def _path(self, number: int) -> Path:
        return self._folder / f"ids-{number:02d}"


def _repeated_in(data: bytes) -> dict[int, int]:
    import numpy as np  # where files are split only

    ids, lines = np.frombuffer(data, dtype="<u8").reshape(-1, 2).T
    order = np.lexsort((lines, ids))
    ids, lines = ids[order], lines[order]
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1]))
    first = np.repeat(lines[starts], np.diff(np.append(starts, len(ids))))
    again = lines != first
    return dict(zip(lines[again].tolist(), first[again].tolist(), strict=True))
