"""The bank's present: an endless stream of payments as they would happen at each moment, fraud woven in."""

import heapq
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

from scoring.demo.behaviour import Bank, DemoPayment, one_of_day, whereabouts
from scoring.demo.fraud import PATTERNS
from scoring.demo.history import may_be_victim
from scoring.demo.people import Customer

# At most so busy is a customer, so that nobody's pace alone looks like fraud.
PAYMENTS_PER_CUSTOMER_AND_HOUR = 0.6
PEOPLE_MIN = 120
_REGULARS_MAX = 2000
_INCIDENT_CHANCE = 1 / 400  # one payment in a hundred is fraud then
_NEAR = timedelta(hours=1.5)
_TRIES = 300


@dataclass(frozen=True, slots=True)
class Planned:
    customer: Customer
    payment: DemoPayment


@dataclass(slots=True)
class Stream:
    """Payments one by one; what thieves begin goes on at its own pace between the others."""

    bank: Bank
    rng: Random
    _paid_before: set[int] = field(default_factory=set)
    _regulars: "deque[int]" = field(default_factory=lambda: deque(range(1, PEOPLE_MIN), maxlen=_REGULARS_MAX))
    _due: list[tuple[datetime, int, Planned]] = field(default_factory=list)
    _numbers: count = field(default_factory=count)  # type: ignore[type-arg]

    def next(self, now: datetime) -> Planned:
        if self.rng.random() < _INCIDENT_CHANCE:
            self._begin_incident(now)
        if self._due and self._due[0][0] <= now:
            planned = heapq.heappop(self._due)[2]
            return Planned(planned.customer, _at(planned.payment, now))
        return self._ordinary(now)

    def _begin_incident(self, now: datetime) -> None:
        """Nothing when nobody is found to whom it could happen at this hour."""
        pattern = self.rng.choices(PATTERNS, [pattern.weight for pattern in PATTERNS])[0]
        for _ in range(_TRIES):
            victim = self.bank.customer(self.rng.choice(self._regulars))
            local = now.astimezone(ZoneInfo(victim.city.zone))
            is_time = pattern.hours[0] <= local.hour + local.minute / 60 <= pattern.hours[1]
            if is_time and may_be_victim(self.bank, pattern, victim, local.date()):
                for payment in pattern.play(self.rng, self.bank, victim, now):
                    planned = Planned(victim, payment)
                    heapq.heappush(self._due, (payment.request.occurred_at, next(self._numbers), planned))
                return

    def _ordinary(self, now: datetime) -> Planned:
        """Somebody's payment of the day that would happen about now; whoever is asleep is passed over."""
        for _ in range(_TRIES):
            customer = self.bank.customer(self.rng.randrange(self.bank.people))
            day = now.astimezone(ZoneInfo(customer.city.zone)).date()
            payment = one_of_day(self.rng, self.bank, customer, whereabouts(self.bank, customer, day), day)
            if abs(payment.request.occurred_at - now) <= _NEAR:
                break
        self._remember(customer.number)
        return Planned(customer, _at(payment, now))

    def _remember(self, number: int) -> None:
        """Thieves take from accounts in use, but never from Alice: examples and checks rely on her."""
        if number in self._paid_before and number != 0:
            self._regulars.append(number)
        self._paid_before.add(number)


def people_for(rate: float) -> int:
    """How many customers it takes to make so many payments a second without anybody hurrying."""
    return max(PEOPLE_MIN, round(rate * 3600 / PAYMENTS_PER_CUSTOMER_AND_HOUR))


def _at(payment: DemoPayment, now: datetime) -> DemoPayment:
    return replace(payment, request=replace(payment.request, occurred_at=now))
