"""What a page of the Admin reads from its address is a value: each name that any of them reads, with SQL in it."""

import time
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client

from tests.every_page import pages
from tests.filled_site import fill_site
from tests.security.test_injection import PATIENCE_SECONDS

SQL = ["'; DROP TABLE ledger_transaction; --", "1) OR (SELECT pg_sleep(9)) IS NULL --", "\\'%(id)s"]
READERS = ("get", "getlist", "__getitem__", "__contains__")


@pytest.fixture
def read(monkeypatch) -> set[str]:
    """The names that were asked for in an address or a form since it was emptied."""
    names: set[str] = set()

    def noted(reader):
        def ask(self, name, *rest):
            names.add(name)
            return reader(self, name, *rest)

        return ask

    for name in READERS:
        monkeypatch.setattr(QueryDict, name, noted(getattr(QueryDict, name)))
    return names


@pytest.fixture
def chief(db) -> Client:
    user = User.objects.create_superuser("chief")
    fill_site(lambda name, length: "paul@bank.example" if name == "person.email" else name[:length], user)
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def read_by(client: Client, read: set[str]) -> Iterator[tuple[str, str]]:
    """Each page, and each name that it reads from its address: of pages of one kind, the first that reads it."""
    for url in pages(client):
        read.clear()
        client.get(url)
        yield from ((url, name) for name in sorted(read) if name.isidentifier())


def kind_of(url: str) -> str:
    return "/".join(part for part in url.split("/") if part.isalpha())


def test_no_page_of_the_admin_makes_sql_of_its_address(chief, read):
    asked = {(kind_of(url), name): url for url, name in read_by(chief, read)}
    assert {name for _, name in asked} >= {"q", "period", "currency", "only", "tab", "account", "rule", "cursor"}

    wrong = []
    for (_, name), url in asked.items():
        for text in SQL:
            begun = time.monotonic()
            answer = chief.get(url, {name: text})
            if answer.status_code >= 500 or time.monotonic() - begun > PATIENCE_SECONDS:
                wrong.append((url, name, text, answer.status_code))

    assert wrong == []
