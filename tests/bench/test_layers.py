"""From profiled functions to the layers of a decision."""

import cProfile
import json

import pytest

from bench.layers import BENCH, OTHER, Profile, as_lines, layer_of, scaled, times_by_layer


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("/srv/app/bench/layers.py", BENCH),
        ("/srv/app/scoring/api/transactions.py", "parse and validate"),
        ("/srv/app/rules/domain/compiler.py", "rules"),
        ("/srv/app/scoring/domain/features.py", "features"),
        ("/srv/app/scoring/domain/assess.py", "decide, book and make rows"),
        ("/srv/app/scoring/services/intake.py", "groups and event loop"),
        ("/usr/lib/python3.11/heapq.py", OTHER),
    ],
)
def test_a_file_belongs_to_one_layer(path, layer):
    assert layer_of(path) == layer


def test_what_is_built_in_counts_to_its_caller():
    profiler = cProfile.Profile()
    profiler.enable()
    json.dumps([1.5] * 50_000)
    profiler.disable()

    assert times_by_layer(profiler)["gather and remember (Redis)"] > 0


def test_shares_are_applied_to_the_cpu_without_the_profiler():
    found = scaled({"rules": 1.0, "model": 3.0, BENCH: 50.0}, 200.0)

    assert found == {"model": 150.0, "rules": 50.0}
    assert "  rules " in as_lines([Profile(1, 200.0, found)])
    assert "25.0%" in as_lines([Profile(1, 200.0, found)])
