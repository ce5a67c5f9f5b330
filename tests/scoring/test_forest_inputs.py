import numpy as np
import pytest

from scoring.domain.forest_inputs import FILLS, INPUT_NAMES, INPUTS, forest_inputs
from scoring.domain.snapshots import columns_of
from sentinel.core.catalogue import PACKED_FIELDS, PACKED_INDEX
from tests.scoring.payments import large_payment, snapshot


def matrix(snapshots, names=INPUT_NAMES):
    return forest_inputs(columns_of(snapshots), names)


def test_an_ordinary_payment_has_no_excess() -> None:
    assert not matrix([snapshot()]).any()


def test_each_habit_left_shows_in_its_own_inputs() -> None:
    row = matrix([large_payment(12.0, is_night=True, speed_kmh=1000.0, distance_km=4000.0)])[0]

    found = {name for name, value in zip(INPUT_NAMES, row, strict=True) if value > 0}
    amount = {"amount_excess_30d", "large_amount_excess_30d", "deviation_excess_30d", "night_amount_excess"}
    spend = {"spend_excess_1h", "spend_excess_24h", "spend_excess_7d"}
    assert found == amount | spend | {"distance_excess", "speed_excess"}


def test_missing_values_look_like_nothing_unusual() -> None:
    first = snapshot(
        payments_24h=0, payments_7d=0, payments_30d=0, amount_24h=0, amount_7d=0, merchant_is_new=None,
        usual_amount_30d=None, amount_vs_usual_30d=None, amount_deviation_30d=None, seconds_since_last=None,
    )  # fmt: skip

    assert not matrix([first]).any()


def test_fills_cover_every_missing_field_an_input_reads() -> None:
    columns = np.full((1, len(PACKED_FIELDS)), 1.0)
    columns[0, [PACKED_INDEX[name] for name in FILLS]] = np.nan

    assert np.isfinite(matrix([columns.tobytes()])).all()


def test_the_currency_does_not_matter() -> None:
    small = snapshot(amount=600_00, amount_vs_usual_30d=12.0, amount_deviation_30d=9.0)
    large = snapshot(
        amount=60_000_00, usual_amount_30d=5_000_00, amount_24h=5_000_00, amount_7d=35_000_00,
        amount_vs_usual_30d=12.0, amount_deviation_30d=9.0,
    )  # fmt: skip

    assert np.array_equal(matrix([small]), matrix([large]))


def test_a_row_is_the_same_bits_in_every_group(snapshots: list[bytes]) -> None:
    alone = np.concatenate([matrix([each]) for each in snapshots])

    assert matrix(snapshots).dtype == np.float32
    assert np.array_equal(matrix(snapshots), alone)


def test_names_choose_and_order_the_inputs() -> None:
    rows = matrix([large_payment(12.0)], ["night_amount_excess", "amount_excess_30d"])

    assert rows.shape == (1, 2)
    assert rows[0, 0] == 0
    assert rows[0, 1] > 0


def test_every_input_belongs_to_a_reason() -> None:
    assert {each.group for each in INPUTS} == {"amount_vs_history", "velocity", "merchant", "time_of_day", "travel"}


def test_a_snapshot_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="reshape"):
        columns_of([snapshot()[:-8]])
