from datetime import UTC, datetime, timedelta

import pytest

from webhooks.domain.schedule import next_attempt_at, retry_after_of

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
SCHEDULE = [0, 5, 300, 1800, 7200, 18000, 36000, 36000]


def due(failures: int, *, chance: float = 0.0, retry_after: timedelta | None = None) -> timedelta | None:
    moment = next_attempt_at(
        failures=failures, schedule_seconds=SCHEDULE, chance=chance, retry_after=retry_after, now=NOW
    )
    return None if moment is None else moment - NOW


def test_the_waits_grow_from_five_seconds_to_ten_hours_and_then_it_is_dead():
    waits = [due(failures) for failures in range(1, 9)]

    assert [wait and wait.total_seconds() for wait in waits] == [5, 300, 1800, 7200, 18000, 36000, 36000, None]


def test_deliveries_that_failed_together_are_spread_by_up_to_a_tenth():
    assert due(3, chance=1.0) == timedelta(seconds=1980)


def test_the_receiver_may_ask_for_more_patience_and_not_for_less():
    assert due(1, retry_after=timedelta(minutes=2)) == timedelta(minutes=2)
    assert due(3, retry_after=timedelta(seconds=1)) == timedelta(minutes=30)
    assert due(1, retry_after=timedelta(days=300)) == timedelta(hours=24)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("Sat, 28 Nov 2026 12:01:00 GMT", 60),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0),
        ("9" * 5000, 24 * 3600),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("Sat, 28 Nov 2026 12:01:00 +99999999999999", None),
        ("１２", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: int | None):
    found = retry_after_of(header, NOW)

    assert (None if found is None else found.total_seconds()) == seconds
