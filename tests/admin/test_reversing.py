"""Money is given back from a payment's page: by permission, with a reason, once."""

import pytest
from django.urls import reverse

from ledger.models import AccountBalance, AuditEntry, Reversal

REVERSES = ("ledger.view_transaction", "ledger.reverse_transaction")


def url(payment) -> str:
    return reverse("admin:ledger_transaction_reverse", args=[payment.pk])


def page_of(payment) -> str:
    return reverse("admin:ledger_transaction_change", args=[payment.pk])


@pytest.fixture
def sara(sign_in):
    return sign_in("sara", *REVERSES)


def sent(**changed) -> dict:
    return {"amount": "", "reason": "Sent twice", "left_minor": "5400", **changed}


def test_all_of_it_goes_back(sara, paid):
    assert "Give back…" in sara.get(page_of(paid)).content.decode()
    assert "54.00&nbsp;<small>INR</small></span> of" in sara.get(url(paid)).content.decode()
    page = sara.post(url(paid), sent(), follow=True).content.decode()

    assert "54.00 INR was given back; 0.00 is left." in page
    assert "Give back…" not in page
    made = Reversal.objects.get(transaction=paid)
    assert (made.amount_minor, made.actor, made.reason) == (5400, "sara", "Sent twice")
    assert AccountBalance.objects.get(pk="acc_alice").posted_minor == 1_000_000
    told = AuditEntry.objects.get(action="transaction.reversed", actor="sara")
    assert (told.subject, told.details["amount"], told.details["reason"]) == (paid.public_id, "54.00", "Sent twice")


def test_a_part_goes_back_and_the_rest_later(sara, paid):
    sara.post(url(paid), sent(amount="4.00"))
    sara.post(url(paid), sent(left_minor="5000"))

    assert list(Reversal.objects.order_by("id").values_list("amount_minor", flat=True)) == [400, 5000]


def test_what_is_sent_twice_is_done_once(sara, paid):
    sara.post(url(paid), sent(amount="4.00"))
    again = sara.post(url(paid), sent(amount="4.00")).content.decode()

    assert "Meanwhile something was given back: 50.00 INR is left." in again
    assert 'value="5000"' in again
    assert Reversal.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"amount": "54.01"}, "54.00 INR is left."),
        ({"amount": "0"}, "Give back more than nothing."),
        ({"amount": "-1"}, "Give back more than nothing."),
        ({"amount": "much"}, "Write the amount as a decimal string"),
        ({"amount": "1.001"}, "INR has 2 decimals"),
        ({"reason": ""}, "This field is required."),
        ({"reason": "4111 1111 1111 1111"}, "full card number"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(sara, paid, changed, words):
    assert words in sara.post(url(paid), sent(**changed)).content.decode()
    assert not Reversal.objects.exists()
    assert not AuditEntry.objects.filter(action="transaction.reversed").exists()


def test_what_is_held_is_not_given_back(sara, held):
    assert "Give back…" not in sara.get(page_of(held)).content.decode()
    page = sara.post(url(held), sent(left_minor="540000")).content.decode()

    assert "The payment is held." in page
    assert not Reversal.objects.exists()


@pytest.mark.parametrize("permissions", [REVERSES[:1], REVERSES[1:]])
def test_it_takes_both_permissions(sign_in, paid, permissions):
    onlooker = sign_in("otto", *permissions)

    assert onlooker.get(url(paid)).status_code == 403
    assert onlooker.post(url(paid), sent()).status_code == 403
    assert not Reversal.objects.exists()


def test_an_unknown_payment_is_not_there(sara, paid):
    unknown = reverse("admin:ledger_transaction_reverse", args=["00000000-0000-7000-8000-000000000000"])
    assert sara.get(unknown).status_code == 404
