"""The way of a payment: look up its key, gather, assess, lock, book, write, answer. See docs/architecture.md.

Payments are handled as a group: one lock statement, one write statement, one commit. In a group of one this is the
way of a lonely request. A member that is refused never spoils its group.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import orjson
from django.conf import settings

from ledger.domain.booking import LockedAccount, book
from ledger.domain.decisions import Verdict
from ledger.domain.payments import PaymentRequest
from ledger.domain.receipts import payment_receipt
from ledger.domain.rows import Rows, add_payment
from ledger.errors import AccountUnknown, CurrencyMismatch, KeyReused
from ledger.selectors.hot import StoredKey, keys_load
from ledger.services.recording import KeyClaim, Recording, reading, recording
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
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import FieldError, SentinelError
from sentinel.core.ids import uuid7

OPERATION = "payment"
REUSED_WORDS = "Send the first request again unchanged, or use a new key for a new request."


@dataclass(frozen=True, slots=True)
class Payment:
    """A valid request with who sent it and under which key. `fingerprint` tells one request from another."""

    client: ClientIdentity
    key: str
    fingerprint: bytes
    request: PaymentRequest

    @property
    def identity(self) -> tuple[UUID, str]:
        return self.client.client_id, self.key


@dataclass(frozen=True, slots=True)
class Answer:
    """The receipt as stored. `replayed` when it was written by an earlier request with the same key."""

    receipt: bytes
    replayed: bool = False


@dataclass(slots=True)
class _Member:
    payment: Payment
    place: int
    verdict: Verdict | None = None
    transaction_id: UUID = field(default_factory=uuid7)


Result = Answer | SentinelError


async def decide(payments: Sequence[Payment], *, now: datetime) -> list[Result]:
    """One answer or refusal per payment, in their order.

    Errors: Unavailable and KeyInProgress are raised and concern the whole group; what became of it is unknown.
    """
    results: list[Result | None] = [None] * len(payments)
    members = await _unanswered(payments, results)
    if members:
        gathered = await gather(_account_ids(members))
        configuration = await configuration_current(gathered.epoch)
        members = _acceptable(members, gathered, results)
    if members:
        await _decide_and_record(members, gathered, configuration, results, now=now)
    _answer_twins(payments, results)
    return [result for result in results if result is not None]


async def _unanswered(payments: Sequence[Payment], results: list[Result | None]) -> list[_Member]:
    """The members whose keys are new; the others get the stored receipt or a refusal."""
    async with reading() as connection:
        stored = await keys_load(connection, {payment.identity for payment in payments})
    members: dict[tuple[UUID, str], _Member] = {}
    for place, payment in enumerate(payments):
        if payment.identity in stored:
            results[place] = _replay(payment, stored[payment.identity])
        else:
            members.setdefault(payment.identity, _Member(payment, place))
    return list(members.values())


def _answer_twins(payments: Sequence[Payment], results: list[Result | None]) -> None:
    """The same key twice in one group: the second request gets the first one's answer."""
    first_places: dict[tuple[UUID, str], int] = {}
    for place, payment in enumerate(payments):
        first = first_places.setdefault(payment.identity, place)
        if results[place] is None:
            same = payments[first].fingerprint == payment.fingerprint
            results[place] = _as_replay(results[first]) if same else KeyReused(REUSED_WORDS)


def _as_replay(result: Result | None) -> Result | None:
    return replace(result, replayed=True) if isinstance(result, Answer) else result


def _replay(payment: Payment, stored: StoredKey) -> Result:
    if stored.operation != OPERATION or stored.fingerprint != payment.fingerprint or stored.receipt is None:
        return KeyReused(REUSED_WORDS)
    return Answer(stored.receipt, replayed=True)


def _acceptable(members: Iterable[_Member], gathered: Gathered, results: list[Result | None]) -> list[_Member]:
    """The members whose accounts they may use, in the right currency."""
    accepted = []
    for member in members:
        refusal = _refusal(member.payment, gathered.accounts)
        if refusal is None:
            accepted.append(member)
        else:
            results[member.place] = refusal
    return accepted


def _refusal(payment: Payment, accounts: dict[str, AccountContext]) -> SentinelError | None:
    request = payment.request
    for name, account_id in (
        ("account_id", request.account_id),
        ("counterparty_account_id", request.counterparty_account_id),
    ):
        if account_id is None:
            continue
        context = accounts.get(account_id)
        # Money may be sent to any account of the same livemode, but only taken from one that was granted.
        usable = context is not None and (
            context.profile.is_granted_to(payment.client)
            if name == "account_id"
            else context.profile.livemode == payment.client.livemode
        )
        if context is None or not usable:
            return AccountUnknown(errors=[FieldError(name, "unknown", "There is no such account for this client.")])
        if context.profile.currency != request.currency:
            words = f"The account {account_id} is kept in {context.profile.currency}."
            return CurrencyMismatch(words, errors=[FieldError("currency", "mismatch", words)])
    return None


