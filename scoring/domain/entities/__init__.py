"""What the whole bank knows of a card, a device, an IP address or a merchant, small enough to keep in Redis.

Each has one string there: first a *base*, rewritten now and then, behind it *records* of one size, one per payment
or label. Adding a record needs no knowledge of what is there, so no two writers are in each other's way; whoever
reads folds the records into the base (`EntityState.read`). When many have gathered, a writer puts a new base in their
place.

Time is whole seconds of the gateways' clocks. A payment is described at the latest moment of the entity or its own,
whichever is later, as long as it lags by no more than LAG_SECONDS; one that lags more has no such fields. So a window
never reaches back behind what was asked before, and buckets it has left behind may be merged into coarser ones.
Nothing depends on the order in which the records arrive.

`names` says which entities a payment names, `records` what it adds to each, `state`, `partners` and `labels` what
comes of the records, `reach` how far back is looked, `values` and `fraud_values` which fields are told of a state.
"""

from scoring.domain.entities.names import KINDS, EntityKind, Names, entity_names
from scoring.domain.entities.partners import PARTNERS_MAX
from scoring.domain.entities.reach import (
    DAY,
    FRAUD_MEMORY_SECONDS,
    HOUR,
    LAG_SECONDS,
    MEMORY_SECONDS,
    MINUTE,
    MONTH,
    WINDOWS,
    window_starts,
)
from scoring.domain.entities.records import (
    RECORD_SIZE,
    currency_number,
    label_record,
    moment_of,
    payment_records,
)
from scoring.domain.entities.state import FORMAT_VERSION, HEAD_SIZE, NEVER_SEEN, RECORDS_MAX, EntityState
from scoring.domain.entities.values import ALL_MISSING, Known, entity_values, merchant_fraud_values, values_of

__all__ = [
    "ALL_MISSING",
    "DAY",
    "FORMAT_VERSION",
    "FRAUD_MEMORY_SECONDS",
    "HEAD_SIZE",
    "HOUR",
    "KINDS",
    "LAG_SECONDS",
    "MEMORY_SECONDS",
    "MINUTE",
    "MONTH",
    "NEVER_SEEN",
    "PARTNERS_MAX",
    "RECORDS_MAX",
    "RECORD_SIZE",
    "WINDOWS",
    "EntityKind",
    "EntityState",
    "Known",
    "Names",
    "currency_number",
    "entity_names",
    "entity_values",
    "label_record",
    "merchant_fraud_values",
    "moment_of",
    "payment_records",
    "values_of",
    "window_starts",
]
