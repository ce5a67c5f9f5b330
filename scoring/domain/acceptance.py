"""Which payments may be decided at all: those that name accounts the client may use, in the right currency."""

from collections.abc import Mapping

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
    request: PaymentRequest, client: ClientIdentity, profiles: Mapping[str, AccountProfile]
) -> InvalidRequest | None:
    """Why this payment is not decided, or None. `profiles` are those of the accounts that exist.

    Money may be sent to any account of the same livemode, but only taken from one that was granted.
    """
    payer = profiles.get(request.account_id)
    if payer is None or not payer.is_granted_to(client):
        return _unknown("account_id")
    if request.counterparty_account_id is None:
        return _other_currency(request, payer)
    receiver = profiles.get(request.counterparty_account_id)
    if receiver is None or receiver.livemode != client.livemode:
        return _unknown("counterparty_account_id")
    return _other_currency(request, payer) or _other_currency(request, receiver)


def _unknown(field: str) -> AccountUnknown:
    return AccountUnknown(errors=[FieldError(field, "unknown", "There is no such account for this client.")])


def _other_currency(request: PaymentRequest, account: AccountProfile) -> CurrencyMismatch | None:
    if account.currency == request.currency:
        return None
    words = f"The account {account.account_id} is kept in {account.currency}."
    return CurrencyMismatch(words, errors=[FieldError("currency", "mismatch", words)])
