"""What a model says about one payment."""

from sentinel.core.values import value

SCORE_DECIMALS = 4  # scores are rounded to this scale before any threshold sees them


@value
class Score:
    """`fraud_probability` is None unless the model is supervised. `score_percentile` is the share of the training
    payments that look less strange than this one. Both 0 to 1, rounded to SCORE_DECIMALS.
    """

    fraud_probability: float | None
    score_percentile: float


def confidence(fraud_probability: float | None) -> float | None:
    """How sure the model is of its own answer, fraud or legitimate: the larger of p and 1 - p, so 0.5 to 1.

    None without a probability: how strange a payment is says nothing of how sure anybody is.
    """
    if fraud_probability is None:
        return None
    return round(max(fraud_probability, 1.0 - fraud_probability), SCORE_DECIMALS)


@value
class Contribution:
    """One group of inputs that raised a score.

    `name` is the input that weighed most in its group, `code` the group's stable reason code. `contribution` is how
    much the raw score (0 to 1) falls when the whole group is set to its training medians. `value` and `usual` are in
    the unit `words` speaks of.
    """

    name: str
    code: str
    words: str
    contribution: float
    value: float
    usual: float
