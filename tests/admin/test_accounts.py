import pytest
from django.contrib.admin.utils import quote as quote_pk
from django.urls import reverse

from ledger.models import Account, AuditEntry
from tests.factories import make_payment

LIST = reverse("admin:ledger_account_changelist")
ADD = reverse("admin:ledger_account_add")
PAGE = reverse("admin:ledger_account_change", args=["acc_alice"])
FORM = {
    "name": "Alice Rao",
    "home_country": "IN",
    "home_zone": "Asia/Kolkata",
    "risk": "normal",
    "status": "active",
    "daily_limit": "",
    "floor": "0.00",
    "status_reason": "",
}
NEW = {**FORM, "id": "acc_bob", "livemode": "on", "currency_code": "JPY", "floor": "", "opening_balance": "5,000"}


def test_an_edit_is_made_in_money_and_audited(operator, account_alice):
    assert (
        operator.post(PAGE, {**FORM, "daily_limit": "1,250.50", "floor": "-100", "name": "A. Rao"}).status_code == 302
    )

    account = Account.objects.select_related("balance").get(pk="acc_alice")
    assert (account.name, account.daily_limit_minor, account.balance.floor_minor) == ("A. Rao", 125_050, -10_000)
    assert account.version == account_alice.version + 1
    audited = AuditEntry.objects.filter(actor="olivia").order_by("action")
    assert [entry.action for entry in audited] == ["account.change", "account.floor"]
    assert audited[0].details["name"] == ["•••", "•••"]


def test_the_list_and_its_history_lead_to_the_account(operator, sign_in, account_alice):
    """Addresses in lists have another spelling of some characters."""
    name = quote_pk("acc_alice")
    assert f"/account/{name}/change/" in operator.get(LIST).content.decode()

    assert "kept in INR" in operator.get(reverse("admin:ledger_account_change", args=[name])).content.decode()
    auditor = sign_in("audra", "ledger.view_account", "ledger.view_auditentry")
    history = auditor.get(reverse("admin:ledger_account_history", args=[name]))
    assert "acc_alice" in history.url


def test_an_emptied_limit_is_no_limit(operator, account_alice):
    operator.post(PAGE, {**FORM, "daily_limit": "10.00"})
    operator.post(PAGE, FORM)

    assert Account.objects.get(pk="acc_alice").daily_limit_minor is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"daily_limit": "1.005"}, "INR has 2 decimals; got 3."),
        ({"daily_limit": "-1"}, "cannot be negative"),
        ({"floor": "abc"}, "Write the amount as a decimal string"),
        ({"home_country": "XX"}, "not a country code"),
        ({"home_zone": "Mars/Olympus"}, "not a time zone"),
        ({"status": "frozen"}, "Say why the status changes."),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(operator, account_alice, change, words):
    page = operator.post(PAGE, {**FORM, **change})

    assert words in page.content.decode()
    assert AuditEntry.objects.filter(actor="olivia").count() == 0


def test_a_floor_over_the_balance_is_refused_whole(operator, account_alice):
    page = operator.post(PAGE, {**FORM, "name": "Changed", "floor": "10000.01"}, follow=True)

    assert "Less than that is available on the account." in page.content.decode()
    assert Account.objects.get(pk="acc_alice").name == "Alice Rao"


def test_status_changes_with_a_reason(operator, account_alice):
    operator.post(PAGE, {**FORM, "status": "frozen", "status_reason": "Card stolen"})

    assert Account.objects.get(pk="acc_alice").status == "frozen"
    assert AuditEntry.objects.get(action="account.status").details["reason"] == "Card stolen"


def test_a_closed_account_stays_closed(operator, account_alice):
    operator.post(PAGE, {**FORM, "status": "closed", "status_reason": "Left the bank"})
    page = operator.post(PAGE, {**FORM, "status_reason": "Came back"}, follow=True)

    assert "A closed account stays closed." in page.content.decode()
    assert Account.objects.get(pk="acc_alice").status == "closed"


