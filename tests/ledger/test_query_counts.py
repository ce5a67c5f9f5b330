"""Reading costs the same number of statements however much there is to read."""

from typing import Any

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from ledger.api.accounts import balance_json
from ledger.api.transactions import history_page, payments_of
from ledger.selectors.accounts import account_for
from sentinel.api.directory import identity_of
from tests.factories import make_account, make_client, make_payment

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("payments", [0, 1, 40])
def test_a_page_of_history_takes_two_statements(payments, django_assert_max_num_queries):
    account, client = make_account(), make_client()
    for _ in range(payments):
        make_payment(account, client)
    identity: Any = identity_of(client)
    request = Request(APIRequestFactory().get("/api/v1/transactions", HTTP_HOST="localhost"))
    request.user = identity

    with django_assert_max_num_queries(2):
        page = history_page(payments_of(identity).filter(account=account), request)

    assert len(page["results"]) == payments


@pytest.mark.parametrize("payments", [0, 40])
def test_a_balance_takes_one_statement_and_one_for_the_grant(payments, django_assert_max_num_queries):
    account, client = make_account(), make_client(all_accounts=True)
    for _ in range(payments):
        make_payment(account, client)

    with django_assert_max_num_queries(2):
        balance = balance_json(account_for(identity_of(client), account.id))

    assert balance["account_id"] == account.id
