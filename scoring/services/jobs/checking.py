"""The dry run: what would become of each row, before anything is scored. Nothing is written but what was found."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from scoring.domain.jobs.readings import Plan, Reading, plan_of
from scoring.domain.jobs.rows import RowRefused
from scoring.models import ScoreJob
from scoring.services.jobs.files import file_blocks, job_file, rows_read
from scoring.services.jobs.uploading import SOURCE
from sentinel.core.csv_files import UnusableFile
from sentinel.core.errors import FieldError

# Of a longer file the first rows are looked at; the others are judged when they are scored.
ROWS_CHECKED_MAX = 200_000
FAULTS_KEPT = 1_000
_EXAMPLES = 5
_ROWS_PER_TURN = 2_000


@dataclass(frozen=True, slots=True)
class RowFault:
    """It does not repeat what the row says, which may be what has no place here."""

    line: int
    column: str
    words: str


@dataclass(slots=True)
class Checked:
    """`kinds` counts what is wrong as "field: code"; `examples` are the first rows that can be read, by field."""

    rows: int = 0
    faulty: int = 0
    is_whole: bool = True
    faults: list[RowFault] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "faulty": self.faulty,
            "is_whole": self.is_whole,
            "faults": [asdict(fault) for fault in self.faults],
            "kinds": dict(self.kinds.most_common()),
            "examples": self.examples,
        }


def job_check(job: ScoreJob, *, now: datetime, on_rows: Callable[[int], object] = int) -> Checked:
    """`on_rows` is told now and then how many rows were looked at. Errors: UnusableFile."""
    rows = rows_read(file_blocks(job_file(job.id, SOURCE)))
    _, header = next(rows)
    plan = plan_of(Reading.of_json(job.reading), [cell.strip() for cell in header])
    checked, seen = Checked(), dict[str, int]()
    for line, cells in islice(rows, ROWS_CHECKED_MAX):
        _look_at(checked, plan, line, cells, seen, now)
        if checked.rows % _ROWS_PER_TURN == 0:
            on_rows(checked.rows)
    checked.is_whole = next(rows, None) is None
    if not checked.rows:
        raise UnusableFile("The file has a header and no rows.")
    return checked


def _look_at(
    checked: Checked, plan: Plan, line: int, cells: Sequence[str], seen: dict[str, int], now: datetime
) -> None:
    checked.rows += 1
    try:
        told = row_told(plan, cells)
        name = told.get("transaction_id")
        if name is not None and seen.setdefault(name, line) != line:
            raise RowRefused(repeated(seen[name]))
        plan.request_of(told, now=now)
    except RowRefused as refused:
        checked.faulty += 1
        for error in refused.errors:
            checked.kinds[f"{error.field}: {error.code}"] += 1
            if len(checked.faults) < FAULTS_KEPT:
                checked.faults.append(RowFault(line, error.field, error.message))
    else:
        if len(checked.examples) < _EXAMPLES:
            checked.examples.append(told)


def row_told(plan: Plan, cells: Sequence[str]) -> dict[str, str]:
    """What a row says. Errors: RowRefused when it has more or fewer cells than the header."""
    if (error := ragged(plan, cells)) is not None:
        raise RowRefused(error)
    return plan.read(cells)


def ragged(plan: Plan, cells: Sequence[str]) -> FieldError | None:
    if len(cells) == len(plan.header):
        return None
    words = f"The row has {len(cells)} cells, and the first line names {len(plan.header)} columns."
    return FieldError("row", "ragged", words)


def repeated(first_line: int) -> FieldError:
    return FieldError("transaction_id", "repeated", f"Line {first_line} has this transaction id already.")
