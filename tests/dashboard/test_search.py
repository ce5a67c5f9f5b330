"""One field finds whatever somebody has in hand; what they may not see, it does not find."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.selectors.search import SHOWN_MAX
from ledger.models import IdempotencyKey
from tests.factories import make_payment
from tests.ledger.cases import Bank

SEARCH = reverse("admin:work_search")
SEES = ("ledger.view_case", "ledger.view_transaction", "ledger.view_account", "ledger.view_personaldetail")


@pytest.fixture
def person(db):
    """Makes a browser of somebody with exactly these permissions."""

    def make(*permissions: str) -> Client:
        user = User.objects.create_user(f"person_{User.objects.count()}", is_staff=True)
        for each in permissions:
            app_label, codename = each.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app_label, codename=codename))
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def browser(person):
    return person(*SEES)


@pytest.fixture
def bank(db):
    return Bank()


def ask(browser: Client, text: str):
    return browser.get(SEARCH, {"q": text})


def found(answer) -> dict[str, list]:
    return {group["words"]: [each.id for each in group["payments"]] for group in answer.context["groups"]}


def case_url(pk) -> str:
    return reverse("admin:case", args=[pk])


def payment_url(pk) -> str:
    return reverse("admin:ledger_transaction_change", args=[pk])


def test_an_id_leads_to_the_case_or_else_to_the_payment(bank, browser):
    case, payment = bank.hold(), bank.approved()

    assert ask(browser, f" txn_{case.pk.hex} ").url == case_url(case.pk)
    assert ask(browser, str(case.pk)).url == case_url(case.pk)
    assert ask(browser, f"txn_{payment.pk.hex}").url == payment_url(payment.pk)


def test_an_account_leads_to_its_page(bank, browser):
    assert ask(browser, bank.account.id).url == reverse("admin:ledger_account_change", args=[bank.account.id])


def test_a_reference_leads_to_its_one_payment_or_lists_them(bank, browser):
    alone, first, second = (bank.approved(reference=name) for name in ("r 1", "r 2", "r 2"))

    assert ask(browser, "r 1").url == payment_url(alone.pk)
    answer = ask(browser, "r 2")
    assert found(answer) == {"Payments with this reference": [second.pk, first.pk]}
    assert payment_url(first.pk) in answer.content.decode()


def test_an_idempotency_key_leads_to_its_payment(bank, browser):
    case = bank.hold(reference=None)
    IdempotencyKey.objects.create(
        client=bank.client,
        key="key-of-gateway-17",
        operation="payment",
        fingerprint=bytes(32),
        subject_id=case.pk,
        created_at=timezone.now(),
    )

    assert ask(browser, "key-of-gateway-17").url == case_url(case.pk)


def test_a_card_is_found_by_its_token_and_by_its_last_digits(bank, browser):
    case = bank.hold(card_token="tok_only", card_last4="4242")
    other = bank.approved(card_token="tok_other", card_last4="4242")

    assert ask(browser, "tok_only").url == case_url(case.pk)
    answer = ask(browser, "4242")  # of many cards, so it is never taken as one
    assert found(answer) == {"Payments with a card that ends so": [other.pk, case.pk]}
    assert case_url(case.pk) in answer.content.decode()
    assert "tok_only" not in answer.content.decode()


def test_of_many_the_newest_are_shown(bank, browser):
    payments = [bank.approved(reference="often") for _ in range(SHOWN_MAX + 2)]
    answer = ask(browser, "often")

    assert found(answer)["Payments with this reference"] == [each.pk for each in reversed(payments)][:SHOWN_MAX]
    assert f"the newest {SHOWN_MAX}" in answer.content.decode()


@pytest.mark.parametrize(
    "text", ["", "nothing", "txn_" + "0" * 32, "a\0b", "x" * 300, "0190a5e2-0000-7000-8000-000000000000"]
)
def test_what_nothing_is_called_says_what_can_be_asked(db, browser, text):
    answer = ask(browser, text)

    assert (answer.status_code, found(answer)) == (200, {})
    assert "an idempotency key" in answer.content.decode()


def test_a_whole_card_number_is_refused_and_not_shown_again(db, browser):
    page = ask(browser, "4111 1111 1111 1111").content.decode()

    assert "full card number" in page
    assert "4111 1111" not in page


def test_what_is_searched_for_is_text(db, browser):
    page = ask(browser, "<script>alert(1)</script>").content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_cards_are_personal(bank, person):
    bank.hold(card_token="tok_only", card_last4="4242")
    browser = person(*SEES[:3])

    for text in ("tok_only", "4242"):
        answer = ask(browser, text)
        assert found(answer) == {}
        assert "may not look at personal details" in answer.content.decode()


def test_without_transactions_only_cases_are_found_and_without_accounts_none(bank, person):
    case, payment = bank.hold(reference="both"), bank.approved(reference="both")
    browser = person("ledger.view_case")

    assert ask(browser, "both").url == case_url(case.pk)
    assert found(ask(browser, f"txn_{payment.pk.hex}")) == {}
    answer = ask(browser, bank.account.id)
    assert (answer.status_code, answer.context["account"]) == (200, None)


def test_whoever_may_not_look_at_cases_does_not_search(bank, person):
    assert ask(person("ledger.view_transaction"), bank.account.id).status_code == 403


def test_a_search_has_its_price(bank, browser, django_assert_max_num_queries):
    for _ in range(5):
        make_payment(bank.account, bank.client, reference="4242", card_last4="4242")

    # Session, user, two of permissions; clients twice, four kinds of names, the payments, the account.
    with django_assert_max_num_queries(12):
        assert len(found(ask(browser, "4242"))) == 2
