"""From a verdict to money: what a payment does to the accounts it touches. Pure; the caller holds the locks.

Order of refusals: a voided key, the account's status, the counterparty, the daily limit, the funds. Each that applies
is named among the reasons, after those of rules and model; none of them can be overruled by an allow rule.
"""

from dataclasses import dataclass, field
from datetime import date

from ledger.domain.decisions import Reason, Verdict
from ledger.domain.payments import AccountStatus, PaymentRequest, TransactionType
from sentinel.core.money import format_money
from sentinel.core.outcomes import Outcome, Status
from sentinel.core.values import value


@dataclass(slots=True)
class LockedAccount:
    """An account as the lock statement returned it, changed in memory as the payments of a group are booked.

    `spent_by_day`: what was approved or held on a home-zone day; the newest day is kept on the balance row.
    """

    account_id: str
    currency: str
    status: AccountStatus
    livemode: bool
    version: int
    posted_minor: int
    held_minor: int
    floor_minor: int
    daily_limit_minor: int | None
    seq: int
    day: date | None = None
    spent_by_day: dict[date, int] = field(default_factory=dict)

    @property
    def available_minor(self) -> int:
        return self.posted_minor - self.held_minor

    def knows_spent_on(self, day: date) -> bool:
        """Whether `spent_by_day` tells of a day. After the newest nothing was spent; of others it knows nothing."""
        return day in self.spent_by_day or self.seq == 0 or (self.day is not None and day > self.day)

    def spend(self, day: date, amount_minor: int) -> None:
        self.day = max(self.day or day, day)
        self.spent_by_day[day] = self.spent_by_day.get(day, 0) + amount_minor


@value
class Leg:
    """One side of an entry; exactly one of debit and credit is positive."""

    ledger_account_id: str
    debit_minor: int = 0
    credit_minor: int = 0


@value
class Booked:
    """What became of a payment: legs when money moved, `reserved_minor` when it is held."""

    outcome: Outcome
    status: Status
    reasons: tuple[Reason, ...]
    legs: tuple[Leg, ...] = ()
    reserved_minor: int | None = None


_OUTSIDE = {
    TransactionType.PURCHASE: "merchants",
    TransactionType.WITHDRAWAL: "cash",
    TransactionType.TOP_UP: "funding",
}


SYSTEM_PREFIX = "sys_"  # no customer's account id begins like this


def system_account_id(purpose: str, currency: str, *, livemode: bool) -> str:
    """The bank's own side of a posting: sys_merchants_INR; test money never meets live money."""
    return f"{SYSTEM_PREFIX}{'' if livemode else 'test_'}{purpose}_{currency}"


SYSTEM_PURPOSES = ("merchants", "cash", "funding", "opening")


def payment_legs(
    transaction_type: TransactionType,
    *,
    account_id: str,
    counterparty_account_id: str | None,
    currency: str,
    amount_minor: int,
    livemode: bool,
) -> tuple[Leg, Leg]:
    """The posting template of a transaction type: who is debited, then who is credited."""
    if counterparty_account_id is not None:
        other = counterparty_account_id
    else:
        other = system_account_id(_OUTSIDE[transaction_type], currency, livemode=livemode)
    if transaction_type.takes_money_out:
        return Leg(account_id, debit_minor=amount_minor), Leg(other, credit_minor=amount_minor)
    return Leg(other, debit_minor=amount_minor), Leg(account_id, credit_minor=amount_minor)


def opposite(legs: tuple[Leg, ...], amount_minor: int) -> tuple[Leg, ...]:
    """The legs that give back an amount."""
    return tuple(
        Leg(leg.ledger_account_id, credit_minor=amount_minor)
        if leg.debit_minor
        else Leg(leg.ledger_account_id, debit_minor=amount_minor)
        for leg in legs
    )


