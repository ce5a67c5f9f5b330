"""The way of a payment: look up its key, gather, assess, lock, book, write, answer. See docs/architecture.md.

Payments are handled as a group: one lock statement, one write statement, one commit. In a group of one this is the
way of a lonely request. A member that is refused never spoils its group.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from django.conf import settings

from ledger.domain.booking import Booked, LockedAccount, book
from ledger.domain.decisions import Verdict
from ledger.domain.payments import PaymentRequest
from ledger.domain.receipts import payment_receipt
from ledger.domain.rows import Rows, add_payment
from ledger.selectors.hot import keys_load
from ledger.services.recording import KeyClaim, Recording, reading, recording
from scoring.domain.acceptance import refusal
from scoring.domain.history import PastPayment
from scoring.services.assessing import assess_payment
from scoring.services.configuration import Configuration, configuration_current
from scoring.services.contexts import (
    AccountContext,
    Gathered,
    context_refresh,
    gather,
    history_before,
    remember,
)
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


async def decide(payments: Sequence[Payment], *, now: datetime) -> list[Result]:
    """One answer or refusal per payment, in their order.

    Errors: Unavailable and KeyInProgress are raised and concern the whole group; what became of it is unknown.
    """
    results: Results = [None] * len(payments)
    members = await _unanswered(payments, results)
    try:
        await _decide_new(members, results, now=now)
    except _NoLongerAcceptable:
        # What was gathered had been overtaken, and nothing was written: once more, by the ledger itself.
        await _decide_new(members, results, now=now, from_ledger=True)
    answer_twins(payments, results)
    return [result for result in results if result is not None]


async def _decide_new(members: list[_Member], results: Results, *, now: datetime, from_ledger: bool = False) -> None:
    if not members:
        return
    gathered = await gather(_account_ids(members), from_ledger=from_ledger)
    configuration = await configuration_current(gathered.epoch)
    members = _acceptable(members, gathered, results, now=now)
    if members:
        await _decide_and_record(members, gathered, configuration, results, now=now)


async def _unanswered(payments: Sequence[Payment], results: Results) -> list[_Member]:
    """The members whose keys are new; the others get the stored receipt or a refusal."""
    async with reading() as connection:
        stored = await keys_load(connection, {payment.identity for payment in payments})
    members: dict[Identity, _Member] = {}
    for place, payment in enumerate(payments):
        if payment.identity in stored:
            results[place] = replay(payment, stored[payment.identity])
        else:
            members.setdefault(payment.identity, _Member(payment, place))
    return list(members.values())


def _acceptable(members: Sequence[_Member], gathered: Gathered, results: Results, *, now: datetime) -> list[_Member]:
    """The members that may be decided; the others are refused."""
    refused = _refusals(members, gathered, now=now)
    for place, found in refused.items():
        results[place] = found
    return [member for member in members if member.place not in refused]


def _refusals(members: Iterable[_Member], gathered: Gathered, *, now: datetime) -> dict[int, InvalidRequest]:
    """By place in the group, why members may not be decided on what was gathered."""
    profiles = {account_id: context.profile for account_id, context in gathered.accounts.items()}
    oldest = now - timedelta(hours=settings.OCCURRED_AT_TOLERANCE_HOURS)
    found = {
        member.place: refusal(member.payment.request, member.payment.client, profiles, oldest=oldest)
        for member in members
    }
    return {place: error for place, error in found.items() if error is not None}


class _NoLongerAcceptable(Exception):
    """Under the lock an account turned out to have changed so that a member may not use it any more."""


async def _decide_and_record(
    members: list[_Member], gathered: Gathered, configuration: Configuration, results: Results, *, now: datetime
) -> None:
    async with recording() as record:
        claimed = await record.claim(map(_claim, members), now=now)
        await _answer_late(record, [one for one in members if one.payment.identity not in claimed], results)
        members = [one for one in members if one.payment.identity in claimed]
        locked = await record.lock(_account_ids(members))
        if await _refresh_moved(record, locked, gathered) and _refusals(members, gathered, now=now):
            raise _NoLongerAcceptable
        rows = Rows()
        for member in members:
            context = gathered.accounts[member.payment.request.account_id]
            verdict = await _assess(record, member.payment.request, context, configuration, gathered.degraded)
            voided = claimed[member.payment.identity]
            booked = await _book(record, member.payment.request, verdict, context, locked, voided=voided)
            account = locked[member.payment.request.account_id]
            results[member.place] = _note(rows, member, verdict, booked, account, now)
        for account_id in sorted(locked):
            rows.add_balance(locked[account_id])
        if members:
            await record.write(rows)
    if not gathered.degraded:
        await remember(gathered.accounts[account_id] for account_id in _payer_ids(members))


async def _answer_late(record: Recording, late: Sequence[_Member], results: Results) -> None:
    """Members that lost the race for their key: the winner has committed by now, so its receipt is there."""
    if not late:
        return
    stored = await keys_load(record.connection, {member.payment.identity for member in late})
    for member in late:
        results[member.place] = replay(member.payment, stored[member.payment.identity])


async def _refresh_moved(record: Recording, locked: dict[str, LockedAccount], gathered: Gathered) -> bool:
    """Read again, under the lock, what moved after it was gathered: another payment, or an edit of the account.

    Whether an account was edited.
    """
    was_edited = False
    for account_id, account in locked.items():
        context = gathered.accounts[account_id]
        was_edited |= context.profile.version != account.version
        if context.history.seq != account.seq or context.profile.version != account.version:
            gathered.accounts[account_id] = await context_refresh(record.connection, account_id)
            gathered.accounts[account_id].history.seq = account.seq
    return was_edited


async def _assess(
    record: Recording,
    request: PaymentRequest,
    context: AccountContext,
    configuration: Configuration,
    degraded: Sequence[str],
) -> Verdict:
    history = context.history
    if history.is_backdated(request.occurred_at.timestamp()):
        history = await history_before(record.connection, context, request.occurred_at)
    return assess_payment(request, context.profile, history, configuration, degraded=degraded)


async def _book(
    record: Recording,
    request: PaymentRequest,
    verdict: Verdict,
    context: AccountContext,
    locked: dict[str, LockedAccount],
    *,
    voided: bool,
) -> Booked:
    """Book the payment on the locked accounts, and remember it as part of the account's past."""
    account = locked[request.account_id]
    day = context.profile.local_day(request.occurred_at)
    # The balance row has one day's total; any other day's, a new one's included, comes from the record.
    if day not in account.spent_by_day and account.seq:
        bounds = context.profile.day_bounds(day)
        account.spent_by_day[day] = await record.spent_between(request.account_id, *bounds)
    counterparty = locked[request.counterparty_account_id] if request.counterparty_account_id else None
    booked = book(request, verdict, account=account, counterparty=counterparty, day=day, voided=voided)
    context.add(_past_payment(request, account.seq))
    return booked


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
    add_payment(
        rows,
        payment.request,
        verdict,
        booked,
        client=payment.client,
        transaction_id=member.transaction_id,
        entry_id=entry_id,
        seq=account.seq,
        receipt=answer.receipt,
        now=now,
        hold_days=settings.HOLD_DAYS,
    )
    return answer


def _claim(member: _Member) -> KeyClaim:
    payment = member.payment
    return KeyClaim(payment.client.client_id, payment.key, OPERATION, payment.fingerprint, member.transaction_id)


def _past_payment(request: PaymentRequest, seq: int) -> PastPayment:
    return PastPayment(
        seq=seq,
        occurred_at_seconds=request.occurred_at.timestamp(),
        amount_minor=request.amount_minor,
        merchant_id=request.merchant_id,
        latitude=request.latitude,
        longitude=request.longitude,
        takes_money_out=request.transaction_type.takes_money_out,
    )


def _payer_ids(members: Iterable[_Member]) -> set[str]:
    return {member.payment.request.account_id for member in members}


def _account_ids(members: Sequence[_Member]) -> set[str]:
    receivers = {member.payment.request.counterparty_account_id for member in members}
    return _payer_ids(members) | {account_id for account_id in receivers if account_id is not None}
