"""The scores of a replay as a file: `transaction_id,score`, a line per scored payment, in the order of the rows."""

import csv
from pathlib import Path
from types import TracebackType

from scoring.replay.results import Result

HEADER = ("transaction_id", "score")


class Predictions:
    """A context manager. Whole lines are written as soon as all earlier rows are answered, the rest at the end; so a
    replay that is stopped leaves a file that is shorter, not wrong. What was not scored has no line.
    """

    def __init__(self, path: Path) -> None:
        """Errors: OSError. What was in the file is gone."""
        self._file = path.open("w", encoding="utf-8", newline="", buffering=1)
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(HEADER)
        self._next_place = 0
        self._waiting: dict[int, Result] = {}  # at most what the lanes hold

    def add(self, result: Result) -> None:
        self._waiting[result.place] = result
        while (found := self._waiting.pop(self._next_place, None)) is not None:
            self._write(found)
            self._next_place += 1

    def __enter__(self) -> "Predictions":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for place in sorted(self._waiting):
            self._write(self._waiting[place])
        self._file.close()

    def _write(self, result: Result) -> None:
        if result.score is not None:
            self._writer.writerow((result.transaction_id, result.score))
