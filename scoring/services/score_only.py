"""Scoring without recording: the same description, rules, model and policy as a payment's, and nothing is changed."""

import asyncio
from collections.abc import Sequence

from ledger.domain.decisions import Verdict
from ledger.domain.payments import AccountProfile, AccountStatus, PaymentRequest
from ledger.services.recording import reading
from scoring.domain.entities import NEVER_SEEN, Known
from scoring.domain.features import describe
from scoring.domain.history import AccountHistory
from scoring.services.assessing import Described, assess_group
from scoring.services.configuration import Configuration, configuration_current
from scoring.services.contexts import AccountContext, Gathered, gather, profiles_renew
from scoring.services.entities import Named, entities_named
from sentinel.core.clients import ClientIdentity

# So many at a time: the model is quickest, and other requests get their turn in between.
_GROUP_MAX = 64
_UNKNOWN_VERSION = 0  # those of accounts begin with 1


async def score_only(
    requests: Sequence[PaymentRequest], client: ClientIdentity
) -> list[tuple[PaymentRequest, Verdict]]:
    """Each request with its verdict, in their order."""
    scored: list[tuple[PaymentRequest, Verdict]] = []
    for start in range(0, len(requests), _GROUP_MAX):
        group = requests[start : start + _GROUP_MAX]
        named = [entities_named(request, livemode=client.livemode) for request in group]
        gathered = await gather({request.account_id for request in group}, named)
        # No lock will tell here that a copy is behind, and a grant that was taken must be followed at once.
        async with reading() as connection:
            await profiles_renew(connection, gathered.accounts, list(gathered.accounts))
        configuration = await configuration_current(gathered.epoch)
        scored.extend(zip(group, _assessed(group, named, client, gathered, configuration), strict=True))
        await asyncio.sleep(0)
    return scored


def _assessed(
    group: Sequence[PaymentRequest],
    named: Sequence[Named],
    client: ClientIdentity,
    gathered: Gathered,
    configuration: Configuration,
) -> list[Verdict]:
    described = []
    for request, entities in zip(group, named, strict=True):
        context = _context(request, client, gathered)
        known = known_to(context.profile, gathered.entities.of(entities))
        values = describe(request, context.profile, context.history, known)
        described.append(Described(request, values, client.livemode))
    return assess_group(described, configuration, degraded=gathered.degraded)


def _context(request: PaymentRequest, client: ClientIdentity, gathered: Gathered) -> AccountContext:
    """The account's, when the client may use it. Of any other, nothing is told: not even that it is there."""
    context = gathered.accounts.get(request.account_id)
    if context is not None and context.profile.is_granted_to(client):
        return context
    return AccountContext(unknown_account(request, client), AccountHistory())


def known_to(profile: AccountProfile, known: Known | None) -> Known | None:
    """What may be told of what a payment names: nothing of an account that is not the client's."""
    return [*known[:-1], NEVER_SEEN] if known is not None and profile.version == _UNKNOWN_VERSION else known


def unknown_account(request: PaymentRequest, client: ClientIdentity) -> AccountProfile:
    """What stands for an account that is not the client's: active, in the payment's currency, and just opened."""
    return AccountProfile(
        account_id=request.account_id,
        currency=request.currency,
        home_country=None,
        home_zone="UTC",
        status=AccountStatus.ACTIVE,
        risk="normal",
        opened_at=request.occurred_at,
        livemode=client.livemode,
        version=_UNKNOWN_VERSION,
        granted_to=frozenset(),
    )
