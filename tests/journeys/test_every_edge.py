"""The life of payments as a machine of states: whatever is done in whatever order, the service and a model that fits
on a page say the same of every balance and every payment, and each edge that is not drawn is refused.

A test client asks for the outcome of each payment by its amount. `SENTINEL_TEST_STEPS` sets how many steps are taken.
"""

import os
from dataclasses import dataclass
from itertools import count
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from ledger.errors import HoldAlreadyResolved
from ledger.models import HoldResolution
from ledger.services.holds import hold_resolve
from scoring.domain.magic_amounts import MAGIC_AMOUNTS
from sentinel.core.errors import Conflict
from sentinel.core.money import format_amount
from tests.gateway import Gateway

STEPS = int(os.environ.get("SENTINEL_TEST_STEPS", "1000"))
STEPS_PER_LIFE = 50
OPENING_MINOR = 50_000  # five payments' worth, so that the funds run out

Resolution = HoldResolution.Resolution
OUTCOMES = {outcome: amount for amount, outcome in MAGIC_AMOUNTS.items()}
GIVEN_BACK = {"approved", "partly_reversed"}


@dataclass
class Account:
    name: str
    posted: int = OPENING_MINOR
    held: int = 0
    is_frozen: bool = False

    @property
    def available(self) -> int:
        return self.posted - self.held


@dataclass
class Payment:
    id: str
    key: str
    kind: str
    payer: Account
    receiver: Account | None
    amount: int
    status: str
    reversed: int = 0

    @property
    def left(self) -> int:
        return self.amount - self.reversed

    @property
    def sides(self) -> list[Account]:
        return [self.payer] if self.receiver is None else [self.payer, self.receiver]

    def move(self, amount: int) -> None:
        """So much from the payer to the receiver, or from outside to the payer; negative: back."""
        self.payer.posted += amount if self.kind == "top_up" else -amount
        if self.receiver is not None:
            self.receiver.posted += amount

    @property
    def reserved(self) -> int:
        return 0 if self.kind == "top_up" else self.amount

    @property
    def debtor(self) -> Account | None:
        """Whoever has to have the money when it is given back; nobody when it is the bank's."""
        return self.payer if self.kind == "top_up" else self.receiver


