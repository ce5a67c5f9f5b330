"""Scoring of mobile money: a model of its own family and the live policy, or rules of balance arithmetic without one.

Nothing of it is recorded but the predictions. Rules of analysts speak of the fields of payments, which these are not.
"""

import asyncio
from collections.abc import Sequence

from ledger.domain.decisions import Reason, Verdict
from scoring.domain.assess import MODEL_MISSING, by_policy
from scoring.domain.mobile_money.balances import outcome_by_balances
from scoring.domain.mobile_money.payments import CHANNEL, NO_CURRENCY, SHAPE_VERSION, MobilePayment
from scoring.domain.policy import risk_level
from scoring.domain.scores import Score
from scoring.services.assessing import model_reasons
from scoring.services.configuration import Configuration, configuration_current
from scoring.services.contexts import gather

_GROUP_MAX = 64
NO_RULESET = 0


async def mobile_score(payments: Sequence[MobilePayment]) -> list[Verdict]:
    """A verdict for each payment, in their order."""
    if not payments:
        return []
    gathered = await gather(())
    configuration = await configuration_current(gathered.epoch)
    verdicts: list[Verdict] = []
    for start in range(0, len(payments), _GROUP_MAX):
        verdicts += mobile_assess(payments[start : start + _GROUP_MAX], configuration)
        await asyncio.sleep(0)
    return verdicts


def mobile_assess(payments: Sequence[MobilePayment], configuration: Configuration) -> list[Verdict]:
    """The model is asked once for all of them. No payment changes the verdict of another one."""
    champion = configuration.mobile_champion
    snapshots = [payment.packed() for payment in payments]
    scores: list[Score | None] = [*champion.score(snapshots)] if champion else [None] * len(payments)
    reasons = model_reasons(champion, scores, snapshots)
    return [
        _verdict(payment, snapshot, score, reasons.get(place, ()), configuration)
        for place, (payment, snapshot, score) in enumerate(zip(payments, snapshots, scores, strict=True))
    ]


def _verdict(
    payment: MobilePayment,
    snapshot: bytes,
    score: Score | None,
    because: Sequence[Reason],
    configuration: Configuration,
) -> Verdict:
    policy, champion = configuration.policy_for(payment.origin), configuration.mobile_champion
    if score is None:
        outcome, reasons = outcome_by_balances(payment)
    else:
        outcome, reasons = by_policy(score, policy, CHANNEL, payment.amount_minor, NO_CURRENCY)
    probability, percentile = (score.fraud_probability, score.score_percentile) if score else (None, None)
    return Verdict(
        outcome=outcome,
        reasons=(*reasons, *because),
        fraud_probability=probability,
        score_percentile=percentile,
        risk_level=risk_level(probability, percentile),
        ruleset_version=NO_RULESET,
        policy_version=policy.version,
        model_version=champion.version if champion else None,
        catalogue_version=SHAPE_VERSION,
        snapshot=snapshot,
        degraded=() if champion else (MODEL_MISSING,),
    )
