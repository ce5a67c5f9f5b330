"""The way of a payment: gather, claim its key, lock, assess, book, write, answer. See docs/architecture.md.

Payments are handled as a group: one look at Redis, one call of the model, one lock statement, one write statement,
one commit. In a group of one this is the way of a lonely request. A refused member never spoils its group.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from django.conf import settings

from ledger.domain.booking import Booked, LockedAccount, book
from ledger.domain.decisions import Verdict
from ledger.domain.payments import PaymentRequest
from ledger.domain.receipts import payment_receipt
from ledger.domain.rows import DecidedPayment, Rows, add_payment
from ledger.selectors.hot import keys_load
from ledger.services.recording import KeyClaim, Recording, reading, recording
from scoring.domain.acceptance import refusal
from scoring.domain.features import describe
from scoring.domain.history import PastPayment
from scoring.services.assessing import Described, assess_group
from scoring.services.configuration import Configuration, configuration_current
from scoring.services.contexts import (
    Gathered,
    catch_up,
    gather,
    history_before,
    profiles_renew,
    remember_soon,
)
from scoring.services.decision_counts import decisions_count
from scoring.services.entities import Named, entities_named
from scoring.services.payments import (
    OPERATION,
    Answer,
    Identity,
    Payment,
    Result,
    Results,
    answer_twins,
    replay,
)
from sentinel.core.errors import InvalidRequest
from sentinel.core.ids import uuid7


@dataclass(slots=True)
class _Member:
    payment: Payment
    place: int
    transaction_id: UUID = field(default_factory=uuid7)
    named: Named = ()

    def __post_init__(self) -> None:
        self.named = entities_named(self.payment.request, livemode=self.payment.client.livemode)


async def decide(payments: Sequence[Payment], *, now: datetime) -> list[Result]:
    """One answer or refusal per payment, in their order.

    Errors: Unavailable and KeyInProgress are raised and concern the whole group; what became of it is unknown.
    """
    results: Results = [None] * len(payments)
    members = _different(payments)
    try:
        await _decide_members(members, results, now=now)
    except _NoLongerAcceptable:
        # What was gathered had been overtaken, and nothing was written: once more, by the ledger itself.
        await _decide_members(members, results, now=now, from_ledger=True)
    if len(members) < len(payments):
        answer_twins(payments, results)
    return [result for result in results if result is not None]


def _different(payments: Sequence[Payment]) -> list[_Member]:
    """One member per key."""
    members: dict[Identity, _Member] = {}
    for place, payment in enumerate(payments):
        members.setdefault(payment.identity, _Member(payment, place))
    return list(members.values())


async def _decide_members(
    members: list[_Member], results: Results, *, now: datetime, from_ledger: bool = False
) -> None:
    gathered = await gather(_account_ids(members), [member.named for member in members], from_ledger=from_ledger)
    configuration = await configuration_current(gathered.epoch)
    if _refusals(members, gathered, now=now):
        members = await _without_refused(members, gathered, results, now=now)
    if members:
        await _decide_and_record(members, gathered, configuration, results, now=now)


def _refusals(members: Iterable[_Member], gathered: Gathered, *, now: datetime) -> dict[int, InvalidRequest]:
    """By place in the group, why members may not be decided on what was gathered."""
    profiles = {account_id: context.profile for account_id, context in gathered.accounts.items()}
    oldest = now - timedelta(hours=settings.OCCURRED_AT_TOLERANCE_HOURS)
    found = {
        member.place: refusal(member.payment.request, member.payment.client, profiles, oldest=oldest)
        for member in members
    }
    return {place: error for place, error in found.items() if error is not None}


async def _without_refused(
    members: Sequence[_Member], gathered: Gathered, results: Results, *, now: datetime
) -> list[_Member]:
    """The members that may be decided, by what the ledger says of their accounts now.

    A retry finds its answer whatever has become of the account since; whoever has none is refused.
    """
    async with reading() as connection:
        await profiles_renew(connection, gathered.accounts, _account_ids(members))
        refused = _refusals(members, gathered, now=now)
        stored = await keys_load(connection, {each.payment.identity for each in members if each.place in refused})
    for member in members:
        if member.place in refused:
            found = stored.get(member.payment.identity)
            results[member.place] = replay(member.payment, found) if found else refused[member.place]
    return [member for member in members if member.place not in refused]


class _NoLongerAcceptable(Exception):
    """Under the lock an account turned out to have changed so that a member may not use it any more."""


async def _decide_and_record(
    members: list[_Member], gathered: Gathered, configuration: Configuration, results: Results, *, now: datetime
) -> None:
    async with recording() as record:
        opened = await record.open(map(_claim, members), _account_ids(members), now=now)
        members, replayed = _parted(members, opened.claimed)
        if replayed:
            await _answer_replayed(record, replayed, results)
        if not members:
            return
        locked = opened.locked
        if await _refresh_moved(record, locked, gathered) and _refusals(members, gathered, now=now):
            raise _NoLongerAcceptable
        described = await _describe(record, members, gathered)
        verdicts = assess_group(described, configuration, degraded=gathered.degraded)
        rows = Rows()
        decided = []
        for member, verdict in zip(members, verdicts, strict=True):
            voided = opened.claimed[member.payment.identity]
            booked, account = await _book(record, member.payment.request, verdict, gathered, locked, voided=voided)
            results[member.place] = _note(rows, member, verdict, booked, account, now)
            decided.append((booked.outcome, verdict, member.payment.client.livemode))
        for account_id in sorted(locked):
            rows.add_balance(locked[account_id])
        await record.write(rows)
    decisions_count(decided)
    remember_soon([gathered.accounts[account_id] for account_id in _payer_ids(members)], gathered.entities)


def _parted(members: list[_Member], claimed: Collection[Identity]) -> tuple[list[_Member], list[_Member]]:
    """The members whose keys are theirs now, and those whose keys were used before."""
    if len(claimed) == len(members):
        return members, []
    new = [member for member in members if member.payment.identity in claimed]
    return new, [member for member in members if member.payment.identity not in claimed]


async def _answer_replayed(record: Recording, replayed: Sequence[_Member], results: Results) -> None:
    """Whoever used the key first has committed: claiming it has waited for that."""
    stored = await keys_load(record.connection, {member.payment.identity for member in replayed})
    for member in replayed:
        results[member.place] = replay(member.payment, stored[member.payment.identity])


async def _refresh_moved(record: Recording, locked: dict[str, LockedAccount], gathered: Gathered) -> bool:
    """Bring up to date, under the lock, what moved after it was gathered: by another payment, or an edit.

    Whether an account was edited.
    """
    contexts = gathered.accounts
    edited = [
        account_id
        for account_id, account in locked.items()
        if contexts[account_id].profile.version != account.version
    ]
    if edited:
        await profiles_renew(record.connection, contexts, edited)
    moved = {each: account.seq for each, account in locked.items() if contexts[each].history.seq != account.seq}
    if moved:
        await catch_up(record.connection, contexts, moved)
    return bool(edited)


async def _describe(record: Recording, members: Iterable[_Member], gathered: Gathered) -> list[Described]:
    """Each payment among those before it, of which it is one for the next."""
    described, entities = [], gathered.entities
    for member in members:
        request = member.payment.request
        context = gathered.accounts[request.account_id]
        history = context.history
        if history.is_backdated(request.occurred_at.timestamp()):
            history = await history_before(record.connection, context, request.occurred_at)
        known = entities.of(member.named)
        values = describe(request, context.profile, history, known)
        described.append(Described(request, values, context.profile.livemode))
        context.add(PastPayment.of(request, context.history.seq + 1))
        entities.add(str(member.transaction_id), request, member.named)
    return described


async def _book(
    record: Recording,
    request: PaymentRequest,
    verdict: Verdict,
    gathered: Gathered,
    locked: dict[str, LockedAccount],
    *,
    voided: bool,
) -> tuple[Booked, LockedAccount]:
    account = locked[request.account_id]
    profile = gathered.accounts[request.account_id].profile
    day = profile.local_day(request.occurred_at)
    if not account.knows_spent_on(day):
        bounds = profile.day_bounds(day)
        account.spent_by_day[day] = await record.spent_between(request.account_id, *bounds)
    counterparty = locked[request.counterparty_account_id] if request.counterparty_account_id else None
    booked = book(request, verdict, account=account, counterparty=counterparty, day=day, voided=voided)
    return booked, account


def _note(
    rows: Rows, member: _Member, verdict: Verdict, booked: Booked, account: LockedAccount, now: datetime
) -> Answer:
    """Add what the payment leaves in the record to the rows, and answer its receipt."""
    payment = member.payment
    entry_id = uuid7() if booked.legs else None
    receipt = payment_receipt(
        payment.request,
        verdict,
        booked,
        transaction_id=member.transaction_id,
        entry_id=entry_id,
        account=account,
        recorded_at=now,
        explain=payment.client.may("decisions:explain"),
    )
    answer = Answer(orjson.dumps(receipt))
    decided = DecidedPayment(
        request=payment.request,
        verdict=verdict,
        booked=booked,
        client=payment.client,
        transaction_id=member.transaction_id,
        entry_id=entry_id,
        seq=account.seq,
        receipt=answer.receipt,
        now=now,
    )
    add_payment(rows, decided, hold_days=settings.HOLD_DAYS)
    return answer


def _claim(member: _Member) -> KeyClaim:
    payment = member.payment
    return KeyClaim(payment.client.client_id, payment.key, OPERATION, payment.fingerprint, member.transaction_id)


def _payer_ids(members: Iterable[_Member]) -> set[str]:
    return {member.payment.request.account_id for member in members}


def _account_ids(members: Sequence[_Member]) -> set[str]:
    receivers = {member.payment.request.counterparty_account_id for member in members}
    return _payer_ids(members) | {account_id for account_id in receivers if account_id is not None}
