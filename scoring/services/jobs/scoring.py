"""Scores one part: the same description, rules, model and policy as a payment's, over the payments of some accounts.

An account's past is what the ledger had before its first row in the file; from there on the file's own rows are its
past, in the order of their time. Cards, devices, IP addresses and merchants are those that the bank knows now: the
rows of a file do not count there, since its accounts are scored apart from each other.
"""

import asyncio
import csv
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import Protocol

from ledger.domain.decisions import Verdict
from ledger.domain.payments import AccountProfile, PaymentRequest
from ledger.selectors.hot import past_payments_before, profiles_load
from ledger.services.recording import reading
from scoring.domain.features import describe
from scoring.domain.history import REACH_SECONDS, AccountHistory, PastPayment
from scoring.domain.jobs.readings import Plan
from scoring.domain.jobs.results import Cells, Summary, refused_cells, scored_cells
from scoring.domain.jobs.rows import RowRefused
from scoring.domain.jobs.shapes import Request
from scoring.domain.mobile_money.payments import MobilePayment
from scoring.services.assessing import Described, assess_group
from scoring.services.configuration import Configuration
from scoring.services.contexts import Gathered, gather, past_payment
from scoring.services.entities import entities_named
from scoring.services.jobs.checking import repeated
from scoring.services.mobile_score import mobile_assess
from scoring.services.score_only import known_to, unknown_account
from sentinel.core.clients import ClientIdentity
from sentinel.ops.connections import close_connections

_GROUP = 512  # payments that are looked up and scored together
_ACCOUNTS_AT_ONCE = 200  # whose past is read together
_REACH = timedelta(seconds=REACH_SECONDS)
_TICK = timedelta(microseconds=1)


class OnRows(Protocol):
    def __call__(self, *, rows: int) -> object: ...


@dataclass(frozen=True, slots=True)
class Scoring:
    """What all parts of a job are scored with. `repeated`: line of an id that came before -> where it came first."""

    plan: Plan
    configuration: Configuration
    client: ClientIdentity
    now: datetime
    repeated: Mapping[int, int]


@dataclass(slots=True)
class PartScored:
    """`rows` by line, which is how they are put together."""

    rows: list[tuple[int, Cells]] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)

    def refuse(self, line: int, name: str, refused: RowRefused) -> None:
        self.summary.add_refused(refused.errors)
        self.rows.append((line, refused_cells(line, name, refused.errors)))

    def score(self, line: int, request: Request, verdict: Verdict) -> None:
        self.summary.add_scored(verdict)
        self.rows.append((line, scored_cells(line, request.reference, verdict)))


@dataclass(slots=True)
class _Row:
    line: int
    request: PaymentRequest

    @property
    def account_id(self) -> str:
        return self.request.account_id

    @property
    def place(self) -> tuple[str, datetime, int]:
        """Account by account, each in the order of time, and of the file where that is the same."""
        return self.request.account_id, self.request.occurred_at, self.line


@dataclass(slots=True)
class _Account:
    profile: AccountProfile
    history: AccountHistory


def part_score(path: Path, scoring: Scoring, *, on_rows: OnRows) -> PartScored:
    """`on_rows` is told now and then how many rows are done; what it raises ends the work."""
    scored, mobile, rows = PartScored(), list[tuple[int, MobilePayment]](), list[_Row]()
    for line, request in _requests_of(path, scoring, scored):
        if isinstance(request, MobilePayment):
            mobile.append((line, request))
        else:
            rows.append(_Row(line, request))
    rows.sort(key=attrgetter("place"))
    with asyncio.Runner() as runner, _without_pauses():
        try:
            for described in _groups(rows, scoring, runner):
                _assess(described, scoring, scored)
                on_rows(rows=len(scored.rows))
        finally:
            runner.run(close_connections())
    for start in range(0, len(mobile), _GROUP):
        _assess_mobile(mobile[start : start + _GROUP], scoring, scored)
        on_rows(rows=len(scored.rows))
    scored.rows.sort()
    return scored


@contextmanager
def _without_pauses() -> Iterator[None]:
    """Nothing here is in a circle: looking for what is would only take time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _requests_of(path: Path, scoring: Scoring, scored: PartScored) -> Iterator[tuple[int, Request]]:
    """The rows that are payments, by line; the others are refused."""
    plan = scoring.plan
    with path.open(encoding="utf-8", newline="") as file:
        for number, *cells in csv.reader(file):
            line = int(number)
            try:
                if (first := scoring.repeated.get(line)) is not None:
                    raise RowRefused(repeated(first))
                yield line, plan.request_of(plan.read(cells), now=scoring.now)
            except RowRefused as refused:
                scored.refuse(line, "" if plan.transaction is None else cells[plan.transaction], refused)


# A group: what was missing for all of it, and the rows with what describes them.
_Group = tuple[tuple[str, ...], list[tuple[_Row, Described]]]


def _groups(rows: Sequence[_Row], scoring: Scoring, runner: asyncio.Runner) -> Iterator[_Group]:
    by_account = groupby(rows, key=attrgetter("account_id"))
    while some := [list(own) for _, own in islice(by_account, _ACCOUNTS_AT_ONCE)]:
        accounts = runner.run(_accounts({own[0].account_id: own[0].request for own in some}, scoring))
        in_order = [row for own in some for row in own]
        for start in range(0, len(in_order), _GROUP):
            group = in_order[start : start + _GROUP]
            yield runner.run(_described(group, accounts, scoring))


async def _accounts(first: Mapping[str, PaymentRequest], scoring: Scoring) -> dict[str, _Account]:
    """By id, as they were before their first rows. Those that are not the client's have no past."""
    async with reading() as connection:
        profiles = await profiles_load(connection, first)
        known = {name: profile for name, profile in profiles.items() if profile.is_granted_to(scoring.client)}
        untils = {name: first[name].occurred_at - _TICK for name in known}
        pasts = await past_payments_before(connection, untils, reach=_REACH) if untils else {}
    return {
        name: _Account(
            known.get(name) or unknown_account(request, scoring.client),
            AccountHistory.of(map(past_payment, pasts.get(name, ()))),
        )
        for name, request in first.items()
    }


async def _described(group: Sequence[_Row], accounts: Mapping[str, _Account], scoring: Scoring) -> _Group:
    livemode = scoring.client.livemode
    named = [entities_named(row.request, livemode=livemode) for row in group]
    gathered: Gathered = await gather((), named)
    found = []
    for row, entities in zip(group, named, strict=True):
        request, account = row.request, accounts[row.account_id]
        known = known_to(account.profile, gathered.entities.of(entities))
        values = describe(request, account.profile, account.history, known)
        account.history.add(PastPayment.of(request, account.history.seq + 1))
        found.append((row, Described(request, values, livemode)))
    return gathered.degraded, found


def _assess(group: _Group, scoring: Scoring, scored: PartScored) -> None:
    degraded, found = group
    verdicts = assess_group([described for _, described in found], scoring.configuration, degraded=degraded)
    for (row, described), verdict in zip(found, verdicts, strict=True):
        scored.score(row.line, described.request, verdict)


def _assess_mobile(group: Sequence[tuple[int, MobilePayment]], scoring: Scoring, scored: PartScored) -> None:
    """No payment of mobile money has a past: the balances before and after stand in its row."""
    verdicts = mobile_assess([payment for _, payment in group], scoring.configuration)
    for (line, payment), verdict in zip(group, verdicts, strict=True):
        scored.score(line, payment, verdict)


def results_write(path: Path, rows: Iterable[tuple[int, Cells]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(cells for _, cells in rows)
