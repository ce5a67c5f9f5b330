"""Times of decisions are counted in bands, and percentiles are read from the counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.decision_times import BAND_MAX, band_of, milliseconds_of, percentile_ms


def test_a_percentile_is_the_time_that_so_many_stay_within():
    counts = {band_of(2.0): 50, band_of(8.0): 45, band_of(100.0): 5}

    assert percentile_ms(counts, 0.5) == pytest.approx(2.0, rel=0.05)
    assert percentile_ms(counts, 0.95) == pytest.approx(8.0, rel=0.05)
    assert percentile_ms(counts, 0.99) == pytest.approx(100.0, rel=0.05)


def test_without_payments_there_is_none():
    assert percentile_ms({}, 0.5) is None


def test_what_is_out_of_all_bands_is_in_the_outermost():
    assert (band_of(0), band_of(1e9)) == (0, BAND_MAX)


@given(st.floats(min_value=0.1, max_value=25_000))
def test_a_band_is_right_to_five_per_cent(milliseconds):
    assert milliseconds_of(band_of(milliseconds)) == pytest.approx(milliseconds, rel=0.05)
