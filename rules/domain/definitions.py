"""What a ruleset is made of, and what evaluating it says."""

from dataclasses import dataclass

from rules.domain.expressions import Expression
from rules.domain.stages import Stage
from sentinel.core.outcomes import Action
from sentinel.core.values import value


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """One version of a rule, ready to be compiled. `version_id` is the stored version's, 0 of one that is not stored.

    `share_percent` is a canary's share of the accounts.
    """

    code: str
    version: int
    name: str
    action: Action
    reason_code: str
    reason_words: str
    expression: Expression
    version_id: int = 0
    stage: Stage = Stage.LIVE
    share_percent: int | None = None

    @property
    def hit(self) -> "Hit":
        return Hit(
            self.code,
            self.version,
            self.action,
            self.reason_code,
            self.reason_words,
            self.version_id,
            self.stage,
            self.share_percent,
        )

    def failure(self, error: str) -> "Failure":
        return Failure(self.code, self.version, self.action, error, self.version_id, self.stage, self.share_percent)


@value
class Hit:
    """A rule whose expression held for a payment."""

    code: str
    version: int
    action: Action
    reason_code: str
    reason_words: str
    version_id: int = 0
    stage: Stage = Stage.LIVE
    share_percent: int | None = None


@value
class Failure:
    """A rule that could not be evaluated. Whoever decides turns a failed decline rule into review."""

    code: str
    version: int
    action: Action
    error: str
    version_id: int = 0
    stage: Stage = Stage.LIVE
    share_percent: int | None = None


@value
class Evaluation:
    """All hits, not only the first, in the ruleset's order. Those of trials and of snoozed rules have no say."""

    hits: tuple[Hit, ...] = ()
    failed: tuple[Failure, ...] = ()
    silent_hits: tuple[Hit, ...] = ()
    silent_failed: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """What an author writes: the action, the reason, and the expression as JSON, not yet checked."""

    action: Action
    reason_code: str
    reason_words: str
    expression: object
