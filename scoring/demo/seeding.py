"""Fills an installation with the demo bank: its people, rules, accounts and weeks of decided payments.

Every step makes only what is missing, and the payments carry the same keys each time. So a seeding that was stopped
goes on where it was, and one that is finished changes nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone
from redis import RedisError

from ledger.domain.fingerprints import payment_content, request_fingerprint
from ledger.models import Account, AuditEntry
from ledger.services.accounts import AccountTerms, account_put
from ledger.services.audit import audit_record
from scoring.demo.behaviour import Bank, DemoPayment
from scoring.demo.credentials import CLIENT_NAME, TEST_CLIENT_NAME, client_ensure, credentials_ensure
from scoring.demo.history import bank_make, history_make
from scoring.demo.people import Customer
from scoring.demo.reviewing import aftermath_make
from scoring.services.deciding import decide
from scoring.services.entity_rebuild import entities_ensure, entity_labels_tell
from scoring.services.payments import OPERATION, Answer, Payment
from scoring.services.starter import starter_install
from sentinel.api.directory import identity_of
from sentinel.api.models import GatewayClient
from sentinel.core.clients import ClientIdentity
from sentinel.ops.connections import close_connections

ACTOR = "seed_demo"
ACCOUNT_ID, TEST_ACCOUNT_ID = "acc_alice", "acc_test_carol"
GROUP_PAYMENTS = 64
_SEEDED = "demo.seeded"
# The bank's past ends a little before its present, so that no clock calls it the future.
_PAUSE = timedelta(minutes=5)

Progress = Callable[[str, int, int], None]  # words, how many are done, of how many


@dataclass(frozen=True, slots=True)
class Size:
    people: int
    days: int
    open_holds: int


SIZES = {"small": Size(people=20, days=12, open_holds=3), "full": Size(people=120, days=45, open_holds=15)}


class SeedingRefused(Exception):
    """The demo bank cannot be made in this database; the message says why."""


def demo_seed(*, size: Size, folder: Path, on_progress: Progress) -> bool:
    """Whether anything of the bank was still to be made. Errors: SeedingRefused; Unavailable: try again."""
    _refuse_real_bank()
    with suppress(RedisError):  # before the first payment, so that all are described in full
        entities_ensure(now=timezone.now())
    starter_install(now=timezone.now())
    live, test = client_ensure(CLIENT_NAME, livemode=True), client_ensure(TEST_CLIENT_NAME, livemode=False)
    credentials_ensure(folder, live, test, account_id=ACCOUNT_ID, test_account_id=TEST_ACCOUNT_ID)
    if AuditEntry.objects.filter(action=_SEEDED).exists():
        return False
    bank, client = bank_make(size.people), identity_of(live)
    until = accounts_ensure(bank, size, client, on_progress)
    carol_ensure(identity_of(test))
    history = history_make(bank, until=until, days=size.days)
    asyncio.run(history_record(client, history, on_progress))
    aftermath_make(client, history, open_holds=size.open_holds, on_progress=on_progress)
    with suppress(RedisError):
        entity_labels_tell(now=timezone.now())
    details = {"people": size.people, "days": size.days, "payments": len(history)}
    audit_record(actor=ACTOR, action=_SEEDED, subject="demo bank", details=details, now=timezone.now())
    return True


def _refuse_real_bank() -> None:
    """Play money and invented people never mix with a bank's own."""
    has_own = Account.objects.filter(kind=Account.Kind.CUSTOMER).exists()
    if has_own and not GatewayClient.objects.filter(name=CLIENT_NAME).exists():
        raise SeedingRefused("This database has accounts of its own, and the demo bank does not mix with them.")


def accounts_ensure(bank: Bank, size: Size, client: ClientIdentity, on_progress: Progress) -> datetime:
    """Accounts of all customers; returns the moment at which the bank's past ends."""
    customers = [bank.customer(number) for number in range(size.people)]
    now = timezone.now()
    until = _end_of_past(size, now)
    existing = set(Account.objects.values_list("id", flat=True))
    for done, customer in enumerate(customers):
        if customer.account_id not in existing:
            on_progress("accounts", done, len(customers))
            # The bank is as young as its record, or the model would miss the payments of the years before.
            opened_at = until - timedelta(days=size.days, hours=customer.number % 48)
            account_put(account_id=customer.account_id, terms=terms_of(customer, opened_at), client=client, now=now)
    return until


def _end_of_past(size: Size, now: datetime) -> datetime:
    """Of a seeding that was stopped, the same moment as then: the opening of Alice's account tells it."""
    alice = Account.objects.filter(pk=ACCOUNT_ID).first()
    end = (now - _PAUSE).replace(second=0, microsecond=0)
    return min(alice.opened_at + timedelta(days=size.days), end) if alice else end


def terms_of(customer: Customer, opened_at: datetime) -> AccountTerms:
    return AccountTerms(
        currency=customer.currency,
        home_country=customer.city.country,
        home_zone=customer.city.zone,
        name=customer.name,
        risk=customer.risk,
        floor_minor=customer.floor_minor,
        daily_limit_minor=customer.daily_limit_minor,
        opened_at=opened_at,
        opening_balance_minor=customer.opening_balance_minor,
    )


def carol_ensure(client: ClientIdentity) -> None:
    if not Account.objects.filter(pk=TEST_ACCOUNT_ID).exists():
        carol = AccountTerms("INR", "IN", "Asia/Kolkata", name="Carol Test", opening_balance_minor=10_000_000)
        account_put(account_id=TEST_ACCOUNT_ID, terms=carol, client=client, now=timezone.now())


async def history_record(client: ClientIdentity, history: Sequence[DemoPayment], on_progress: Progress) -> None:
    """Send the past through the decision pipeline, in time order. Errors: SeedingRefused, Unavailable."""
    try:
        for done in range(0, len(history), GROUP_PAYMENTS):
            on_progress("payments", done, len(history))
            group = [payment_of(client, payment) for payment in history[done : done + GROUP_PAYMENTS]]
            for result in await decide(group, now=timezone.now()):
                if not isinstance(result, Answer):
                    raise SeedingRefused(f"A payment of the past was refused: {result.detail}") from result
    finally:
        await close_connections()


def payment_of(client: ClientIdentity, payment: DemoPayment) -> Payment:
    content = payment_content(payment.request, occurred_at_given=True)
    key = payment.request.reference or ""
    return Payment(client, key, request_fingerprint(OPERATION, content), payment.request)
