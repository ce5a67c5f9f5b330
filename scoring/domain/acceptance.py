"""Which payments may be decided at all: those that name accounts the client may use, in the right currency."""

from collections.abc import Mapping
from datetime import datetime

from ledger.domain.payments import AccountProfile, PaymentRequest
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import FieldError, InvalidRequest


class AccountUnknown(InvalidRequest):
    """The account does not exist, or is not granted to the client: the two look alike."""

    code = "account_unknown"
    http_status = 422
    title = "There is no such account"


class CurrencyMismatch(InvalidRequest):
    """The payment is not in the account's currency."""

    code = "currency_mismatch"
    http_status = 422
    title = "The currency is not the account's"


def refusal(
    request: PaymentRequest, client: ClientIdentity, profiles: Mapping[str, AccountProfile], *, oldest: datetime
) -> InvalidRequest | None:
    """Why this payment is not decided, or None. `profiles` are those of the accounts that exist.

    `oldest` is the earliest moment an ordinary client may send. It is held against new payments only: a retry must
    find its answer however late it comes.
    Money may be sent to any account of the same livemode, but only taken from one that was granted.
    """
    if request.occurred_at < oldest and not client.may("transactions:backdate"):
        words = "The payment happened too long ago: that needs the scope transactions:backdate."
        return InvalidRequest(words, errors=[FieldError("occurred_at", "too_old", words)])
    payer = profiles.get(request.account_id)
    if payer is None or not payer.is_granted_to(client):
        return _unknown("account_id")
    if payer.currency != request.currency:
        return _other_currency(payer)
    if request.counterparty_account_id is not None:
        receiver = profiles.get(request.counterparty_account_id)
        # Of an account that may be somebody else's, nothing is told: not even its currency.
        if receiver is None or receiver.livemode != client.livemode or receiver.currency != request.currency:
            return _unknown("counterparty_account_id")
    return None


def _unknown(field: str) -> AccountUnknown:
    return AccountUnknown(errors=[FieldError(field, "unknown", "There is no such account for this client.")])


def _other_currency(account: AccountProfile) -> CurrencyMismatch:
    words = f"The account {account.account_id} is kept in {account.currency}."
    return CurrencyMismatch(words, errors=[FieldError("currency", "mismatch", words)])
