"""The daily file for the bank's core ledger: written, and held against the core's own."""

import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from ledger.domain.reconciliation import Difference, differences, file_days, file_lines
from ledger.errors import DayNotOver
from ledger.selectors.reconciliation import account_days, day_bounds
from ledger.selectors.settled import settled_until
from ledger.services.audit import audit_record
from sentinel.core.csv_files import unpacked

ACTOR = "reconciliation"
DUE_DAYS = 7  # a worker that was away makes up for so many
FILE_BYTES_MAX = 20 * 1024**3
_BLOCK_BYTES = 1024 * 1024


def reconciliation_write(*, day: date, path: Path, actor: str, now: datetime) -> int:
    """Writes the file of a day, whole or not at all; how many accounts are in it. The same day, the same bytes.

    Errors: DayNotOver, OSError.
    """
    _refuse_unsettled(day, now)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    lines = 0
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", newline="") as file:
            last = ""
            for last in file_lines(account_days(day)):
                lines += last.startswith("account,")
                file.write(last)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    details = {"day": str(day), "file": path.name, "accounts": lines, "hash": last.split(",")[1]}
    audit_record(actor=actor, action="reconciliation.written", subject=f"day {day}", details=details, now=now)
    return lines


def reconciliation_compare(*, day: date, path: Path, now: datetime) -> Iterator[Difference]:
    """What differs between a day here and the core's file of it, one by one.

    Errors: DayNotOver; UnusableFile, as soon as it is met; OSError.
    """
    _refuse_unsettled(day, now)
    with path.open("rb") as file:
        blocks = unpacked(iter(lambda: file.read(_BLOCK_BYTES), b""), bytes_max=FILE_BYTES_MAX)
        yield from differences(account_days(day), file_days(blocks))


def reconciliations_write_due(*, folder: Path, now: datetime) -> int:
    """Writes the files of the last days that are not there yet; how many."""
    done = 0
    for days_ago in range(DUE_DAYS, 0, -1):
        day = now.date() - timedelta(days=days_ago)
        path = folder / f"reconciliation-{day}.csv"
        if not path.exists() and _is_settled(day, now):
            reconciliation_write(day=day, path=path, actor=ACTOR, now=now)
            done += 1
    return done


def _refuse_unsettled(day: date, now: datetime) -> None:
    if not _is_settled(day, now):
        raise DayNotOver(f"{day} (UTC) is not over, or its last payments are still being written. Try again later.")


def _is_settled(day: date, now: datetime) -> bool:
    _, end = day_bounds(day)
    return end < now and end <= settled_until(now)
