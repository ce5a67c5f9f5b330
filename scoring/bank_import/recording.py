"""Writes payments of the past: described, booked and recorded as others are, but nothing is decided.

Each is described by what was known before it, so models learn from the past as if they had been there; Redis is
brought up to date along the way, so the next payment sees it.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from ledger.domain.booking import LockedAccount, book_imported
from ledger.domain.decisions import Reason, Verdict
from ledger.domain.receipts import payment_receipt
from ledger.domain.rows import DecidedPayment, Rows, add_imported
from ledger.services.recording import Recording, recording
from scoring.bank_import.payments import ImportedPayment
from scoring.domain.features import describe
from scoring.domain.history import PastPayment
from scoring.services.contexts import (
    AccountContext,
    Gathered,
    catch_up,
    gather,
    profiles_renew,
    remember_finish,
    remember_soon,
)
from scoring.services.entities import Named, entities_named
from sentinel.core.catalogue import CATALOGUE_VERSION, Values, pack
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import Conflict, Unavailable
from sentinel.core.ids import uuid7

REDIS_WAITS_SECONDS = (0.2, 1.0, 5.0, 10.0)
IMPORTED = Reason("imported", "Taken over from the bank's past; not decided here", "system")


class PastClosed(Conflict):
    """An account pays here already: its past cannot be put before that."""

    code = "past_closed"
    title = "The past of an account is closed"


async def payments_record(payments: Sequence[ImportedPayment], client: ClientIdentity, *, now: datetime) -> None:
    """Payments of accounts that exist, in the order of time; all or none.

    Errors: Unavailable and AccountBusy: start again. PastClosed.
    """
    ids = {payment.request.account_id for payment in payments}
    ids |= {each for payment in payments if (each := payment.request.counterparty_account_id) is not None}
    named = [entities_named(payment.request, livemode=client.livemode) for payment in payments]
    gathered = await _gather_whole(ids, named)
    async with recording() as record:
        locked = (await record.open((), ids, now=now)).locked
        await _bring_up_to_date(record, gathered.accounts, locked)
        rows = Rows()
        for payment, names in zip(payments, named, strict=True):
            request, context = payment.request, gathered.accounts[payment.request.account_id]
            if context.history.is_backdated(request.occurred_at.timestamp()):
                raise PastClosed(f"A payment of {request.account_id} was decided here meanwhile.")
            values = describe(request, context.profile, context.history, gathered.entities.of(names))
            transaction_id = uuid7()
            context.add(PastPayment.of(request, context.history.seq + 1))
            gathered.entities.add(str(transaction_id), request, names)
            _note(rows, payment, values, context, locked, client, transaction_id, now)
        for account_id in sorted(locked):
            rows.add_balance(locked[account_id])
        await record.write(rows)
    payers = {payment.request.account_id for payment in payments}
    remember_soon([gathered.accounts[account_id] for account_id in payers], gathered.entities)
    # The loop stands still until the next group: nothing may be under way then.
    await remember_finish()


async def _gather_whole(account_ids: Collection[str], named: Sequence[Named]) -> Gathered:
    """A live payment is decided without Redis when it must be. The past can wait, and is described in full.

    Errors: Unavailable when Redis stays away, or has not yet read what it keeps of cards and devices.
    """
    for wait_seconds in REDIS_WAITS_SECONDS:
        gathered = await gather(account_ids, named)
        if not gathered.degraded:
            return gathered
        await asyncio.sleep(wait_seconds)
    raise Unavailable("Redis is away, or still being filled: the past would be described without it. Start again.")


async def _bring_up_to_date(
    record: Recording, contexts: Mapping[str, AccountContext], locked: Mapping[str, LockedAccount]
) -> None:
    """What moved after it was gathered, under the lock."""
    edited = [each for each, account in locked.items() if contexts[each].profile.version != account.version]
    moved = {each: account.seq for each, account in locked.items() if contexts[each].history.seq != account.seq}
    if edited:
        await profiles_renew(record.connection, contexts, edited)
    if moved:
        await catch_up(record.connection, contexts, moved)


def _note(
    rows: Rows,
    payment: ImportedPayment,
    values: Values,
    context: AccountContext,
    locked: Mapping[str, LockedAccount],
    client: ClientIdentity,
    transaction_id: UUID,
    now: datetime,
) -> None:
    request, account = payment.request, locked[payment.request.account_id]
    receiver = locked[request.counterparty_account_id] if request.counterparty_account_id else None
    verdict = _verdict(payment, values)
    day = context.profile.local_day(request.occurred_at)
    booked = book_imported(request, verdict, account=account, counterparty=receiver, day=day)
    entry_id = uuid7() if booked.legs else None
    receipt = payment_receipt(
        request,
        verdict,
        booked,
        transaction_id=transaction_id,
        entry_id=entry_id,
        account=account,
        recorded_at=now,
        explain=True,
    )
    decided = DecidedPayment(
        request=request,
        verdict=verdict,
        booked=booked,
        client=client,
        transaction_id=transaction_id,
        entry_id=entry_id,
        seq=account.seq,
        receipt=orjson.dumps(receipt),
        now=now,
    )
    add_imported(rows, decided, fingerprint=payment.fingerprint)


def _verdict(payment: ImportedPayment, values: Values) -> Verdict:
    """Of nobody: no ruleset, policy or model had a say."""
    return Verdict(
        outcome=payment.outcome,
        reasons=(IMPORTED,),
        fraud_probability=None,
        score_percentile=None,
        risk_level=None,
        ruleset_version=0,
        policy_version=0,
        model_version=None,
        catalogue_version=CATALOGUE_VERSION,
        snapshot=pack(values),
    )
