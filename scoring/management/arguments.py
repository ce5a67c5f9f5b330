"""Arguments that several commands take."""

from argparse import ArgumentTypeError
from datetime import datetime


def moment(text: str) -> datetime:
    """Such as 2026-01-31T12:00:00Z. Errors: ArgumentTypeError, also without a zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a moment such as 2026-01-31T12:00:00Z.") from None
    if found.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} names no zone. Write it as 2026-01-31T12:00:00Z.")
    return found
