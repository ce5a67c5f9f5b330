"""Sampled payments stand beside the reviews, and a verdict on one is a label."""

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import Label, SampledReview
from ledger.services.sampling import sample_decide

LIST = reverse("admin:ledger_sampledreview_changelist")
REVIEWS = reverse("admin:ledger_hold_changelist")


@pytest.fixture
def sampled(paid):
    return SampledReview.objects.create(
        transaction=paid,
        account_id=paid.account_id,
        per_mille=1,
        inclusion_probability=0.001,
        chosen_at=timezone.now(),
    )


def decide_url(verdict: str, *samples) -> str:
    ids = ",".join(each.pk.hex for each in samples)
    return f"{reverse('admin:ledger_sampledreview_decide', args=[verdict])}?ids={ids}"


def test_it_stands_beside_the_reviews_marked_as_a_sample(reviewer, sampled, held):
    page = reviewer.get(REVIEWS).content.decode()

    assert '<span class="badge sample">sample</span>' in page
    assert reverse("admin:ledger_transaction_change", args=[sampled.pk]) in page
    assert "5,400.00&nbsp;<small>INR</small>" in page


def test_without_samples_the_reviews_say_nothing_of_them(reviewer, held):
    assert "badge sample" not in reviewer.get(REVIEWS).content.decode()


def test_it_opens_on_its_transactions_page_and_is_decided_there(reviewer, sampled):
    opened = reviewer.get(reverse("admin:ledger_sampledreview_change", args=[sampled.pk]))
    page = reviewer.get(opened.url).content.decode()
    assert "Sampled review" in page
    assert decide_url("fraud", sampled).replace("&", "&amp;") in page

    answer = reviewer.post(decide_url("fraud", sampled), {"note": "called the customer"}, follow=True)

    assert f"Fraud: {sampled.transaction.public_id}." in answer.content.decode()
    label = Label.objects.get()
    assert (label.is_fraud, label.source, label.actor, label.note) == (True, "review", "ravi", "called the customer")
    assert "by <strong>ravi</strong>" in reviewer.get(opened.url).content.decode()


def test_several_are_decided_from_their_list(reviewer, sampled):
    asked = reviewer.post(LIST, {"action": "legitimate", "_selected_action": [str(sampled.pk)]})
    assert asked.url == decide_url("legitimate", sampled)
    assert "Was 1 sampled payment legitimate?" in reviewer.get(asked.url).content.decode()
    reviewer.post(asked.url, {"note": "usual shop"})

    assert Label.objects.get().is_fraud is False
    assert list(reviewer.get(LIST).context["cl"].result_list) == []
    assert list(reviewer.get(LIST, {"state": "decided"}).context["cl"].result_list) == [sampled]


def test_whoever_is_slower_is_told(reviewer, sampled):
    sample_decide(transaction_id=sampled.pk, is_fraud=False, actor="rita", now=timezone.now())

    page = reviewer.post(decide_url("fraud", sampled), {"note": "x"}, follow=True).content.decode()

    assert "was left as it is: The sampled payment was already decided" in page
    assert Label.objects.get().is_fraud is False


def test_it_is_found_by_transaction_or_account(reviewer, sampled):
    for text, count in ((sampled.transaction.public_id, 1), ("acc_alice", 1), ("acc_bob", 0)):
        assert len(reviewer.get(LIST, {"q": text}).context["cl"].result_list) == count


def test_no_verdict_without_a_note_or_without_permission(reviewer, sign_in, nobody, sampled):
    viewer = sign_in("vic", "ledger.view_hold", "ledger.view_transaction")

    reviewer.post(decide_url("fraud", sampled), {"note": ""})
    assert viewer.post(decide_url("fraud", sampled), {"note": "x"}).status_code == 403
    assert "selected payments" not in viewer.get(LIST).content.decode().lower()
    assert nobody.get(LIST).status_code == 403
    assert reviewer.get(decide_url("perhaps", sampled)).status_code == 404
    page = viewer.get(reverse("admin:ledger_transaction_change", args=[sampled.pk])).content.decode()
    assert "Sampled review" in page
    assert decide_url("fraud", sampled) not in page
    assert Label.objects.count() == 0
