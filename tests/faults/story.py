"""One fault: payments before, while and after; then what was promised is compared with what is recorded."""

import asyncio
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

from ledger.models import OutboxPending
from sentinel.ops.console import overwrite
from tests.faults import invariants
from tests.faults.gateway import Gateway, Tried
from tests.faults.ground import Ground
from tests.faults.journal import Journal
from tests.faults.kinds import Fault
from tests.webhooks.receiver import Receiver, answers

PER_SECOND = 50.0
BEFORE_SECONDS, AFTER_SECONDS = 3.0, 6.0
DRAINED_SECONDS = 90.0
_RESTED_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays, from which accounts."""

    api_key: str
    accounts: list[str]


@dataclass(slots=True)
class Told:
    """What became of one fault. `recovered_seconds`: from mending to the first payment answered since;
    `drained_seconds`: to the last event handed out. `first_try_share`, `p99_ms` and `flagged_share` are of payments
    sent while it lasted; `first_statuses` counts what they were answered first, 0 for a lost connection.
    """

    fault: str
    words: str
    seed: int
    requests: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: int = 0
    events_missing: int = 0
    broken: dict[str, list[str]] = field(default_factory=dict)
    recovered_seconds: float | None = None
    drained_seconds: float | None = None
    first_try_share: float | None = None
    first_statuses: dict[int, int] = field(default_factory=dict)
    p99_ms: float | None = None
    flagged_share: float | None = None

    @property
    def holds(self) -> bool:
        return not (self.lost or self.duplicated or self.broken or self.events_missing or self.unanswered)


def story(ground: Ground, fault: Fault, payer: Payer, receiver: Receiver, journal: Journal, *, seed: int) -> Told:
    prefix = f"{fault.name}-{seed}-"
    gateway = Gateway(ground.base_url, payer.api_key, payer.accounts, journal, prefix, PER_SECOND, seed)
    thread = threading.Thread(target=lambda: asyncio.run(gateway.pay()), daemon=True)
    thread.start()
    _wait(BEFORE_SECONDS, fault, "before")
    receiver.behave = answers(fault.receiver_status)
    fault.begin(ground)
    began = time.time()
    _wait(fault.seconds, fault, "failing")
    mending = time.time()
    fault.mend(ground)
    receiver.behave = answers(200)
    mended = time.time()
    _wait(AFTER_SECONDS, fault, "mended")
    gateway.stop()
    thread.join(timeout=300)
    told = Told(fault.name, fault.words, seed, requests=len(gateway.tried))
    told.acknowledged = sum(each.status == 201 for each in gateway.tried)
    told.unanswered = sum(each.done_at is None for each in gateway.tried)
    told.recovered_seconds = _recovered(gateway.tried, mended)
    _fill_degraded(told, fault, [each for each in gateway.tried if began + 0.5 <= each.sent_at < mending - 0.5])
    told.drained_seconds = _drained(mended)
    _judge(told, journal, receiver, prefix)
    return told


def _judge(told: Told, journal: Journal, receiver: Receiver, prefix: str) -> None:
    connections.close_all()
    told.lost = invariants.lost(each for each in journal.promises() if each.key.startswith(prefix))
    told.duplicated = invariants.duplicated(prefix)
    told.broken = invariants.broken(prefix)
    due = invariants.events_of(prefix)
    _until(lambda: not due - _arrived(receiver), DRAINED_SECONDS)
    told.events_missing = len(due - _arrived(receiver))


def _arrived(receiver: Receiver) -> set[str]:
    """Of what was answered 200 or not: a receiver that failed gets it again, under the same id."""
    return {each.headers.get("webhook-id", "").rpartition("_")[2] for each in list(receiver.received)}


def _recovered(tried: list[Tried], mended: float) -> float | None:
    after = [each.done_at for each in tried if each.done_at and each.done_at >= mended and each.status == 201]
    return round(min(after) - mended, 2) if after else None


def _drained(mended: float) -> float | None:
    connections.close_all()
    is_drained = _until(lambda: not OutboxPending.objects.exists(), DRAINED_SECONDS)
    return round(max(0.0, time.time() - mended - AFTER_SECONDS), 1) if is_drained else None


def _fill_degraded(told: Told, fault: Fault, during: list[Tried]) -> None:
    told.first_statuses = dict(Counter(each.first_status for each in during))
    if not fault.decides or len(during) < 2:
        return
    told.first_try_share = round(sum(each.first_status == 201 for each in during) / len(during), 4)
    told.p99_ms = round(statistics.quantiles([each.first_seconds for each in during], n=100)[98] * 1000, 1)
    if fault.flag:
        flagged = [any(fault.flag in flag for flag in each.degraded) for each in during if each.status == 201]
        told.flagged_share = round(sum(flagged) / len(flagged), 4) if flagged else 0.0


def _until(condition: Callable[[], Any], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True


def _wait(seconds: float, fault: Fault, words: str) -> None:
    overwrite(f"  {fault.name} {fault.words}: {words} …")
    time.sleep(seconds)
