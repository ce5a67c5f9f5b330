"""Personal data is masked; whoever may sees it in full, once, for a reason that is kept."""

import pytest
from django.urls import reverse

from ledger.domain.masks import mask, mask_address, mask_metadata, mask_name
from ledger.models import AuditEntry
from tests.factories import make_payment

SEES = ("ledger.view_transaction", "ledger.view_account", "ledger.view_personaldetail")
REVEALS = (*SEES, "ledger.reveal_personaldetail")
WHY = {"reason": "review", "words": "case 17"}
ACCOUNT = reverse("admin:ledger_account_change", args=["acc_alice"])
ACCOUNTS = reverse("admin:ledger_account_changelist")
REVEAL_ACCOUNT = f"{reverse('admin:ledger_account_reveal')}?id=acc_alice"


@pytest.fixture
def payment(account_alice, gateway_client):
    metadata = {"order": "42", "contact": "alice@example.com"}
    return make_payment(account_alice, gateway_client, latitude=48.8566, longitude=2.3522, metadata=metadata)


def page_of(payment) -> str:
    return reverse("admin:ledger_transaction_change", args=[payment.pk])


def reveal_of(payment) -> str:
    return reverse("admin:ledger_transaction_reveal", args=[payment.pk])


PERSONAL = ("tok_9f", "203.0.113.9", "48.8566", "alice@example.com", "Alice Rao")


def shown(client, url) -> list[str]:
    page = client.get(url).content.decode()
    return [text for text in PERSONAL if text in page]


def test_a_payment_is_shown_masked(sign_in, payment):
    person = sign_in("ana", *SEES)
    page = person.get(page_of(payment)).content.decode()

    assert shown(person, page_of(payment)) == []
    for text in ("tok_•••", "203.0.113.•", "48.•••", "a•••@example.com", "A••• R•••", "42"):
        assert text in page
    assert "Reveal" not in page


def test_it_is_revealed_for_one_view_and_the_audit_says_why(sign_in, payment):
    person = sign_in("ana", *REVEALS)
    person.post(reveal_of(payment), WHY)

    assert shown(person, page_of(payment)) == list(PERSONAL)
    assert shown(person, page_of(payment)) == []
    entry = AuditEntry.objects.get(action="personal_detail.revealed")
    assert (entry.actor, entry.subject) == ("ana", payment.public_id)
    assert entry.details == {"reason": "review", "words": "case 17"}


@pytest.mark.parametrize("told", [{}, {"reason": "curiosity", "words": "x"}, {"reason": "review", "words": " "}])
def test_without_a_good_reason_nothing_is_shown_nor_recorded(sign_in, payment, told):
    person = sign_in("ana", *REVEALS)
    person.post(reveal_of(payment), told)

    assert shown(person, page_of(payment)) == []
    assert not AuditEntry.objects.filter(action="personal_detail.revealed").exists()


def test_what_is_revealed_of_one_payment_shows_nothing_of_another(sign_in, payment, held):
    person = sign_in("ana", *REVEALS)
    person.post(reveal_of(payment), WHY)

    assert shown(person, page_of(held)) == []


def test_whoever_may_not_reveals_nothing(sign_in, payment):
    for name, permissions in (("ana", SEES), ("ben", ("ledger.view_transaction", "ledger.reveal_personaldetail"))):
        person = sign_in(name, *permissions)
        assert person.post(reveal_of(payment), WHY).status_code == 403
        assert shown(person, page_of(payment)) == []
    assert not AuditEntry.objects.filter(action="personal_detail.revealed").exists()


def test_looking_is_no_get(sign_in, payment):
    assert sign_in("ana", *REVEALS).get(reveal_of(payment)).status_code == 405


def test_the_name_of_a_customer_is_masked_in_list_page_and_form(sign_in, account_alice):
    for name, permissions in (("ana", SEES), ("omar", (*SEES, "ledger.change_account"))):
        person = sign_in(name, *permissions)
        assert shown(person, ACCOUNTS) == shown(person, ACCOUNT) == []
        assert "A••• R•••" in person.get(ACCOUNTS).content.decode()


def test_the_name_of_a_customer_is_revealed_for_one_view(sign_in, account_alice):
    person = sign_in("ana", *REVEALS)
    person.post(REVEAL_ACCOUNT, WHY)

    assert shown(person, ACCOUNT) == ["Alice Rao"]
    assert shown(person, ACCOUNT) == []
    assert sign_in("ben", *SEES).post(REVEAL_ACCOUNT, WHY).status_code == 403


def test_a_name_is_found_by_the_whole_of_it_only(sign_in, account_alice):
    person = sign_in("ana", *SEES)

    assert "acc_alice" in person.get(ACCOUNTS, {"q": "alice rao"}).content.decode()
    assert "acc_alice" not in person.get(ACCOUNTS, {"q": "Rao"}).content.decode()


def test_a_change_of_a_name_does_not_tell_it_to_the_audit(admin_client, account_alice):
    form = {"name": "Alice Iyer", "home_country": "IN", "home_zone": "Asia/Kolkata", "floor": "0", "risk": "normal"}
    admin_client.post(ACCOUNT, {**form, "status": "active", "daily_limit": ""})
    entry = AuditEntry.objects.get(action="account.change")
    page = admin_client.get(reverse("admin:ledger_auditentry_change", args=[entry.pk])).content.decode()

    assert "•••" in page
    assert "Iyer" not in page
    assert entry.details["name"] == ["•••", "•••"]


@pytest.mark.parametrize(
    ("text", "masked"),
    [("203.0.113.9", "203.0.113.•"), ("2001:db8::1", "2001:db8:0:•"), ("::ffff:1.2.3.4", "0:0:0:•"), ("x", "•••")],
)
def test_addresses(text, masked):
    assert mask_address(text) == masked


@pytest.mark.parametrize(
    ("field", "value", "masked"),
    [
        ("card_token", "tok_9f", "tok_•••"),
        ("card_token", "secret", "•••"),
        ("device_id", "averylongname_1", "•••"),
        ("card_bin", "411111", "•••"),
        ("card_last4", "1111", "1111"),
        ("latitude", -0.5, "0.•••"),
        ("user_agent", "Mozilla/5.0", "•••"),
    ],
)
def test_details(field, value, masked):
    assert mask(field, value) == masked


def test_names_and_metadata():
    assert mask_name("Alice  Rao") == "A••• R•••"
    assert mask_name("") == ""
    assert mask_metadata("order", 42) == "42"
    assert mask_metadata("customer_name", "Alice") == "•••"
    assert mask_metadata("note", "ask bob@example.com or eve@example.org") == (
        "ask b•••@example.com or e•••@example.org"
    )
