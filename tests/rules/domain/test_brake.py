from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.domain.brake import Brake, trial_hits_per_day

BRAKE = Brake(factor=5, hits_min=20)
HITS = st.integers(0, 10**7)
EXPECTED = st.floats(0, 10**7)
FACTORS = st.integers(1, 100)
FIRST = date(2026, 1, 1)


def test_a_rule_is_stopped_above_the_factor():
    assert not BRAKE.stops(500, expected_per_day=2400)
    assert BRAKE.stops(501, expected_per_day=2400)


def test_few_hits_never_stop_a_rule():
    assert not BRAKE.stops(19, expected_per_day=0)
    assert BRAKE.stops(20, expected_per_day=0)


@given(HITS)
def test_nothing_is_stopped_when_nobody_knows_what_to_expect(hits):
    assert not BRAKE.stops(hits, expected_per_day=None)


@given(HITS, EXPECTED, FACTORS, st.integers(1, 1000))
def test_what_is_stopped_hits_more_than_expected_and_than_the_least(hits, expected, factor, hits_min):
    if Brake(factor, hits_min).stops(hits, expected):
        assert hits >= hits_min
        assert hits > factor * expected / 24


@given(HITS, HITS, EXPECTED, EXPECTED, FACTORS)
def test_more_hits_or_less_expected_never_release_the_brake(hits, more, expected, less, factor):
    brake = Brake(factor, 20)
    if brake.stops(hits, expected):
        assert brake.stops(hits + more, min(expected, less))


def test_a_trial_is_measured_by_its_whole_days():
    trial = [(FIRST, 999), (FIRST + timedelta(1), 10), (FIRST + timedelta(3), 20), (FIRST + timedelta(4), 999)]

    assert trial_hits_per_day(trial, began=FIRST, ended=FIRST + timedelta(4)) == 10


def test_a_trial_without_a_whole_day_says_nothing():
    assert trial_hits_per_day([(FIRST, 999)], began=FIRST, ended=FIRST + timedelta(1)) is None


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30))
def test_the_mean_of_a_trial_lies_between_its_days(hits):
    trial = [(FIRST + timedelta(place + 1), count) for place, count in enumerate(hits)]
    mean = trial_hits_per_day(trial, began=FIRST, ended=FIRST + timedelta(len(hits) + 1))

    assert mean is not None
    assert min(hits) <= mean <= max(hits)
