"""Which policy decides: at most one live version, beside it one on trial, and for some hours an emergency's.

A release says all of it, so going back is to say an earlier one again.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from rules.domain.stages import Stage


@dataclass(frozen=True, slots=True)
class Release:
    """Numbers of policy versions. In shadow a trial decides nothing, as a canary for a share of the accounts.

    Until its end the emergency's decides for every account.
    """

    live: int | None = None
    trial: int | None = None
    trial_stage: Stage | None = None
    share_percent: int | None = None
    emergency: int | None = None
    emergency_until: datetime | None = None

    def with_placed(self, version: int, stage: Stage, share_percent: int | None = None) -> "Release":
        """A new live version replaces the live one, and its own trial; a new trial replaces the trial before it."""
        if stage is Stage.LIVE:
            kept = self.without_trial() if self.trial == version else self
            return replace(kept, live=version)
        return replace(self, trial=version, trial_stage=stage, share_percent=share_percent)

    def without_trial(self) -> "Release":
        return replace(self, trial=None, trial_stage=None, share_percent=None)

    def without_emergency(self) -> "Release":
        return replace(self, emergency=None, emergency_until=None)

    def at(self, now: datetime) -> "Release":
        """Without an emergency that is over."""
        is_over = self.emergency_until is not None and self.emergency_until <= now
        return self.without_emergency() if is_over else self

    @property
    def words(self) -> str:
        """What decides: "version 3 is live; version 4 is a canary for 10 % of the accounts"."""
        parts = [f"version {self.live} is live"] if self.live else []
        if self.trial_stage is Stage.SHADOW:
            parts.append(f"version {self.trial} runs in shadow")
        if self.trial_stage is Stage.CANARY:
            parts.append(f"version {self.trial} is a canary for {self.share_percent} % of the accounts")
        if self.emergency_until:
            until = f"{self.emergency_until:%-d %b %H:%M}"
            parts.append(f"break-glass: version {self.emergency} decides until {until} UTC")
        return "; ".join(parts) or "no version decides anything: only rules do"


class Point(StrEnum):
    """Where a version is on its way."""

    DRAFT = "draft"
    SIMULATED = "simulated"
    AWAITING_APPROVAL = "awaiting approval"
    SHADOW = "shadow"
    CANARY = "canary"
    LIVE = "live"
    PAST = "past"


def point_of(
    version: int,
    release: Release,
    *,
    is_asked_for: bool = False,
    was_released: bool = False,
    is_simulated: bool = False,
) -> Point:
    if version in (release.live, release.emergency):
        return Point.LIVE
    if version == release.trial and release.trial_stage:
        return Point(release.trial_stage.value)
    if is_asked_for:
        return Point.AWAITING_APPROVAL
    if was_released:
        return Point.PAST
    return Point.SIMULATED if is_simulated else Point.DRAFT
