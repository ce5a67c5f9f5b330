import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.domain.payments import AccountStatus
from ledger.models import AccountBalance, AuditEntry, Event, Hold, HoldResolution
from ledger.services.accounts import account_set_status
from ledger.services.holds import Resolution, hold_resolve
from sentinel.core.outcomes import Outcome
from tests.factories import make_payment

LIST = reverse("admin:ledger_hold_changelist")


def confirm_url(resolution: str, *payments) -> str:
    return f"{reverse('admin:ledger_hold_resolve', args=[resolution])}?ids={','.join(p.pk.hex for p in payments)}"


def balance() -> tuple[int, int]:
    row = AccountBalance.objects.get(pk="acc_alice")
    return row.posted_minor, row.held_minor


def messages_of(page) -> str:
    return " ".join(str(message) for message in page.context["messages"])


def test_open_reviews_are_listed_with_money_and_due_time(reviewer, held):
    page = reviewer.get(LIST).content.decode()

    assert "5,400.00&nbsp;<small>INR</small>" in page
    assert "6 d 23 h" in page
    assert "Approve selected reviews" in page


def test_a_review_opens_on_its_transactions_page(reviewer, held):
    answer = reviewer.get(reverse("admin:ledger_hold_change", args=[held.pk]))

    assert answer.url == reverse("admin:ledger_transaction_change", args=[held.pk])
    assert "Approve…" in reviewer.get(answer.url).content.decode()


def test_an_action_asks_before_it_acts(reviewer, held):
    asked = reviewer.post(LIST, {"action": "approve", "_selected_action": [held.pk]}, follow=True)

    assert "Approve 1 review?" in asked.content.decode()
    assert HoldResolution.objects.count() == 0


def test_approving_pays_out(reviewer, held):
    page = reviewer.post(confirm_url("approved", held), {"note": "Called the customer"}, follow=True)

    ended = HoldResolution.objects.get()
    assert (ended.resolution, ended.actor, ended.note) == ("approved", "ravi", "Called the customer")
    assert balance() == (460_000, 0)
    assert AuditEntry.objects.filter(action="hold.approved", actor="ravi").count() == 1
    assert f"Approved: {held.public_id}." in messages_of(page)


@pytest.mark.parametrize("resolution", ["declined", "expired"])
def test_declining_and_expiring_give_the_money_back(reviewer, held, resolution):
    reviewer.post(confirm_url(resolution, held), {"note": "Stolen card"})

    assert HoldResolution.objects.get().resolution == resolution
    assert balance() == (1_000_000, 0)


def test_no_note_no_verdict(reviewer, held):
    page = reviewer.post(confirm_url("approved", held), {"note": "  "})

    assert "This field is required." in page.content.decode()
    assert HoldResolution.objects.count() == 0


def test_somebody_faster_is_named_and_the_others_are_still_done(reviewer, held, account_alice, gateway_client):
    other = make_payment(account_alice, gateway_client, outcome=Outcome.REVIEW, amount_minor=100)
    hold_resolve(transaction_id=held.pk, resolution=Resolution.DECLINED, actor="ben", now=timezone.now())

    page = reviewer.post(confirm_url("approved", held, other), {"note": "Fine"}, follow=True)

    assert "it was declined by ben" in messages_of(page)
    assert f"Approved: {other.public_id}." in messages_of(page)
    assert HoldResolution.objects.get(pk=held.pk).resolution == "declined"


@pytest.mark.parametrize(
    ("status", "words"),
    [("closed", "is closed. Decline the review."), ("frozen", "is frozen. Thaw the account or decline the review.")],
)
def test_an_account_that_is_not_active_cannot_be_paid_from(reviewer, held, status, words):
    account_set_status(
        account_id="acc_alice", status=AccountStatus(status), actor="tests", reason="gone", now=timezone.now()
    )

    page = reviewer.post(confirm_url("approved", held), {"note": "Fine"}, follow=True)

    assert words in messages_of(page)
    assert HoldResolution.objects.count() == 0
    assert balance() == (1_000_000, 540_000)


def test_without_the_permission_nothing_is_offered_or_done(sign_in, held):
    onlooker = sign_in("otto", "ledger.view_hold", "ledger.view_transaction")
    events = Event.objects.count()

    assert "Approve selected reviews" not in onlooker.get(LIST).content.decode()
    assert onlooker.get(confirm_url("approved", held)).status_code == 403
    assert onlooker.post(confirm_url("approved", held), {"note": "Fine"}).status_code == 403
    onlooker.post(LIST, {"action": "approve", "_selected_action": [held.pk]})

    assert (HoldResolution.objects.count(), Event.objects.count(), AuditEntry.objects.count()) == (0, events, 1)


def test_an_unknown_verdict_and_ids_that_are_none_do_nothing(reviewer, held):
    assert reviewer.post(reverse("admin:ledger_hold_resolve", args=["voided"]), {"note": "x"}).status_code == 404
    page = reviewer.post(f"{reverse('admin:ledger_hold_resolve', args=['approved'])}?ids=x,,%27", {"note": "x"})

    assert "Nothing was chosen" in page.content.decode()
    assert HoldResolution.objects.count() == 0


def test_decided_reviews_are_kept_behind_the_open_ones(reviewer, held, account_alice, gateway_client):
    other = make_payment(account_alice, gateway_client, outcome=Outcome.REVIEW, amount_minor=100)
    hold_resolve(transaction_id=held.pk, resolution=Resolution.DECLINED, actor="ben", now=timezone.now())

    def shown(state: str) -> list:
        return [hold.pk for hold in reviewer.get(LIST, {"state": state}).context["cl"].result_list]

    assert shown("open") == [other.pk]
    assert shown("decided") == [held.pk]
    assert shown("all") == [other.pk, held.pk]


def test_the_list_takes_the_same_queries_for_more_reviews(
    reviewer, held, account_alice, gateway_client, django_assert_max_num_queries
):
    for _ in range(6):
        make_payment(account_alice, gateway_client, outcome=Outcome.REVIEW, amount_minor=100)

    with django_assert_max_num_queries(6):
        assert reviewer.get(LIST).context["cl"].result_count == 7


def test_too_many_at_once_are_refused(reviewer, held, monkeypatch):
    monkeypatch.setattr("ledger.admin.reviews.TOGETHER_MAX", 0)

    page = reviewer.post(LIST, {"action": "approve", "_selected_action": [held.pk]}, follow=True)

    assert "Choose at most 0 reviews" in messages_of(page)
    assert Hold.objects.filter(resolution__isnull=True).count() == 1
