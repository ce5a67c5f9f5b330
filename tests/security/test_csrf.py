"""No form of the Admin is taken from another site: without the token of the page every POST is refused."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from ledger.models import AuditEntry
from tests.admin.test_people_every_page import admin_patterns, example_of

ADDRESSES = sorted({example_of(path) for path, _ in admin_patterns() if "(?P" not in path})


@pytest.fixture
def chief(db) -> Client:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(User.objects.create_superuser("chief"))
    return client


def test_every_address_of_the_admin_wants_the_token_of_its_page(chief):
    before = AuditEntry.objects.count()

    asked = [(url, method) for url in ADDRESSES for method in ("POST", "DELETE")]
    told = {(url, method): chief.generic(method, url).status_code for url, method in asked}

    assert len(ADDRESSES) > 150
    assert {each: status for each, status in told.items() if status != 403} == {}
    assert AuditEntry.objects.count() == before


def test_a_token_of_somebody_else_is_none(chief):
    chief.cookies["csrftoken"] = "a" * 32

    assert chief.post(ADDRESSES[0], {"csrfmiddlewaretoken": "b" * 32}).status_code == 403
