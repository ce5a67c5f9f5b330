"""The cost of a decision with a tenth of the history in the ledger, and with all of it.

The history is copied in bulk from one real payment, with everything that a payment leaves behind, over all accounts
and 60 days. The two sizes cannot be interleaved within a round; each is measured over all its rounds.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from bench.correctness import escaped
from bench.payments import account_ids
from bench.plan import GET
from bench.run import Runner
from bench.scenarios import SCENARIOS, Scenario
from bench.seeding import Seeded
from ledger.services.partitions import partitions_make
from sentinel.ops.console import Refusal, step

SPAN_DAYS = 60
_DAY_SECONDS = 86_400
_ROWS_AT_ONCE = 50_000
_READ_ACCOUNTS, _READ_SECONDS = 50, 3.0
_FIRST_LANES = 8
_SYNTHETIC = (Path(__file__).parent / "history.sql").read_text()

# Table -> which of its rows belong to the payment that is copied, and the columns that differ from copy to copy.
# Columns of these names differ in every table.
_EVERYWHERE = {
    "account_id": "s.account_id", "transaction_id": "s.id", "subject_id": "s.id", "seq": "s.seq",
    "occurred_at": "s.occurred_at", "recorded_at": "s.recorded_at", "created_at": "s.recorded_at",
}  # fmt: skip
_TABLES: dict[str, tuple[str, Mapping[str, str]]] = {
    "ledger_transaction": ("id = %(id)s", {"id": "s.id"}),
    "ledger_personaldetail": ("transaction_id = %(id)s", {}),
    "ledger_decision": ("transaction_id = %(id)s", {}),
    "ledger_entry": ("transaction_id = %(id)s", {"id": "s.entry_id"}),
    "ledger_posting": (
        "entry_id = (SELECT id FROM ledger_entry WHERE transaction_id = %(id)s)",
        {
            "entry_id": "s.entry_id",
            "ledger_account_id": "CASE WHEN t.ledger_account_id = t.account_id THEN s.account_id"
            " ELSE t.ledger_account_id END",
        },
    ),
    "ledger_event": ("transaction_id = %(id)s", {"id": "s.event_id"}),
    "ledger_idempotencykey": ("subject_id = %(id)s", {"key": "'history-' || s.id"}),
}


def history_measure(runner: Runner, seeded: Seeded, *, transactions: int, rounds: int) -> None:
    """Puts `history` into the results."""
    sizes = (transactions // 10, transactions)
    template = _template(runner)
    partitions_make(now=timezone.now() - timedelta(days=SPAN_DAYS - 20))
    loaded, found = 0, {}
    for size in sizes:
        with step(f"history of {size:,} transactions"):
            loaded += history_load(runner, seeded, template, size - loaded)
        found[size] = _measure_size(runner, size, rounds)
    few, many = (found[size] for size in sizes)
    runner.results.extra["history"] = {
        "accounts": seeded.accounts,
        "sizes": {str(size): figures for size, figures in found.items()},
        "time_ratio": round(few["per_second"] / many["per_second"], 4),
        "cpu_ratio": round(many["cpu_us"] / few["cpu_us"], 4),
        **_read_figures(runner),
    }


def _template(runner: Runner) -> dict[str, Any]:
    """A payment that was approved a moment ago: its id, account and amount."""
    scenario = replace(SCENARIOS["single"], name="first payments", lanes=1)
    runner.measure(scenario, requests_max=20)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id, t.amount_minor FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id"
            " WHERE t.account_id LIKE %s ORDER BY t.id DESC LIMIT 1",
            [f"{escaped(runner.target.account_prefix)}%"],
        )
        row = cursor.fetchone()
    if row is None:
        raise Refusal("No payment was approved, so there is nothing to copy.")
    return {"id": row[0], "amount_minor": row[1]}


def history_load(runner: Runner, seeded: Seeded, template: Mapping[str, Any], transactions: int) -> int:
    """How many were loaded: a whole number for each account, within the 60 days that come next on the clock."""
    turns, clock = max(1, transactions // seeded.accounts), runner.target.clock
    if clock is None:
        raise Refusal("History can only be loaded where the load has a clock of its own.")
    values = {
        "accounts": f"{escaped(seeded.account_prefix)}______",
        "turns": turns,
        "span_seconds": SPAN_DAYS * _DAY_SECONDS,
        "occurred_from": clock.next_seconds,
        "recorded_from": time.time() - (SPAN_DAYS + 1) * _DAY_SECONDS,
    }
    at_once = max(1, _ROWS_AT_ONCE // seeded.accounts)
    for first in range(1, turns + 1, at_once):
        last = min(first + at_once - 1, turns)
        _load_turns(template, {**values, "first_turn": first, "last_turn": last})
    _move_balances(template, values)
    clock.next_seconds += SPAN_DAYS * _DAY_SECONDS
    with connection.cursor() as cursor:
        for table in (*_TABLES, "ledger_accountbalance"):
            cursor.execute(f"VACUUM (ANALYZE) {table}")
    return turns * seeded.accounts


def _load_turns(template: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        skip_triggers_if_allowed()
        cursor.execute(_SYNTHETIC, values)
        for table, (rows, differing) in _TABLES.items():
            cursor.execute(_copy_statement(table, rows, differing), {"id": template["id"]})


def _copy_statement(table: str, rows: str, differing: Mapping[str, str]) -> str:
    columns = [column.name for column in connection.introspection.get_table_description(connection.cursor(), table)]
    sources = {**_EVERYWHERE, **differing}
    selected = ", ".join(sources.get(name, f"t.{name}") for name in columns)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {selected} FROM synthetic s"  # noqa: S608 - our own names
        f" CROSS JOIN (SELECT * FROM {table} WHERE {rows}) t"
    )


def skip_triggers_if_allowed() -> None:
    """Checking a million rows that are right by construction takes minutes; without the right it does."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
    except ProgrammingError:
        return


