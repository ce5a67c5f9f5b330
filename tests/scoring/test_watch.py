"""Which days each figure of a model is read from, and what makes it measurable."""

from datetime import date, timedelta
from typing import Any

import pytest

from scoring.domain.stability import Bins
from scoring.domain.watch import CALIBRATION_BINS, Day, DayCounts, readings_of

LAST = date(2026, 6, 30)
HALVES = {"amount": Bins((5.0,), (0.5, 0.5), 0.0), "score_percentile": Bins((0.5,), (0.5, 0.5), 0.0)}


def a_day(ago: int, *, spreads: Any = None, **counts: Any) -> Day:
    return Day(LAST - timedelta(days=ago), DayCounts(**{"payments": 10_000, "alerts": 70, **counts}), spreads or {})


def read(days: list[Day], *, matured_ago: int = 0, is_supervised: bool = True):
    last = LAST - timedelta(days=matured_ago)
    found = readings_of(days, HALVES, matured_until=last, is_supervised=is_supervised)
    return {each.code: each for each in found}


def days_of(count: int, **counts) -> list[Day]:
    return [a_day(ago, **counts) for ago in reversed(range(count))]


def test_without_days_there_is_nothing_to_read():
    assert read([]) == {}


def test_every_figure_is_read():
    assert list(read(days_of(1))) == [
        "alert_rate",
        "calibration",
        "forest_share",
        "review_precision",
        "matured_share",
        "stability.amount",
        "missing.amount",
        "stability.score_percentile",  # a score is never missing where there is one
    ]


def test_a_forest_alone_has_no_probabilities_and_no_share():
    assert list(read(days_of(1), is_supervised=False))[:4] == [
        "alert_rate",
        "review_precision",
        "matured_share",
        "stability.amount",
    ]


def test_the_last_day_is_told_from_those_before():
    reading = read([*days_of(28)[:-1], a_day(0, alerts=140)])["alert_rate"]

    assert (reading.value, reading.has_left) == (0.014, True)


def test_inputs_are_read_of_a_week():
    spread = {"amount": [30, 70, 50]}
    days = [a_day(7, spreads={"amount": [9000, 0, 0]}), *(a_day(ago, spreads=spread) for ago in reversed(range(7)))]
    found = read(days)

    assert found["missing.amount"].value == 50 * 7 / (150 * 7)
    assert found["stability.amount"].has_left


def test_too_few_of_a_week_are_not_measured():
    found = read([a_day(0, spreads={"amount": [499, 500, 0]})])

    assert (found["stability.amount"].value, found["missing.amount"].value) == (None, None)


def test_a_day_counted_by_other_bins_is_left_out():
    found = read([a_day(1, spreads={"amount": [1000, 0, 0, 0]}), a_day(0, spreads={"amount": [500, 500, 0]})])

    assert found["stability.amount"].value == 0.0


def test_calibration_is_of_the_last_28_matured_days():
    def promised(frauds: int) -> list[list[float]]:
        return [[0, 0.0, 0.0, 0]] * (CALIBRATION_BINS - 1) + [[10, 8.0, 1.6, frauds]]

    days = [a_day(ago, calibration=promised(8 if 7 <= ago < 35 else 0)) for ago in reversed(range(60))]
    reading = read(days, matured_ago=7)["calibration"]

    assert (reading.value, reading.has_left) == (0.8, False)
    assert reading.words == "80.0% of 280 matured alerts were fraud; their probabilities said 80.0%."


@pytest.mark.parametrize(
    ("code", "part", "whole"),
    [
        ("review_precision", "reviewed_frauds", "reviewed"),
        ("matured_share", "matured", "due"),
    ],
)
def test_a_share_is_told_from_the_days_before_the_last_28(code: str, part: str, whole: str):
    before = [a_day(ago, **{whole: 10, part: 8}) for ago in reversed(range(28, 50))]
    recent = [a_day(ago, **{whole: 10, part: 5}) for ago in reversed(range(28))]
    reading = read([*before, *recent])[code]

    assert (reading.value, reading.has_left) == (0.5, True)
    assert reading.words.endswith("usual is 80.0%.")


def test_fraud_that_only_the_forest_finds_is_alarming_when_it_grows():
    before = [a_day(ago, alert_frauds=10, forest_frauds=1) for ago in reversed(range(28, 50))]
    recent = [a_day(ago, alert_frauds=10, forest_frauds=3) for ago in reversed(range(28))]

    assert read([*before, *recent])["forest_share"].has_left


def test_days_older_than_the_usual_ones_do_not_count():
    old = [a_day(ago, due=10, matured=0) for ago in reversed(range(84, 100))]
    before = [a_day(ago, due=10, matured=9) for ago in reversed(range(28, 84))]

    assert not read([*old, *before, *days_of(28, due=10, matured=9)])["matured_share"].has_left


def test_a_young_model_has_nothing_that_is_usual():
    reading = read(days_of(28, due=1000, matured=0))["matured_share"]

    assert (reading.value, reading.has_left) == (None, False)
