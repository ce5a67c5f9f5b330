"""What a ruleset is made of, and what evaluating it says."""

from dataclasses import dataclass

from rules.domain.expressions import Expression
from sentinel.core.outcomes import Action
from sentinel.core.values import value


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """One version of a rule, ready to be compiled."""

    code: str
    version: int
    name: str
    action: Action
    reason_code: str
    reason_words: str
    expression: Expression

    @property
    def hit(self) -> "Hit":
        return Hit(self.code, self.version, self.action, self.reason_code, self.reason_words)


@value
class Hit:
    """A rule whose expression held for a payment."""

    code: str
    version: int
    action: Action
    reason_code: str
    reason_words: str


@value
class Failure:
    """A rule that could not be evaluated. Whoever decides turns a failed decline rule into review."""

    code: str
    version: int
    action: Action
    error: str


@value
class Evaluation:
    """All hits, not only the first, in the ruleset's order."""

    hits: tuple[Hit, ...] = ()
    failed: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """What an author writes: the action, the reason, and the expression as JSON, not yet checked."""

    action: Action
    reason_code: str
    reason_words: str
    expression: object
