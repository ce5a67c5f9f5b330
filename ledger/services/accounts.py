"""Accounts: made and changed by the bank, frozen and thawed. Each change is audited and followed at once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from ledger.domain.booking import SYSTEM_PREFIX, SYSTEM_PURPOSES, Leg, system_account_id
from ledger.domain.payments import AccountStatus
from ledger.domain.rows import Rows
from ledger.errors import AccountChangeRefused
from ledger.models import Account, AccountBalance, AccountGrant, Posting
from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from ledger.services.writing import accounts_lock, rows_write
from sentinel.core.card_numbers import contains_card_number
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.ids import uuid7


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What the bank says of an account. Money in minor units; None keeps what is there, or the default."""

    currency: str
    home_country: str
    home_zone: str | None = None
    name: str | None = None
    risk: str | None = None
    floor_minor: int | None = None
    daily_limit_minor: int | None = None
    opened_at: datetime | None = None
    opening_balance_minor: int | None = None
    removes_daily_limit: bool = False


_ACCOUNT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", re.ASCII)
_OWN_COLUMNS = ("home_country", "home_zone", "name", "risk", "daily_limit_minor", "opened_at")


@transaction.atomic
def account_put(
    *, account_id: str, terms: AccountTerms, client: ClientIdentity, now: datetime
) -> tuple[Account, bool]:
    """Make an account, or change the one that is there; sending the same terms again changes nothing.

    Errors: AccountChangeRefused for another currency, livemode or opening balance, a floor above what is available,
    or an account that belongs to other clients.
    """
    _wait_for_others(account_id)
    account = Account.objects.filter(pk=account_id).first()
    if account is None:
        granted_to = () if client.all_accounts else (client.client_id,)
        made = account_open(
            account_id=account_id,
            terms=terms,
            livemode=client.livemode,
            actor=client.name,
            granted_to=granted_to,
            now=now,
        )
        return made, True
    if account.kind != Account.Kind.CUSTOMER or account.livemode != client.livemode or not _may_use(account, client):
        raise AccountChangeRefused(
            "This account id is taken.", errors=[FieldError("id", "taken", "Choose another id.")]
        )
    _account_change(account, terms, client, now)
    return account, False


@transaction.atomic
def account_open(
    *,
    account_id: str,
    terms: AccountTerms,
    livemode: bool,
    actor: str,
    granted_to: Iterable[UUID] = (),
    now: datetime,
) -> Account:
    """Make an account that is not there yet, with its opening balance.

    Errors: InvalidRequest for an id that no account may have and a name that holds a card number,
    AccountChangeRefused for a floor over the balance.
    """
    account_id_check(account_id)
    card_numbers_refuse(name=terms.name or "")
    account = Account(
        id=account_id,
        currency=terms.currency,
        livemode=livemode,
        opened_at=terms.opened_at or now,
        home_country=terms.home_country,
    )
    for name in ("home_zone", "name", "risk", "daily_limit_minor"):
        if (value := getattr(terms, name)) is not None:
            setattr(account, name, value)
    account.save(force_insert=True)
    AccountBalance.objects.create(account=account, floor_minor=min(terms.floor_minor or 0, 0))
    for client_id in granted_to:
        AccountGrant.objects.create(account=account, client_id=client_id)
    system_accounts_ensure(currency=terms.currency, livemode=livemode, now=now)
    _open_with(account, terms.opening_balance_minor or 0, now)
    if terms.floor_minor is not None:
        _floor_change(account_id, terms.floor_minor)
    details = {field.name: _told(field.name, getattr(terms, field.name)) for field in fields(terms)}
    audit_record(actor=actor, action="account.create", subject=account_id, details=details, now=now)
    return account


@transaction.atomic
def account_set_status(*, account_id: str, status: AccountStatus, actor: str, reason: str, now: datetime) -> Account:
    """Freeze, thaw or close an account. Its next payment already meets the new status.

    Errors: AccountChangeRefused for one that is closed, InvalidRequest for a reason that holds a card number.
    """
    card_numbers_refuse(reason=reason)
    account = Account.objects.select_for_update().get(pk=account_id)
    if account.status == AccountStatus.CLOSED and status is not AccountStatus.CLOSED:
        raise AccountChangeRefused("A closed account stays closed.")
    if account.status != status:
        _account_update(account, {"status": status.value})
        details = {"status": status.value, "reason": reason}
        audit_record(actor=actor, action="account.status", subject=account_id, details=details, now=now)
    return account