def book(
    request: PaymentRequest,
    verdict: Verdict,
    *,
    account: LockedAccount,
    counterparty: LockedAccount | None,
    day: date,
    voided: bool = False,
) -> Booked:
    """Book one payment and change the accounts in memory. `day` is the payment's day in the account's home zone."""
    refusals = tuple(_refusals(request, account=account, counterparty=counterparty, day=day, voided=voided))
    account.seq += 1
    outcome, status = booked_outcome(verdict.outcome, is_refused=bool(refusals))
    if outcome is Outcome.DECLINE:
        return Booked(outcome, status, (*verdict.reasons, *refusals))
    outgoing = request.transaction_type.takes_money_out
    if outgoing:
        account.spend(day, request.amount_minor)
    if outcome is Outcome.REVIEW:
        reserved = request.amount_minor if outgoing else 0
        account.held_minor += reserved
        return Booked(outcome, status, verdict.reasons, reserved_minor=reserved)
    return Booked(outcome, status, verdict.reasons, legs=_moved(request, account, counterparty))


def book_imported(
    request: PaymentRequest,
    verdict: Verdict,
    *,
    account: LockedAccount,
    counterparty: LockedAccount | None,
    day: date,
) -> Booked:
    """Book a payment that was approved or declined elsewhere: nothing is refused any more. As `book` otherwise."""
    account.seq += 1
    outcome, status = booked_outcome(verdict.outcome, is_refused=False)
    if outcome is not Outcome.APPROVE:
        return Booked(outcome, status, verdict.reasons)
    if request.transaction_type.takes_money_out:
        account.spend(day, request.amount_minor)
    return Booked(outcome, status, verdict.reasons, legs=_moved(request, account, counterparty))


def _moved(request: PaymentRequest, account: LockedAccount, counterparty: LockedAccount | None) -> tuple[Leg, Leg]:
    """Move the money in memory; the legs of the entry that tells of it."""
    is_outgoing = request.transaction_type.takes_money_out
    account.posted_minor += -request.amount_minor if is_outgoing else request.amount_minor
    if counterparty is not None:
        counterparty.posted_minor += request.amount_minor
    return payment_legs(
        request.transaction_type,
        account_id=request.account_id,
        counterparty_account_id=request.counterparty_account_id,
        currency=request.currency,
        amount_minor=request.amount_minor,
        livemode=account.livemode,
    )


VOIDED = "key.voided"
_STATUSES = {
    Outcome.APPROVE: Status.APPROVED,
    Outcome.REVIEW: Status.HELD,
    Outcome.DECLINE: Status.DECLINED,
}


def booked_outcome(outcome: Outcome, *, is_refused: bool) -> tuple[Outcome, Status]:
    """What becomes at once of a payment with this verdict, by whether the money refuses it."""
    booked = Outcome.DECLINE if is_refused else outcome
    return booked, _STATUSES[booked]


def is_refusal(code: str, kind: str) -> bool:
    """Whether a recorded reason was given by `book` and not by the verdict."""
    return kind in ("account", "funds") or (kind == "system" and code == VOIDED)


def _refusals(
    request: PaymentRequest,
    *,
    account: LockedAccount,
    counterparty: LockedAccount | None,
    day: date,
    voided: bool,
) -> list[Reason]:
    found = []
    if voided:
        found.append(Reason(VOIDED, "The payment was voided before it arrived", "system"))
    if account.status is not AccountStatus.ACTIVE:
        found.append(Reason(f"account.{account.status}", f"The account is {account.status}", "account"))
    if counterparty is not None and counterparty.status is not AccountStatus.ACTIVE:
        words = f"The receiving account is {counterparty.status}"
        found.append(Reason("counterparty.unavailable", words, "account"))
    if request.transaction_type.takes_money_out:
        found.extend(_money_refusals(request, account, day))
    return found


def _money_refusals(request: PaymentRequest, account: LockedAccount, day: date) -> list[Reason]:
    found = []
    limit = account.daily_limit_minor
    if limit is not None and account.spent_by_day.get(day, 0) + request.amount_minor > limit:
        words = f"Over the account's daily limit of {format_money(limit, account.currency)}"
        found.append(Reason("limit.daily", words, "account"))
    if account.available_minor - request.amount_minor < account.floor_minor:
        found.append(Reason("funds.insufficient", "Not enough money available on the account", "funds"))
    return found
