"""The moments that payments carry.

At thousands of payments a second a few thousand accounts would each pay every second: no customer does, every rule on
velocity would hit and the model would find nothing ordinary. So the load brings its own clock, as a migration of
history does: it begins in the past and runs as fast as the payments need, at a few payments an account and day.
"""

from dataclasses import dataclass

PAYMENTS_PER_DAY = 4  # of each account
_DAY_SECONDS = 86_400.0
REACH_DAYS = 300  # how far back it begins


@dataclass(slots=True)
class Clock:
    """Seconds since the epoch of the next ordinary payment, and of the next one of the hot account.

    The hot account pays every second, so however requests overtake each other none of its payments is backdated.
    """

    next_seconds: float
    hot_next_seconds: float
    step_seconds: float

    @classmethod
    def for_accounts(cls, accounts: int, now_seconds: float) -> "Clock":
        start = now_seconds - REACH_DAYS * _DAY_SECONDS
        return cls(start, start, _DAY_SECONDS / (PAYMENTS_PER_DAY * accounts))

    def advance(self, *, ordinary: int, hot: int) -> None:
        self.next_seconds += ordinary * self.step_seconds
        self.hot_next_seconds += hot

    def has_room(self, now_seconds: float) -> bool:
        """Whether it is still far enough in the past for another measurement."""
        return self.next_seconds < now_seconds - _DAY_SECONDS
