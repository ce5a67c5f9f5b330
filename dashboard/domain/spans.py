"""A span of whole hours in one word, as the address of a list carries it: 2026-01-01T00..2026-01-08T00, UTC."""

from datetime import UTC, datetime

_FORM = "%Y-%m-%dT%H"


def span_written(start: datetime, end: datetime) -> str:
    return f"{start.astimezone(UTC):{_FORM}}..{end.astimezone(UTC):{_FORM}}"


def span_read(text: str) -> tuple[datetime, datetime]:
    """Errors: ValueError."""
    start, _, end = text.partition("..")
    return _moment(start), _moment(end)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)
