"""A line of a list's file, as it can be added or with what is wrong, by its column."""

from datetime import UTC, datetime

import pytest

from rules.domain.list_files import Defaults, LineFault, read_lines
from rules.domain.lists import ItemType

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def read(line: str):
    (read,) = read_lines([line.encode()], ItemType.CARD_TOKEN, Defaults("told", None, NOW), lines_max=10)
    return read


def test_a_line_can_be_added():
    assert not isinstance(read("tok_1,stolen,2026-02-01"), LineFault)


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("tok_1," + "x" * 1000, "reason", "Write a reason of at most"),
        ("tok_1,4111 1111 1111 1111", "reason", "full card number"),
        ("tok_1,stolen,soon", "expires_at", "Write a day such as"),
        ("tok_1,stolen,2026-01-30", "expires_at", "passed already"),
        ("tok_1,stolen,2026-02-01,more", "4", "4 columns"),
    ],
)
def test_what_cannot_be_added_is_told_by_its_column(line, column, words):
    fault = read(line)

    assert (fault.line, fault.column) == (1, column)
    assert words in fault.words
