"""Text that means something to SQL or to a log means nothing here: it is a value, or it is refused."""

import io
import logging
import time
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from ledger.models import Account, Event, Label, Transaction
from tests.factories import make_account, make_client, make_payment
from tests.security.openapi import operations

SQL = [
    "'", "''", "\\'", '"', "`", ";", "--", "/*", "1' OR '1'='1", "' OR 1=1 --", "') OR ('1'='1", "1 OR 1=1",
    "'; DROP TABLE ledger_transaction; --", "1; SELECT pg_sleep(9)", "'||pg_sleep(9)--",
    "1 AND (SELECT pg_sleep(9)) IS NULL",
    "' UNION SELECT usename, passwd FROM pg_shadow --", "x' AND 1=CAST((SELECT version()) AS int) --",
    "$$; SELECT 1; $$",
    "%27%20OR%201=1", "1e309", "-1", "0x31", "NULL", "true", "{}", "[]", "%s", "%(id)s", "{0}", "{{7*7}}", "${7*7}",
    "\u2019 OR 1=1", "\uff07 OR 1=1", "\ud55c", "a" * 3000, "\r\nSet-Cookie: a=b", "../../etc/passwd", "acc_%",
]  # fmt: skip
LOOKUPS = [
    "account_id__startswith", "client__secret_digest__startswith", "decision__receipt__contains", "id__gt", "pk__in",
    "account__grants__client__api_keys__digest__startswith", "reference__regex", "_connector", "order_by", "ordering",
]  # fmt: skip
PATIENCE_SECONDS = 8.0
HARMLESS = "zzz"


def slow(since: float) -> bool:
    return time.monotonic() - since > PATIENCE_SECONDS


ASKED_BY = [
    pytest.param(operation, name, id=f"{operation.name}-{name}")
    for operation in operations()
    if operation.method == "get"
    for name in operation.parameters
]


def rows_everywhere() -> dict[str, int]:
    """How many each table of a decision has."""
    return {model.__name__: model.objects.count() for model in (Account, Event, Label, Transaction)}


@pytest.mark.contract
@pytest.mark.parametrize(("operation", "name"), ASKED_BY)
def test_no_filter_of_the_api_is_sql(gateway, operation, name):
    """Each is answered as a harmless word is, or is refused. A cursor that is none may begin at the beginning."""
    account_id = gateway.open_account()
    gateway.pay(account_id)
    path = operation.path.replace("{account_id}", account_id)
    harmless, before = gateway.get(f"{path}?{name}={HARMLESS}"), rows_everywhere()
    usual = [results_of(harmless)] + ([results_of(gateway.get(path))] if name == "cursor" else [])
    wrong = []
    for text in SQL:
        begun = time.monotonic()
        answer = gateway.get(f"{path}?{name}={quote(text)}")
        is_alike = answer.status_code in {200, harmless.status_code} and results_of(answer) in usual
        if not (is_alike or answer.status_code == 400) or slow(begun):
            wrong.append((text, answer.status_code, answer.text[:200]))

    assert wrong == []
    assert rows_everywhere() == before


def results_of(answer) -> object:
    return answer.json().get("results") if answer.status_code == 200 else None


@pytest.mark.contract
@pytest.mark.parametrize("lookup", LOOKUPS)
def test_no_parameter_is_a_look_up_of_the_database(gateway, lookup):
    refused = gateway.get(f"transactions?{lookup}=a")

    assert refused.status_code == 400
    assert [error["field"] for error in refused.json()["errors"]] == [lookup]


@pytest.mark.contract
@pytest.mark.parametrize("text", SQL)
def test_what_a_payment_says_is_kept_as_it_was_said_or_refused(gateway, text):
    account_id = gateway.open_account()
    answer = gateway.pay(account_id, reference=text, metadata={"note": text})

    assert answer.status_code in {201, 400}
    if answer.status_code == 201:
        assert Transaction.objects.get(account_id=account_id).reference == text
    assert gateway.get(f"/api/v1/accounts/{quote(text, safe='')}").status_code in {404, 400}


@pytest.fixture
def record(db) -> None:
    make_payment(make_account(), make_client())


def parameters(model) -> list[str]:
    """What the list of a model can be asked by."""
    filters = getattr(admin.site._registry[model], "list_filter", ())
    named = [f"{each}__exact" if isinstance(each, str) else getattr(each, "parameter_name", "x") for each in filters]
    return ["o", "p", "all", "e", *(name or "x" for name in named)]


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=str), ids=lambda model: model._meta.label_lower)
def test_no_search_filter_or_order_of_the_admin_is_sql(admin_client, record, model):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    client: Client = admin_client
    client.raise_request_exception = False
    names = parameters(model)
    wrong = []
    for number, text in enumerate(SQL):
        begun = time.monotonic()
        for name in ("q", names[number % len(names)]):
            answer = client.get(url, {name: text})
            if answer.status_code >= 500 or slow(begun):
                wrong.append((name, text, answer.status_code))

    assert wrong == []


@pytest.mark.contract
def test_a_request_forges_no_line_of_the_log(gateway):
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        for text in ("a\r\n2026-01-01 CRITICAL forged", "\x1b[2J forged", "\u2028forged", "%0d%0aforged"):
            gateway.get(f"/api/v1/{quote(text)}")
            gateway.get(f"transactions?reference={quote(text)}")
            gateway.request("POST", "transactions", json={"reference": text}, headers={"Idempotency-Key": "k"})
    finally:
        root.removeHandler(handler)

    lines = written.getvalue().splitlines()
    assert [line for line in lines if line.startswith(("2026-01-01 CRITICAL", "forged"))] == []
    assert "\x1b" not in written.getvalue()
