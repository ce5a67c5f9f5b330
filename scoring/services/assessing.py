"""One payment through features, rules, model, rules again and policy."""

from collections.abc import Sequence

from ledger.domain.decisions import Reason, Verdict
from ledger.domain.payments import AccountProfile, PaymentRequest
from scoring.domain.assess import assess
from scoring.domain.features import describe
from scoring.domain.history import AccountHistory
from scoring.domain.scores import Score
from scoring.services.configuration import Configuration
from sentinel.core.catalogue import INDEX, Values, pack

# Below this percentile a score needs no explanation, and costs none.
EXPLAIN_FROM_PERCENTILE = 0.95

_PROBABILITY, _PERCENTILE = INDEX["fraud_probability"], INDEX["score_percentile"]


def assess_payment(
    request: PaymentRequest,
    profile: AccountProfile,
    history: AccountHistory,
    configuration: Configuration,
    *,
    degraded: Sequence[str] = (),
) -> Verdict:
    values = describe(request, profile, history)
    snapshot = pack(values)
    first = configuration.ruleset.evaluate(values, second_pass=False)
    champion = configuration.champion
    # The model compares money going out with money that went out before.
    is_scorable = request.transaction_type.takes_money_out
    score = champion.score([snapshot])[0] if champion and is_scorable else None
    second = configuration.ruleset.evaluate(_with_score(values, score), second_pass=True)
    return assess(
        evaluations=(first, second),
        score=score,
        model_reasons=_model_reasons(configuration, score, snapshot),
        policy=configuration.policy,
        ruleset_version=configuration.ruleset_version,
        model_version=champion.version if champion else None,
        snapshot=snapshot,
        amount_minor=request.amount_minor,
        currency=request.currency,
        is_scorable=is_scorable,
        degraded=degraded,
    )


def _with_score(values: Values, score: Score | None) -> Values:
    if score is None:
        return values
    scored = list(values)
    scored[_PROBABILITY], scored[_PERCENTILE] = score.fraud_probability, score.score_percentile
    return tuple(scored)


def _model_reasons(configuration: Configuration, score: Score | None, snapshot: bytes) -> list[Reason]:
    if configuration.champion is None or score is None or score.score_percentile < EXPLAIN_FROM_PERCENTILE:
        return []
    return [
        Reason(found.code, found.words, "model", round(found.contribution, 4))
        for found in configuration.champion.explain(snapshot)
    ]
