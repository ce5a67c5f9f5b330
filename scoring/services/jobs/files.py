"""The files of jobs: where they lie, and how they are read without ever being whole in memory."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

from sentinel.core.csv_files import UnusableFile, csv_rows, unpacked

BLOCK_BYTES = 256 * 1024
EXPECTED = "The first line names the columns, and every other line is one payment."
# Text of payments is packed to a tenth, seldom to a fiftieth. What grows more was made to fill a disk.
_GROWTH_MAX = 200
_GROWTH_FROM_BYTES = 4 * 1024 * 1024


def job_storage() -> Storage:
    return storages["jobs"]


def job_file(job_id: UUID, *names: str) -> str:
    return "/".join((job_id.hex, *names))


def file_keep(name: str, path: Path) -> None:
    """Puts a local file into the storage. A name is used once: whoever begins again takes another."""
    with path.open("rb") as content:
        kept = job_storage().save(name, File(content))
    if kept != name:
        raise FileExistsError(name)


def file_blocks(name: str) -> Iterator[bytes]:
    with job_storage().open(name, "rb") as content:
        while block := content.read(BLOCK_BYTES):
            yield block


def files_forget(job_id: UUID, *, but: str = "") -> None:
    """Deletes all files of a job but one. What is gone already is no error."""
    storage, waiting = job_storage(), [job_file(job_id)]
    folders = []
    while waiting:
        folder = waiting.pop()
        folders.append(folder)
        try:
            inner, names = storage.listdir(folder)
        except FileNotFoundError:
            continue
        waiting += [f"{folder}/{each}" for each in inner]
        for name in names:
            if f"{folder}/{name}" != but:
                storage.delete(f"{folder}/{name}")
    for folder in reversed(folders):
        with suppress(OSError):  # one that is not empty, and storages that know no folders
            storage.delete(folder)


def unpacked_within(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """As `unpacked`, within the size of the settings. Errors: UnusableFile, also for a file that grows too much."""
    packed = grown = 0

    def counted() -> Iterator[bytes]:
        nonlocal packed
        for block in blocks:
            packed += len(block)
            yield block

    for block in unpacked(counted(), bytes_max=settings.JOB_BYTES_MAX):
        grown += len(block)
        if grown > max(_GROWTH_FROM_BYTES, _GROWTH_MAX * packed):
            raise UnusableFile(f"The file grows to over {_GROWTH_MAX} times its size when it is unpacked. {EXPECTED}")
        yield block


def rows_read(blocks: Iterable[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The line and the cells of every row, the header first. Errors: UnusableFile."""
    return csv_rows(unpacked_within(blocks), lines_max=settings.JOB_ROWS_MAX, expected=EXPECTED)
