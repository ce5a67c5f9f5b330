"""The published protocol, on a calendar small enough to count."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from scoring.domain.dataset import Dataset
from scoring.training.protocol import PREQUENTIAL_STARTS, split_by_protocol
from sentinel.core.catalogue import PACKED_FIELDS

TEST_START = datetime(2018, 8, 8, tzinfo=UTC)
DAY = 86_400


def calendar(frauds: dict[int, list[int]]) -> Dataset:
    """Ten cards pay once a day from 40 days before the test week to its end. `frauds`: day -> cards."""
    days = np.repeat(np.arange(-40, 7), 10)
    cards = np.tile(np.arange(10), 47)
    is_fraud = np.array(
        [card in frauds.get(day, []) for day, card in zip(days.tolist(), cards.tolist(), strict=True)]
    )
    at = (TEST_START.timestamp() + days * DAY + 3600.0).astype(np.float64)
    columns = np.full((len(days), len(PACKED_FIELDS)), np.nan)
    return Dataset("x", timedelta(days=7), at, columns, cards.astype(np.uint64), is_fraud, at + 7 * DAY)


def days_of(rows: Dataset) -> list[int]:
    return sorted({int((at - TEST_START.timestamp()) // DAY) for at in rows.occurred_at})


@pytest.mark.parametrize("training_days", [7, 14, 30])
def test_training_ends_a_week_before_the_test_begins(training_days):
    training, test = split_by_protocol(calendar({}), TEST_START, training_days)

    assert days_of(training) == list(range(-7 - training_days, -7))
    assert days_of(test) == list(range(7))


def test_cards_are_left_out_once_their_fraud_is_known():
    dataset = calendar({-20: [1], -10: [2], -5: [3], 2: [4]})
    _, test = split_by_protocol(dataset, TEST_START, 7)
    first_day, last_day = (
        set(test.accounts[(test.occurred_at - TEST_START.timestamp()) // DAY == day].tolist()) for day in (0, 6)
    )

    assert 1 in first_day  # before the published training week: nobody counts it
    assert 2 not in first_day
    assert 3 in first_day  # that is not known yet
    assert 3 not in last_day
    assert 4 in last_day


def test_four_weeks_follow_each_other():
    assert [f"{start:%m-%d}" for start in PREQUENTIAL_STARTS] == ["08-08", "08-15", "08-22", "08-29"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(CommandError, match="absent"):
        call_command(
            "benchmark_model", data=tmp_path / "absent.csv", labels=tmp_path / "absent.csv", stdout=StringIO()
        )
