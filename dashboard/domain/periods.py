"""What a page looks at: whole hours, UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

NAMED = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
DEFAULT = "7d"
DAYS_MAX = 366
# Up to this long it is drawn by the hour, else by the day.
_BY_HOUR_MAX = timedelta(hours=48)
_HOUR = timedelta(hours=1)


class PeriodError(ValueError):
    """A period that cannot be looked at; `field` is the one to be changed."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to before `end`. `name` is one of NAMED, empty for days of somebody's own."""

    start: datetime
    end: datetime
    name: str = ""

    @property
    def is_by_hour(self) -> bool:
        return self.end - self.start <= _BY_HOUR_MAX

    @property
    def step(self) -> timedelta:
        return _HOUR if self.is_by_hour else timedelta(days=1)

    @property
    def before(self) -> "Period":
        """The same length of time, just before it."""
        return Period(self.start - (self.end - self.start), self.start)

    @property
    def words(self) -> str:
        """How long it is: "24 hours", "7 days"."""
        hours = round((self.end - self.start) / _HOUR)
        if hours <= 24:
            return f"{hours} hours" if self.name else "day"
        return f"{hours // 24} days"

    @property
    def whole_days(self) -> tuple[datetime, datetime]:
        """The days that lie wholly within: from the first to before the last midnight. Both the end without any."""
        first = midnight(self.start + timedelta(days=1) - timedelta(microseconds=1))
        last = midnight(self.end)
        return (first, last) if first < last else (self.end, self.end)

    @property
    def buckets(self) -> list[datetime]:
        """Where each hour or day begins, the first one perhaps before the period."""
        first = self.start if self.is_by_hour else midnight(self.start)
        count = -((first - self.end) // self.step)
        return [first + self.step * place for place in range(count)]

    @property
    def query(self) -> str:
        """The period as a page's address names it."""
        if self.name:
            return urlencode({"period": self.name})
        return urlencode({"from": self.start.date(), "to": (self.end - _HOUR).date()})


def period_named(name: str, now: datetime) -> Period:
    """The time up to now, with the hour that is not over yet. Errors: PeriodError."""
    if name not in NAMED:
        raise PeriodError("period", f"{name!r} is none of {', '.join(NAMED)}.")
    return _until(now, NAMED[name], name)


def period_of_last(days: int, now: datetime) -> Period:
    """So many days up to now, with the hour that is not over yet."""
    return _until(now, timedelta(days=days))


def period_of_days(first: str, last: str) -> Period:
    """Whole days, the last one with them. Errors: PeriodError."""
    start, end = _day("from", first), _day("to", last)
    if end < start:
        raise PeriodError("to", "The last day lies before the first.")
    if (end - start).days >= DAYS_MAX:
        raise PeriodError("from", f"At most {DAYS_MAX} days can be looked at together.")
    return Period(start, end + timedelta(days=1))


def _until(now: datetime, span: timedelta, name: str = "") -> Period:
    end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + _HOUR
    return Period(end - span, end, name)


def midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _day(field: str, text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise PeriodError(field, f"{text!r} is not a day such as 2026-01-31.") from None
    if not 2000 <= day.year <= 9000:
        raise PeriodError(field, f"{text} is not a day of any payment.")
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
