"""A client with allowed networks is refused from anywhere else, on every route, and nothing is written."""

import httpx
import pytest
from django.db import DatabaseError, transaction

from ledger.models import Transaction
from sentinel.api import directory
from sentinel.api.models import GatewayClient
from sentinel.api.services import client_secret_rotate
from sentinel.checks import addresses_are_believed
from sentinel.core.networks import network_named
from tests.gateway import Gateway, purchase
from tests.servers import web_processes

pytestmark = pytest.mark.contract

INSIDE, OUTSIDE = "203.0.113.9", "198.51.100.7"


@pytest.fixture
def account_id(new_gateway) -> str:
    """Of a gateway that may call from anywhere."""
    return new_gateway().open_account()


@pytest.fixture
def fenced(new_gateway) -> Gateway:
    return new_gateway(allowed_networks=["203.0.113.0/24", "2001:db8::/32"], all_accounts=True)


@pytest.mark.parametrize("address", [INSIDE, "::ffff:203.0.113.9", "2001:db8::77"])
def test_from_inside_it_pays_and_reads(fenced, account_id, address):
    assert fenced.at(address).pay(account_id).status_code == 201
    assert fenced.at(address).get("transactions").status_code == 200


@pytest.mark.parametrize("address", [OUTSIDE, "2001:db9::1", "not-an-address"])
def test_from_elsewhere_it_is_refused_and_nothing_is_written(fenced, account_id, address):
    hot, cold = fenced.at(address).pay(account_id), fenced.at(address).get("transactions")

    for refused in (hot, cold):
        assert (refused.status_code, refused.json()["code"]) == (403, "network_not_allowed")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert address in refused.json()["detail"]
    assert hot.json() == cold.json()
    assert not Transaction.objects.filter(client_id=fenced.client.id).exists()


def test_what_is_refused_does_not_use_up_the_rate(new_gateway, account_id):
    fenced = new_gateway(allowed_networks=[INSIDE], all_accounts=True, rate="1/d")
    for _ in range(3):
        fenced.at(OUTSIDE).pay(account_id)

    assert fenced.at(INSIDE).pay(account_id).status_code == 201


def test_headers_that_anybody_can_send_do_not_move_it(fenced, account_id):
    forged = {"X-Forwarded-For": INSIDE, "Forwarded": f"for={INSIDE}", "X-Real-IP": INSIDE, "True-Client-IP": INSIDE}

    paid = fenced.at(OUTSIDE).post("transactions", purchase(account_id), headers=forged)

    assert paid.status_code == 403
    assert fenced.at(OUTSIDE).get("transactions", headers=forged).status_code == 403


def test_tokens_are_got_renewed_and_used_from_inside_only(fenced):
    secret = client_secret_rotate(client=fenced.client)
    body = {"client_id": str(fenced.client.id), "client_secret": secret}
    inside, outside = fenced.at(INSIDE), fenced.at(OUTSIDE)

    assert outside.request("POST", "auth/token", json=body).json()["code"] == "network_not_allowed"
    tokens = inside.request("POST", "auth/token", json=body).json()
    bearer = {"X-API-Key": "", "Authorization": f"Bearer {tokens['access']}"}
    assert outside.get("transactions", headers=bearer).json()["code"] == "network_not_allowed"
    assert inside.get("transactions", headers=bearer).status_code == 200

    refresh = {"refresh": tokens["refresh"]}
    assert outside.request("POST", "auth/token/refresh", json=refresh).status_code == 403
    assert inside.request("POST", "auth/token/refresh", json=refresh).status_code == 200  # it was not used up


def test_a_wrong_secret_from_elsewhere_is_told_nothing_of_networks(fenced):
    body = {"client_id": str(fenced.client.id), "client_secret": "cs_guess"}

    assert fenced.at(OUTSIDE).request("POST", "auth/token", json=body).status_code == 401


def test_new_networks_are_followed_like_all_else_in_the_directory(gateway):
    account_id = gateway.open_account()
    assert gateway.pay(account_id).status_code == 201
    GatewayClient.objects.filter(pk=gateway.client.pk).update(allowed_networks=["203.0.113.0/24"])

    directory._memory.loaded_at_seconds -= directory.DIRECTORY_TTL_SECONDS

    assert gateway.pay(account_id).status_code == 403


@pytest.mark.parametrize(
    "networks",
    [
        "203.0.113.0/24",
        {"203.0.113.0/24": 1},
        ["office"],
        ["203.0.113.7"],
        ["203.0.113.7/24"],
        ["10/8"],
        ["010.0.0.0/8"],
        ["0.0.0.0/0"],
        ["::/0"],
        [None],
        [7],
        ["10.0.0.0/8"] * 51,
    ],
)
def test_the_database_keeps_no_list_that_could_not_be_read(gateway, networks):
    with pytest.raises(DatabaseError, match="client_networks_readable"), transaction.atomic():
        GatewayClient.objects.filter(pk=gateway.client.pk).update(allowed_networks=networks)


@pytest.mark.parametrize("text", ["203.0.113.0/24", "2001:db8::/32", "::1/128", "::102:304/128", "64:ff9b::/96"])
def test_the_database_keeps_whatever_has_been_read(gateway, text):
    assert GatewayClient.objects.filter(pk=gateway.client.pk).update(allowed_networks=[network_named(text)]) == 1


@pytest.fixture
def ways_in(fenced):
    """Asks a server for the client's payments, with an X-Forwarded-For."""

    def ask(base_url: str, forwarded: str) -> int:
        headers = {"X-API-Key": fenced.api_key, "X-Forwarded-For": forwarded}
        return httpx.get(f"{base_url}/api/v1/transactions", headers=headers, timeout=10).status_code

    return ask


def test_the_address_is_the_one_that_a_trusted_proxy_saw(ways_in):
    with web_processes(1, FORWARDED_ALLOW_IPS="127.0.0.1") as base_url:
        assert ways_in(base_url, INSIDE) == 200
        assert ways_in(base_url, OUTSIDE) == 403
        assert ways_in(base_url, f"{INSIDE}, {OUTSIDE}") == 403  # what the caller wrote itself stands before


def test_the_word_of_whoever_is_no_trusted_proxy_counts_for_nothing(ways_in):
    with web_processes(1, FORWARDED_ALLOW_IPS="192.0.2.1") as base_url:
        assert ways_in(base_url, INSIDE) == 403


def test_a_client_without_networks_costs_nothing(gateway):
    """What every payment pays for networks: asking whether there are any."""
    import timeit

    client = directory.identity_of(gateway.client)
    seconds = min(timeit.repeat(lambda: client.check_address(INSIDE), number=10_000, repeat=5)) / 10_000

    assert seconds < 5e-6  # 0.1 µs where it was measured; the machine may be busy


@pytest.mark.parametrize(("proxies", "warned"), [(["*"], ["sentinel.W001"]), (["10.0.0.1"], []), ([], [])])
def test_whoever_believes_every_address_is_warned(settings, proxies, warned):
    settings.DEVELOPMENT, settings.TRUSTED_PROXIES = False, proxies

    assert [each.id for each in addresses_are_believed()] == warned
