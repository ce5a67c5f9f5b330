"""A past to simulate over: decisions with the feature snapshots of the bundled payments, drawn by chance.

Only what a simulation reads is written: transactions, decisions, personal details and labels, in bulk and without
triggers where that is allowed. No money moves. Its merchants are its own: those of the load are compared with Redis.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connection, transaction

from bench.history import skip_triggers_if_allowed
from bench.seeding import CURRENCY
from ledger.services.partitions import partitions_make
from scoring.domain.dataset import Dataset
from scoring.training.dataset import dataset_read
from sentinel.core.catalogue import CATALOGUE_VERSION, PACKED_INDEX
from sentinel.core.ids import uuid7

SPAN_DAYS = 60
_DATA = Path(__file__).resolve().parent.parent / "scoring" / "data"
_ROWS_AT_ONCE = 20_000
_LABELLED = 0.8  # of the frauds
_NAMES = [f"Shop {number}" for number in range(400)] + [f"Gift card {number} store" for number in range(4)]

_TABLES = {
    "ledger_transaction": "id account_id seq client_id livemode transaction_type amount_minor currency merchant_id"
    " merchant_name occurred_at recorded_at detail_commitment",
    "ledger_decision": "transaction_id account_id outcome status score_percentile reasons ruleset_version"
    " policy_version catalogue_version snapshot degraded receipt recorded_at",
    "ledger_personaldetail": "transaction_id account_id salt card_token card_bin device_id",
    "ledger_label": "id transaction_id account_id is_fraud source actor note observed_at recorded_at",
}

_OUTCOMES = (("approve", "approved"), ("review", "held"), ("decline", "declined"))
_OUTCOMES_OF_100 = (97, 2, 1)

Lines = dict[str, list[str]]


def past_make(*, payments: int, accounts: list[str], client_id: Any, now: datetime) -> None:
    """The same payments each time, but for their ids; the last of them a minute ago."""
    dataset = dataset_read(
        _DATA / "own_ci_400cards_75d_transactions.csv.gz", _DATA / "own_ci_400cards_75d_fraud_labels.csv.gz"
    )
    partitions_make(now=now - timedelta(days=SPAN_DAYS - 20))
    chance = random.Random(7)
    for first in range(0, payments, _ROWS_AT_ONCE):
        places = range(first, min(first + _ROWS_AT_ONCE, payments))
        lines: Lines = {table: [] for table in _TABLES}
        for place in places:
            moment = now - timedelta(minutes=1) - timedelta(days=SPAN_DAYS) * (1 - place / payments)
            _add(lines, place, moment, dataset, accounts, str(client_id), chance)
        _write(lines)
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"VACUUM (ANALYZE) {table}")


def _add(
    lines: Lines,
    place: int,
    moment: datetime,
    dataset: Dataset,
    accounts: list[str],
    client_id: str,
    chance: random.Random,
) -> None:
    drawn = chance.randrange(len(dataset))
    row = np.array(dataset.columns[drawn])
    row[PACKED_INDEX["amount"]] = max(1.0, round(float(row[PACKED_INDEX["amount"]]) * chance.uniform(0.5, 4)))
    identity, account = uuid7(int(moment.timestamp() * 1e9)), accounts[place % len(accounts)]
    at, nothing = moment.isoformat(), r"\\x"
    (outcome, status), *_ = chance.choices(_OUTCOMES, _OUTCOMES_OF_100)
    name = chance.randrange(len(_NAMES))
    for table, values in (
        ("ledger_transaction", (identity, account, place // len(accounts) + 1, client_id, "t", "purchase",
         int(row[PACKED_INDEX["amount"]]), CURRENCY, f"past_{name}", _NAMES[name], at, at, nothing)),
        ("ledger_decision", (identity, account, outcome, status, round(chance.random(), 4), "[]", 1, 1,
         CATALOGUE_VERSION, rf"\\x{row.tobytes().hex()}", "{}", nothing, at)),
        ("ledger_personaldetail", (identity, account, nothing, f"tok_{place % 5000}", 400_000 + place % 900,
         f"dev_{place % 7000}")),
    ):  # fmt: skip
        lines[table].append("\t".join(map(str, values)))
    if dataset.is_fraud[drawn] and chance.random() < _LABELLED:
        known = (uuid7(), identity, account, "t", "chargeback", "bench", "", at, at)
        lines["ledger_label"].append("\t".join(map(str, known)))


def _write(lines: Lines) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        skip_triggers_if_allowed()
        for table, found in lines.items():
            columns = ", ".join(_TABLES[table].split())
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                copy.write("".join(_ended(found)))


def _ended(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield line
        yield "\n"
