"""The service as it stands at a bank: nginx with TLS before two web processes, one of which is killed, and each of
which is changed for another, as in an update.
"""

import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from axes.models import AccessAttempt
from django.conf import settings

from ledger.models import Transaction
from sentinel.ops.embedded.processes import free_port
from tests.browser.conftest import unique
from tests.gateway import purchase
from tests.journeys.test_queue_stream import CHANGES, next_mark
from tests.journeys.test_queue_stream import browser as person
from tests.ledger.cases import Bank
from tests.nginx_copy import NGINX
from tests.proxy import Proxy, Web, proxy
from tests.servers import static_collected
from tests.tls_servers import papers

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed: what stands before the service is NOT tested"),
]
# As a bank runs it, but for the servers out of wheels, which know no TLS and stand on this machine.
PRODUCTION = {
    "SENTINEL_DEVELOPMENT": "false",
    "SENTINEL_PLAIN_LINES": "database,redis,broker",
    "SENTINEL_EMAIL_URL": "console:",
    "SENTINEL_PUBLIC_URL": "https://127.0.0.1",
    "SENTINEL_ALLOWED_HOSTS": "127.0.0.1",
    "SENTINEL_SECOND_FACTOR": "optional",  # the reader of the queue's stream has none
    "SENTINEL_LOG_LEVEL": "WARNING",
}
FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
LOAD_SECONDS, CALLERS = 4, 4


@dataclass(frozen=True)
class Site:
    proxy: Proxy
    webs: list[Web]

    def open(self, **options) -> httpx.Client:
        return httpx.Client(base_url=self.proxy.url, verify=self.proxy.trusting(), timeout=20, **options)


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("site")
    with django_db_blocker.unblock():
        house = static_collected(folder)
        webs = [Web(free_port(), folder / f"web-{number}.log", house | PRODUCTION) for number in (1, 2)]
        for web in webs:
            web.start()
    try:
        for web in webs:
            web.wait()
        with proxy(folder, [web.port for web in webs], papers(folder / "papers")) as before:
            yield Site(before, webs)
    finally:
        for web in webs:
            web.kill()