def _move_balances(template: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_accountbalance SET seq = seq + %s, posted_minor = posted_minor - %s"
            " WHERE account_id LIKE %s",
            [values["turns"], values["turns"] * template["amount_minor"], values["accounts"]],
        )


def _measure_size(runner: Runner, size: int, rounds: int) -> dict[str, float]:
    scenario = replace(SCENARIOS["single"], name=f"single at {size:,}")
    # What the cache keeps of each account is behind after the load. Catching up is not what is measured, and with few
    # at a time no group waits longer than it may.
    first = replace(SCENARIOS["single"], name=f"first touch at {size:,}", lanes=_FIRST_LANES)
    runner.measure(first, requests_max=runner.target.accounts + _FIRST_LANES, seconds=300.0)
    for _ in range(rounds):
        runner.measure(scenario)
    measured = runner.results.rounds[scenario.name]
    cpu = [one["cpu_us.web"] + one.get("cpu_us.postgres", 0) + one["cpu_us.redis"] for one in measured]
    return {
        "per_second": round(median(one["per_second"] for one in measured), 1),
        "p99_ms": round(median(one["p99_ms"] for one in measured), 2),
        "cpu_us": round(median(cpu), 1),
    }


def _read_figures(runner: Runner) -> dict[str, float]:
    account_ids_read = account_ids(runner.target.account_prefix, runner.target.accounts)[:_READ_ACCOUNTS]
    found = {}
    for name, path in (("balance", "balance"), ("history", "transactions")):
        paths = tuple(f"/api/v1/accounts/{account_id}/{path}" for account_id in account_ids_read)
        scenario = Scenario(name, kind=GET, lanes=1, paths=paths)
        runner.measure(scenario, seconds=_READ_SECONDS)
        found[f"{name}_p50_ms"] = round(runner.results.rounds[scenario.name][-1]["p50_ms"], 2)
    return found
