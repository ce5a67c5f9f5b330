from collections.abc import Collection

from ledger.domain.payments import AccountProfile, AccountStatus
from ledger.models import Account
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import NotFound


class AccountNotFound(NotFound):
    """The account does not exist or is not granted to the client."""

    code = "account_unknown"
    title = "There is no such account"


def profiles_of(account_ids: Collection[str]) -> dict[str, AccountProfile]:
    """Profiles of accounts as they are now, but for whom they are granted to. For workers."""
    return {
        account.id: AccountProfile(
            account_id=account.id,
            currency=account.currency,
            home_country=account.home_country,
            home_zone=account.home_zone,
            status=AccountStatus(account.status),
            risk=account.risk,
            opened_at=account.opened_at,
            livemode=account.livemode,
            version=account.version,
            granted_to=frozenset(),
        )
        for account in Account.objects.filter(pk__in=account_ids)
    }


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
