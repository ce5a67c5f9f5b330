"""Snapshots as a table of numbers: one row a payment, one column a packed field, NaN where missing."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sentinel.core.catalogue import CATALOGUE_VERSION, PACKED_FIELDS, packed_fields

Column = npt.NDArray[np.float64]
# (payments, packed fields of any catalogue version): the fields of an older one are the first of a newer one.
Columns = npt.NDArray[np.float64]
Inputs = npt.NDArray[np.float32]  # (payments, inputs of a model)

_WIDTHS = {len(packed_fields(version)) for version in range(1, CATALOGUE_VERSION + 1)}


def columns_of(snapshots: Sequence[bytes]) -> Columns:
    """Of snapshots of one catalogue version. Errors: ValueError when they are not of one."""
    numbers = np.frombuffer(b"".join(snapshots), dtype="<f8")
    sizes = {len(snapshot) for snapshot in snapshots}
    fields = sizes.pop() // numbers.itemsize if len(sizes) == 1 else len(PACKED_FIELDS)
    return numbers.reshape(len(snapshots), fields if fields in _WIDTHS else len(PACKED_FIELDS))


def widened(columns: Columns) -> Columns:
    """With all fields of this catalogue: those that are newer than the snapshots are missing."""
    lacking = len(PACKED_FIELDS) - columns.shape[1]
    return np.pad(columns, ((0, 0), (0, lacking)), constant_values=np.nan) if lacking else columns
