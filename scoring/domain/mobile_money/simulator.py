"""A mobile-money operator that does not exist: rows to learn from, in PaySim's shape, made by this project alone.

People pay at shops, send money to each other, cash in and out at agents, hour by hour, and every balance adds up.
Some move all they have for good reasons: they change their provider, or live on what is sent to them and take it at
once. Some spend more than they have, on a credit line that starts at zero. Thieves take accounts over: a TRANSFER
sends all or most of the balance to a mule, who cashes it out within hours. The same seed gives the same rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random

from scoring.domain.mobile_money.payments import MobilePayment, MobileType

STARTER_SEED, STARTER_DAYS, STARTER_CUSTOMERS = 20240101, 31, 1500
MERCHANTS, AGENTS = 300, 60
# Of each hour of the day, how much happens in it.
_DAY = (1, 1, 1, 1, 1, 2, 4, 8, 10, 12, 12, 12, 13, 12, 11, 11, 12, 14, 15, 13, 10, 7, 4, 2)
_KINDS = (MobileType.PAYMENT, MobileType.CASH_OUT, MobileType.TRANSFER, MobileType.CASH_IN, MobileType.DEBIT)
_KIND_WEIGHTS = (52, 18, 12, 14, 4)
_PAYMENTS_A_DAY = 0.85
_TAKEOVERS_PER_CUSTOMER_AND_MONTH = 0.1
_AGENT_FLOAT_MINOR = 500_000_00
_RECEIVERS_SHARE = 0.05  # people who cash out what they are sent


@dataclass(slots=True)
class _Person:
    name: str
    usual_minor: int  # the size of a usual payment
    balance_minor: int
    friends: list["_Person"] = field(default_factory=list)
    takes_all: bool = False


Simulated = tuple[MobilePayment, bool]
# When, a number that keeps the order, who, what; a thief's are told by their mule.
_Plan = tuple[int, int, _Person, MobileType | None, str]
_NORMAL, _THEFT, _MULE, _RECEIVER = "normal", "theft", "mule", "receiver"


def payments_simulated(
    seed: int = STARTER_SEED, *, days: int = STARTER_DAYS, customers: int = STARTER_CUSTOMERS
) -> Iterator[Simulated]:
    """Payments in the order of their steps, each with whether it is fraud."""
    return _Operator(Random(seed), days, customers).run()  # noqa: S311 (the same seed, the same rows)


class _Operator:
    def __init__(self, chance: Random, days: int, customers: int) -> None:
        self._chance, self._steps = chance, days * 24
        self._numbers = count()
        self._plans: list[_Plan] = []
        self._merchants = [self._new_name("M") for _ in range(MERCHANTS)]
        self._agents = [_Person(self._new_name("C"), 0, _AGENT_FLOAT_MINOR) for _ in range(AGENTS)]
        self._people = [self._new_person() for _ in range(customers)]
        for person in self._people:
            person.friends = chance.sample(self._people, 4)
        self._plan_days(days)
        self._plan_thefts(days, customers)

    def run(self) -> Iterator[Simulated]:
        number = 0
        while self._plans:
            step, _, person, kind, why = heappop(self._plans)
            payment = self._pay(step, person, kind, why)
            if payment is not None:
                number += 1
                yield payment, why in (_THEFT, _MULE)

    def _new_name(self, letter: str) -> str:
        return f"{letter}{self._chance.randrange(10**9, 10**10)}"

    def _new_person(self) -> _Person:
        usual = max(200, round(self._chance.lognormvariate(8.2, 0.7)))
        takes_all = self._chance.random() < _RECEIVERS_SHARE
        balance = 0 if takes_all else round(usual * self._chance.uniform(2, 40))
        return _Person(self._new_name("C"), usual, balance, takes_all=takes_all)

    def _plan(self, step: int, person: _Person, kind: MobileType | None, why: str) -> None:
        if step < self._steps:
            heappush(self._plans, (step, next(self._numbers), person, kind, why))

    def _plan_days(self, days: int) -> None:
        chance = self._chance
        for person in self._people:
            for _ in range(round(days * _PAYMENTS_A_DAY * chance.uniform(0.5, 1.5))):
                step = chance.randrange(days) * 24 + chance.choices(range(24), _DAY)[0]
                self._plan(step, person, chance.choices(_KINDS, _KIND_WEIGHTS)[0], _NORMAL)

    def _plan_thefts(self, days: int, customers: int) -> None:
        """Thieves work by night as by day, so more of what happens by night is theirs."""
        for _ in range(round(customers * days / 30 * _TAKEOVERS_PER_CUSTOMER_AND_MONTH)):
            step = self._chance.randrange(self._steps)
            self._plan(step, self._chance.choice(self._people), MobileType.TRANSFER, _THEFT)

    def _pay(self, step: int, person: _Person, kind: MobileType | None, why: str) -> MobilePayment | None:
        if why == _THEFT:
            return self._steal(step, person)
        if why in (_MULE, _RECEIVER):
            return self._cash_out_all(step, person, why)
        match kind:
            case MobileType.CASH_IN:
                return self._cash_in(step, person)
            case MobileType.CASH_OUT:
                return self._cash_out(step, person)
            case MobileType.TRANSFER:
                return self._send(step, person)
            case MobileType.DEBIT:
                bank = _Person(self._new_name("C"), 0, self._chance.randrange(10**7))
                return self._move(step, MobileType.DEBIT, self._some(person, 0.8), person, bank)
        return self._shop(step, person)

    def _some(self, person: _Person, times: float) -> int:
        return max(1, round(person.usual_minor * times * self._chance.lognormvariate(0, 0.6)))

    def _shop(self, step: int, person: _Person) -> MobilePayment | None:
        """Who has too little mostly leaves it; some have a credit line."""
        amount = self._some(person, 1)
        if amount > person.balance_minor and self._chance.random() < 0.6:
            return None
        return self._move(step, MobileType.PAYMENT, amount, person, None, self._chance.choice(self._merchants))

    def _cash_in(self, step: int, person: _Person) -> MobilePayment:
        agent = self._chance.choice(self._agents)
        return self._move(step, MobileType.CASH_IN, self._some(person, 8), person, agent)

    def _cash_out(self, step: int, person: _Person) -> MobilePayment | None:
        if person.balance_minor <= 0:
            return None
        takes_all = self._chance.random() < 0.06
        amount = person.balance_minor if takes_all else self._some(person, 2.5)
        if amount > person.balance_minor and self._chance.random() < 0.7:
            return None
        return self._move(step, MobileType.CASH_OUT, amount, person, self._chance.choice(self._agents))

    def _send(self, step: int, person: _Person) -> MobilePayment | None:
        """To friends, some of whom are elsewhere; now and then all of it, to a provider that is liked better."""
        if person.balance_minor <= 0:
            return None
        takes_all = self._chance.random() < 0.01
        amount = person.balance_minor if takes_all else self._some(person, 3)
        if amount > person.balance_minor and self._chance.random() < 0.7:
            return None
        if takes_all or self._chance.random() < 0.3:
            return self._move(step, MobileType.TRANSFER, amount, person, None)
        friend = self._chance.choice(person.friends)
        if friend.takes_all:
            self._plan(step + self._chance.randrange(1, 30), friend, MobileType.CASH_OUT, _RECEIVER)
        return self._move(step, MobileType.TRANSFER, amount, person, friend)

    def _cash_out_all(self, step: int, person: _Person, why: str) -> MobilePayment | None:
        """A mule leaves a little behind now and then, so does who lives on what is sent."""
        if person.balance_minor <= 0:
            return None
        leaves = self._chance.uniform(0.02, 0.4) if self._chance.random() < 0.2 else 0.0
        amount = max(1, round(person.balance_minor * (1 - leaves)))
        return self._move(step, MobileType.CASH_OUT, amount, person, self._chance.choice(self._agents))

    def _steal(self, step: int, victim: _Person) -> MobilePayment | None:
        """Nearly half of the mules have accounts elsewhere: their side is seen as another account that cashes out."""
        if victim.balance_minor < victim.usual_minor:
            return None
        share = 1.0 if self._chance.random() < 0.8 else self._chance.uniform(0.5, 0.98)
        amount = round(victim.balance_minor * share)
        mule = _Person(self._new_name("C"), amount, 0)
        is_elsewhere = self._chance.random() < 0.45
        payment = self._move(step, MobileType.TRANSFER, amount, victim, None if is_elsewhere else mule)
        casher = _Person(self._new_name("C"), amount, amount) if is_elsewhere else mule
        self._plan(step + self._chance.choice((0, 0, 1, 1, 2, 3)), casher, MobileType.CASH_OUT, _MULE)
        return payment

    def _move(
        self, step: int, kind: MobileType, amount: int, person: _Person, other: _Person | None, name: str = ""
    ) -> MobilePayment:
        """`other` is None for a merchant, by its name, and for an account elsewhere: their balances are not told."""
        sign = 1 if kind is MobileType.CASH_IN else -1
        before, other_before = person.balance_minor, other.balance_minor if other else 0
        person.balance_minor = max(0, before + sign * amount)
        if other:
            other.balance_minor = max(0, other_before - sign * amount)
        return MobilePayment(
            step=step,
            type=kind,
            amount_minor=amount,
            origin=person.name,
            origin_before_minor=before,
            origin_after_minor=person.balance_minor,
            destination=other.name if other else name or self._new_name("C"),
            destination_before_minor=other_before,
            destination_after_minor=other.balance_minor if other else 0,
        )
