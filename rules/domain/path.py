"""The way of a rule, from its first draft to its last day, and where on it a rule is."""

from dataclasses import dataclass
from enum import StrEnum

from rules.domain.stages import Stage


class Point(StrEnum):
    DRAFT = "draft"
    SIMULATED = "simulated"
    AWAITING_APPROVAL = "awaiting approval"
    SHADOW = "shadow"
    CANARY = "canary"
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Standing:
    """Numbers of a rule's versions: the latest, the live one, the one on trial, and the last that ever was asked."""

    latest: int | None = None
    live: int | None = None
    trial: int | None = None
    trial_stage: Stage | None = None
    share_percent: int | None = None
    is_asked_for: bool = False
    last_asked: int | None = None
    is_simulated: bool = False

    @property
    def point(self) -> Point:
        """Where the latest version is. A request to retire a live rule leaves it live until it is approved."""
        if self.latest is not None and self.latest == self.live:
            return Point.LIVE
        if self.trial_stage and self.latest == self.trial:
            return Point(self.trial_stage.value)
        if self.is_asked_for:
            return Point.AWAITING_APPROVAL
        if self.latest is not None and self.latest == self.last_asked:
            return Point.RETIRED
        return Point.SIMULATED if self.is_simulated else Point.DRAFT

    @property
    def words(self) -> str:
        """What decides now: "version 2 is live; version 3 is a canary for 10 % of the accounts"."""
        parts = []
        if self.live is not None:
            parts.append(f"version {self.live} is live")
        match self.trial_stage:
            case Stage.SHADOW:
                parts.append(f"version {self.trial} runs in shadow")
            case Stage.CANARY:
                parts.append(f"version {self.trial} is a canary for {self.share_percent} % of the accounts")
        return "; ".join(parts) or "no version takes part in decisions"
