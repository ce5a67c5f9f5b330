"""An account's page: its payments a page at a time, what is usual, and what was done to it."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.admin.account_history import AUDIT_SHOWN
from ledger.domain.payments import AccountStatus
from ledger.services.accounts import account_edit, account_set_status
from sentinel.core.outcomes import Outcome
from tests.factories import make_payment

PAGE = reverse("admin:ledger_account_change", args=["acc_alice"])


@pytest.fixture
def looker(sign_in, account_alice):
    return sign_in("lou", "ledger.view_account", "ledger.view_transaction", "ledger.view_auditentry")


@pytest.fixture
def many(account_alice, gateway_client):
    now = timezone.now()
    return [
        make_payment(account_alice, gateway_client, amount_minor=100, now=now - timedelta(minutes=minutes))
        for minutes in range(25)
    ]


def text(client, query: str = "") -> str:
    return client.get(f"{PAGE}{query}").content.decode()


def address(page: str, words: str) -> str:
    found = re.search(rf'href="(\?[^"#]*)#payments"[^>]*>{words}<', page)
    assert found, words
    return unescape(found[1])


def test_older_payments_are_a_link_away_and_so_are_the_newer(looker, many):
    first = text(looker)
    second = text(looker, address(first, "Older"))
    back = text(looker, address(second, "Newer"))

    assert many[0].public_id in first
    assert many[24].public_id not in first
    assert many[24].public_id in second
    assert many[0].public_id not in second
    assert many[0].public_id in back
    assert ">Older<" not in second
    assert ">Newer<" not in first


def test_an_outcome_narrows_the_payments_and_says_so(looker, held, paid):
    page = text(looker, address(text(looker), "Held for review"))

    assert held.public_id in page
    assert paid.public_id not in page
    assert re.search(r'aria-current="true">Held for review<', page)


@pytest.mark.parametrize(
    ("query", "words"),
    [("?outcome=nonsense", "outcome: One of approve"), ("?before=nonsense", "before, after: This place is not one")],
)
def test_what_cannot_be_understood_is_said_and_the_newest_are_shown(looker, paid, query, words):
    page = text(looker, query)

    assert words in page
    assert "The newest are shown." in page
    assert paid.public_id in page


def test_the_page_says_what_is_usual(looker, held, paid):
    page = text(looker)

    assert "<dt>Usual amount</dt><dd>" in page
    assert "54.00&nbsp;<small>INR</small>" in page
    assert "<dt>Mostly in</dt><dd>France</dd>" in page
    assert "<dt>Held for review</dt><dd>1</dd>" in page


def test_the_page_says_who_changed_what_without_the_name(looker, account_alice):
    now = timezone.now()
    account_set_status(account_id="acc_alice", status=AccountStatus.FROZEN, actor="olga", reason="Stolen", now=now)
    account_alice.refresh_from_db()
    account_edit(account=account_alice, changes={"name": "Zora Quill"}, floor_minor=None, actor="olga", now=now)

    page = text(looker)

    assert "olga" in page
    assert "Stolen" in page
    assert "Quill" not in page
    assert "Alice Rao" not in page


def test_the_audit_is_cut_and_leads_to_the_whole(looker, account_alice):
    for turn in range(AUDIT_SHOWN + 2):
        status = AccountStatus.FROZEN if turn % 2 else AccountStatus.ACTIVE
        account_set_status(
            account_id="acc_alice", status=status, actor="olga", reason=f"turn {turn}", now=timezone.now()
        )

    page = text(looker)

    assert "turn 11" in page
    assert "turn 1<" not in page
    assert reverse("admin:ledger_account_history", args=["acc_alice"]) in page


def test_who_may_not_see_payments_or_audit_sees_none(sign_in, held):
    page = text(sign_in("nora", "ledger.view_account"))

    assert held.public_id not in page
    for heading in ("usual", "payments", "audited"):
        assert f'id="{heading}"' not in page


def test_text_of_the_gateway_stays_text(looker, account_alice, gateway_client):
    make_payment(account_alice, gateway_client, merchant_name="<script>alert(1)</script>")

    page = text(looker)

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_page_takes_few_queries_however_much_there_is(looker, many, held, django_assert_max_num_queries):
    with django_assert_max_num_queries(13):
        looker.get(PAGE)
    with django_assert_max_num_queries(13):
        looker.get(f"{PAGE}?outcome={Outcome.REVIEW}")
