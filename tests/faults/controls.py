"""The product with one promise taken away, under the fault that shows it: what the suite does not see there, it would
not see elsewhere.

They come last, since what they spoil stays spoiled: first those after which the record is whole enough for the next.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import psycopg

from sentinel.ops.embedded.postgres import APP_ROLE
from tests.faults.ground import Ground
from tests.faults.kinds import FAULTS, Deed, Fault
from tests.faults.story import Pace, Stage, Told, story

# A process is killed at a moment of chance: one that lost nothing by luck is killed again.
TRIES_MAX = 3
PACE = Pace(before_seconds=3, after_seconds=3, drained_seconds=15, patience_seconds=20)


@dataclass(frozen=True, slots=True)
class Control:
    """`spoil` takes the promise away and `restore` gives it back as far as the next control needs it. `sees` is what
    must come of it, in the words of `symptom`. All payments are those of `accounts` accounts, of all when it is 0.
    """

    name: str
    words: str
    fault: Fault
    spoil: Deed
    restore: Deed
    sees: Callable[[Told], bool]
    symptom: str
    accounts: int = 0
    is_short: bool = False
    needs_rabbitmq: bool = False

    def missing(self, ground: Ground) -> str:
        """What it would need and is not there; empty when it can begin."""
        if self.needs_rabbitmq and not ground.broker.url.startswith("amqp"):
            return "RabbitMQ is not installed"
        return self.fault.missing(ground)


def _sql(*statements: str) -> Deed:
    """As the superuser, who alone may do it."""

    def deed(ground: Ground) -> None:
        with psycopg.connect(ground.superuser_url, dbname=ground.database, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    return deed


def _start(name: str, sabotage: str = "") -> Deed:
    return lambda ground: ground.start_again(name, sabotage=sabotage)


def _nothing(ground: Ground) -> None:
    """Nothing comes after it that would need it whole."""


_RELOAD = "SELECT pg_reload_conf()"
# Told to the role: what the server was started with goes before ALTER SYSTEM. Open sessions do not hear of it.
_NEW_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> 'postgres'"
# At its usual 200 ms the writer of the log often wins the race against the kill, at so few payments a second.
_COMMIT_SOON = _sql(
    f"ALTER ROLE {APP_ROLE} SET synchronous_commit = off",
    "ALTER SYSTEM SET wal_writer_delay = '2s'",
    _RELOAD,
    _NEW_SESSIONS,
)
_COMMIT_NOW = _sql(
    f"ALTER ROLE {APP_ROLE} RESET synchronous_commit", "ALTER SYSTEM RESET wal_writer_delay", _RELOAD, _NEW_SESSIONS
)

# What would betray it goes too: a payment whose number is taken would be refused by the index.
_NO_LOCK = _sql(
    "DO $$ BEGIN EXECUTE replace(pg_get_functiondef('ledger_lock(varchar[])'::regprocedure), 'FOR UPDATE OF b', ''); "
    "END $$",
    """DO $$ DECLARE found regclass; BEGIN
    FOR found IN SELECT i.indexrelid::regclass FROM pg_index i WHERE i.indisunique AND i.indrelid IN (
            SELECT inhrelid FROM pg_inherits WHERE inhparent = 'ledger_transaction'::regclass)
        AND pg_get_indexdef(i.indexrelid) LIKE '%(account_id, seq)' LOOP
        EXECUTE format('DROP INDEX %s', found);
    END LOOP; END $$""",
)
_LOCK = _sql(
    "DO $$ BEGIN EXECUTE replace(pg_get_functiondef('ledger_lock(varchar[])'::regprocedure),"
    " 'ORDER BY b.account_id', 'ORDER BY b.account_id FOR UPDATE OF b'); END $$"
)
_NO_UNIQUE_KEY = _sql(
    """DO $$ DECLARE found name; BEGIN
    FOR found IN SELECT conname FROM pg_constraint
        WHERE conrelid = 'ledger_idempotencykey'::regclass AND contype IN ('p', 'u') LOOP
        EXECUTE format('ALTER TABLE ledger_idempotencykey DROP CONSTRAINT %I', found);
    END LOOP; END $$"""
)


def _fault(name: str, seconds: float) -> Fault:
    return replace(next(fault for fault in FAULTS if fault.name == name), seconds=seconds)


CONTROLS: tuple[Control, ...] = (
    Control("C1", "asynchronous commits", _fault("F1", 1), _COMMIT_SOON, _COMMIT_NOW,
            lambda told: bool(told.lost), "lost payments", is_short=True),
    Control("C2", "no confirms of the broker, and no sweep of leases", _fault("F26", 1),
            _start("relay", "trust-broker"), _start("relay"), lambda told: told.events_missing > 0,
            "events that never arrive", needs_rabbitmq=True),
    Control("C3", "events outside the database transaction", _fault("F25", 1), _start("web", "outbox-apart"),
            _start("web"), lambda told: any(name.startswith("L9 ") for name in told.broken),
            "payments without an event"),
    Control("C4", "answers before the commit", _fault("F25", 1), _start("web", "answer-first"), _start("web"),
            lambda told: bool(told.lost), "lost payments"),
    Control("C5", "balances read before the lock", _fault("F13", 3), _NO_LOCK, _LOCK,
            lambda told: any(name.startswith(("L3 ", "L10 ")) for name in told.broken),
            "balances that are not their postings", accounts=1),
    Control("C6", "no unique key", _fault("F24", 2), _NO_UNIQUE_KEY, _nothing, lambda told: told.duplicated > 0,
            "payments recorded twice", is_short=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ControlTold:
    """What became of one control: whether the suite saw what it must see, after how many tries, and all it saw."""

    control: str
    words: str
    symptom: str
    is_detected: bool
    tries: int
    last: Told


def control_run(stage: Stage, control: Control, *, seed: int) -> ControlTold:
    """Until the suite has seen it, three times at most."""
    payer = replace(stage.payer, accounts=stage.payer.accounts[: control.accounts or None])
    control.spoil(stage.ground)
    try:
        for tries in range(1, TRIES_MAX + 1):
            name = f"{control.name}-{tries}"
            told = story(replace(stage, payer=payer), control.fault, name=name, seed=seed, pace=PACE)
            if is_detected := control.sees(told):
                break
    finally:
        control.restore(stage.ground)
    return ControlTold(control.name, control.words, control.symptom, is_detected, tries, told)
