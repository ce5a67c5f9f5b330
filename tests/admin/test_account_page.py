"""An account's page for a reviewer: notes, lists, cases, and who shares a card or device with it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import AccountNote, AuditEntry
from rules.models import List, ListItem
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_payment

PAGE = reverse("admin:ledger_account_change", args=["acc_alice"])
NOTE = f"{reverse('admin:ledger_account_note')}?id=acc_alice"
ADD = f"{reverse('admin:rules_list_from_account')}?id=acc_alice"
WORKS = (
    "ledger.view_account",
    "ledger.view_accountnote",
    "ledger.view_case",
    "ledger.view_transaction",
    "ledger.work_case",
    "rules.view_listitem",
    "rules.add_listitem",
)


@pytest.fixture
def rita(sign_in, account_alice):
    return sign_in("rita", *WORKS)


@pytest.fixture
def looker(sign_in, account_alice):
    return sign_in("lou", "ledger.view_account")


@pytest.fixture
def blocked(db) -> List:
    return List.objects.create(
        name="blocked_accounts", item_type="account", created_by="ana", created_at=timezone.now()
    )


def text(client, url=PAGE) -> str:
    return client.get(url).content.decode()


def test_a_note_stands_with_the_account_newest_first(rita):
    rita.post(NOTE, {"note": "Called the customer."})
    answer = rita.post(NOTE, {"note": "  She will send a copy.\nOf both.  "}, follow=True)

    assert [(note.author, note.text) for note in AccountNote.objects.all()] == [
        ("rita", "She will send a copy.\nOf both."),
        ("rita", "Called the customer."),
    ]
    page = answer.content.decode()
    assert "She will send a copy.<br>Of both." in page
    assert page.index("She will send") < page.index("Called the customer.")


@pytest.mark.parametrize("note", ["", "   ", "x" * 2001, "Card 4111 1111 1111 1111"])
def test_a_note_that_cannot_be_is_refused(rita, note):
    page = rita.post(NOTE, {"note": note}, follow=True).content.decode()

    assert "Nothing was written." in page
    assert not AccountNote.objects.exists()


def test_the_account_goes_onto_a_list_and_the_page_says_so(rita, blocked):
    assert "No list names this account." in text(rita)
    target = f"account:{blocked.pk}"

    rita.post(ADD, {"target": target, "reason": "Mule", "days": "30"})
    page = text(rita)

    item = ListItem.objects.get()
    assert (item.value, item.owner, item.source) == ("acc_alice", "rita", "case")
    assert "blocked_accounts" in page
    assert "Mule" in page


@pytest.mark.parametrize("asked", [{"target": "account:999", "reason": "Mule"}, {"target": "", "reason": ""}])
def test_a_list_that_does_not_fit_is_refused(rita, blocked, asked):
    assert "Nothing was added." in rita.post(ADD, asked, follow=True).content.decode()
    assert not ListItem.objects.exists()


def test_its_cases_are_linked(rita, account_alice, gateway_client):
    held = make_payment(account_alice, gateway_client, outcome=Outcome.REVIEW, amount_minor=420_000)

    page = text(rita)
    assert reverse("admin:case", args=[held.pk]) in page
    assert "4,200.00" in page


def test_whoever_may_only_look_sees_no_more_and_writes_nothing(looker, blocked):
    page = text(looker)
    assert not any(words in page for words in ("Notes</h2>", "Lists</h2>", "Cases</h2>", "share something"))

    assert looker.post(NOTE, {"note": "x"}).status_code == 403
    assert looker.post(ADD, {"target": f"account:{blocked.pk}", "reason": "x"}).status_code == 403
    assert not AccountNote.objects.exists()
    assert not ListItem.objects.exists()
    assert not AuditEntry.objects.filter(actor="lou").exists()


def test_nothing_is_added_by_following_a_link_or_to_an_account_that_is_not_there(rita):
    assert rita.get(NOTE).status_code == 405
    assert rita.get(ADD).status_code == 405
    for name in ("ledger_account_note", "rules_list_from_account"):
        assert rita.post(f"{reverse(f'admin:{name}')}?id=acc_nobody", {"note": "x"}).status_code == 404


def test_the_banks_own_accounts_have_no_notes(rita):
    own = f"{reverse('admin:ledger_account_note')}?id=sys_opening_INR"

    assert "Notes are of customers" in rita.post(own, {"note": "x"}, follow=True).content.decode()
    assert "Lists</h2>" not in text(rita, reverse("admin:ledger_account_change", args=["sys_opening_INR"]))


def test_the_page_takes_few_queries_however_much_there_is(
    rita, account_alice, gateway_client, blocked, django_assert_max_num_queries
):
    for _ in range(3):
        make_payment(account_alice, gateway_client, outcome=Outcome.REVIEW, amount_minor=100)
        rita.post(NOTE, {"note": "x"})
    make_payment(make_account("acc_bob"), gateway_client)

    with django_assert_max_num_queries(16):
        rita.get(PAGE)
