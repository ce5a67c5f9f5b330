"""Recorded payments of which it is known whether they are fraud, with what was known when each was decided."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
from django.conf import settings

from ledger.selectors.truths import FRAUD, Truths, truths_read
from rules.domain.simulation import Chunk, Span
from rules.simulation.reading import read_past
from scoring.domain.classifier_inputs import INPUT_NAMES
from scoring.domain.dataset import Dataset, Progress
from scoring.domain.snapshots import Column, Columns
from sentinel.core.catalogue import PACKED_FIELDS, PACKED_INDEX, TRANSACTION_TYPES, packed_fields

SOURCE = "the record"
# The forest reads the first version's fields, a classifier its inputs.
MODEL_FIELDS = frozenset({*(field.name for field in packed_fields(1)), *INPUT_NAMES})
# When each occurred, snapshots, accounts, verdicts, since when those are known.
Part = tuple[Column, Columns, npt.NDArray[np.uint64], npt.NDArray[np.int8], Column]
_TOP_UP = float(TRANSACTION_TYPES.index("top_up"))


def payments_known(
    *,
    start: datetime,
    end: datetime,
    known_at: datetime,
    is_replay: bool = False,
    on_progress: Progress = lambda rows: None,
) -> Dataset:
    """Live payments taking money out that occurred from `start` until before `end`, of which it was known at
    `known_at` whether they are fraud; `is_replay` as in `truths_read`. For workers and commands: it is large.
    """
    truths = truths_read(start=start, end=end, known_at=known_at, is_replay=is_replay).known()
    place_of = {each: place for place, each in enumerate(truths.ids.tolist())}
    parts = [_empty(truths)]
    for read in read_past(MODEL_FIELDS, Span(start, end, end)):
        parts.append(_part(read.chunk, truths, place_of))
        on_progress(read.rows)
    rows = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return _in_order(*rows)


def _empty(truths: Truths) -> Part:
    nothing = np.empty(0)
    return nothing, np.empty((0, len(PACKED_FIELDS))), nothing.astype(np.uint64), truths.verdicts[:0], nothing


def _part(chunk: Chunk, truths: Truths, place_of: Mapping[bytes, int]) -> Part:
    """Of a chunk the payments that are known."""
    places = np.array([place_of.get(each, -1) for each in chunk.ids], dtype=np.int64)
    kept = (places >= 0) & (chunk.columns.numbers["transaction_type"] != _TOP_UP)
    found = places[kept]
    occurred_at, accounts = chunk.occurred_at[kept] / 1e6, chunk.accounts[kept].astype(np.uint64)
    return occurred_at, columns_of_chunk(chunk, kept), accounts, truths.verdicts[found], truths.known_since[found]


def columns_of_chunk(chunk: Chunk, kept: npt.NDArray[np.bool_]) -> Columns:
    """What models read of the rows that are kept, out of a chunk with MODEL_FIELDS."""
    columns = np.full((int(kept.sum()), len(PACKED_FIELDS)), np.nan)
    for name in MODEL_FIELDS:
        columns[:, PACKED_INDEX[name]] = chunk.columns.numbers[name][kept]
    return columns


def _in_order(
    occurred_at: Column,
    columns: Columns,
    accounts: npt.NDArray[np.uint64],
    verdicts: npt.NDArray[np.int8],
    known_since: Column,
) -> Dataset:
    """In the order of time: ids are in that of the entries. Without any fraud nobody has labelled anything."""
    order = np.argsort(occurred_at, kind="stable")
    is_fraud = verdicts[order] == FRAUD
    known_at = known_since[order] if is_fraud.any() else np.full(len(order), np.inf)
    maturity = timedelta(days=settings.LABEL_MATURITY_DAYS)
    return Dataset(SOURCE, maturity, occurred_at[order], columns[order], accounts[order], is_fraud, known_at)
