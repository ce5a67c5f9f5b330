"""One fault: payments before, while and after; then what was promised is compared with what is recorded."""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

from ledger.models import OutboxPending
from sentinel.ops.console import overwrite
from tests.faults import invariants
from tests.faults.gateway import PATIENCE_SECONDS, Gateway, Tried, start_apart
from tests.faults.ground import Ground
from tests.faults.journal import Journal
from tests.faults.kinds import Fault
from tests.webhooks.receiver import Receiver, answers

PER_SECOND = 50.0
# What was under way when the fault began is not counted as sent while it lasted, nor are those it is mended under.
_EDGE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays, from which accounts."""

    api_key: str
    accounts: list[str]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long payments are sent before a fault and after its mending, and how long all that waits is waited for."""

    before_seconds: float = 3.0
    after_seconds: float = 6.0
    drained_seconds: float = 90.0
    patience_seconds: float = PATIENCE_SECONDS


@dataclass(slots=True)
class Told:
    """What became of one fault. `recovered_seconds`: from mending to the first payment answered since;
    `drained_seconds`: to the last event handed out. `first_try_share`, `p99_ms` and `flagged_share` are of payments
    sent while it lasted; `first_statuses` counts what they were answered first, 0 for a lost connection. `failed` are
    answers that say neither what became of a payment nor when to ask again, such as 500.
    """

    fault: str
    words: str
    seed: int
    requests: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    failed: list[int] = field(default_factory=list)
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
        return not (
            self.lost or self.duplicated or self.broken or self.events_missing or self.unanswered or self.failed
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """What all stories are played on."""

    ground: Ground
    payer: Payer
    receiver: Receiver
    journal: Journal


def story(stage: Stage, fault: Fault, *, name: str = "", seed: int, pace: Pace = Pace()) -> Told:
    """`name` begins the keys of its payments; no two stories may share it."""
    ground, receiver = stage.ground, stage.receiver
    prefix = f"{name or fault.name}-{seed}-"
    gateway = Gateway(
        ground.proxied_url if fault.over_network else ground.base_url,
        stage.payer.api_key,
        stage.payer.accounts,
        stage.journal.path,
        prefix,
        PER_SECOND,
        seed,
        pace.patience_seconds,
    )
    stop = start_apart(gateway)
    _wait(pace.before_seconds, fault, "before")
    receiver.behave = answers(fault.receiver_status)
    fault.begin(ground)
    began = time.time()
    _wait(fault.seconds, fault, "failing")
    mending = time.time()
    fault.mend(ground)
    receiver.behave = answers(200)
    mended = time.time()
    _wait(pace.after_seconds, fault, "mended")
    tried = stop()
    told = Told(fault.name, fault.words, seed, requests=len(tried))
    told.acknowledged = sum(each.status == 201 for each in tried)
    told.unanswered = sum(each.done_at is None for each in tried)
    told.failed = [status for each in tried for status in each.failed]
    told.recovered_seconds = _recovered(tried, mended)
    first, last = began + _EDGE_SECONDS, mending - _EDGE_SECONDS
    _fill_degraded(told, fault, [each for each in tried if first <= each.sent_at < last], mending)
    told.drained_seconds = _drained(mended, pace)
    _judge(told, stage, prefix, pace)
    return told


def _judge(told: Told, stage: Stage, prefix: str, pace: Pace) -> None:
    connections.close_all()
    told.lost = invariants.lost(each for each in stage.journal.promises() if each.key.startswith(prefix))
    told.duplicated = invariants.duplicated(prefix)
    told.broken = invariants.broken(prefix)
    due = invariants.events_of(prefix)
    told.events_missing = _missing(due, stage.receiver, pace)


def _missing(due: set[str], receiver: Receiver, pace: Pace) -> int:
    """How many never arrive. While some still do, the others may: a machine that is slow loses nothing."""
    missing, until = len(due - _arrived(receiver)), time.monotonic() + pace.drained_seconds
    while missing and time.monotonic() < until:
        time.sleep(0.2)
        if (left := len(due - _arrived(receiver))) < missing:
            missing, until = left, time.monotonic() + pace.drained_seconds
    return missing


def _arrived(receiver: Receiver) -> set[str]:
    """Of what was answered 200 or not: a receiver that failed gets it again, under the same id."""
    return {each.headers.get("webhook-id", "").rpartition("_")[2] for each in list(receiver.received)}


def _recovered(tried: list[Tried], mended: float) -> float | None:
    after = [each.done_at for each in tried if each.done_at and each.done_at >= mended and each.status == 201]
    return round(min(after) - mended, 2) if after else None


def _drained(mended: float, pace: Pace) -> float | None:
    connections.close_all()
    is_drained = _until(lambda: not OutboxPending.objects.exists(), pace.drained_seconds)
    return round(max(0.0, time.time() - mended - pace.after_seconds), 1) if is_drained else None


def _fill_degraded(told: Told, fault: Fault, during: list[Tried], mending: float) -> None:
    told.first_statuses = dict(Counter(each.first_status for each in during))
    if not fault.decides or len(during) < 2:
        return
    told.first_try_share = round(sum(each.first_status == 201 for each in during) / len(during), 4)
    told.p99_ms = round(statistics.quantiles([each.first_seconds for each in during], n=100)[98] * 1000, 1)
    if fault.flag:
        decided = [each for each in during if each.status == 201 and each.done_at and each.done_at < mending]
        flagged = [any(fault.flag in flag for flag in each.degraded) for each in decided]
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
