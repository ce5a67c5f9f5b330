"""How far a rule version has come among the rules that are asked: shadow, canary, live.

A rule has at most one live version, and beside it at most one on trial. In shadow its hits are only noted. As a
canary they count for a stable share of the accounts, and the live version of the same rule counts for the others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

SHARE_PERCENT_MAX = 99


class Stage(StrEnum):
    SHADOW = "shadow"
    CANARY = "canary"
    LIVE = "live"

    @property
    def is_trial(self) -> bool:
        return self is not Stage.LIVE


@dataclass(frozen=True, slots=True)
class Placement:
    """One version of a rule in a ruleset. `share_percent` is a canary's share of the accounts, None otherwise;
    `expires_at` is set for what was let in by break-glass, and asked no more from then on.
    """

    rule_id: int
    version_id: int
    stage: Stage
    share_percent: int | None = None
    expires_at: datetime | None = None


def with_placed(placements: Iterable[Placement], new: Placement) -> list[Placement]:
    """The placements with one more, which replaces what it stands for.

    A new live version replaces the live one, and its own trial; a new trial replaces the trial before it.
    """

    def is_replaced(old: Placement) -> bool:
        if old.rule_id != new.rule_id:
            return False
        return old.version_id == new.version_id or old.stage.is_trial == new.stage.is_trial

    return [*(old for old in placements if not is_replaced(old)), new]


def without_rule(placements: Iterable[Placement], rule_id: int) -> list[Placement]:
    return [placement for placement in placements if placement.rule_id != rule_id]


def unexpired(placements: Iterable[Placement], now: datetime) -> list[Placement]:
    return [each for each in placements if each.expires_at is None or each.expires_at > now]


def is_in_share(rule_code: str, account_id: str, share_percent: int) -> bool:
    """Whether an account belongs to a canary's share: always the same answer, and another one for another rule.

    A larger share holds all accounts of a smaller one.
    """
    digest = blake2b(f"{rule_code}:{account_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % 100 < share_percent
