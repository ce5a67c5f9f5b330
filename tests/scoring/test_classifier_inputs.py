import numpy as np
import pytest

from scoring.domain.classifier_inputs import GROUP_OF, INPUT_NAMES, ClassifierInputs, currency_units
from scoring.domain.snapshots import columns_of
from sentinel.core.catalogue import PACKED_INDEX, packed_fields
from tests.scoring.payments import snapshot

NAMES = ["amount", "payments_24h", "usual_amount_30d", "distance_km"]


def read(*snapshots, units=None):
    return ClassifierInputs(NAMES, {"INR": 50_00} if units is None else units).of(columns_of(snapshots))


def test_fields_are_read_as_they_are_and_sums_in_units_of_the_currency():
    assert read(snapshot(amount=600_00, distance_km=12.5)).tolist() == [[12.0, 1.0, 1.0, 12.5]]


def test_what_is_missing_stays_missing():
    assert np.isnan(read(snapshot(usual_amount_30d=None))[0]).tolist() == [False, False, True, True]


def test_the_same_payment_in_another_currency_looks_the_same():
    units = {"INR": 50_00, "EUR": 60}
    rupees, euros = snapshot(), snapshot(currency="EUR", amount=60, usual_amount_30d=60)

    first, second = read(rupees, euros, units=units)[:, :3]
    assert np.array_equal(first, second)


@pytest.mark.parametrize("units", [{}, {"EUR": 60}])
def test_in_a_currency_that_training_had_not_seen_sums_are_missing(units):
    assert np.isnan(read(snapshot(), units=units)[0]).tolist() == [True, False, True, True]


def test_units_are_the_median_amounts():
    rows = columns_of([snapshot(amount=amount) for amount in (1, 700, 900)] + [snapshot(currency="JPY", amount=0)])

    assert currency_units(rows) == {"INR": 700, "JPY": 1}


def test_a_row_does_not_depend_on_its_group(snapshots):
    reader = ClassifierInputs(INPUT_NAMES, {"INR": 5000})
    alone = np.concatenate([reader.of(columns_of([each])) for each in snapshots[:200]])

    assert np.array_equal(reader.of(columns_of(snapshots[:200])), alone, equal_nan=True)


def test_fields_newer_than_a_snapshot_are_missing():
    old = columns_of([snapshot()])[:, : len(packed_fields(1))]
    reader = ClassifierInputs(["amount", "merchant_payments_30d"], {"INR": 5000})

    assert np.isnan(reader.of(old)[0]).tolist() == [False, True]


def test_every_input_is_a_packed_field_of_one_group():
    assert set(INPUT_NAMES) == set(GROUP_OF) <= set(PACKED_INDEX)
    assert len(INPUT_NAMES) == len(GROUP_OF)