@transaction.atomic
def account_edit(
    *, account: Account, changes: dict[str, Any], floor_minor: int | None, actor: str, now: datetime
) -> None:
    """Change columns of an account (see _OWN_COLUMNS and status) and its floor.

    Errors: AccountChangeRefused, InvalidRequest for a name that holds a card number.
    """
    card_numbers_refuse(name=changes.get("name", ""))
    before = {name: getattr(account, name) for name in changes}
    changed = {name: value for name, value in changes.items() if before[name] != value}
    if floor_minor is not None:
        floor_before = _floor_change(account.id, floor_minor)
        if floor_before != floor_minor:
            audit_details = {"floor_minor": [floor_before, floor_minor]}
            audit_record(actor=actor, action="account.floor", subject=account.id, details=audit_details, now=now)
    if "home_zone" in changed:
        # Its days begin at another hour from now on: what the latest one has spent is read from the record again.
        AccountBalance.objects.filter(pk=account.id).update(day=None, day_spent_minor=0)
    if changed:
        _account_update(account, changed)
        details = {name: [_told(name, before[name]), _told(name, value)] for name, value in changed.items()}
        audit_record(actor=actor, action="account.change", subject=account.id, details=details, now=now)


def account_id_check(account_id: str) -> None:
    """Errors: InvalidRequest for an id that no customer's account may have."""
    if _ACCOUNT_ID.fullmatch(account_id) is None or account_id.startswith(SYSTEM_PREFIX):
        words = (
            "Use up to 64 letters, digits and the signs _.:- for an account id; not sys_, which is the bank's own."
        )
        raise InvalidRequest(words, errors=[FieldError("id", "wrong_format", words)])
    if contains_card_number(account_id):
        words = "This looks like a full card number. Use another id."
        raise InvalidRequest(words, errors=[FieldError("id", "card_number", words)])


def _account_change(account: Account, terms: AccountTerms, client: ClientIdentity, now: datetime) -> None:
    if account.currency != terms.currency:
        raise _refused("currency", f"The account is kept in {account.currency}, which never changes.")
    if terms.opening_balance_minor is not None and terms.opening_balance_minor != opening_balance_minor(account.id):
        raise _refused("opening_balance", "An opening balance is set when the account is made.")
    changes = {name: getattr(terms, name) for name in _OWN_COLUMNS if getattr(terms, name) is not None}
    if terms.removes_daily_limit:
        changes["daily_limit_minor"] = None
    account_edit(account=account, changes=changes, floor_minor=terms.floor_minor, actor=client.name, now=now)


def _wait_for_others(account_id: str) -> None:
    """Of two who make the same account at once, the second finds it made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [account_id])


def opening_balance_minor(account_id: str) -> int:
    posting = Posting.objects.filter(ledger_account_id=account_id, entry__kind="opening").first()
    return posting.credit_minor - posting.debit_minor if posting else 0


def system_accounts_ensure(*, currency: str, livemode: bool, now: datetime) -> None:
    """The bank's own side of postings in a currency. Made with the first account that needs them."""
    Account.objects.bulk_create(
        [
            Account(
                id=system_account_id(purpose, currency, livemode=livemode),
                kind=Account.Kind.SYSTEM,
                currency=currency,
                livemode=livemode,
                name=f"{purpose}, {currency}",
                home_country="XX",
                opened_at=now,
            )
            for purpose in SYSTEM_PURPOSES
        ],
        ignore_conflicts=True,
    )


def _open_with(account: Account, amount_minor: int, now: datetime) -> None:
    """The opening entry: the money a customer brings along."""
    if amount_minor == 0:
        return
    locked = accounts_lock([account.id])[account.id]
    locked.posted_minor += amount_minor
    opening = system_account_id("opening", account.currency, livemode=account.livemode)
    rows = Rows()
    rows.add_entry(
        uuid7(),
        account_id=account.id,
        transaction_id=None,
        legs=(Leg(opening, debit_minor=amount_minor), Leg(account.id, credit_minor=amount_minor)),
        currency=account.currency,
        now=now,
        kind="opening",
    )
    rows.add_balance(locked)
    rows_write(rows)


def _floor_change(account_id: str, floor_minor: int) -> int:
    """Set the floor and return what it was. Errors: AccountChangeRefused when less than that is available."""
    balance = AccountBalance.objects.select_for_update().get(pk=account_id)
    before = balance.floor_minor
    try:
        with transaction.atomic():
            AccountBalance.objects.filter(pk=account_id).update(floor_minor=floor_minor)
    except IntegrityError:
        raise _refused("floor", "Less than that is available on the account.") from None
    return before


def _told(name: str, value: Any) -> str:
    """For the audit, which is kept for good and sealed: a customer's name can be erased, so it is not told there."""
    return "•••" if name == "name" and value else str(value)


def _account_update(account: Account, changes: dict[str, Any]) -> None:
    Account.objects.filter(pk=account.pk).update(**changes, version=F("version") + 1)
    account.refresh_from_db()


def _may_use(account: Account, client: ClientIdentity) -> bool:
    return client.all_accounts or AccountGrant.objects.filter(account=account, client_id=client.client_id).exists()


def _refused(field: str, message: str) -> AccountChangeRefused:
    return AccountChangeRefused(message, errors=[FieldError(field, "refused", message)])
