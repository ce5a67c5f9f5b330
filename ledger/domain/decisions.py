"""What the ledger keeps of a decision. The scoring app fills it; the ledger adds what the money says."""

from typing import Any

from sentinel.core.outcomes import Outcome, RiskLevel
from sentinel.core.values import value


@value
class Reason:
    """A stable code with words for people. `kind`: rule, model, account, funds, policy or system."""

    code: str
    words: str
    kind: str
    contribution: float | None = None

    def to_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"code": self.code, "words": self.words, "kind": self.kind}
        if self.contribution is not None:
            shown["contribution"] = self.contribution
        return shown


@value
class Verdict:
    """What rules, model and policy say of a payment, before the money is looked at.

    `fraud_probability` only from a supervised model, `score_percentile` unless no model answered; both in 0..1.
    The rule versions that hit, those that hit without a say, and those that failed are told by their ids.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    fraud_probability: float | None
    score_percentile: float | None
    risk_level: RiskLevel | None
    ruleset_version: int
    policy_version: int
    model_version: str | None
    catalogue_version: int
    snapshot: bytes
    degraded: tuple[str, ...] = ()
    rule_hits: tuple[int, ...] = ()
    silent_hits: tuple[int, ...] = ()
    failed_rules: tuple[int, ...] = ()


@value
class RecordedDecision:
    """A decision as it was recorded; outcome, status and reasons with what the money said."""

    reasons: list[dict[str, Any]]
    snapshot: bytes
    outcome: str
    status: str
    fraud_probability: float | None
    score_percentile: float | None
    ruleset_version: int
    policy_version: int
    model_version: str | None
    catalogue_version: int
    degraded: list[str]
    rule_hits: list[int]
    silent_hits: list[int]
    failed_rules: list[int]
