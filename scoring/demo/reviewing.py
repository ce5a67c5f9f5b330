"""What follows the payments: a good reviewer's verdicts, chargebacks, refunds, a frozen account, blocked devices."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from ledger.domain.payments import AccountStatus
from ledger.models import HoldResolution, Label, Reversal, Transaction
from ledger.selectors.transactions import transaction_states
from ledger.services.accounts import account_set_status
from ledger.services.holds import hold_resolve
from ledger.services.labels import label_attach
from ledger.services.reversals import reversal_make
from rules.models import List
from rules.services.lists import list_item_add
from scoring.demo.behaviour import DemoPayment
from scoring.demo.randomness import SEED, randomness
from sentinel.core.clients import ClientIdentity
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Status

REVIEWER, ANALYST = "reviewer", "analyst"
_MISTAKES = 0.04  # of a good reviewer's verdicts
_REFUNDED = 0.5  # of the one purchase that is returned in part

Progress = Callable[[str, int, int], None]
Truth = dict[str, DemoPayment]


def aftermath_make(
    client: ClientIdentity, history: Sequence[DemoPayment], *, open_holds: int, on_progress: Progress
) -> None:
    """Each step leaves out what was done before, so that it may be repeated."""
    truth = {payment.request.reference or "": payment for payment in history}
    reviews_do(client, truth, open_holds, on_progress)
    chargebacks_receive(client, truth)
    refunds_give(client)
    account_freeze(history)
    devices_block(history)


def reviews_do(client: ClientIdentity, truth: Truth, open_holds: int, on_progress: Progress) -> None:
    """Decide all open reviews but the latest, mostly right."""
    held = Transaction.objects.filter(client_id=client.client_id, reference__in=truth, hold__isnull=False)
    waiting = list(held.filter(hold__resolution__isnull=True).order_by("-occurred_at", "-id")[open_holds:])
    for done, payment in enumerate(reversed(waiting)):
        on_progress("reviews", done, len(waiting))
        _review(payment, truth[payment.reference or ""])


def _review(payment: Transaction, truth: DemoPayment) -> None:
    rng = randomness(SEED, "review", payment.reference or "")
    says_fraud = truth.is_fraud != (rng.random() < _MISTAKES)
    now = timezone.now()
    hold_resolve(
        transaction_id=payment.id,
        resolution=HoldResolution.Resolution.DECLINED if says_fraud else HoldResolution.Resolution.APPROVED,
        actor=REVIEWER,
        note="The customer does not know this payment." if says_fraud else "Confirmed with the customer.",
        now=now,
    )
    observed_at = min(now, payment.occurred_at + timedelta(minutes=rng.randint(10, 600)))
    _label(payment, says_fraud, Label.Source.REVIEW, REVIEWER, observed_at)


def chargebacks_receive(client: ClientIdentity, truth: Truth) -> None:
    """Customers dispute fraud that went through, days later; the first gets the money back."""
    frauds = {reference for reference, payment in truth.items() if payment.is_fraud}
    payments = Transaction.objects.filter(client_id=client.client_id, reference__in=frauds)
    charged_back = set(Label.objects.filter(source=Label.Source.CHARGEBACK).values_list("transaction_id", flat=True))
    for payment in _went_through(payments.exclude(id__in=charged_back).order_by("occurred_at")):
        days = randomness(SEED, "chargeback", payment.reference or "").uniform(3, 20)
        observed_at = payment.occurred_at + timedelta(days=days)
        if observed_at <= timezone.now():
            _label(payment, True, Label.Source.CHARGEBACK, client.name, observed_at)


def _went_through(payments: QuerySet[Transaction]) -> Iterator[Transaction]:
    states = transaction_states(payment.id for payment in payments)
    return (payment for payment in payments if states[payment.id].status is Status.APPROVED)


def refunds_give(client: ClientIdentity) -> None:
    """One disputed payment is given back whole, one purchase in part."""
    mine = Transaction.objects.filter(client_id=client.client_id, transaction_type="purchase")
    if Reversal.objects.filter(transaction__client_id=client.client_id).exists():
        return
    disputed = list(mine.filter(labels__source=Label.Source.CHARGEBACK).order_by("occurred_at"))
    usual = list(mine.filter(account_id="acc_bob", decision__status="approved").order_by("-occurred_at")[:1])
    for payment in disputed[:1]:
        _reverse(payment, None, "Chargeback: the customer does not know this payment")
    for payment in usual:
        _reverse(payment, max(1, round(payment.amount_minor * _REFUNDED)), "One article was returned")


def _reverse(payment: Transaction, amount_minor: int | None, reason: str) -> None:
    reversal_make(
        payment=payment,
        amount_minor=amount_minor,
        reason=reason,
        actor=REVIEWER,
        reversal_id=uuid7(),
        now=timezone.now(),
    )


def account_freeze(history: Sequence[DemoPayment]) -> None:
    """The latest account that was drained by transfers."""
    drained = [payment.request.account_id for payment in history if payment.pattern == "drained_account"]
    for account_id in drained[-1:]:
        account_set_status(
            account_id=account_id,
            status=AccountStatus.FROZEN,
            actor=REVIEWER,
            reason="Money was sent away from a phone the customer does not know",
            now=timezone.now(),
        )


def devices_block(history: Sequence[DemoPayment]) -> None:
    """Devices of card testers, on the list the starter rules look into."""
    blocked = List.objects.get(name="blocked_devices")
    known = set(blocked.items.values_list("value", flat=True))
    testers = {payment.request.device_id for payment in history if payment.pattern == "card_testing"}
    for device_id in sorted(device_id for device_id in testers if device_id and device_id not in known):
        list_item_add(
            actor=ANALYST,
            item_list=blocked,
            value=device_id,
            reason="Card testing confirmed by customers",
            now=timezone.now(),
        )


def _label(payment: Transaction, is_fraud: bool, source: Label.Source, actor: str, observed_at: datetime) -> None:
    label_attach(
        payment=payment,
        is_fraud=is_fraud,
        source=source.value,
        observed_at=observed_at,
        actor=actor,
        label_id=uuid7(),
        now=timezone.now(),
    )