def test_a_payment_goes_through_tls_and_http_2(site, gateway):
    account = gateway.open_account()
    body = json.dumps(purchase(account))
    told = ["-H", f"X-API-Key: {gateway.api_key}", "-H", f"Idempotency-Key: {uuid4()}", "-d", body]
    shown = ["-s", "-o", "/dev/stdout", "-w", "\n%{http_version} %{http_code}", "--cacert", site.proxy.authority]
    told += ["-H", "Content-Type: application/json"]
    answer = subprocess.run(
        ["curl", *shown, *told, f"{site.proxy.url}/transaction"],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    receipt, _, seen = answer.stdout.rpartition("\n")

    assert seen == "2 201"
    assert json.loads(receipt)["account_id"] == account
    assert gateway.balance(account)["posted"] == "9900.00"


@pytest.mark.parametrize("path", ["/api/v1/transactions", "/api/v1/auth/token", "/transaction"])
def test_the_api_refuses_plain_http_and_does_not_lead_on(site, gateway, path):
    account = gateway.open_account()
    answer = httpx.post(
        f"{site.proxy.plain_url}{path}",
        json=purchase(account), headers={"X-API-Key": gateway.api_key, "Idempotency-Key": str(uuid4())},
    )  # fmt: skip

    assert (answer.status_code, answer.json()["code"]) == (403, "tls_required")
    assert "location" not in answer.headers
    assert not Transaction.objects.filter(account_id=account).exists()


def test_pages_are_led_from_plain_http_to_tls(site):
    answer = httpx.get(f"{site.proxy.plain_url}/admin/?of=old")

    assert (answer.status_code, answer.headers["location"]) == (308, "https://127.0.0.1/admin/?of=old")


def test_a_forged_address_is_not_believed(site, committed):
    name = unique("mallory")
    with site.open(headers=FORGED | {"Referer": site.proxy.url}) as mallory:
        page = mallory.get("/admin/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token, page.text
        form = {"username": name, "password": "guessed-wrongly", "csrfmiddlewaretoken": token[1]}
        # The test's port is not the one that pages are served at, which nginx leaves out of Host.
        assert mallory.post("/admin/login/", data=form, headers={"Referer": "https://127.0.0.1/"}).status_code == 200

    assert [each.ip_address for each in AccessAttempt.objects.filter(username=name)] == ["127.0.0.1"]


def test_headers_of_security_come_once(site):
    with site.open() as visitor:
        answer = visitor.get("/admin/login/")

    for name in ("strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options"):
        assert len(answer.headers.get_list(name)) == 1, name
    assert "nginx/" not in answer.headers["server"]


def test_static_files_are_kept_by_browsers_as_long_as_their_name(site):
    with site.open() as visitor:
        path = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', visitor.get("/admin/login/").text)
        assert path
        hashed, plain = visitor.get(path[1]), visitor.get("/static/admin/css/base.css")

    assert hashed.status_code == plain.status_code == 200
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["cache-control"] == "public, max-age=300"
    assert hashed.headers["x-content-type-options"] == "nosniff"


def test_a_change_of_the_queue_is_told_at_once(site, committed):
    bank = Bank()
    session = person(site.proxy.url, "view_case").cookies[settings.SESSION_COOKIE_NAME]
    cookies = {"__Host-session": session}  # its name in production
    with site.open(cookies=cookies) as rita, rita.stream("GET", CHANGES) as stream:
        lines = stream.iter_lines()
        first = next_mark(lines)
        begun = time.monotonic()
        bank.hold(amount_minor=900_000)
        assert next_mark(lines) != first

    assert time.monotonic() - begun < 3


def test_a_body_too_large_is_refused_in_the_words_of_the_api(site, gateway):
    told = {"X-API-Key": gateway.api_key, "Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
    with site.open(headers=told) as caller:
        by_service = caller.post("/api/v1/transactions", content=b" " * (settings.API_BODY_BYTES_MAX + 1))
        by_nginx = caller.post("/api/v1/transactions", content=b" " * 200_000)

    assert by_service.status_code == by_nginx.status_code == 413
    assert by_service.json()["code"] == by_nginx.json()["code"] == "body_too_large"


def test_metrics_are_not_for_the_outside(site):
    with site.open() as visitor:
        assert visitor.get("/metrics").status_code == 404


def test_a_web_process_killed_in_the_middle_costs_no_payment(site, gateway):
    account = gateway.open_account("1000000.00")
    answers: list[int] = []
    threads = [threading.Thread(target=_pay_until, args=(site, gateway, account, answers)) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    time.sleep(LOAD_SECONDS / 2)
    before = len(answers)
    site.webs[0].kill()
    for thread in threads:
        thread.join(30)

    assert before > 10
    assert len(answers) > before + 10
    assert set(answers) == {201}
    assert Transaction.objects.filter(account_id=account).count() == len(answers)
    site.webs[0].start()
    site.webs[0].wait()
    _wait_until_served_by(site, site.webs[0].port)


def test_web_processes_are_changed_one_after_the_other_and_no_request_fails(site, gateway):
    """As docs/deployment.md updates: a stopped process answers what it has begun, nginx asks the other one."""
    account = gateway.open_account("1000000.00")
    paid: list[int] = []
    read: list[int] = []
    updated = threading.Event()
    calls = [(_pay_while, paid)] * CALLERS + [(_read_while, read)]
    threads = [threading.Thread(target=call, args=(site, gateway, account, to, updated)) for call, to in calls]
    for thread in threads:
        thread.start()
    stopped = [_changed_for_another(site, web, paid) for web in site.webs]
    updated.set()
    for thread in threads:
        thread.join(30)

    assert stopped == [0, 0]
    assert set(paid) == {201}
    assert set(read) == {200}
    assert Transaction.objects.filter(account_id=account).count() == len(paid)


def _changed_for_another(site: Site, web: Web, paid: list[int]) -> int:
    """The exit code of the one that went; payments go on before, meanwhile and after."""
    _wait_for_payments(paid)
    code = web.stop()
    _wait_for_payments(paid)
    web.start()
    web.wait()
    _wait_until_served_by(site, web.port)
    return code


def _wait_for_payments(paid: list[int]) -> None:
    enough, deadline = len(paid) + 20, time.monotonic() + 30
    while len(paid) < enough:
        assert time.monotonic() < deadline, paid[-5:]
        time.sleep(0.05)


def _pay_while(site: Site, gateway, account: str, answers: list[int], ended: threading.Event) -> None:
    with site.open(headers={"X-API-Key": gateway.api_key}) as caller:
        while not ended.is_set():
            answers.append(_pay(caller, account))


def _read_while(site: Site, gateway, account: str, answers: list[int], ended: threading.Event) -> None:
    with site.open(headers={"X-API-Key": gateway.api_key}) as caller:
        while not ended.is_set():
            answers.append(caller.get(f"/api/v1/accounts/{account}/balance").status_code)


def _pay_until(site: Site, gateway, account: str, answers: list[int]) -> None:
    until = time.monotonic() + LOAD_SECONDS
    with site.open(headers={"X-API-Key": gateway.api_key}) as caller:
        while time.monotonic() < until:
            key = str(uuid4())
            try:
                answers.append(_pay(caller, account, key))
            except httpx.RemoteProtocolError:  # killed between head and body of the answer, which nginx cannot mend
                answers.append(_pay(caller, account, key))


def _pay(caller: httpx.Client, account: str, key: str = "") -> int:
    headers = {"Idempotency-Key": key or str(uuid4())}
    return caller.post("/api/v1/transactions", json=purchase(account, "1.00"), headers=headers).status_code


def _wait_until_served_by(site: Site, port: int) -> None:
    """It gets requests again within the seconds for which nginx leaves it alone."""
    deadline = time.monotonic() + 15
    seen = len(site.proxy.log.read_text())
    with site.open() as visitor:
        while time.monotonic() < deadline:
            visitor.get("/livez")
            if f'"upstream":"127.0.0.1:{port}"' in site.proxy.log.read_text()[seen:]:
                return
            time.sleep(0.2)
    raise TimeoutError("nginx did not come back to the process")
