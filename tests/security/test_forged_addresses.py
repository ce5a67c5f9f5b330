"""Headers that anybody can send move neither limits nor locks nor what is written down of an address.

The address is the one that uvicorn believes: what a proxy named in FORWARDED_ALLOW_IPS says, or the caller's own.
"""

from uuid import uuid4

import httpx
import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from dashboard.models import PersonSession
from sentinel.api import rate_limit

FORGED = "X-Forwarded-For X-Real-IP X-Client-IP True-Client-IP CF-Connecting-IP Forwarded X-Originating-IP".split()
PASSWORD = "correct horse battery staple"


def forged(number: int) -> dict[str, str]:
    address = f"198.51.100.{number}"
    return {name: f"for={address}" if name == "Forwarded" else address for name in FORGED}


@pytest.fixture
def ravi(db) -> User:
    return User.objects.create_user("ravi", password=PASSWORD, is_staff=True)


def log_in(number: int, password: str = "guess", name: str = "ravi"):
    client = Client(headers=forged(number))
    client.post(reverse("admin:login"), {"username": name, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("admin:index")).status_code == 200


def test_guesses_of_a_password_are_locked_whatever_they_claim(ravi, settings):
    for number in range(settings.AXES_FAILURE_LIMIT):
        log_in(number)

    assert not is_in(log_in(99, PASSWORD))
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {"127.0.0.1"}


def test_guesses_of_names_are_locked_by_the_true_address(ravi, settings):
    for number in range(settings.AXES_FAILURE_LIMIT * 10):
        log_in(number % 250, name=f"nobody{number}")

    assert not is_in(log_in(251, PASSWORD))


def test_a_session_keeps_the_true_address(ravi):
    log_in(7, PASSWORD)

    assert PersonSession.objects.get().address == "127.0.0.1"


@pytest.mark.contract
def test_guesses_of_a_secret_are_counted_by_the_true_address(gateway, monkeypatch):
    monkeypatch.setattr(rate_limit, "LOGIN_RATE", "20/h")
    from sentinel.asgi import application

    transport = httpx.ASGITransport(app=application, client=("2001:db8:77::1", 1), raise_app_exceptions=False)
    caller = httpx.AsyncClient(transport=transport, base_url="http://localhost")
    answers = [
        gateway.loop.run(
            caller.post(
                "/api/v1/auth/token",
                json={"client_id": str(uuid4()), "client_secret": "cs_guess"},
                headers=forged(number),
            )
        ).status_code
        for number in range(21)
    ]

    assert answers == [401] * 20 + [429]


@pytest.mark.contract
def test_the_rate_of_a_client_is_its_own_on_hot_and_other_routes(new_gateway):
    gateway = new_gateway(rate="2/h")
    answers = [
        gateway.request(method, "transactions", json={}, headers=forged(number))
        for number, method in enumerate(("GET", "POST", "GET", "POST"))
    ]

    assert [answer.status_code for answer in answers[2:]] == [429, 429]
