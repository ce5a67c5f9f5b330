import pytest
from django.urls import reverse

from ledger.models import PersonalDetail, Transaction
from sentinel.core.outcomes import Outcome
from tests.factories import make_payment

LIST = reverse("admin:ledger_transaction_changelist")


def page_of(payment: Transaction) -> str:
    return reverse("admin:ledger_transaction_change", args=[payment.pk])


def found(client, **query) -> list[Transaction]:
    return list(client.get(LIST, query).context["cl"].result_list)


def test_the_list_shows_money_outcome_and_derived_status(admin_client, held):
    page = admin_client.get(LIST).content.decode()

    assert "5,400.00&nbsp;<small>INR</small>" in page
    assert '<span class="badge review">review</span>' in page
    assert '<span class="badge held">held</span>' in page
    assert "rule.foreign_high_amount" in page


def test_the_list_takes_the_same_queries_for_more_payments(
    admin_client, account_alice, gateway_client, django_assert_max_num_queries
):
    for _ in range(8):
        make_payment(account_alice, gateway_client, amount_minor=100)

    with django_assert_max_num_queries(7):
        admin_client.get(LIST)


def test_the_count_stops_at_a_bound(admin_client, paid, held, monkeypatch):
    monkeypatch.setattr("ledger.admin.base.ROWS_MAX", 1)

    assert "The first 1 are listed" in admin_client.get(LIST).content.decode()


@pytest.mark.parametrize("text", ["{0.public_id}", "{0.pk}", "acc_alice", "order 42", "m_17"])
def test_a_search_finds_what_it_names_exactly(admin_client, paid, text):
    assert found(admin_client, q=text.format(paid)) == [paid]


@pytest.mark.parametrize("text", ["txn_" + "0" * 32, "acc_ali", "order", "m_1", "%", "' OR 1=1 --"])
def test_a_search_for_less_finds_nothing(admin_client, paid, text):
    assert found(admin_client, q=text) == []


def test_filters_narrow_the_list(admin_client, paid, held):
    assert found(admin_client, outcome="review") == [held]
    assert found(admin_client, outcome="approve") == [paid]
    assert found(admin_client, currency="EUR") == []
    assert found(admin_client, mode="test") == []
    assert found(admin_client, recorded="hour", mode="live", currency="INR") == [held, paid]


def test_the_page_tells_the_whole_story(admin_client, held):
    page = admin_client.get(page_of(held)).content.decode()

    assert "Amount over 5,000 INR outside the home country" in page
    assert "card-2026-01-30.2" in page
    assert "3 h 5 min" in page  # seconds_since_last, in words
    assert "missing: the gateway did not send it" in page
    assert "pending_review" in page
    assert "is kept back since" in page
    assert "No money moved." in page
    assert "transaction.review_opened" in page


def test_the_page_shows_postings_in_columns(admin_client, paid):
    page = admin_client.get(page_of(paid)).content.decode()

    assert "sys_merchants_INR" in page
    assert page.count("54.00&nbsp;<small>INR</small>") >= 3


def test_the_page_is_found_by_its_public_name_too(admin_client, paid):
    assert admin_client.get(reverse("admin:ledger_transaction_change", args=[paid.public_id])).status_code == 200


def test_a_page_that_is_not_there_leads_to_the_start(admin_client, db):
    assert admin_client.get(reverse("admin:ledger_transaction_change", args=["txn_" + "0" * 32])).status_code == 302


def test_the_page_takes_few_queries(admin_client, held, django_assert_max_num_queries):
    with django_assert_max_num_queries(21):  # 17, and some more where other tests left alarms or cold caches
        admin_client.get(page_of(held))


def test_personal_details_need_their_permission(admin_client, reviewer, sign_in, held):
    detective = sign_in("dora", "ledger.view_transaction", "ledger.view_personaldetail")

    assert "tok_9f" not in reviewer.get(page_of(held)).content.decode()
    assert "203.0.113.9" not in reviewer.get(page_of(held)).content.decode()
    page = detective.get(page_of(held)).content.decode()
    assert "tok_•••" in page
    assert "203.0.113.•" in page
    assert "tok_9f" not in page


def test_erased_details_are_said_to_be_gone(admin_client, held):
    PersonalDetail.objects.all().delete()

    assert "or they were erased" in admin_client.get(page_of(held)).content.decode()


def test_a_snapshot_of_a_later_catalogue_is_not_misread(admin_client, held, monkeypatch):
    monkeypatch.setattr("ledger.admin.transaction_page.CATALOGUE_VERSION", 1)

    assert "which this release does not read" in admin_client.get(page_of(held)).content.decode()


def test_text_from_outside_stays_text(admin_client, account_alice, gateway_client):
    payment = make_payment(account_alice, gateway_client, merchant_name="<script>alert(1)</script>")

    for url in (LIST, page_of(payment), reverse("admin:ledger_account_change", args=["acc_alice"])):
        page = admin_client.get(url).content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_whoever_may_not_look_is_refused(nobody, held):
    assert nobody.get(LIST).status_code == 403
    assert nobody.get(page_of(held)).status_code == 403


def test_amounts_without_and_with_three_decimals(admin_client, gateway_client):
    from tests.factories import make_account

    yen = make_account("acc_emi", currency="JPY", home_country="JP")
    dinar = make_account("acc_fatima", currency="BHD", home_country="BH")
    make_payment(yen, gateway_client, amount_minor=1_234)
    make_payment(dinar, gateway_client, amount_minor=12_345, outcome=Outcome.REVIEW)

    page = admin_client.get(LIST).content.decode()
    assert "1,234&nbsp;<small>JPY</small>" in page
    assert "12.345&nbsp;<small>BHD</small>" in page
