"""Some approved payments are looked at by chance: labels come of it, and no money moves."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.payments import TransactionType
from ledger.domain.sampling import is_sampled
from ledger.errors import SampleAlreadyDecided
from ledger.models import AccountBalance, AuditEntry, BankEvent, Hold, Label, OutboxPending, RecordMark, SampledReview
from ledger.selectors import settled
from ledger.services.labels import label_attach
from ledger.services.sampling import approved_sample, sample_decide
from ledger.tasks import approved_sample as task
from sentinel.core.errors import InvalidRequest
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_client, make_payment

KEY = b"of these tests"


def test_about_the_share_is_chosen_and_by_the_key_alone():
    ids = [uuid7() for _ in range(20_000)]
    chosen = {each for each in ids if is_sampled(each, key=KEY, per_mille=50)}

    assert 850 < len(chosen) < 1150
    assert chosen == {each for each in ids if is_sampled(each, key=KEY, per_mille=50)}
    assert chosen != {each for each in ids if is_sampled(each, key=b"another", per_mille=50)}


@given(st.uuids(), st.integers(0, 1000), st.integers(0, 1000))
def test_a_larger_share_holds_the_smaller_one(transaction_id, one, other):
    smaller, larger = sorted((one, other))

    if is_sampled(transaction_id, key=KEY, per_mille=smaller):
        assert is_sampled(transaction_id, key=KEY, per_mille=larger)
    assert is_sampled(transaction_id, key=KEY, per_mille=1000)
    assert not is_sampled(transaction_id, key=KEY, per_mille=0)


@pytest.fixture
def pay(db, monkeypatch, settings):
    """Payments are recorded at once, every approved one is chosen, and the first run has been."""
    monkeypatch.setattr(settled, "MARGIN", timedelta(0))
    settings.SAMPLED_PER_MILLE = 1000
    account, client = make_account(), make_client()
    sample(seconds=0)

    def make(outcome: Outcome = Outcome.APPROVE, **fields):
        return make_payment(account, client, outcome=outcome, amount_minor=100, **fields)

    return make


def sample(*, seconds: float = 1) -> int:
    return approved_sample(now=timezone.now() + timedelta(seconds=seconds))


def test_approved_payments_are_chosen_once(pay):
    payment = pay()
    pay(Outcome.DECLINE)
    held = pay(Outcome.REVIEW)

    assert (sample(), sample(seconds=2)) == (1, 0)
    found = SampledReview.objects.get()
    assert (found.transaction_id, found.account_id, found.per_mille, found.inclusion_probability) == (
        payment.pk,
        payment.account_id,
        1000,
        1.0,
    )
    assert list(Hold.objects.values_list("pk", flat=True)) == [held.pk]


def test_money_coming_in_and_test_money_are_not_looked_at(pay):
    pay(transaction_type=TransactionType.TOP_UP)
    make_payment(make_account("acc_test", livemode=False), make_client(livemode=False))

    assert sample() == 0


def test_what_was_there_before_the_first_run_is_left_alone(pay):
    pay()
    RecordMark.objects.all().delete()

    assert (sample(), sample(seconds=2)) == (0, 0)


def test_without_a_share_nothing_is_chosen_then_or_later(pay, settings):
    settings.SAMPLED_PER_MILLE = 0
    pay()
    assert sample() == 0

    settings.SAMPLED_PER_MILLE = 1000
    assert sample(seconds=2) == 0


def test_after_a_pause_it_goes_on_where_it_stopped(pay):
    payment = pay()
    RecordMark.objects.update(read_until=timezone.now() - timedelta(hours=3))

    assert sample() == 1
    assert SampledReview.objects.get().transaction_id == payment.pk


def test_a_young_payment_waits_until_it_must_have_been_written(pay, monkeypatch):
    monkeypatch.setattr(settled, "MARGIN", timedelta(minutes=1))
    pay()

    assert sample() == 0
    assert task() == 0
    assert sample(seconds=62) == 1


@pytest.fixture
def sampled(pay):
    payment = pay()
    sample()
    return payment


def decide(payment, *, is_fraud: bool, note: str = "", actor: str = "ravi") -> None:
    sample_decide(transaction_id=payment.pk, is_fraud=is_fraud, actor=actor, note=note, now=timezone.now())


@pytest.mark.parametrize("is_fraud", [True, False])
def test_a_verdict_is_a_label_and_moves_no_money(sampled, is_fraud):
    before = AccountBalance.objects.values().get(pk=sampled.account_id)

    decide(sampled, is_fraud=is_fraud, note="called the customer")

    label, found = Label.objects.get(), SampledReview.objects.get()
    assert (label.transaction_id, label.is_fraud, label.source, label.actor, label.note) == (
        sampled.pk,
        is_fraud,
        "review",
        "ravi",
        "called the customer",
    )
    assert (found.is_fraud, found.decided_by, found.decided_at) == (is_fraud, "ravi", label.recorded_at)
    assert AccountBalance.objects.values().get(pk=sampled.account_id) == before
    assert AuditEntry.objects.get(action__startswith="sample.").subject == sampled.public_id


def test_a_sample_is_decided_once(sampled):
    decide(sampled, is_fraud=False)
    with pytest.raises(SampleAlreadyDecided):
        decide(sampled, is_fraud=True, actor="rita")

    assert list(Label.objects.values_list("is_fraud", flat=True)) == [False]


def test_what_a_reviewer_said_on_the_payments_page_is_not_said_twice(sampled):
    now = timezone.now()
    label_attach(
        payment=sampled, is_fraud=True, source="review", observed_at=now, actor="rita", label_id=uuid7(), now=now
    )

    decide(sampled, is_fraud=True)

    assert Label.objects.count() == 1
    assert SampledReview.objects.get().decided_by == "ravi"


def test_a_note_with_a_card_number_decides_nothing(sampled):
    with pytest.raises(InvalidRequest):
        decide(sampled, is_fraud=True, note="card 4111 1111 1111 1111")

    assert (Label.objects.count(), SampledReview.objects.get().decided_at) == (0, None)


@pytest.mark.parametrize(
    "change", [{"is_fraud": True}, {"decided_by": "rita"}, {"inclusion_probability": 0}, {"inclusion_probability": 2}]
)
def test_the_database_keeps_half_verdicts_and_impossible_shares_out(sampled, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        SampledReview.objects.update(**change)


def cases() -> list[tuple]:
    """Events of cases that wait to be told: type, subject and what is told."""
    pending = OutboxPending.objects.values_list("pk", flat=True)
    told = BankEvent.objects.filter(pk__in=pending, type__startswith="case.").order_by("pk")
    return list(told.values_list("type", "subject", "payload"))


def test_each_chosen_payment_opens_a_case_once(pay):
    payments = [pay() for _ in range(3)]

    sample()
    RecordMark.objects.update(read_until=timezone.now() - timedelta(minutes=5))
    sample(seconds=2)

    expected = {("case.opened", each.public_id, each.public_id, "sample") for each in payments}
    told = [(kind, subject, data["transaction_id"], data["kind"]) for kind, subject, data in cases()]
    assert set(told) == expected
    assert len(told) == 3


@pytest.mark.parametrize(("is_fraud", "verdict"), [(True, "fraud"), (False, "legitimate")])
def test_a_verdict_is_told(sampled, is_fraud, verdict):
    decide(sampled, is_fraud=is_fraud, note="called the customer")

    told = {"transaction_id": sampled.public_id, "kind": "sample", "verdict": verdict}
    assert cases()[1:] == [("case.decided", sampled.public_id, told)]


def test_a_second_verdict_is_not_told(sampled):
    decide(sampled, is_fraud=False)

    with pytest.raises(SampleAlreadyDecided):
        decide(sampled, is_fraud=True)
    assert [kind for kind, _, _ in cases()] == ["case.opened", "case.decided"]
