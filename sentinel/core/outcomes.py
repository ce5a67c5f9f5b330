"""The ordered answer to a transaction, the actions of rules, and the statuses a transaction may have."""

from enum import StrEnum


class Outcome(StrEnum):
    """approve < review < decline: comparing two outcomes compares their severity."""

    APPROVE = "approve"
    REVIEW = "review"
    DECLINE = "decline"

    @property
    def severity(self) -> int:
        return _SEVERITIES[self]

    def __lt__(self, other: str) -> bool:
        return self.severity < Outcome(other).severity

    def __le__(self, other: str) -> bool:
        return self.severity <= Outcome(other).severity

    def __gt__(self, other: str) -> bool:
        return self.severity > Outcome(other).severity

    def __ge__(self, other: str) -> bool:
        return self.severity >= Outcome(other).severity


_SEVERITIES = {Outcome.APPROVE: 0, Outcome.REVIEW: 1, Outcome.DECLINE: 2}


class Action(StrEnum):
    """What a rule asks for when it hits."""

    ALLOW = "allow"
    REVIEW = "review"
    DECLINE = "decline"


class Status(StrEnum):
    """What became of a transaction. Derived from insert-only rows, never stored on one."""

    APPROVED = "approved"
    HELD = "held"
    DECLINED = "declined"
    EXPIRED = "expired"
    PARTLY_REVERSED = "partly_reversed"
    REVERSED = "reversed"


class RiskLevel(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
