"""Fields that are newer than a snapshot, for simulations: computed from the record as it was at each payment."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from rules.simulation.filling import Filled
from scoring.services.backfill import features_at
from sentinel.core.catalogue import PACKED_INDEX, Values, pack


def fields_fill(fields: Sequence[str], transaction_ids: Sequence[UUID]) -> Mapping[str, Filled]:
    """The packed ones of the fields, of every payment that is in the record. For workers: it reads months."""
    wanted = [name for name in fields if name in PACKED_INDEX]
    values = dict(features_at(transaction_ids)) if wanted else {}
    numbers = {each: _numbers(found) for each, found in values.items()}
    return {
        name: Filled(
            [numbers[each][PACKED_INDEX[name]] if each in numbers else float("nan") for each in transaction_ids],
            [each in numbers for each in transaction_ids],
        )
        for name in wanted
    }


def _numbers(values: Values) -> list[float]:
    """As a snapshot holds them."""
    return list(memoryview(pack(values)).cast("d"))
