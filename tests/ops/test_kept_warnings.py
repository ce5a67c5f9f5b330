"""Warnings on their way: gathered without waiting, masked, bounded; nothing that fails there is heard of again."""

import logging
import threading

import pytest

from sentinel.ops import kept_warnings
from sentinel.ops.kept_warnings import ROWS_MAX, WarningKeeper


@pytest.fixture
def stored(monkeypatch):
    rows: list[kept_warnings.GatheredWarning] = []
    monkeypatch.setattr(kept_warnings, "_store", rows.extend)
    return rows


@pytest.fixture
def logger():
    own, keeper = logging.getLogger("tests.kept"), WarningKeeper()
    own.addHandler(keeper)
    own.propagate = False
    yield own, keeper
    own.removeHandler(keeper)
    keeper.finish()


def test_the_same_is_one_with_how_often(stored, logger):
    own, keeper = logger
    for _ in range(3):
        own.warning("%s rows wait", 7)
    own.error("password=hunter2 of card 4111111111111111")
    own.info("nothing to keep")
    keeper.finish()

    told = [(each.level, each.logger, each.message, each.occurrences) for each in stored]
    assert told == [
        ("warning", "tests.kept", "7 rows wait", 3),
        ("error", "tests.kept", "password=[hidden] of card [card number]", 1),
    ]


def test_no_more_rows_than_bounded_and_one_line_each(stored, logger):
    own, keeper = logger
    for number in range(ROWS_MAX + 20):
        own.warning("another %s\nline", number)
    keeper.finish()

    assert len(stored) == ROWS_MAX
    assert stored[0].message == "another 0\\nline"


def test_a_store_that_fails_is_not_heard_of(monkeypatch, logger):
    own, keeper = logger

    def away(rows):
        logging.getLogger("tests.kept").error("the database is away")
        raise ConnectionError

    monkeypatch.setattr(kept_warnings, "_store", away)
    own.warning("it rains")
    keeper.finish()

    assert not keeper._waiting
    assert all(thread.name != "kept-warnings" or not thread.is_alive() for thread in threading.enumerate())


def test_a_message_that_cannot_be_put_together_is_kept_as_it_is(stored, logger):
    _, keeper = logger
    keeper.emit(logging.LogRecord("tests.kept", logging.WARNING, __file__, 1, "%d rows", ("many",), None))
    keeper.finish()

    assert [each.message for each in stored] == ["%d rows"]
