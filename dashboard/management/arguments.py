"""Arguments that several commands take."""

from argparse import ArgumentTypeError
from datetime import datetime

from sentinel.core.csv_files import moment_read


def moment(text: str) -> datetime:
    """A day or moment, UTC when it names no zone. Errors: ArgumentTypeError."""
    try:
        return moment_read(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day or moment such as 2026-01-31 or 2026-01-31T12:00Z.") from None
