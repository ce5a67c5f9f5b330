"""Percentiles, medians and ratios."""

import math

import pytest

from bench.figures import medians, percentile, ratio_rounds, ratios, spreads


def speeds(*per_second: float) -> list[dict[str, float]]:
    return [{"per_second": speed} for speed in per_second]


def test_a_percentile_is_a_value_that_was_measured():
    values = [float(number) for number in range(100, 0, -1)]

    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7


def test_of_nothing_there_is_no_percentile():
    assert math.isnan(percentile([], 0.5))


def test_medians_and_spreads_are_over_rounds():
    rounds = [{"p50_ms": 3.0, "p99_ms": 9.0}, {"p50_ms": 1.0, "p99_ms": 7.0}, {"p50_ms": 2.0, "p99_ms": 50.0}]

    assert medians(rounds) == {"p50_ms": 2.0, "p99_ms": 9.0}
    assert spreads(rounds) == {"p50_ms": [1.0, 3.0], "p99_ms": [7.0, 50.0]}


def test_a_ratio_is_taken_within_a_round():
    # The machine was half as fast in the second round, for both.
    rounds = {"single": speeds(300, 150, 330), "stock-hello": speeds(100, 50, 100)}

    assert ratio_rounds("single_vs_stock_hello", rounds) == pytest.approx([3.0, 3.0, 3.3])
    assert ratios(rounds)["single_vs_stock_hello"] == pytest.approx(3.0)


def test_a_ratio_of_something_that_was_not_measured_is_unknown():
    found = ratios({"single": speeds(300), "rules": [{"us_50": 1.5, "us_200": 5.0}]})

    assert found["bulk_vs_single"] is None
    assert found["model_vs_sklearn"] is None
    assert found["rules_us_50"] == 1.5


def test_every_promised_ratio_is_there():
    assert ratios({}).keys() == {
        "single_vs_stock_hello", "single_vs_lean_hello", "group_vs_one_commit", "bulk_vs_single", "score_vs_bulk",
        "nginx_vs_direct_p50", "nginx_vs_direct_speed", "nginx_two_vs_one", "nginx_four_vs_one",
        "model_vs_sklearn", "rules_us_50", "rules_us_200",
    }  # fmt: skip
