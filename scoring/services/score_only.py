"""Scoring without recording: the same description, rules, model and policy as a payment's, and nothing is changed."""

import asyncio
from collections.abc import Sequence

from ledger.domain.decisions import Verdict
from ledger.domain.payments import AccountProfile, AccountStatus, PaymentRequest
from ledger.services.recording import reading
from scoring.domain.features import describe
from scoring.domain.history import AccountHistory
from scoring.services.assessing import Described, assess_group
from scoring.services.configuration import Configuration, configuration_current
from scoring.services.contexts import AccountContext, Gathered, gather, profiles_renew
from sentinel.core.clients import ClientIdentity

# So many at a time: the model is quickest, and other requests get their turn in between.
_GROUP_MAX = 64


async def score_only(
    requests: Sequence[PaymentRequest], client: ClientIdentity
) -> list[tuple[PaymentRequest, Verdict]]:
    """Each request with its verdict, in their order."""
    scored: list[tuple[PaymentRequest, Verdict]] = []
    for start in range(0, len(requests), _GROUP_MAX):
        group = requests[start : start + _GROUP_MAX]
        gathered = await gather({request.account_id for request in group})
        # No lock will tell here that a copy is behind, and a grant that was taken must be followed at once.
        async with reading() as connection:
            await profiles_renew(connection, gathered.accounts, list(gathered.accounts))
        configuration = await configuration_current(gathered.epoch)
        scored.extend(zip(group, _assessed(group, client, gathered, configuration), strict=True))
        await asyncio.sleep(0)
    return scored


def _assessed(
    group: Sequence[PaymentRequest], client: ClientIdentity, gathered: Gathered, configuration: Configuration
) -> list[Verdict]:
    described = []
    for request in group:
        context = _context(request, client, gathered)
        described.append(Described(request, describe(request, context.profile, context.history)))
    return assess_group(described, configuration, degraded=gathered.degraded)


def _context(request: PaymentRequest, client: ClientIdentity, gathered: Gathered) -> AccountContext:
    """The account's, when the client may use it. Of any other, nothing is told: not even that it is there."""
    context = gathered.accounts.get(request.account_id)
    if context is not None and context.profile.is_granted_to(client):
        return context
    return AccountContext(_unknown_account(request, client), AccountHistory())


def _unknown_account(request: PaymentRequest, client: ClientIdentity) -> AccountProfile:
    return AccountProfile(
        account_id=request.account_id,
        currency=request.currency,
        home_country=None,
        home_zone="UTC",
        status=AccountStatus.ACTIVE,
        risk="normal",
        opened_at=request.occurred_at,
        livemode=client.livemode,
        version=0,
        granted_to=frozenset(),
    )
