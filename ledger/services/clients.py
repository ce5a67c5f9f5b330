"""Who may call the API, changed by people: clients, their secrets, and the accounts they may use. All audited.

Keys are in api_keys.py. Other processes follow a change of a client or a key within DIRECTORY_TTL_SECONDS, this one
at once. A grant is part of the account's profile, so it makes the account's version grow.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from ledger.models import Account, AccountGrant
from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from sentinel.api.directory import directory_forget
from sentinel.api.models import GatewayClient
from sentinel.api.services import client_secret_rotate
from sentinel.core.errors import Conflict, FieldError


@transaction.atomic
def client_save(*, client: GatewayClient, changed: dict[str, Any], actor: str, now: datetime) -> None:
    """Keep a new or changed client; `changed` is what the audit tells of it.

    Errors: InvalidRequest for a name that holds a card number.
    """
    card_numbers_refuse(name=client.name)
    action = "client.create" if client._state.adding else "client.change"
    client.save()
    client_audit(client, action, changed, actor, now)


@transaction.atomic
def client_secret_issue(*, client: GatewayClient, actor: str, now: datetime) -> str:
    """A new secret for `auth/token`; the old one stops working. Returned here and never again."""
    secret = client_secret_rotate(client=client)
    client_audit(client, "client.secret_issue", {}, actor, now)
    return secret


@transaction.atomic
def grant_give(*, account: Account, client: GatewayClient, actor: str, now: datetime) -> AccountGrant:
    """Let a client use an account. Errors: Conflict for a system account, or when one is live and one test."""
    if account.livemode != client.livemode or account.kind != Account.Kind.CUSTOMER:
        words = "A client uses customer accounts of its own mode, live or test."
        raise Conflict(words, errors=[FieldError("account", "wrong_mode", words)])
    grant, is_new = AccountGrant.objects.get_or_create(account=account, client=client)
    if is_new:
        _follow(account.id)
        audit_record(actor=actor, action="grant.give", subject=account.id, details={"client": client.name}, now=now)
    return grant


@transaction.atomic
def grant_take(*, grant: AccountGrant, actor: str, now: datetime) -> None:
    """The account looks to the client like one that does not exist, from the next request on."""
    account_id, client_name = grant.account_id, grant.client.name
    grant.delete()
    _follow(account_id)
    audit_record(actor=actor, action="grant.take", subject=account_id, details={"client": client_name}, now=now)


def _follow(account_id: str) -> None:
    """Whoever has the account's profile in memory notices at its next payment."""
    Account.objects.filter(pk=account_id).update(version=F("version") + 1)


def client_audit(client: GatewayClient, action: str, details: dict[str, Any], actor: str, now: datetime) -> None:
    """Tells the audit what was done, and this process to look again."""
    audit_record(actor=actor, action=action, subject=client.name, details=details, now=now)
    transaction.on_commit(directory_forget)