def test_editing_does_not_include_freezing(sign_in, account_alice):
    clerk = sign_in("carl", "ledger.view_account", "ledger.change_account")

    clerk.post(PAGE, {**FORM, "name": "A. Rao", "status": "frozen", "status_reason": "x"})

    account = Account.objects.get(pk="acc_alice")
    assert (account.name, account.status) == ("A. Rao", "active")


def test_an_account_is_opened_with_its_money(operator, db):
    assert operator.post(ADD, NEW).status_code == 302

    account = Account.objects.select_related("balance").get(pk="acc_bob")
    assert (account.currency, account.livemode, account.balance.posted_minor) == ("JPY", True, 5_000)
    assert AuditEntry.objects.get(action="account.create").actor == "olivia"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "acc_alice"}, "already exists"),
        ({"id": "sys_merchants_JPY"}, "which is the bank&#x27;s own."),
        ({"id": "a b"}, "letters, digits and the signs"),
        ({"currency_code": ""}, "This field is required."),
        ({"opening_balance": "1.5"}, "JPY has 0 decimals"),
        ({"floor": "5001"}, "Less than that is available"),
    ],
)
def test_an_account_that_cannot_be_is_not_opened(operator, account_alice, change, words):
    accounts = Account.objects.count()

    page = operator.post(ADD, {**NEW, **change}, follow=True)

    assert words in page.content.decode()
    assert Account.objects.count() == accounts


def test_freezing_from_the_list_asks_for_a_reason(operator, account_alice):
    asked = operator.post(LIST, {"action": "freeze", "_selected_action": ["acc_alice"]}, follow=True)
    assert "Freeze 1 account?" in asked.content.decode()
    assert Account.objects.get(pk="acc_alice").status == "active"

    operator.post(asked.redirect_chain[-1][0], {"note": "Card stolen"})

    assert Account.objects.get(pk="acc_alice").status == "frozen"


def test_the_banks_own_accounts_are_shown_and_never_changed(operator, admin_client, account_alice):
    own = reverse("admin:ledger_account_change", args=["sys_opening_INR"])
    status = reverse("admin:ledger_account_status", args=["freeze"])

    assert "follows from them and cannot be edited" in operator.get(own).content.decode()
    assert admin_client.post(own, FORM).status_code == 403
    operator.post(f"{status}?id=sys_opening_INR", {"note": "x"})

    assert Account.objects.get(pk="sys_opening_INR").status == "active"


def test_the_page_shows_balance_reviews_and_payments(admin_client, held, paid):
    page = admin_client.get(PAGE).content.decode()

    assert "4,546.00&nbsp;<small>INR</small>" in page  # available: 10,000 less 5,400 held and 54 paid
    assert held.public_id in page
    assert paid.public_id in page


def test_the_page_shows_payments_only_to_who_may_see_them(operator, held):
    page = operator.get(PAGE).content.decode()

    assert held.public_id not in page
    assert "Payments <a" not in page


def test_lists_and_pages_take_few_queries(operator, account_alice, gateway_client, django_assert_max_num_queries):
    for _ in range(3):
        make_payment(account_alice, gateway_client, amount_minor=100)

    with django_assert_max_num_queries(6):
        operator.get(LIST)
    with django_assert_max_num_queries(8):
        operator.get(PAGE)


def test_whoever_may_not_is_refused_and_nothing_is_written(nobody, reviewer, account_alice):
    status = f"{reverse('admin:ledger_account_status', args=['freeze'])}?id=acc_alice"

    assert nobody.get(LIST).status_code == 403
    assert nobody.post(PAGE, {**FORM, "name": "x"}).status_code == 403
    assert reviewer.post(PAGE, {**FORM, "name": "x"}).status_code == 403
    assert reviewer.post(ADD, NEW).status_code == 403
    assert reviewer.post(status, {"note": "x"}).status_code == 403

    assert Account.objects.get(pk="acc_alice").name == "Alice Rao"
    assert not Account.objects.filter(pk="acc_bob").exists()
