"""A full card number in any text of any form of the Admin: nothing keeps it, and no log tells it."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import reverse

from ledger.selectors import settled
from tests.every_page import pages
from tests.filled_site import fill_site
from tests.security.forms import Form, forms_of
from tests.security.traces import log_as_it_is_written, new_card_number, spellings, tables_with


@pytest.fixture
def chief(db, monkeypatch) -> Client:
    monkeypatch.setattr(settled, "MARGIN", timedelta(0))
    user = User.objects.create_superuser("chief")
    fill_site(lambda name, length: "paul@bank.example" if name == "person.email" else name[:length], user)
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def kind_of(url: str) -> str:
    """Addresses that differ by what they are about only."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|acc_\w+|\b\d+\b", "1", url)


def forms_by_place(client: Client) -> dict[tuple[str, str], tuple[Form, str]]:
    """One form for each place and text that can be written there."""
    found: dict[tuple[str, str], tuple[Form, str]] = {}
    for url in pages(client):
        for form in forms_of(url, client.get(url).content.decode()):
            for name in filter(_is_written, form.texts if form.method == "post" else ()):
                found.setdefault((kind_of(form.url), re.sub(r"\d+", "1", name)), (form, name))
    return found


def _is_written(name: str) -> bool:
    """By a person, not by the page itself."""
    return not re.search(r"_FORMS$|^initial-|^select_across$|^post$|-__prefix__-|-id$", name)


def test_no_form_of_the_admin_keeps_a_card_number(chief):
    number = new_card_number()
    kept: dict[str, list[str]] = {}
    places = forms_by_place(chief)
    with log_as_it_is_written() as log:
        for (place, text), (form, name) in places.items():
            with transaction.atomic():  # each form meets the same site
                answer = chief.post(form.url, form.filled(name, spellings(number)[1]))
                assert answer.status_code < 500, (place, text)
                kept[f"{place} {text}"] = tables_with(number)
                transaction.set_rollback(True)

    assert len(places) > 100
    assert {place: tables for place, tables in kept.items() if tables} == {}
    assert number not in log.getvalue()


def test_a_log_in_with_a_card_number_leaves_none(db):
    number = new_card_number()
    with log_as_it_is_written() as log:
        for text in spellings(number)[:3]:
            browser = Client(HTTP_USER_AGENT=f"Browser {text}")
            browser.post(reverse("admin:login"), {"username": text, "password": text})

    assert tables_with(number) == []
    assert number not in log.getvalue()
