from ledger.models import Account
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import NotFound


class AccountNotFound(NotFound):
    """The account does not exist or is not granted to the client."""

    code = "account_unknown"
    title = "There is no such account"


def account_for(client: ClientIdentity, account_id: str) -> Account:
    """A customer account, with its balance, that the client may use. Errors: AccountNotFound."""
    if "\0" in account_id:  # which PostgreSQL does not take as text
        raise AccountNotFound
    accounts = Account.objects.select_related("balance").filter(
        pk=account_id, kind=Account.Kind.CUSTOMER, livemode=client.livemode
    )
    if not client.all_accounts:
        accounts = accounts.filter(grants__client_id=client.client_id)
    account = accounts.first()
    if account is None:
        raise AccountNotFound
    return account
