"""A file comes in. It is read once while it is kept: its size, what it unpacks to, card numbers, its first line."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any
from uuid import UUID

from django.db import transaction

from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from scoring.domain.jobs.readings import Reading, constants_faults, plan_of, reading_guess
from scoring.models import ScoreJob
from scoring.services.jobs.files import EXPECTED, file_keep, job_file, job_storage, unpacked_within
from sentinel.api.models import GatewayClient
from sentinel.core.csv_files import UnusableFile, csv_rows, first_card_number
from sentinel.core.errors import InvalidRequest
from sentinel.core.ids import uuid7

SOURCE = "source"
COLUMNS_MAX = 200
_HEAD_BYTES = 64 * 1024
_LINE_BYTES_MAX = 64 * 1024


@dataclass(slots=True)
class _Seen:
    size_bytes: int = 0
    unpacked_bytes: int = 0
    head: bytes = b""
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def columns(self) -> dict[str, Any]:
        return {
            "file_sha256": self.digest.hexdigest(),
            "size_bytes": self.size_bytes,
            "unpacked_bytes": self.unpacked_bytes,
        }


def job_upload(
    *,
    actor: str,
    client: GatewayClient | None,
    file_name: str,
    content: Iterable[bytes],
    constants: Mapping[str, str],
    columns: Mapping[str, str] | None = None,
    starts_by_itself: bool = False,
    is_local: bool = False,
    job_id: UUID | None = None,
    now: datetime,
) -> ScoreJob:
    """Keeps a file to be checked. `columns` (field -> column) say how it is read; without them its header does.

    Errors: UnusableFile for what is empty, too large, damaged, no CSV file or holds a full card number, and for a
    file that would start by itself and cannot be read; InvalidRequest for its name. Nothing is kept then.
    """
    card_numbers_refuse(file_name=file_name)
    if faults := constants_faults(constants):
        raise InvalidRequest(" ".join(faults))
    job_id = job_id or uuid7()
    with NamedTemporaryFile() as kept:
        seen = _keep(content, kept)
        header = header_read(seen.head)
        guessed = reading_guess(header, constants)
        reading = Reading.mapped(header, columns, constants) if columns else guessed
        if starts_by_itself or columns:
            plan_of(reading, header)
        file_keep(job_file(job_id, SOURCE), Path(kept.name))
    try:
        return _job_make(
            id=job_id,
            client=client,
            livemode=client.livemode if client else True,
            made_by=actor,
            is_local=is_local,
            starts_by_itself=starts_by_itself,
            file_name=file_name[:200],
            header=list(header),
            reading=reading.to_json(),
            created_at=now,
            **seen.columns,
        )
    except BaseException:
        job_storage().delete(job_file(job_id, SOURCE))
        raise


@transaction.atomic
def _job_make(**columns: Any) -> ScoreJob:
    job = ScoreJob.objects.create(**columns)
    job_audit(job.made_by, "uploaded", job, job.created_at)
    return job


def job_audit(actor: str, what: str, job: ScoreJob, now: datetime) -> None:
    details = {"file": job.file_name, "sha256": job.file_sha256, "size_bytes": job.size_bytes}
    audit_record(actor=actor, action=f"score_job.{what}", subject=job.public_id, details=details, now=now)


def header_read(head: bytes) -> tuple[str, ...]:
    """The names of the columns, of a file's beginning. Errors: UnusableFile."""
    whole = head[: head.rfind(b"\n") + 1] or head
    first = next(csv_rows([whole], lines_max=len(whole), expected=EXPECTED), None)
    if first is None:
        raise UnusableFile("The file is empty.")
    line, cells = first
    header = tuple(cell.strip() for cell in cells)
    if len(header) < 2:
        raise UnusableFile(f"Line {line} has one column. Separate columns with commas or semicolons. {EXPECTED}")
    if len(header) > COLUMNS_MAX:
        raise UnusableFile(f"Line {line} has {len(header)} columns; at most {COLUMNS_MAX} can be read.")
    if not head[len(whole) :] and not _has_rows(whole):
        raise UnusableFile("The file has a header and no rows.")
    return header


def _has_rows(whole: bytes) -> bool:
    rows = csv_rows([whole], lines_max=len(whole), expected=EXPECTED)
    return next(rows, None) is not None and next(rows, None) is not None


def _keep(content: Iterable[bytes], kept: IO[bytes]) -> _Seen:
    """Writes down what is sent, and looks through what is in it."""
    seen = _Seen()

    def written() -> Iterator[bytes]:
        for block in content:
            kept.write(block)
            seen.digest.update(block)
            seen.size_bytes += len(block)
            yield block

    def looked_at() -> Iterator[bytes]:
        for block in unpacked_within(written()):
            seen.unpacked_bytes += len(block)
            if len(seen.head) < _HEAD_BYTES:
                seen.head += block[: _HEAD_BYTES - len(seen.head)]
            yield block

    line = first_card_number(_whole_lines(looked_at()))
    if line is not None:
        raise UnusableFile(f"Line {line} holds a full card number. The file was not kept. Use the cards' tokens.")
    if not seen.unpacked_bytes:
        raise UnusableFile("The file is empty.")
    kept.flush()
    return seen


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, in blocks that end where lines end; of what has no lines, in blocks that overlap nowhere."""
    rest = b""
    for block in blocks:
        whole, end, after = block.rpartition(b"\n")
        if end:
            yield rest + whole + end
            rest = after
        else:
            rest += block
        if len(rest) > _LINE_BYTES_MAX:
            raise UnusableFile(f"A line has over {_LINE_BYTES_MAX:,} bytes: this is no list of payments. {EXPECTED}")
    if rest:
        yield rest
