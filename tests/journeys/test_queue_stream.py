"""The stream of changes from real web processes: what has changed is told at once, and nobody waits for its end."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.browser.conftest import unique
from tests.ledger.cases import Bank
from tests.servers import free_port, static_collected, web_processes

pytestmark = pytest.mark.journey

CHANGES, QUEUE = "/admin/reviewing/changes/", "/admin/reviewing/"
# The wait of a listener for what it expects; a change is told within one look of a second.
PATIENCE_SECONDS = 3
STOP_SECONDS = 6  # of which gunicorn takes some


def browser(base_url: str, *codenames: str) -> httpx.Client:
    """A client with the cookie of somebody who has these permissions of the ledger."""
    user = User.objects.create_user(unique("rita"), is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="ledger", codename__in=codenames))
    session = Client()
    session.force_login(user)
    cookies = {settings.SESSION_COOKIE_NAME: session.cookies[settings.SESSION_COOKIE_NAME].value}
    return httpx.Client(base_url=base_url, cookies=cookies, timeout=20)


def next_mark(lines: Iterator[str]) -> str:
    return next(line for line in lines if line.startswith("id:"))


@pytest.fixture(scope="module")
def served(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[str]:
    """With fewer database connections than streams that kept one would need."""
    with django_db_blocker.unblock():
        house = static_collected(tmp_path_factory.mktemp("house"))
        with web_processes(1, SENTINEL_DB_POOL_SIZE="2", **house) as base_url:
            yield base_url


def test_a_change_is_told_within_three_seconds(committed, served):
    bank = Bank()
    with browser(served, "view_case") as rita, rita.stream("GET", CHANGES) as answer:
        lines = answer.iter_lines()
        first = next_mark(lines)
        begun = time.monotonic()
        bank.hold(amount_minor=900_000)
        second = next_mark(lines)

    assert time.monotonic() - begun < PATIENCE_SECONDS
    assert first != second
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    assert "no-cache" in answer.headers["cache-control"]
    assert answer.headers["x-accel-buffering"] == "no"


def test_open_streams_keep_no_database_connection(committed, served):
    with browser(served, "view_case") as rita, ExitStack() as streams:
        for _ in range(12):
            next_mark(streams.enter_context(rita.stream("GET", CHANGES)).iter_lines())
        begun = time.monotonic()
        assert rita.get(QUEUE + "rows/").status_code == 200
        assert time.monotonic() - begun < PATIENCE_SECONDS


def test_whoever_may_not_look_gets_no_stream(committed, served):
    with browser(served, "view_hold") as nils:
        assert nils.get(CHANGES).status_code == 403
    assert httpx.get(f"{served}{CHANGES}").headers["location"].startswith("/admin/login/")


def test_a_process_that_is_told_to_stop_ends_its_streams_and_the_next_one_takes_over(committed):
    port = free_port()
    with ExitStack() as server:
        base_url = server.enter_context(web_processes(1, port))
        with browser(base_url, "view_case") as rita, rita.stream("GET", CHANGES) as answer:
            lines = answer.iter_lines()
            seen = next_mark(lines)
            begun = time.monotonic()
            server.close()
            assert time.monotonic() - begun < STOP_SECONDS
            assert not any(line.startswith("id:") for line in lines)  # and it has come to its proper end

    again = web_processes(1, port)
    with again as base_url, browser(base_url, "view_case") as rita, rita.stream("GET", CHANGES) as answer:
        assert next_mark(answer.iter_lines()) == seen
