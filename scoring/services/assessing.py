"""A group of payments through rules, model, rules again and policy. No payment changes the verdict of another one."""

from collections.abc import Sequence

from ledger.domain.decisions import Reason, Verdict
from ledger.domain.payments import PaymentRequest
from rules.services.costs import METER
from scoring.domain.assess import assess
from scoring.domain.magic_amounts import magic_outcome
from scoring.domain.scores import Contribution, Score
from scoring.services.configuration import Configuration
from scoring.serving.champion import Champion
from sentinel.core.catalogue import INDEX, Values, pack
from sentinel.core.values import value

# Below both a score needs no explanation, and costs none.
EXPLAIN_FROM_PERCENTILE = 0.95
EXPLAIN_FROM_PROBABILITY = 0.05

_PROBABILITY, _PERCENTILE = INDEX["fraud_probability"], INDEX["score_percentile"]


@value
class Described:
    """A payment and what `describe` says of it."""

    request: PaymentRequest
    values: Values
    livemode: bool = True

    @property
    def is_scorable(self) -> bool:
        """The model compares money going out with money that went out before."""
        return self.request.transaction_type.takes_money_out


def assess_group(
    described: Sequence[Described], configuration: Configuration, *, degraded: Sequence[str] = ()
) -> list[Verdict]:
    """One verdict per payment, in order. The model is asked once for all of them."""
    champion, ruleset = configuration.champion, configuration.ruleset
    snapshots = [pack(each.values) for each in described]
    scores = _scores(champion, described, snapshots)
    reasons = model_reasons(champion, scores, snapshots)
    if METER.is_due(ruleset, len(described)):
        METER.measure_soon(ruleset, described[-1].values, _with_score(described[-1].values, scores[-1]))
    return [
        assess(
            evaluations=(
                ruleset.evaluate(each.values, second_pass=False),
                ruleset.evaluate(_with_score(each.values, score), second_pass=True),
            ),
            score=score,
            model_reasons=reasons.get(place, ()),
            policy=configuration.policy_for(each.request.account_id),
            ruleset_version=configuration.ruleset_version,
            model_version=champion.version if champion else None,
            snapshot=snapshot,
            amount_minor=each.request.amount_minor,
            currency=each.request.currency,
            channel=each.request.channel,
            is_scorable=each.is_scorable,
            degraded=degraded,
            magic=magic_outcome(each.request.amount_minor, livemode=each.livemode),
        )
        for place, (each, snapshot, score) in enumerate(zip(described, snapshots, scores, strict=True))
    ]


def _scores(
    champion: Champion | None, described: Sequence[Described], snapshots: Sequence[bytes]
) -> list[Score | None]:
    """One per payment, None where no model answers."""
    scores: list[Score | None] = [None] * len(described)
    scorable = [place for place, each in enumerate(described) if each.is_scorable]
    if champion and scorable:
        for place, score in zip(scorable, champion.score([snapshots[place] for place in scorable]), strict=True):
            scores[place] = score
    return scores


def _with_score(values: Values, score: Score | None) -> Values:
    if score is None:
        return values
    scored = list(values)
    scored[_PROBABILITY], scored[_PERCENTILE] = score.fraud_probability, score.score_percentile
    return tuple(scored)


def model_reasons(
    champion: Champion | None, scores: Sequence[Score | None], snapshots: Sequence[bytes]
) -> dict[int, list[Reason]]:
    """By place in the group, why the high scores are high."""
    high = [place for place, score in enumerate(scores) if score and _is_high(score)]
    if champion is None or not high:
        return {}
    explained = champion.explain([snapshots[place] for place in high])
    return {place: [_model_reason(each) for each in found] for place, found in zip(high, explained, strict=True)}


def _is_high(score: Score) -> bool:
    is_likely = score.fraud_probability is not None and score.fraud_probability >= EXPLAIN_FROM_PROBABILITY
    return is_likely or score.score_percentile >= EXPLAIN_FROM_PERCENTILE


def _model_reason(found: Contribution) -> Reason:
    return Reason(found.code, found.words, "model", round(found.contribution, 4))