class Life(RuleBasedStateMachine):
    gateway: Gateway
    paid = Bundle("paid")
    unpaid = Bundle("unpaid")  # keys that were voided before their payment came

    def __init__(self) -> None:
        super().__init__()
        opening = format_amount(OPENING_MINOR, "INR")
        self.accounts = [Account(self.gateway.open_account(opening)) for _ in range(2)]
        self.payments: list[Payment] = []
        self.numbers = count(1)

    # -- what a gateway does

    @rule(
        target=paid,
        kind=st.sampled_from(["purchase", "withdrawal", "transfer", "top_up"]),
        outcome=st.sampled_from(sorted(OUTCOMES)),
        place=st.sampled_from([0, 1]),
    )
    def pay(self, kind, outcome, place):
        return self._pay(kind, outcome, place, str(uuid4()))

    @rule(target=paid, key=consumes(unpaid), outcome=st.sampled_from(sorted(OUTCOMES)))
    def pay_what_was_given_up(self, key, outcome):
        return self._pay("purchase", outcome, 0, key, is_voided=True)

    @rule(payment=paid)
    def send_again(self, payment: Payment):
        answer = self.gateway.post("transactions", self._body(payment), key=payment.key)
        assert (answer.status_code, answer.json()["id"]) == (201, payment.id)
        other = self.gateway.post("transactions", {**self._body(payment), "reference": "another"}, key=payment.key)
        assert other.status_code == 422

    @rule(payment=paid, part=st.sampled_from([1, 4000, 10_001, None]))
    def give_back(self, payment: Payment, part):
        amount = payment.left if part is None else part
        body = {} if part is None else {"amount": format_amount(part, "INR")}
        answer = self.gateway.post(f"transactions/{payment.id}/reversals", body)
        if payment.status not in GIVEN_BACK:
            assert (answer.status_code, answer.json()["code"]) == (409, "not_reversible")
        elif amount > payment.left:
            assert (answer.status_code, answer.json()["code"]) == (422, "reversal_too_large")
        elif self._lacks(payment.debtor, amount):
            assert (answer.status_code, answer.json()["code"]) == (409, "funds_insufficient")
        else:
            self._give_back(payment, amount)
            assert (answer.status_code, answer.json()["status"]) == (201, payment.status)

    @rule(payment=paid)
    def give_up(self, payment: Payment):
        answer = self._void(payment.key)
        if payment.status in GIVEN_BACK and self._lacks(payment.debtor, payment.left):
            assert (answer.status_code, answer.json()["code"]) == (409, "funds_insufficient")
            return
        if payment.status == "held":
            self._release(payment, "declined")
        elif payment.status in GIVEN_BACK:
            self._give_back(payment, payment.left)
        assert (answer.status_code, answer.json()["status"]) == (200, payment.status)

    @rule(target=unpaid)
    def give_up_before_it_comes(self):
        key = str(uuid4())
        assert self._void(key).json()["status"] == "voided_before_arrival"
        assert self._void(key).json()["status"] == "voided_before_arrival"
        return key

    @rule(place=st.sampled_from([0, 1]), frozen=st.booleans())
    def freeze(self, place, frozen):
        account = self.accounts[place]
        answer = self.gateway.post(f"accounts/{account.name}/freeze", {"frozen": frozen, "reason": "A test"})
        assert answer.status_code == 200
        account.is_frozen = frozen

    # -- what the bank does

    @rule(payment=paid, resolution=st.sampled_from([Resolution.APPROVED, Resolution.DECLINED, Resolution.EXPIRED]))
    def end_the_review(self, payment: Payment, resolution):
        told = {"resolution": resolution, "actor": "rita", "now": timezone.now()}
        transaction_id = UUID(payment.id.removeprefix("txn_"))
        if payment.status != "held":
            with pytest.raises(HoldAlreadyResolved):
                hold_resolve(transaction_id=transaction_id, **told)
        elif resolution is Resolution.APPROVED and any(side.is_frozen for side in payment.sides):
            with pytest.raises(Conflict):
                hold_resolve(transaction_id=transaction_id, **told)
        else:
            hold_resolve(transaction_id=transaction_id, **told)
            self._release(payment, resolution.value)
            if resolution is Resolution.APPROVED:
                payment.move(payment.amount)

    # -- what must hold after each step

    @invariant()
    def balances_are_those_of_the_model(self):
        for account in self.accounts:
            shown = self.gateway.balance(account.name)
            wanted = {"posted": account.posted, "held": account.held, "available": account.available}
            assert {name: shown[name] for name in wanted} == {
                name: format_amount(minor, "INR") for name, minor in wanted.items()
            }
            assert account.available >= 0

    def teardown(self) -> None:
        for payment in self.payments:
            current = self.gateway.get(f"transactions/{payment.id}").json()["current"]
            assert current == {"status": payment.status, "reversed": format_amount(payment.reversed, "INR")}

    # -- the model

    def _pay(self, kind: str, outcome, place: int, key: str, *, is_voided: bool = False) -> Payment:
        payer, other = self.accounts[place], self.accounts[1 - place]
        receiver, amount = other if kind == "transfer" else None, OUTCOMES[outcome]
        payment = Payment("", key, kind, payer, receiver, amount, "declined")
        refused = is_voided or any(side.is_frozen for side in payment.sides) or self._lacks(payer, payment.reserved)
        answer = self.gateway.post("transactions", self._body(payment), key=key).json()
        payment.id = answer["id"]
        if not refused:
            payment.status = {"approve": "approved", "review": "held", "decline": "declined"}[outcome.value]
        if payment.status == "approved":
            payment.move(amount)
        elif payment.status == "held":
            payer.held += payment.reserved
        assert answer["status"] == payment.status, answer
        self.payments.append(payment)
        return payment

    def _body(self, payment: Payment) -> dict:
        body = {
            "account_id": payment.payer.name,
            "amount": format_amount(payment.amount, "INR"),
            "currency": "INR",
            "transaction_type": payment.kind,
        }
        if payment.kind == "purchase":
            body["merchant"] = {"id": "m_17"}  # type: ignore[assignment]
        if payment.receiver is not None:
            body["counterparty_account_id"] = payment.receiver.name
        return body

    def _void(self, key: str):
        return self.gateway.post("transactions/void", {"idempotency_key": key})

    def _release(self, payment: Payment, status: str) -> None:
        payment.payer.held -= payment.reserved
        payment.status = status

    def _give_back(self, payment: Payment, amount: int) -> None:
        payment.move(-amount)
        payment.reversed += amount
        payment.status = "partly_reversed" if payment.left else "reversed"

    @staticmethod
    def _lacks(account: Account | None, amount: int) -> bool:
        return account is not None and account.available < amount


@pytest.mark.journey
def test_every_edge_that_is_drawn_leads_where_it_should_and_every_other_is_refused(new_gateway):
    Life.gateway = new_gateway(livemode=False, all_accounts=True)

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=max(1, STEPS // STEPS_PER_LIFE),
            stateful_step_count=STEPS_PER_LIFE,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=[Phase.generate],  # making a failure shorter takes longer than reading it
            report_multiple_bugs=False,
        ),
    )