async def _decide_and_record(
    members: list[_Member],
    gathered: Gathered,
    configuration: Configuration,
    results: list[Result | None],
    *,
    now: datetime,
) -> None:
    async with recording() as record:
        claims = [_claim(member) for member in members]
        claimed = await record.claim(claims, now=now)
        late = [member for member in members if member.payment.identity not in claimed]
        members = [member for member in members if member.payment.identity in claimed]
        await _answer_late(record, late, results)
        locked = await record.lock(_account_ids(members))
        await _refresh_moved(record, locked, gathered)
        rows = Rows()
        for member in members:
            context = gathered.accounts[member.payment.request.account_id]
            verdict = await _assess(record, member.payment.request, context, configuration, gathered.degraded)
            voided = claimed[member.payment.identity]
            results[member.place] = await _book(
                record, rows, member, verdict, context, locked, voided=voided, now=now
            )
        touched = [locked[account_id] for account_id in sorted(locked)]
        for account in touched:
            rows.add_balance(account)
        if members:
            await record.write(rows)
    if not gathered.degraded:
        await remember(gathered.accounts[account_id] for account_id in _account_ids(members, payers_only=True))


async def _answer_late(record: Recording, late: Sequence[_Member], results: list[Result | None]) -> None:
    """Members that lost the race for their key: the winner has committed by now, so its receipt is there."""
    if not late:
        return
    stored = await keys_load(record.connection, {member.payment.identity for member in late})
    for member in late:
        results[member.place] = _replay(member.payment, stored[member.payment.identity])


async def _refresh_moved(record: Recording, locked: dict[str, LockedAccount], gathered: Gathered) -> None:
    """Read again, under the lock, what moved after it was gathered: another payment, or an edit of the account."""
    for account_id, account in locked.items():
        context = gathered.accounts[account_id]
        if context.history.seq != account.seq or context.profile.version != account.version:
            gathered.accounts[account_id] = await context_refresh(record.connection, account_id)
            gathered.accounts[account_id].history.seq = account.seq


async def _assess(
    record: Recording,
    request: PaymentRequest,
    context: AccountContext,
    configuration: Configuration,
    degraded: Sequence[str],
) -> Verdict:
    history = context.history
    if history.is_backdated(request.occurred_at.timestamp()):
        history = await history_before(record.connection, request.account_id, request.occurred_at)
    return assess_payment(request, context.profile, history, configuration, degraded=degraded)


async def _book(
    record: Recording,
    rows: Rows,
    member: _Member,
    verdict: Verdict,
    context: AccountContext,
    locked: dict[str, LockedAccount],
    *,
    voided: bool,
    now: datetime,
) -> Answer:
    payment, request = member.payment, member.payment.request
    account = locked[request.account_id]
    counterparty = locked[request.counterparty_account_id] if request.counterparty_account_id else None
    day = context.profile.local_day(request.occurred_at)
    if account.day is not None and day < account.day and day not in account.spent_by_day:
        account.spent_by_day[day] = await record.spent_between(request.account_id, *context.profile.day_bounds(day))
    booked = book(request, verdict, account=account, counterparty=counterparty, day=day, voided=voided)
    context.history.add(_past_payment(request, account.seq))
    entry_id = uuid7() if booked.legs else None
    receipt = orjson.dumps(
        payment_receipt(
            request,
            verdict,
            booked,
            transaction_id=member.transaction_id,
            entry_id=entry_id,
            account=account,
            recorded_at=now,
            explain=payment.client.may("decisions:explain"),
        )
    )
    add_payment(
        rows,
        request,
        verdict,
        booked,
        client=payment.client,
        transaction_id=member.transaction_id,
        entry_id=entry_id,
        seq=account.seq,
        receipt=receipt,
        now=now,
        hold_days=settings.HOLD_DAYS,
    )
    return Answer(receipt)


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


def _account_ids(members: Iterable[_Member], *, payers_only: bool = False) -> set[str]:
    requests = [member.payment.request for member in members]
    payers = {request.account_id for request in requests}
    return (
        payers if payers_only else payers | {r.counterparty_account_id for r in requests if r.counterparty_account_id}
    )
